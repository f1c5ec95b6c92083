"""LoRA and DoRA compute what peft's do: outputs, gradients and merged weights."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.models.tuners import LoRA
from tests.compare import assert_close


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, stride=2, padding=1)
        self.fc = nn.Linear(6, 4)

    def forward(self, x: Any) -> Any:
        return self.fc(ops.mean(ops.relu(self.conv(x)), dim=(2, 3)))


def pair() -> Any:
    net = Pair()
    nn.initialise(net, seed=0)
    return net.eval()


@pytest.mark.checklist("S0-61")
@pytest.mark.parametrize("use_dora", [False, True])
def test_the_same_as_peft(reference: Backend, use_dora: bool) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own imports
        peft = pytest.importorskip("peft")
    with use_backend(reference):
        net, theirs_net = pair(), pair()
        tuned = LoRA(r=2, alpha=5, use_dora=use_dora).apply(net)
        config = peft.LoraConfig(r=2, lora_alpha=5, target_modules=["conv", "fc"], use_dora=use_dora)
        theirs = peft.get_peft_model(theirs_net, config).eval()
        x = ops.tensor(np.random.standard_normal((2, 3, 8, 8)).astype(np.float32))
        values = {name: np.random.standard_normal(array.shape) for name, array in tuned.state().items()}
        values = {name: np.abs(array) + 0.5 if "magnitude" in name else array for name, array in values.items()}
        tuned.load({name: array.astype(np.float32) for name, array in values.items()})
        counterparts: dict[str, Any] = {}
        for path in ("conv", "fc"):
            layer = theirs.base_model.model.get_submodule(path)
            counterparts[f"{path}.lora.down.weight"] = layer.lora_A["default"].weight
            counterparts[f"{path}.lora.up.weight"] = layer.lora_B["default"].weight
            if use_dora:
                counterparts[f"{path}.lora.magnitude"] = layer.lora_magnitude_vector["default"].weight
        slots = reference.slots(net)
        for name, parameter in counterparts.items():
            parameter.data = ops.reshape(ops.tensor(slots[name].read()), parameter.shape)
        assert set(counterparts) == set(tuned.names)
        assert_close(net(x), theirs(x))
        ours = reference.differentiate(lambda: ops.sum(net(x) ** 2), [slots[name].tensor for name in counterparts])[1]
        other = reference.differentiate(lambda: ops.sum(theirs(x) ** 2), list(counterparts.values()))[1]
        for name, mine, given in zip(counterparts, ours, other, strict=True):
            assert mine is not None
            assert given is not None
            assert_close(mine, ops.reshape(given, mine.shape), what=name)
        merged = theirs.merge_and_unload()
        tuned.fold()
        for path in ("conv", "fc"):
            assert_close(net.get_submodule(path).weight, merged.get_submodule(path).weight, what=path)
