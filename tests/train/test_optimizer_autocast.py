"""Lower precision: where it is offered it computes and trains in it, and where it is not the reason is told."""

from __future__ import annotations

import pytest

from polynet import nn, ops
from polynet.backend import Backend, get_backend
from polynet.errors import UnsupportedError
from tests.train.optimizer_steps import loss_of, small_net


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_where_autocast_is_offered_it_computes_in_lower_precision(backend: Backend, dtype: str) -> None:
    reason = backend.why_no_autocast("cpu", dtype)
    if reason is not None:
        with pytest.raises(UnsupportedError, match=f"cannot compute as '{dtype}' on 'cpu': {reason[:30]}"):
            backend.autocast("cpu", dtype)
        return
    net = small_net(backend)
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    before = float(backend.numpy(loss_of(backend, net)))
    for _ in range(5):
        optimizer.zero_grad()
        with optimizer.recording(), backend.autocast("cpu", dtype):
            assert ops.dtype_name(net.classifier(backend.tensor([[1.0] * 8]))) == dtype
            loss = loss_of(backend, net)
        optimizer.backward(loss)
        optimizer.step()
    assert float(backend.numpy(loss_of(backend, net))) < before
    assert ops.dtype_name(net.classifier.weight) == "float32"
    assert ops.dtype_name(net.classifier(backend.tensor([[1.0] * 8]))) == "float32"


@pytest.mark.parametrize("dtype", ["float32", "int8", "half"])
def test_other_types_are_refused(backend: Backend, dtype: str) -> None:
    reason = backend.why_no_autocast("cpu", dtype)
    assert reason is not None
    assert f"not as '{dtype}'" in reason
    with pytest.raises(UnsupportedError, match=f"'{dtype}'"):
        backend.autocast("cpu", dtype)


def test_torch_offers_both_types_on_the_cpu_and_megengine_neither(both: tuple[Backend, Backend]) -> None:
    torch, megengine = both
    assert [torch.why_no_autocast("cpu", dtype) for dtype in ("float16", "bfloat16")] == [None, None]
    assert "max pooling returns garbage" in str(megengine.why_no_autocast("cpu", "float16"))
    assert "no bfloat16" in str(megengine.why_no_autocast("cuda:0", "bfloat16"))
    assert megengine.why_no_autocast("cuda:0", "float16") is None


def test_a_backend_that_runs_no_numbers_has_none() -> None:
    shapes = get_backend("shapes")
    assert shapes.why_no_autocast("cpu", "float16") == "backend 'shapes' has no lower precision."
    with pytest.raises(UnsupportedError, match="no lower precision"):
        shapes.autocast("cpu", "float16")
    with pytest.raises(UnsupportedError, match="draws no random numbers"):
        shapes.random_state()
    with pytest.raises(UnsupportedError, match="draws no random numbers"):
        shapes.set_random_state({})
    with pytest.raises(UnsupportedError, match="nothing to optimise"):
        shapes.optimizer("sgd", nn.Linear, [{"names": []}], lr=0.1)
