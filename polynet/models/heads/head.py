"""What PolyNet's own heads share, and what a user's may offer."""

from __future__ import annotations

from typing import Any

from polynet import nn
from polynet.types import Tensor


class Head(nn.Module):
    """Base of heads that end in one linear classifier.

    A head need not derive from it: any module that takes a feature map can be one. What this class adds is that
    `reset_classifier` replaces the classifier alone, and `forward_head(…, pre_logits=True)` stops before it.

    Attributes:
        classifier_path: Path, within the head, of the layer whose outputs are the classes.
    """

    classifier_path: str = "fc"
    fc: Any

    def pre_logits(self, x: Tensor) -> Tensor:
        """What the classifier is given: `(N, width)`."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(N, w_out)` of a feature map `(N, w_in, H, W)`."""
        return self.fc(self.pre_logits(x))
