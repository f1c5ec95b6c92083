"""Recording the forward pass, so that it can be differentiated inside the `with` block or soon after it.

MegEngine differentiates only what a `GradManager` saw, and lets go of it when its `with` block ends. Training loops
written for torch call `backward` after the block. So a recording is left open at the end of its block, until it is
differentiated, dropped, or replaced by the next one.

What an open recording keeps of an operation lives as long as the operation's result, but for about 1.6 kB, which stay
until it is closed. So evaluate inside `ops.no_grad()`, where nothing is recorded, or call `Optimizer.forget` first
where a step was given up.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from megengine.autodiff import GradManager
from megengine.core.autodiff.grad import Grad

from polynet.errors import ModeError
from polynet.types import Tensor
from polynet_megengine.ops.conversion import _suppressed


def _close(manager: GradManager) -> None:
    """Stop recording; does nothing where it has stopped."""
    if manager._recording:
        manager.release()


def _saw(grad: Grad, loss: Tensor) -> bool:
    """Whether a recording holds how a tensor was computed; MegEngine answers only for the innermost one."""
    inner = [found for group in Grad.stack for reference in group if (found := reference()) not in (None, grad)]
    inner = [found for found in inner if not any(found is other for other in _suppressed)]
    for found in inner:
        found.suppress()
    try:
        return bool(grad._is_attached_to(loss))
    finally:
        for found in inner:
            found.resume()


class Recording:
    """What one optimiser records.

    Args:
        parameters: What to differentiate by; those frozen when a recording begins are left out of it.
    """

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = list(parameters)
        self._attached: list[Tensor] = []
        self._manager = GradManager()
        self._depth = 0
        self._is_done_with = False
        self._finalizer: Any = None

    def _begin(self) -> None:
        trained = [parameter for parameter in self._parameters if parameter.requires_grad]
        if len(trained) != len(self._attached) or any(a is not b for a, b in zip(trained, self._attached, strict=True)):
            self._manager = GradManager().attach(trained)
            self._attached = trained
            if self._finalizer is not None:
                self._finalizer.detach()
            # A manager that is lost while it records would go on recording: MegEngine itself holds it.
            self._finalizer = weakref.finalize(self, _close, self._manager)
            self._finalizer.atexit = False
        self._manager.record()

    def restart(self) -> None:
        """Drop what was recorded; inside a block, record what follows: MegEngine knows stepped parameters no more."""
        _close(self._manager)
        if self._depth > 0:
            self._manager.record()

    def forget(self) -> None:
        """Drop what was recorded; inside a block, at its end, for what follows in it may be differentiated still."""
        if self._depth > 0:
            self._is_done_with = True
        else:
            _close(self._manager)

    @contextmanager
    def block(self) -> Iterator[None]:
        """Record what runs inside; the recording stays open afterwards, unless `differentiate` or `forget` came."""
        if self._depth == 0:
            _close(self._manager)
            self._is_done_with = False
            self._begin()
        self._depth += 1
        try:
            yield
        except BaseException:
            _close(self._manager)
            raise
        finally:
            self._depth -= 1
            if self._depth == 0 and self._is_done_with:
                _close(self._manager)

    def differentiate(self, loss: Tensor, seed: Tensor | None) -> None:
        """Add the gradients of what was recorded to those there are, and drop it.

        Args:
            loss: What to differentiate.
            seed: The loss's own gradient; ones where it is `None`.

        Raises:
            ModeError: The loss was not recorded.
        """
        grad = self._manager._grad
        if grad is None or not _saw(grad, loss):
            message = (
                "The loss was not recorded, or depends on no trainable parameter. On MegEngine the forward pass must "
                "run inside `with optimizer.recording():`, and what was recorded can be differentiated once: add the "
                "losses, and call backward on the sum."
            )
            raise ModeError(message)
        self._manager.backward(loss, seed)
        if self._depth > 0:
            # What follows in the block is recorded too, as it would be in torch.
            self._is_done_with = True
            self._manager.record()
