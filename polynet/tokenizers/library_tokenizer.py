"""What all tokenizers share: texts in, padded and truncated arrays out, and the way back."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import numpy as np

from polynet import ops
from polynet.backend import backend_of_class
from polynet.calls import ExplainsOptions
from polynet.errors import BackendUnavailableError, InputError, InputIndexError, OptionError, suggest
from polynet.seam import Backend
from polynet.tokenizers.cleaning import cleaner
from polynet.tokenizers.encoding import Encoding

PADDINGS = ("max_length", "longest")


def library(name: str = "tokenizers") -> Any:
    """The library `tokenizers`, or a module of it.

    Raises:
        BackendUnavailableError: It is not installed.

    Example:
        >>> library("tokenizers.models").__name__
        'tokenizers.models'
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        message = "Tokenizers need the package tokenizers. Install it with: pip install 'polynet[text]'."
        raise BackendUnavailableError(message) from error


class LibraryTokenizer(metaclass=ExplainsOptions):
    """Base of tokenizers over the library `tokenizers`; a subclass makes the library's object.

    Args:
        made: A `tokenizers.Tokenizer`.
        pad: The token that fills up a row.
        cls: The token before a text, or `None`.
        sep: The token after a text, or `None`.
        length: The most tokens of a row, those of its ends included; `None` for no limit.
        padding: `"max_length"` fills up each row to `length`, `"longest"` to the longest one of its batch.
        clean: What is done to texts first: `None`, `"whitespace"`, `"lower"` or `"canonicalize"`; the last two change
            the case, the last one drops punctuation, all of them mend broken encodings.
        logger: A logger to keep.

    Attributes:
        packages: What must be installed for it, all of it in the extra `text`.
        library_tokenizer: The library's own object.
        pad_id: Number of the token that fills up a row.
        cls_id: Number of the token before a text, or `None`.
        sep_id: Number of the token after a text, or `None`.

    Raises:
        OptionError: A token is not in the vocabulary, or an option has a value that it cannot have.
    """

    packages: ClassVar[tuple[str, ...]] = ("tokenizers",)
    library_tokenizer: Any = None
    length: int | None = None

    def __init__(
        self,
        made: Any,
        *,
        pad: str,
        cls: str | None,
        sep: str | None,
        length: int | None,
        padding: str = "max_length",
        clean: str | None = None,
        logger: Any = None,
    ) -> None:
        owner = type(self).__name__
        if padding not in PADDINGS:
            message = f"{owner}: padding is 'max_length' or 'longest', not {padding!r}.{suggest(padding, PADDINGS)}"
            raise OptionError(message)
        ends = made.num_special_tokens_to_add(False)
        if length is not None and (isinstance(length, bool) or not isinstance(length, int) or length <= ends):
            message = f"{owner}: length is None or a whole number above {ends}, the tokens at the ends, not {length!r}."
            raise OptionError(message)
        self.library_tokenizer = made
        self.length, self.padding, self.clean, self.logger = length, padding, clean, logger
        self._cleaner = cleaner(owner, clean)
        self.pad_id = self._number_of("pad", pad)
        self.cls_id = None if cls is None else self._number_of("cls", cls)
        self.sep_id = None if sep is None else self._number_of("sep", sep)
        made.no_padding()
        if length is None:
            made.no_truncation()
        else:
            made.enable_truncation(length)

    def __repr__(self) -> str:
        """The class, how many tokens there are, and how long a row is."""
        if self.library_tokenizer is None:  # as a debugger shows one whose constructor failed
            return f"{type(self).__name__}(not built)"
        return f"{type(self).__name__}(vocab_size={self.vocab_size}, length={self.length})"

    @property
    def vocab_size(self) -> int:
        """How many tokens there are, special ones included."""
        size: int = self.library_tokenizer.get_vocab_size(with_added_tokens=True)
        return size

    def tokenize(
        self, texts: Any, pairs: Any = None, *, backend: str | Backend | None = None, device: str | None = None
    ) -> Encoding:
        """Token ids of texts, and what goes with them.

        Args:
            texts: A list of texts, or one text, which counts as a list of one.
            pairs: As many second texts, each of which stands in the row of its first; `None` for none.
            backend: The framework whose tensors to give, `"active"` for the active one; numpy arrays by default.
            device: Where to put the tensors.

        Returns:
            Arrays or tensors `(N, L)`. A row that would be longer than `length` loses the last tokens of its text, of
            two texts those of the longer one first.

        Raises:
            InputError: There is no text, one is no string, or there are not as many second ones.
            BackendUnavailableError: There is no such framework.
        """
        first = self._checked("texts", texts)
        given: list[Any] = first
        if pairs is not None:
            second = self._checked("pairs", pairs)
            if len(first) != len(second):
                message = f"{type(self).__name__} was given {len(first)} texts and {len(second)} to pair with them."
                raise InputError(message)
            ends = self.library_tokenizer.num_special_tokens_to_add(True)
            if self.length is not None and self.length <= ends:
                message = (
                    f"{type(self).__name__}: a pair has {ends} tokens at its ends alone, and length={self.length}."
                )
                raise InputError(message)
            given = list(zip(first, second, strict=True))
        encoding = self._padded(self.library_tokenizer.encode_batch(given))
        if backend is None and device is None:
            return encoding
        return encoding.to(None if backend == "active" else backend, device)

    def __call__(self, texts: Any, pairs: Any = None, **options: Any) -> Encoding:
        """`tokenize`."""
        return self.tokenize(texts, pairs, **options)

    def tokens(self, text: str) -> list[str]:
        """The tokens of one text as the vocabulary spells them, cut off at `length`, without those at its ends."""
        (text,) = self._checked("text", text)
        found: list[str] = self.library_tokenizer.encode(text, add_special_tokens=False).tokens
        return found

    def decode(self, ids: Any, *, skip_special_tokens: bool = True) -> Any:
        """The text of token ids.

        Args:
            ids: The ids of one text, or rows of them: an array, a tensor of any framework or lists.
            skip_special_tokens: Leave out tokens that mark ends and gaps.

        Returns:
            One text; of rows a list of texts.

        Raises:
            InputError: They are no whole numbers, or are nested more deeply.
            InputIndexError: One is no token's.
        """
        array = self._ids(ids)
        if array.ndim == 2:
            return [self._decoded(row.tolist(), skip_special_tokens) for row in array]
        return self._decoded(array.tolist(), skip_special_tokens)

    def _decoded(self, ids: list[int], skip_special_tokens: bool) -> str:
        text: str = self.library_tokenizer.decode(ids, skip_special_tokens=skip_special_tokens)
        return text

    def _ids(self, ids: Any) -> np.ndarray[Any, Any]:
        owner = type(self).__name__
        try:
            array = ops.to_numpy(ids) if backend_of_class(type(ids)) is not None else np.asarray(ids)
        except ValueError as error:
            message = f"{owner}: ids are numbers, or rows of them of one length; these are neither."
            raise InputError(message) from error
        if not array.size and array.ndim in (1, 2):
            array = array.astype(np.int64)
        if array.dtype.kind not in "iu" or array.ndim not in (1, 2):
            message = f"{owner}: ids are whole numbers, (L,) or (N, L), not {array.dtype.name} {array.shape}."
            raise InputError(message)
        wrong = array[(array < 0) | (array >= self.vocab_size)]
        if wrong.size:
            message = f"{owner}: {wrong[0]} is no token's number; they are 0 to {self.vocab_size - 1}."
            raise InputIndexError(message)
        return array

    def _number_of(self, option: str, token: str) -> int:
        number: int | None = self.library_tokenizer.token_to_id(token) if isinstance(token, str) else None
        if number is None:
            message = f"{type(self).__name__}: the {option} token {token!r} is no token of the vocabulary."
            raise OptionError(message)
        return number

    def _checked(self, what: str, texts: Any) -> list[str]:
        """Texts as a list, cleaned."""
        owner = type(self).__name__
        if isinstance(texts, str):
            texts = [texts]
        if not isinstance(texts, Iterable) or isinstance(texts, (bytes, Mapping)):
            message = f"{owner}: {what} are a list of strings, or one, not {type(texts).__name__}."
            raise InputError(message)
        given = list(texts)
        if not given:
            message = f"{owner} was given no {what}; a batch has at least one."
            raise InputError(message)
        for index, text in enumerate(given):
            if not isinstance(text, str):
                hint = " Second texts are given as `pairs`." if isinstance(text, (tuple, list)) else ""
                message = f"{owner}: {what}[{index}] is {type(text).__name__} {text!r:.60}, not a string.{hint}"
                raise InputError(message)
            if not text.isascii():
                _check_encodable(owner, f"{what}[{index}]", text)
        return given if self._cleaner is None else [self._cleaner(text) for text in given]

    def _padded(self, rows: list[Any]) -> Encoding:
        """Rows of the library's as arrays of one width."""
        width = max(len(row.ids) for row in rows)
        if self.length is not None and self.padding == "max_length":
            width = self.length
        ids = np.full((len(rows), width), self.pad_id, np.int64)
        mask, types = np.zeros_like(ids), np.zeros_like(ids)
        for index, row in enumerate(rows):
            count = len(row.ids)
            ids[index, :count] = row.ids
            types[index, :count] = row.type_ids
            mask[index, :count] = 1
        return Encoding(ids, mask, types, np.tile(np.arange(width), (len(rows), 1)))


def _check_encodable(owner: str, what: str, text: str) -> None:
    """Refuse half of a surrogate pair, which is no character."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        message = f"{owner}: {what} is no text: it holds {text[error.start]!r}, half of a character, at {error.start}."
        raise InputError(message) from error
