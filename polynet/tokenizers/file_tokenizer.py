"""Any tokenizer that the library has written to a `tokenizer.json`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from polynet.errors import OptionError, VocabularyError
from polynet.registry import TOKENIZERS
from polynet.tokenizers.library_tokenizer import LibraryTokenizer, library
from polynet.tokenizers.vocabulary import existing, read_text, settings_beside, within

PADS = ("[PAD]", "<pad>", "<|pad|>", "<|endoftext|>")
STARTS = ("[CLS]", "<s>", "<|startoftext|>", "<bos>")
ENDS = ("[SEP]", "</s>", "<|endoftext|>", "<eos>")


def read_tokenizer(path: Path) -> Any:
    """The library's tokenizer that a file holds.

    Raises:
        VocabularyError: It holds none.
    """
    text = read_text(path)
    parts = library()
    try:
        return parts.Tokenizer.from_str(text)
    except Exception as error:  # the library raises nothing more special
        message = f"{path} holds no tokenizer that the installed library can read: {error}"
        raise VocabularyError(message) from error


@TOKENIZERS.register(aliases=["HuggingfaceTokenizer"])
class Tokenizer(LibraryTokenizer):
    """The tokenizer of a `tokenizer.json`, whatever its kind: WordPiece, pairs of bytes, unigrams.

    Args:
        pretrained_path: The file, or a folder that holds it. Nothing is downloaded.
        length: Tokens of a row, those at its ends included; `None` for no limit.
        padding: `"max_length"` fills up each row to `length`, `"longest"` to the longest one of its batch.
        clean: `None`, `"whitespace"`, `"lower"` or `"canonicalize"`: what is done to texts first.
        pad_token: The token that fills up a row. By default what the file says, or a `tokenizer_config.json` beside it;
            else the first of `[PAD]`, `<pad>`, `<|pad|>`, `<|endoftext|>` that there is.
        logger: A logger to keep.

    Attributes:
        vocab_size: How many tokens there are.
        pad_id: Number of the token that fills up a row.
        cls_id: Number of the token before a text, such as `[CLS]`; `None` where there is none.
        sep_id: Number of the token after a text, such as `[SEP]`; `None` where there is none.

    Raises:
        OptionError: There is no path, no token to fill up rows with, or an option has a value that it cannot have.
        VocabularyNotFoundError: There is nothing at the path.
        VocabularyError: The file is damaged.
        BackendUnavailableError: The package `tokenizers` is not installed.

    Source: Scepter, `HuggingfaceTokenizer`.

    Example:
        >>> import tokenizers
        >>> made = tokenizers.Tokenizer(tokenizers.models.WordLevel({"<pad>": 0, "a": 1, "cat": 2, "?": 3}, "?"))
        >>> made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        >>> made.save("tokenizer.json")
        >>> Tokenizer("tokenizer.json", length=4)(["a cat", "cat"]).input_ids.tolist()
        [[1, 2, 0, 0], [2, 0, 0, 0]]
    """

    def __init__(
        self,
        pretrained_path: Any = None,
        length: int | None = 77,
        padding: str = "max_length",
        clean: str | None = None,
        pad_token: str | None = None,
        logger: Any = None,
    ) -> None:
        owner = type(self).__name__
        if pretrained_path is None:
            message = f"{owner} needs pretrained_path: a tokenizer.json, or a folder that holds one."
            raise OptionError(message)
        path = within(owner, existing(owner, "pretrained_path", pretrained_path), ("tokenizer.json",))
        made = read_tokenizer(path)
        settings = settings_beside(path)
        own = (made.padding or {}).get("pad_token")
        pad = pad_token or own or _token(settings.get("pad_token")) or _first(made, PADS)
        if pad is None:
            message = f"{owner}: {path} names no token to fill up rows with; give one as pad_token."
            raise OptionError(message)
        super().__init__(
            made,
            pad=pad,
            cls=_first(made, (*_named(settings, "cls_token", "bos_token"), *STARTS)),
            sep=_first(made, (*_named(settings, "sep_token", "eos_token"), *ENDS)),
            length=length,
            padding=padding,
            clean=clean,
            logger=logger,
        )


def _first(made: Any, tokens: Iterable[str]) -> str | None:
    """The first of some tokens that a tokenizer has."""
    return next((token for token in tokens if made.token_to_id(token) is not None), None)


def _named(settings: dict[str, Any], *keys: str) -> list[str]:
    return [token for token in (_token(settings.get(key)) for key in keys) if token is not None]


def _token(entry: Any) -> str | None:
    """A token as a `tokenizer_config.json` writes it: as it is, or with settings around it."""
    token = entry.get("content") if isinstance(entry, dict) else entry
    return token if isinstance(token, str) else None


HuggingfaceTokenizer = Tokenizer
