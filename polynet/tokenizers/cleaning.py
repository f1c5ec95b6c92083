"""What may be done to a text before it is tokenized, under the words of Scepter's option CLEAN."""

from __future__ import annotations

import html
import importlib
import string
from collections.abc import Callable, Mapping
from typing import Any

from polynet.errors import BackendUnavailableError, OptionError, suggest

_WITHOUT_PUNCTUATION = str.maketrans("", "", string.punctuation)


def mended(text: str) -> str:
    r"""A text with broken encodings repaired by ftfy, and with HTML's names of letters replaced, even doubly escaped.

    Source: OpenAI's CLIP, `basic_clean`.

    Example:
        >>> mended("caf\u00c3\u00a9 &amp;amp; bar")
        'café & bar'
    """
    text = _ftfy().fix_text(text)
    return html.unescape(html.unescape(text)).strip()


def whitespace(text: str) -> str:
    """Mended, and each run of white space one space.

    Example:
        >>> whitespace("  a   Cat ")
        'a Cat'
    """
    return " ".join(mended(text).split())


def lower(text: str) -> str:
    """As `whitespace`, in lower case.

    Example:
        >>> lower("  a   Cat ")
        'a cat'
    """
    return whitespace(text).lower()


def canonicalize(text: str) -> str:
    """As `lower`, without punctuation; an underscore counts as a space.

    Source: big_vision, `canonicalize_text`, by way of OpenCLIP.

    Example:
        >>> canonicalize("A_cat, and a dog!")
        'a cat and a dog'
    """
    text = mended(text).replace("_", " ").translate(_WITHOUT_PUNCTUATION)
    return " ".join(text.lower().split())


CLEANERS: Mapping[str, Callable[[str], str]] = {
    "whitespace": whitespace,
    "lower": lower,
    "canonicalize": canonicalize,
}


def cleaner(owner: str, word: Any) -> Callable[[str], str] | None:
    """The function that a word stands for; `None` for none.

    Args:
        owner: Who asks, for messages.
        word: A key of `CLEANERS`, or `None`.

    Raises:
        OptionError: There is no such word.
        BackendUnavailableError: ftfy, which all of them need, is not installed.

    Example:
        >>> cleaner("ClipTokenizer", "lowr")
        Traceback (most recent call last):
        ...
        polynet.errors.OptionError: ClipTokenizer: clean is None, whitespace, lower or canonicalize, not 'lowr'. Did you mean 'lower'?
    """  # noqa: E501 - a doctest's traceback is one line
    if word is None:
        return None
    if not isinstance(word, str) or word not in CLEANERS:
        message = f"{owner}: clean is None, whitespace, lower or canonicalize, not {word!r}.{suggest(word, CLEANERS)}"
        raise OptionError(message)
    _ftfy()
    return CLEANERS[word]


def _ftfy() -> Any:
    try:
        return importlib.import_module("ftfy")
    except ImportError as error:
        message = "Cleaning texts needs the package ftfy. Install it with: pip install 'polynet[text]'."
        raise BackendUnavailableError(message) from error
