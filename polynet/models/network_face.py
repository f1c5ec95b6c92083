"""What every image network offers to those who use or train it, beside running."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from polynet.backend import backend_of
from polynet.calls import explains_options
from polynet.models.feature_info import FeatureInfo
from polynet.models.stage import Stage


class NetworkFace:
    """Answers and switches that follow from a network's stages; mixed into `ImageNetwork`."""

    stages: tuple[Stage, ...]
    out_indices: tuple[int, ...] | None

    @property
    def feature_info(self) -> FeatureInfo:
        """Channels, strides and places of the chosen stages, or of all; see `FeatureInfo`."""
        chosen = self.out_indices
        return FeatureInfo(self.stages, tuple(range(len(self.stages))) if chosen is None else chosen)

    @explains_options
    def parameter_groups(
        self,
        *,
        lr: float | None = None,
        weight_decay: float = 0.05,
        layer_decay: float | None = None,
        no_weight_decay: Iterable[str] = (),
    ) -> list[dict[str, Any]]:
        """Trainable parameters in groups for the framework's own optimisers; see `polynet.models.groups`.

        Args:
            lr: Learning rate of the last layers; needed with `layer_decay`.
            weight_decay: Weight decay of kernels; biases, normalisations, tokens and position tables have none.
            layer_decay: What the learning rate is multiplied by from each depth to the one below, above 0 and at most
                1; no decay by default.
            no_weight_decay: Wildcards of further names to spare.

        Raises:
            OptionError: A number is out of range, `layer_decay` comes without `lr`, or a wildcard fits no parameter.
        """
        from polynet.models.groups import parameter_groups

        return parameter_groups(
            self, lr=lr, weight_decay=weight_decay, layer_decay=layer_decay, no_weight_decay=no_weight_decay
        )

    def set_gradient_checkpointing(self, enable: bool = True) -> None:
        """Compute the blocks anew in the backward pass instead of keeping what they computed (arXiv:1604.06174).

        Memory for activations falls to about that of one block, and a training step takes about a third longer; its
        numbers, running statistics of batch normalisation included, stay the same.

        Args:
            enable: Whether to; `False` undoes it.

        Raises:
            OptionError: `enable` is neither true nor false.
            UnsupportedError: The framework cannot do this by block; the message says what it has instead.
        """
        from polynet.models.depths import blocks_of
        from polynet.weights.arguments import check_truth

        check_truth("enable", enable)
        modules = dict(self.named_modules())  # type: ignore[attr-defined]  # this is mixed into modules
        # Where the stages are no modules, what the network consists of are the blocks.
        paths = blocks_of(self) or [name for name in modules if name and "." not in name and name != "head"]
        backend_of(self).set_recomputed([modules[path] for path in paths], enable)
