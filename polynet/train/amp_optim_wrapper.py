"""Training in half precision where that is safe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.errors import OptionError
from polynet.optimizer import Optimizer
from polynet.train.optim_wrapper import HALVES, OptimWrapper


class AmpOptimWrapper(OptimWrapper):
    """An `OptimWrapper` that computes in half precision where that is safe, with a scaled loss.

    Micikevicius et al., "Mixed Precision Training", 2018. Gradients are unscaled once, before they are clipped and
    stepped, also where several losses are accumulated; a step with gradients that are not finite is left out.

    Args:
        optimizer: Steps the parameters.
        loss_scale: `"dynamic"`; a number, which stays; or a mapping with `init_scale`, `growth_factor`,
            `backoff_factor`, `growth_interval`, `enabled`.
        dtype: `"float16"` or `"bfloat16"`; by default the first that the framework has on the parameters' device.
        accumulative_counts: As `OptimWrapper`.
        clip_grad: As `OptimWrapper`.
        use_fsdp: Accepted as MMEngine has it; sharded gradients need no scale of another kind here.

    Raises:
        OptionError: A value cannot be used.
        UnsupportedError: The framework cannot compute in that type on this device; the message says why.

    Source: MMEngine, `AmpOptimWrapper`.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        loss_scale: Any = "dynamic",
        dtype: str | None = None,
        accumulative_counts: int = 1,
        clip_grad: Mapping[str, Any] | None = None,
        use_fsdp: bool = False,
    ) -> None:
        if loss_scale is None:
            message = "AmpOptimWrapper: loss_scale is 'dynamic', a number or a mapping; dict(enabled=False) has none."
            raise OptionError(message)
        super().__init__(optimizer, accumulative_counts, clip_grad, loss_scale, dtype)

    def _checked_dtype(self, dtype: Any) -> str | None:
        """The type asked for, or the first half precision there is."""
        if dtype is not None:
            return super()._checked_dtype(dtype)
        reasons = {half: self._backend.why_no_autocast(self._device, half) for half in HALVES}
        found = next((half for half, reason in reasons.items() if reason is None), None)
        if found is None:
            return super()._checked_dtype(HALVES[0])
        return found
