"""CLIP's tokenizer: pairs of bytes joined in the order of a list (Radford et al. 2021, arXiv:2103.00020)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polynet.errors import OptionError, VocabularyError
from polynet.registry import TOKENIZERS
from polynet.tokenizers.file_tokenizer import read_tokenizer
from polynet.tokenizers.library_tokenizer import LibraryTokenizer, library
from polynet.tokenizers.vocabulary import Merge, check_merges, existing, read_json, read_merges, require_tokens, within

START, END = "<|startoftext|>", "<|endoftext|>"
WORD_END = "</w>"
MERGES = "bpe_simple_vocab_16e6.txt.gz"
MOST_MERGES = 49152 - 256 - 2
"""So many of that file's pairs are used: with every byte, inside a word and at its end, and two marks 49,408 tokens."""
_WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"


@TOKENIZERS.register()
class ClipTokenizer(LibraryTokenizer):
    """Bytes joined pair by pair; a mark before each text and one after it; all in lower case.

    What `length` cuts off is followed by the mark of the end still.

    Args:
        pretrained_path: OpenAI's `bpe_simple_vocab_16e6.txt.gz`, which the wheel of open_clip_torch holds; or a
            `tokenizer.json`; or a folder with one of these, or with a `vocab.json` and a `merges.txt`.
        merges_file: A file of pairs, packed or not, if there is no `pretrained_path`.
        vocab_file: The `vocab.json` that goes with `merges_file`; by default tokens are numbered as CLIP does.
        length: Tokens of a row, both marks included; `None` for no limit.
        padding: `"max_length"` fills up each row to `length`, `"longest"` to the longest one of its batch.
        clean: `None`, `"whitespace"`, `"lower"` or `"canonicalize"`: what is done to texts first.
        pad_token: The token that fills up a row: the mark of the end, as in transformers and Scepter.
        logger: A logger to keep.

    Attributes:
        vocab_size: How many tokens there are.
        pad_id: Number of `pad_token`.
        cls_id: Number of the mark before a text.
        sep_id: Number of the mark after a text.

    Raises:
        OptionError: There is no file of pairs, or there are two, or an option has a value that it cannot have.
        VocabularyNotFoundError: There is nothing at a path.
        VocabularyError: A file is damaged, or its parts do not fit together.
        BackendUnavailableError: The package `tokenizers` is not installed, or ftfy is not and `clean` needs it.

    Source: OpenAI's CLIP, `simple_tokenizer.py`; Scepter, `ClipTokenizer`.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("merges.txt").write_text(chr(10).join(["#version: 0.2", "c a", "ca t</w>"]))
        >>> tokenizer = ClipTokenizer("merges.txt", length=5)
        >>> tokenizer("a Cat").input_ids.tolist(), tokenizer.tokens("a Cat")
        ([[514, 320, 513, 515, 515]], ['a</w>', 'cat</w>'])
    """

    lowercase = True

    def __init__(
        self,
        pretrained_path: Any = None,
        merges_file: Any = None,
        vocab_file: Any = None,
        length: int | None = 77,
        padding: str = "max_length",
        clean: str | None = None,
        pad_token: str = END,
        logger: Any = None,
    ) -> None:
        made = _made(type(self).__name__, pretrained_path, merges_file, vocab_file, lowercase=self.lowercase)
        super().__init__(
            made, pad=pad_token, cls=START, sep=END, length=length, padding=padding, clean=clean, logger=logger
        )

    def _decoded(self, ids: list[int], skip_special_tokens: bool) -> str:
        # What fills up a row may be a token like any other, so a text ends at the mark of its end.
        if skip_special_tokens and self.sep_id in ids:
            ids = ids[: ids.index(self.sep_id)]
        return super()._decoded(ids, skip_special_tokens).replace(WORD_END, " ").strip()


@TOKENIZERS.register()
class OpenClipTokenizer(ClipTokenizer):
    """As `ClipTokenizer`, with what OpenAI's CLIP and OpenCLIP do otherwise: texts are mended, rows filled up with 0.

    Only `clean` puts texts into lower case.

    Args:
        pretrained_path: As `ClipTokenizer` has it.
        length: Tokens of a row, both marks included; `None` for no limit.
        clean: What is done to texts first.
        pad_token: The token that fills up a row: that with the number 0.
        **options: The others of `ClipTokenizer`.

    Raises:
        PolyNetError: As `ClipTokenizer`.

    Source: OpenCLIP, `SimpleTokenizer`; Scepter, `OpenClipTokenizer`.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("merges.txt").write_text("c a")
        >>> OpenClipTokenizer("merges.txt", length=5)("a").input_ids.tolist()
        [[513, 320, 514, 0, 0]]
    """

    packages = ("tokenizers", "ftfy")
    lowercase = False

    def __init__(
        self,
        pretrained_path: Any = None,
        length: int | None = 77,
        clean: str | None = "lower",
        pad_token: str = "!",
        **options: Any,
    ) -> None:
        super().__init__(pretrained_path, length=length, clean=clean, pad_token=pad_token, **options)


def _made(owner: str, pretrained_path: Any, merges_file: Any, vocab_file: Any, *, lowercase: bool) -> Any:
    """The library's tokenizer of the files that were given."""
    if (pretrained_path is None) == (merges_file is None):
        given = "neither" if merges_file is None else "both"
        message = f"{owner} needs pretrained_path or merges_file, such as {MERGES}; {given} was given."
        raise OptionError(message)
    if merges_file is not None:
        merges_path = existing(owner, "merges_file", merges_file)
        vocabulary_path = None if vocab_file is None else existing(owner, "vocab_file", vocab_file)
        return _from_pairs(merges_path, vocabulary_path, lowercase)
    if vocab_file is not None:
        message = f"{owner}: vocab_file goes with merges_file; a pretrained_path needs none."
        raise OptionError(message)
    place = existing(owner, "pretrained_path", pretrained_path)
    path = within(owner, place, ("tokenizer.json", "merges.txt", MERGES))
    if path.suffix == ".json":
        return read_tokenizer(path)
    beside = path.with_name("vocab.json")
    numbered = place.is_dir() and path.name == "merges.txt" and beside.is_file()
    return _from_pairs(path, beside if numbered else None, lowercase)


def _from_pairs(merges_path: Path, vocabulary_path: Path | None, lowercase: bool) -> Any:
    merges = read_merges(merges_path, MOST_MERGES)
    parts = library()
    if vocabulary_path is None:
        vocabulary = _numbered(parts, merges)
    else:
        vocabulary = _read_numbers(vocabulary_path)
        require_tokens(vocabulary_path, vocabulary, (START, END))
    check_merges(merges_path, vocabulary, merges)
    made = parts.Tokenizer(
        parts.models.BPE(
            vocab=vocabulary,
            merges=merges,
            continuing_subword_prefix="",
            end_of_word_suffix=WORD_END,
            fuse_unk=False,
            unk_token=END,
        )
    )
    if lowercase:
        made.normalizer = parts.normalizers.Sequence([parts.normalizers.NFC(), parts.normalizers.Lowercase()])
    made.pre_tokenizer = parts.pre_tokenizers.Sequence(
        [
            parts.pre_tokenizers.Split(parts.Regex(_WORDS), behavior="removed", invert=True),
            parts.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    # By position, for the library has renamed these parameters.
    made.post_processor = parts.processors.RobertaProcessing((END, vocabulary[END]), (START, vocabulary[START]))
    made.decoder = parts.decoders.ByteLevel()
    made.add_special_tokens([START, END])
    return made


def _numbered(parts: Any, merges: list[Merge]) -> dict[str, int]:
    """Tokens in CLIP's order: every byte, every byte at a word's end, what is joined, the two marks."""
    letters = sorted(parts.pre_tokenizers.ByteLevel.alphabet())
    tokens = [*letters, *(letter + WORD_END for letter in letters), *(left + right for left, right in merges)]
    return {token: number for number, token in enumerate([*tokens, START, END])}


def _read_numbers(path: Path) -> dict[str, int]:
    vocabulary = read_json(path)
    wrong = next((token for token, number in vocabulary.items() if type(number) is not int or number < 0), None)
    if wrong is not None:
        message = f"{path} gives the token {wrong!r} the number {vocabulary[wrong]!r:.60}."
        raise VocabularyError(message)
    return vocabulary
