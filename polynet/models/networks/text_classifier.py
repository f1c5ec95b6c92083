"""Classifiers of texts."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polynet import ops
from polynet.backend import backend_of, use_backend
from polynet.errors import InputError, OptionError, suggest
from polynet.models.networks.classifier import Classifier, one_label
from polynet.registry import NETWORKS, build_part
from polynet.types import Tensor

IDS = "input_ids"


@NETWORKS.register()
class TextClassifier(Classifier):
    """A classifier of texts: `Classifier`, called with texts, or with what a tokenizer made of them.

    The backbone is called with the token ids and, by name, with those of `attention_mask`, `token_type_ids` and
    `position_ids` that it takes and that are there.

    Args:
        backbone: What gives features of token ids.
        head: What gives logits of features.
        tokenizer: What turns texts into token ids; not needed to be called with those.
        neck: What stands between backbone and head; by default nothing does.
        loss: Of `(logits, label)`.
        metric: Of `(logits, label)`, with a mapping of scalars as its result; `None` for none.
        act_name: `"softmax"` or `"sigmoid"`.
        topk: The metric's `topk`, where the config of the metric has none.
        freeze_bn: Keep normalisation layers in evaluation mode always.
        logger: A logger to keep.

    Raises:
        ConfigKeyError: There is no backbone or head.
        OptionError: The head is made for another width than the backbone gives, the tokenizer has more tokens than
            the backbone knows, or its rows are longer than the backbone takes.
        PolyNetError: A part cannot be built; the message says which.

    Example:
        >>> backbone = {"name": "Bert", "vocab_size": 9, "hidden_size": 4, "num_hidden_layers": 1,
        ...     "num_attention_heads": 2}
        >>> with polynet.use_backend("torch"):
        ...     net = TextClassifier(backbone=backbone, head={"name": "ClassifierHead", "dim": 4, "num_classes": 3})
        >>> tuple(net.eval()(ops.tensor([[1, 2, 3], [4, 5, 6]])).shape)
        (2, 3)
    """

    def __init__(
        self,
        backbone: Any = None,
        head: Any = None,
        tokenizer: Any = None,
        neck: Any = None,
        loss: Any = "CrossEntropy",
        metric: Any = "AccuracyMetric",
        act_name: str = "softmax",
        topk: int | Sequence[int] | None = None,
        freeze_bn: bool = False,
        logger: Any = None,
    ) -> None:
        super().__init__(backbone, head, neck, loss, metric, act_name, topk, freeze_bn, logger)
        self.tokenizer = build_part("tokenizer", tokenizer, "tokenizer", logger=logger)
        self._taken = _names_taken(self.backbone)
        _check_tokens(self.tokenizer, self.backbone)

    def forward(
        self,
        input_ids: Any,
        gt_label: Tensor | None = None,
        *,
        label: Tensor | None = None,
        attention_mask: Tensor | None = None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
    ) -> Any:
        """Classify texts, or train on them.

        Args:
            input_ids: Token ids `(N, L)`; or a text, a list of texts, or a mapping as tokenizers return it.
            gt_label: Labels, or `None`.
            label: The same under Scepter's name.
            attention_mask: `(N, L)`, 1 for a token and 0 for padding.
            token_type_ids: `(N, L)`, of which text of a pair a token is.
            position_ids: `(N, L)`, the place of each token.

        Raises:
            InputError: Texts were given to a network without a tokenizer, or labels under both names.
        """
        more = {"attention_mask": attention_mask, "token_type_ids": token_type_ids, "position_ids": position_ids}
        named = {key: self._tensor(key, value) for key, value in more.items() if value is not None}
        tokens = {**self.tokens(input_ids), **named}
        gt_label = one_label(gt_label, label)
        return self.forward_train(tokens, gt_label) if self.training else self.forward_test(tokens, gt_label)

    def tokens(self, texts: Any) -> dict[str, Tensor]:
        """Token ids, and what goes with them, as tensors on the network's device.

        Args:
            texts: As `forward`'s `input_ids`.

        Raises:
            InputError: Texts were given to a network without a tokenizer, there are none, or what was given is neither
                texts nor token ids.
        """
        if isinstance(texts, (list, tuple)) and not texts:
            message = f"{type(self).__name__} needs a text, a list of at least one, or token ids; the list is empty."
            raise InputError(message)
        if isinstance(texts, str) or (isinstance(texts, (list, tuple)) and texts and isinstance(texts[0], str)):
            if self.tokenizer is None:
                message = f"{type(self).__name__} was given texts and has no tokenizer; give it one, or token ids."
                raise InputError(message)
            texts = self.tokenizer([texts] if isinstance(texts, str) else list(texts))
        found = dict(texts) if isinstance(texts, Mapping) else {IDS: texts}
        if IDS not in found:
            message = f"{type(self).__name__} needs {IDS}, and was given {', '.join(map(str, found)) or 'nothing'}."
            raise InputError(message + next((hint for key in found if (hint := suggest(str(key), [IDS]))), ""))
        return {key: self._tensor(key, value) for key, value in found.items()}

    def _tensor(self, name: str, values: Any) -> Tensor:
        """Numbers of tokens as a tensor; a tensor as it is."""
        if isinstance(values, (np.ndarray, list, tuple)):
            backend = backend_of(self)
            with use_backend(backend):
                return ops.tensor(self._checked(name, values), device=backend.device_of(self))
        if not hasattr(values, "shape"):
            message = (
                f"{type(self).__name__}: {name} are texts or token ids, not {type(values).__name__} {values!r:.60}."
            )
            raise InputError(message)
        return values

    def _checked(self, name: str, values: Any) -> np.ndarray[Any, Any]:
        try:
            array = np.asarray(values)
        except ValueError as error:  # rows of several lengths
            message = f"{type(self).__name__}: {name} are rows of whole numbers, all of one length; these are not."
            raise InputError(message) from error
        if array.dtype.kind not in "iub":
            message = f"{type(self).__name__}: {name} are whole numbers, not {array.dtype.name}: {values!r:.60}."
            raise InputError(message)
        return array

    def extract(self, img: Any) -> Tensor:
        """The logits, not activated, of what `tokens` gives."""
        more = {key: value for key, value in img.items() if key in self._taken}
        return self.head(self.neck(self.backbone(img[IDS], **more)))

    def count(self, img: Any) -> int:
        """How many texts there are."""
        size: int = img[IDS].shape[0]
        return size


def _check_tokens(tokenizer: Any, backbone: Any) -> None:
    """Refuse a tokenizer whose tokens, or whose rows of them, a backbone cannot take, as far as both say so.

    Raises:
        OptionError: There are more tokens than the backbone knows, or more in a row; the message has both numbers.
    """
    owner, other = type(tokenizer).__name__, type(backbone).__name__
    tokens, known = getattr(tokenizer, "vocab_size", None), getattr(backbone, "vocab_size", None)
    if isinstance(tokens, int) and isinstance(known, int) and tokens > known:
        message = f"{owner} has {tokens} tokens, and {other} knows {known}: its vocab_size must be at least {tokens}."
        raise OptionError(message)
    length, places = getattr(tokenizer, "length", None), getattr(backbone, "max_position_embeddings", None)
    if isinstance(length, int) and isinstance(places, int) and length > places:
        message = (
            f"{owner} makes rows of up to {length} tokens, and {other} takes {places}: give the tokenizer "
            f"length={places} or less, or the backbone max_position_embeddings={length}."
        )
        raise OptionError(message)


def _names_taken(backbone: Any) -> frozenset[str]:
    """What, beside the token ids, a backbone takes by name."""
    wanted = ("attention_mask", "token_type_ids", "position_ids")
    parameters = inspect.signature(backbone.forward).parameters.values()
    if any(parameter.kind == parameter.VAR_KEYWORD for parameter in parameters):
        return frozenset(wanted)
    return frozenset(parameter.name for parameter in parameters) & frozenset(wanted)
