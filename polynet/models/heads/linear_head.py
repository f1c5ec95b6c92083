"""The head of transformers: one linear layer on the class token."""

from __future__ import annotations

from polynet import nn
from polynet.registry import HEADS
from polynet.types import Tensor


@HEADS.register()
class LinearHead(nn.Linear):
    """A linear classifier of vectors. It is a `Linear` itself, so its state is `head.weight` and `head.bias`.

    Args:
        w_in: Width of the vectors.
        w_out: Classes.
        bias: Whether it has a bias.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = LinearHead(8, 10)
        >>> tuple(head(ops.ones((2, 8))).shape)
        (2, 10)
    """

    classifier_path = ""

    def __init__(self, w_in: int, w_out: int = 1000, bias: bool = True) -> None:
        super().__init__(w_in, w_out, bias=bias)

    def pre_logits(self, x: Tensor) -> Tensor:
        """What the classifier is given, which is what the head is given."""
        return x
