"""Base of tokenizers in Scepter's form: made from a config, with a method `tokenize`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar


class BaseTokenizer:
    """A tokenizer whose call is its `tokenize`, which a subclass writes.

    Args:
        cfg: Its config, or `None`.
        logger: A logger, or `None`.

    Attributes:
        para_dict: What the config may hold; see `BaseModel.para_dict`.

    Source: Scepter, `BaseTokenizer`, whose call returns nothing.

    Example:
        >>> class Letters(BaseTokenizer):
        ...     def tokenize(self, texts):
        ...         return [[ord(letter) for letter in text] for text in texts]
        >>> Letters()(["ab", "c"]), Letters()("ab")
        ([[97, 98], [99]], [[97, 98]])
    """

    para_dict: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, cfg: Any = None, logger: Any = None) -> None:
        self.cfg = cfg
        self.logger = logger

    def tokenize(self, texts: Any, **options: Any) -> Any:
        """Token ids of texts, and what goes with them; a subclass writes it.

        Raises:
            NotImplementedError: It did not.
        """
        message = (
            f"{type(self).__name__} has no tokenize(texts); a tokenizer turns a list of texts into token ids there."
        )
        raise NotImplementedError(message)

    def __call__(self, texts: Any, **options: Any) -> Any:
        """`tokenize`; one text counts as a list of one."""
        return self.tokenize([texts] if isinstance(texts, str) else texts, **options)
