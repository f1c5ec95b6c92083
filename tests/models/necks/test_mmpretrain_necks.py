"""MMPretrain's necks: values, tuples in and out, keys, and the same on every framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError, OptionError
from polynet.models.necks.generalized_mean_pooling import GeneralizedMeanPooling
from polynet.models.necks.linear_neck import LinearNeck, NonLinearNeck
from polynet.registry import NECKS
from polynet.weights import load_state, state
from tests.compare import assert_close

MAP = np.random.default_rng(1).standard_normal((4, 6, 3, 3)).astype(np.float32)


@pytest.mark.parametrize("p", [1, 3.0, 6.5])
def test_generalised_means(backend: Backend, p: float) -> None:
    neck = NECKS.build({"type": "GeneralizedMeanPooling", "p": p})
    expected = (np.maximum(MAP.astype(np.float64), 1e-6) ** p).mean((2, 3)) ** (1 / p)
    assert_close(neck(ops.tensor(MAP)), expected.astype(np.float32))
    several = neck((ops.tensor(MAP), ops.tensor(MAP[:, :2])))
    assert [tuple(each.shape) for each in several] == [(4, 6), (4, 2)]
    assert state(neck)["p"].shape == (1,)
    assert neck.out_channels(6) == 6


def test_the_power_is_learnt_unless_said_otherwise(backend: Backend) -> None:
    slots = [backend.slots(GeneralizedMeanPooling(p_trainable=each))["p"].trainable for each in (True, False)]
    assert slots == [True, False]
    with pytest.raises(OptionError, match="p is a number of at least 1"):
        GeneralizedMeanPooling(p=0.5)
    with pytest.raises(InputError, match=r"maps \(N, C, H, W\)"):
        GeneralizedMeanPooling()(ops.ones((2, 3)))


def test_a_linear_neck_projects_the_last_stage(backend: Backend) -> None:
    neck = LinearNeck(6, 5, gap_dim=2, act_cfg={"type": "ReLU"}).eval()
    (out,) = neck((None, ops.tensor(MAP)))
    weights = state(neck)
    expected = np.maximum((MAP.mean((2, 3)) @ weights["fc.weight"].T + weights["fc.bias"]) / np.sqrt(1 + 1e-5), 0)
    assert_close(out, expected)
    assert {name.partition(".")[0] for name in weights} == {"fc", "norm"}
    plain = LinearNeck(6, 5, norm_cfg=None)
    assert tuple(plain(ops.ones((2, 6)))[0].shape) == (2, 5)
    with pytest.raises(InputError, match="features of 4 axes, not 2"):
        neck(ops.ones((2, 6)))
    with pytest.raises(OptionError, match="gap_dim"):
        LinearNeck(6, 5, gap_dim=4)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"fc0.weight", "bn0.weight", "fc1.weight", "bn1.weight"}),
        ({"num_layers": 3}, {f"{part}{i}.weight" for part in ("fc", "bn") for i in range(3)}),
        ({"with_last_bn": False, "with_last_bias": True}, {"fc0.weight", "bn0.weight", "fc1.weight", "fc1.bias"}),
        ({"with_last_bn_affine": False, "with_bias": True}, {"fc0.weight", "fc0.bias", "bn0.weight", "fc1.weight"}),
    ],
)
def test_a_non_linear_neck_has_the_parameters_of_its_options(
    backend: Backend, options: dict[str, Any], expected: set[str]
) -> None:
    neck = NonLinearNeck(6, 8, 4, norm_cfg={"type": "BN1d"}, **options)
    parameters = {name for name, slot in backend.slots(neck).items() if slot.kind == "parameter"}
    assert {name for name in parameters if not (name.startswith("bn") and name.endswith("bias"))} == expected
    assert tuple(neck((ops.tensor(MAP),))[0].shape) == (4, 4)
    neck.init_weights()
    assert (state(neck)["bn0.weight"] == 1).all()


def test_a_non_linear_neck_refuses_several_stages(backend: Backend) -> None:
    neck = NonLinearNeck(6, 8, 4, norm_cfg={"type": "BN1d"})
    with pytest.raises(InputError, match="one stage, not of 2"):
        neck((ops.tensor(MAP), ops.tensor(MAP)))


CASES: dict[str, Callable[[], Any]] = {
    "generalised mean": GeneralizedMeanPooling,
    "linear": lambda: LinearNeck(6, 5, gap_dim=2),
    "non-linear": lambda: NonLinearNeck(6, 8, 4, num_layers=3, norm_cfg={"type": "BN1d"}),
    "non-linear, synchronised": lambda: NonLinearNeck(6, 8, 4),
}


@pytest.mark.checklist("S3-70")
@pytest.mark.parametrize("case", CASES)
def test_outputs_and_gradients_agree_between_frameworks(both: tuple[Backend, Backend], case: str) -> None:
    weights: dict[str, Any] | None = None
    found = []
    for backend in both:
        with use_backend(backend):
            neck = CASES[case]()
            if weights is None:
                weights = state(neck)
            load_state(neck, weights)
            x = ops.tensor(np.abs(MAP) + 0.1)
            factor = ops.tensor(np.linspace(-1, 1, 4, dtype=np.float32).reshape(4, 1))

            def output(neck: Any = neck, x: Any = x) -> Any:
                out = neck((x,))
                return out[-1]

            def loss(output: Any = output, factor: Any = factor) -> Any:
                return ops.sum(output() * factor)

            forward = backend.numpy(output())
            _, gradients = backend.differentiate(loss, list(neck.parameters()))
            named = {id(slot.tensor): slot for slot in backend.slots(neck).values()}
            by_name = {
                named[id(parameter)].name: named[id(parameter)].canonical(gradient)
                for parameter, gradient in zip(neck.parameters(), gradients, strict=True)
            }
            found.append((forward, by_name))
    assert_close(found[1][0], found[0][0], what="output")
    scale = max(float(np.abs(gradient).max()) for gradient in found[0][1].values())
    for name, gradient in found[0][1].items():
        # Before a normalisation some gradients are zero but for rounding: measured against the network's largest.
        assert np.abs(found[1][1][name] - gradient).max() <= 1e-5 * max(scale, 1e-30), name
