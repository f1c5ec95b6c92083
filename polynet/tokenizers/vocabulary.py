"""Files that say which tokens there are: read and checked here, before the library sees them."""

from __future__ import annotations

import gzip
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from polynet.errors import OptionError, VocabularyError, VocabularyNotFoundError

Merge = tuple[str, str]


def existing(owner: str, option: str, path: Any) -> Path:
    """A path that was given under an option, if anything is there.

    Raises:
        OptionError: It is no path.
        VocabularyNotFoundError: Nothing is there.
    """
    if not isinstance(path, (str, os.PathLike)) or not str(path):
        message = f"{owner}: {option} is a path, not {path!r}."
        raise OptionError(message)
    found = Path(path).expanduser()
    if not found.exists():
        message = f"{owner}: there is no file or folder {str(path)!r}, which {option} names."
        raise VocabularyNotFoundError(message)
    return found


def within(owner: str, folder: Path, names: Sequence[str]) -> Path:
    """The first of some files that a folder holds; a path that is no folder, as it is.

    Raises:
        VocabularyNotFoundError: It holds none.
    """
    if not folder.is_dir():
        return folder
    for name in names:
        if (folder / name).is_file():
            return folder / name
    message = f"{owner}: the folder {str(folder)!r} holds none of {', '.join(names)}."
    raise VocabularyNotFoundError(message)


def read_text(path: Path) -> str:
    """The text of a file in UTF-8, unpacked where it is gzip's.

    Raises:
        VocabularyError: It cannot be read, unpacked or decoded.
    """
    try:
        data = path.read_bytes()
        return (gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data).decode("utf-8")
    except (OSError, EOFError, zlib.error) as error:
        message = f"{path} cannot be read: {error}"
        raise VocabularyError(message) from error
    except UnicodeDecodeError as error:
        message = f"{path} is no text in UTF-8: {error}"
        raise VocabularyError(message) from error


def read_json(path: Path) -> dict[str, Any]:
    """The mapping that a JSON file holds.

    Raises:
        VocabularyError: It holds something else, or is no JSON.
    """
    try:
        found = json.loads(read_text(path))
    except (json.JSONDecodeError, RecursionError) as error:
        message = f"{path} is no JSON: {error}"
        raise VocabularyError(message) from error
    if not isinstance(found, dict):
        message = f"{path} holds a {type(found).__name__}; a mapping is needed."
        raise VocabularyError(message)
    return found


def settings_beside(path: Path) -> dict[str, Any]:
    """What a `tokenizer_config.json` in the same folder says; nothing where there is none."""
    file = (path if path.is_dir() else path.parent) / "tokenizer_config.json"
    return read_json(file) if file.is_file() else {}


def read_vocabulary(path: Path) -> dict[str, int]:
    """Tokens with their numbers, from a file with one token a line, in the order of the numbers.

    Raises:
        VocabularyError: A line is empty, or a token stands there twice.
    """
    # str.splitlines would split at characters that are tokens themselves, such as the line separator U+2028.
    lines = [line.removesuffix("\r") for line in read_text(path).split("\n")]
    if lines and not lines[-1]:
        lines.pop()
    vocabulary: dict[str, int] = {}
    for number, token in enumerate(lines):
        if not token or token in vocabulary:
            fault = f"{token!r} stands there twice" if token else "the line is empty"
            message = f"{path}, line {number + 1}: {fault}; a vocabulary has one token a line, each once."
            raise VocabularyError(message)
        vocabulary[token] = number
    return vocabulary


def read_merges(path: Path, most: int | None = None) -> list[Merge]:
    """Pairs of tokens that are joined, the earliest first, from a file with one pair a line.

    Args:
        path: The file; what is in it before `#version:`, and that, is skipped in the first line.
        most: How many pairs to read; all by default.

    Raises:
        VocabularyError: A line is no pair.
    """
    lines = read_text(path).split("\n")
    start = 1 if "#version" in lines[0] else 0
    stop = len(lines) if most is None else start + most
    merges: list[Merge] = []
    for number, line in enumerate(lines[start:stop], start + 1):
        pair = line.removesuffix("\r").split(" ")
        if len(pair) == 2 and all(pair):
            merges.append((pair[0], pair[1]))
        elif line.strip() or number < len(lines):
            message = f"{path}, line {number}: {line!r:.60} is no pair of tokens with one space between them."
            raise VocabularyError(message)
    return merges


def check_merges(path: Path, vocabulary: dict[str, int], merges: Iterable[Merge]) -> None:
    """See that every part and every result of a merge is a token.

    Raises:
        VocabularyError: One is none.
    """
    for left, right in merges:
        unknown = next((token for token in (left, right, left + right) if token not in vocabulary), None)
        if unknown is not None:
            message = f"{path} joins {left!r} and {right!r}, but {unknown!r} is no token of the vocabulary."
            raise VocabularyError(message)


def require_tokens(path: Path, vocabulary: dict[str, int], tokens: Iterable[str]) -> None:
    """See that a vocabulary has certain tokens.

    Raises:
        VocabularyError: One is missing.
    """
    missing = [token for token in tokens if token not in vocabulary]
    if missing:
        message = f"{path} lacks {', '.join(missing)}, without which there is nothing to mark texts' ends and gaps by."
        raise VocabularyError(message)
