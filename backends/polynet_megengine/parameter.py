"""A MegEngine parameter that says whether it is to be trained, as torch's does."""

from __future__ import annotations

from typing import Any

import megengine


class Parameter(megengine.Parameter):
    """A `megengine.Parameter` with a `requires_grad` that can be set; MegEngine's own refuses to.

    PolyNet's optimisers and training steps leave a parameter out whose `requires_grad` is false. A hand-written
    `GradManager` should attach only what is to be trained.

    Example:
        >>> with polynet.use_backend("megengine"):
        ...     token = polynet.nn.Parameter(np.zeros((1, 1, 8), np.float32))
        >>> token.requires_grad = False
        >>> token.requires_grad
        False
    """

    @property
    def requires_grad(self) -> bool:
        """Whether it is to be trained."""
        return not getattr(self, "needs_no_gradient", False)

    @requires_grad.setter
    def requires_grad(self, value: bool) -> None:
        self.needs_no_gradient = not value

    def __getstate__(self) -> dict[str, Any]:
        """What copies and pickles keep beside the numbers."""
        state: dict[str, Any] = super().__getstate__()
        if not self.requires_grad:
            state["needs_no_gradient"] = True
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore what `__getstate__` kept."""
        if state.pop("needs_no_gradient", False):
            self.needs_no_gradient = True
        super().__setstate__(state)
