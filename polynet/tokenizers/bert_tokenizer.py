"""BERT's tokenizer: WordPiece over a vocabulary of 30,522 pieces of words (Devlin et al. 2018, arXiv:1810.04805)."""

from __future__ import annotations

from typing import Any

from polynet.errors import OptionError
from polynet.registry import TOKENIZERS
from polynet.tokenizers.library_tokenizer import LibraryTokenizer, library
from polynet.tokenizers.vocabulary import existing, read_vocabulary, require_tokens, settings_beside, within

PAD, UNKNOWN, CLS, SEP, MASK = "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"
LONGEST_WORD = 100
"""A word of more characters is unknown, as in Google's code."""


@TOKENIZERS.register(aliases=["BaseBertTokenizer"])
class BertTokenizer(LibraryTokenizer):
    """Words cut into the longest pieces that a vocabulary has; `[CLS]` before each text and `[SEP]` after it.

    Args:
        vocab_file: A `vocab.txt`: one token a line, in the order of their numbers.
        pretrained_path: The same, or a folder that holds it; Scepter's name.
        length: Tokens of a row, `[CLS]` and `[SEP]` included: 128, as in Google's `run_classifier.py`. `None` for no
            limit.
        padding: `"max_length"` fills up each row to `length`, `"longest"` to the longest one of its batch.
        clean: `None`, `"whitespace"`, `"lower"` or `"canonicalize"`: what is done to texts first.
        lowercase: Whether capitals count as small letters, without accents. By default what a `tokenizer_config.json`
            beside the vocabulary says as `do_lower_case`, and `True` without one.
        logger: A logger to keep.

    Attributes:
        vocab_size: How many tokens there are.
        pad_id: Number of `[PAD]`.
        cls_id: Number of `[CLS]`.
        sep_id: Number of `[SEP]`.

    Raises:
        OptionError: There is no vocabulary, or there are two, or an option has a value that it cannot have.
        VocabularyNotFoundError: There is nothing at the path.
        VocabularyError: The file is damaged, or lacks a token such as `[CLS]`.
        BackendUnavailableError: The package `tokenizers` is not installed.

    Source: Google's BERT, `tokenization.py`; Scepter's documentation, which calls one `BaseBertTokenizer`.

    Example:
        >>> from pathlib import Path
        >>> _ = Path("vocab.txt").write_text("[PAD] [UNK] [CLS] [SEP] a cat ##s".replace(" ", chr(10)))
        >>> tokenizer = BertTokenizer(vocab_file="vocab.txt", length=6)
        >>> tokenizer("Cats")["input_ids"].tolist(), tokenizer("Cats").attention_mask.tolist()
        ([[2, 5, 6, 3, 0, 0]], [[1, 1, 1, 1, 0, 0]])
    """

    def __init__(
        self,
        vocab_file: Any = None,
        pretrained_path: Any = None,
        length: int | None = 128,
        padding: str = "max_length",
        clean: str | None = None,
        lowercase: bool | None = None,
        logger: Any = None,
    ) -> None:
        owner = type(self).__name__
        if (vocab_file is None) == (pretrained_path is None):
            given = "neither" if vocab_file is None else "both"
            message = f"{owner} needs vocab_file or pretrained_path, the path of a vocab.txt; {given} was given."
            raise OptionError(message)
        option = "pretrained_path" if vocab_file is None else "vocab_file"
        path = within(owner, existing(owner, option, pretrained_path or vocab_file), ("vocab.txt",))
        vocabulary = read_vocabulary(path)
        require_tokens(path, vocabulary, (PAD, UNKNOWN, CLS, SEP))
        if lowercase is None:
            lowercase = bool(settings_beside(path).get("do_lower_case", True))
        made = _made(vocabulary, lowercase)
        self.lowercase = lowercase
        super().__init__(made, pad=PAD, cls=CLS, sep=SEP, length=length, padding=padding, clean=clean, logger=logger)


def _made(vocabulary: dict[str, int], lowercase: bool) -> Any:
    """The library's tokenizer of a vocabulary."""
    parts = library()
    model = parts.models.WordPiece(vocabulary, unk_token=UNKNOWN, max_input_chars_per_word=LONGEST_WORD)
    made = parts.Tokenizer(model)
    made.normalizer = parts.normalizers.BertNormalizer(lowercase=lowercase)
    made.pre_tokenizer = parts.pre_tokenizers.BertPreTokenizer()
    made.post_processor = parts.processors.BertProcessing((SEP, vocabulary[SEP]), (CLS, vocabulary[CLS]))
    made.decoder = parts.decoders.WordPiece()
    made.add_special_tokens([token for token in (PAD, UNKNOWN, CLS, SEP, MASK) if token in vocabulary])
    return made


BaseBertTokenizer = BertTokenizer
