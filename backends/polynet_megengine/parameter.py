"""Parameters that say whether they are to be trained, as torch's do.

MegEngine reserves the name `requires_grad` and refuses to read or set it. Here every `megengine.Parameter` keeps it:
PolyNet's optimisers and training steps leave out those that are frozen. A hand-written `GradManager` should attach only
what is to be trained. They stay of MegEngine's own class, as its optimisers take parameters of one class only.
"""

from __future__ import annotations

from typing import Any

import megengine

_MARK = "needs_no_gradient"


def _requires_grad(parameter: Any) -> bool:
    """Whether it is to be trained."""
    return not getattr(parameter, _MARK, False)


def _set_requires_grad(parameter: Any, value: bool) -> None:
    setattr(parameter, _MARK, not value)


def _state(parameter: Any) -> dict[str, Any]:
    """What copies and pickles keep beside the numbers."""
    state: dict[str, Any] = megengine.Tensor.__getstate__(parameter)
    return state if _requires_grad(parameter) else {**state, _MARK: True}


def _set_state(parameter: Any, state: dict[str, Any]) -> None:
    rest = dict(state)
    if rest.pop(_MARK, False):
        _set_requires_grad(parameter, False)
    megengine.Tensor.__setstate__(parameter, rest)


def let_parameters_be_frozen() -> None:
    """Give MegEngine's parameters a `requires_grad` that can be set, and that their copies keep.

    Example:
        >>> with polynet.use_backend("megengine"):
        ...     token = polynet.nn.Parameter(np.zeros((1, 1, 8), np.float32))
        >>> token.requires_grad = False
        >>> token.requires_grad, type(token)
        (False, <class 'megengine.tensor.Parameter'>)
    """
    megengine.Parameter.requires_grad = property(_requires_grad, _set_requires_grad)
    megengine.Parameter.__getstate__ = _state
    megengine.Parameter.__setstate__ = _set_state
