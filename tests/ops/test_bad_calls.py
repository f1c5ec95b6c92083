"""The whole table of calls that make no sense: each backend refuses each with the same error."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import PolyNetError
from tests.conftest import chosen_backends
from tests.ops import bad_calls, bad_windows
from tests.ops.bad_calls import Call, Calls


class Maker:
    """Makes tensors on one backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    def __call__(self, *shape: int) -> Any:
        return self._backend.tensor(np.ones(shape, np.float32))

    def whole(self, *values: int) -> Any:
        return self._backend.tensor(np.array(values, np.int64))

    def flags(self, *values: bool) -> Any:
        return self._backend.tensor(np.array(values, bool))


STRUCTURE: Calls = {
    **bad_calls.ACTIVATION,
    **bad_calls.ARITHMETIC,
    **bad_calls.CONVERSION,
    **bad_calls.CREATION,
    **bad_calls.INDEX,
    **bad_calls.LINEAR,
    **bad_calls.LOSS,
    **bad_windows.CONVOLUTION,
    **bad_windows.POOLING,
    **bad_windows.NORMALISATION,
    **bad_windows.PADDING,
    **bad_windows.RESIZE,
    **bad_windows.REDUCTION,
    **bad_windows.SHAPE,
}
CALLS: Calls = {**STRUCTURE, **bad_windows.VALUES}

PROMOTED = {
    *(f"{op} of whole numbers" for op in ("softmax", "log_softmax", "mish", "elu", "leaky_relu", "hardswish")),
    *(f"{op} of whole numbers" for op in ("hardsigmoid", "softplus", "logsigmoid", "bernoulli")),
    "scatter_add of another dtype",
    "matmul of two dtypes",
}
"""MegEngine takes whole numbers for fractions, and promotes mixed types, where torch refuses both."""

UNCHECKED = {"bernoulli of no probability", "reshape to words"}
"""MegEngine computes something: looking would cost every call more than it is worth."""

ACCEPTED = {"megengine": PROMOTED | UNCHECKED}

ON_A_BACKEND = [
    pytest.param(backend, name, id=f"{name}-{backend}")
    for backend in (*chosen_backends(), "shapes")
    for name in (STRUCTURE if backend == "shapes" else CALLS)
]


def works(backend: Backend) -> bool:
    """Whether the backend still computes, and nothing refused is left over to be reported later."""
    backend.synchronise()
    total = ops.sum(backend.tensor(np.ones(3, np.float32)))
    return backend.name == "shapes" or backend.numpy(total) == 3


@pytest.mark.filterwarnings("ignore:Using a target size:UserWarning")  # torch's word before it refuses
@pytest.mark.filterwarnings("ignore:reduction:UserWarning")  # as above
@pytest.mark.parametrize(("backend_name", "name"), ON_A_BACKEND)
def test_nonsense_is_the_same_error_on_every_backend(backend_name: str, name: str) -> None:
    expected, call = CALLS[name]
    with use_backend(backend_name) as backend:
        if name in ACCEPTED.get(backend_name, ()):
            call(Maker(backend))
        else:
            error = refusal(call, backend)
            assert type(error) is expected
            assert str(error).startswith(name.split()[0])
        assert works(backend)


def refusal(call: Call, backend: Backend) -> PolyNetError:
    """The error a call raises."""
    with pytest.raises(PolyNetError) as caught:
        call(Maker(backend))
    return caught.value


def test_the_table_has_every_op_that_can_be_called_wrongly_but_for_its_tensors() -> None:
    used = {name.split()[0] for name in CALLS}
    assert used <= set(ops.__all__)
    of_any_tensor = {
        *("abs", "ceil", "cos", "erf", "exp", "expm1", "floor", "isfinite", "isinf", "isnan", "log", "log1p"),
        *("logical_not", "relu", "relu6", "round", "rsqrt", "sigmoid", "sign", "sin", "sqrt", "tan", "tanh"),
        *("device_name", "dtype_name", "nonzero", "stop_gradient", "to_numpy", "no_grad", "Generator"),
    }
    assert set(ops.__all__) - used == of_any_tensor
