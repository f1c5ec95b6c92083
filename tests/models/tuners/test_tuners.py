"""Tuners freeze a network, train what they add, and can be saved, loaded, merged and taken away."""

from __future__ import annotations

import copy
import inspect
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError, ModeError, OptionError, UnknownNameError, WeightsError
from polynet.models.tuners import Adapter, DoRA, LoRA, ResTuner, SCETuner, SCTuner, Tuner
from polynet.registry import TUNERS as REGISTRY
from polynet.registry import temporary
from tests.compare import assert_close
from tests.models.tuners.small import CHANGING, MERGING, TUNERS, images, small, state_of, trained_steps

every = pytest.mark.parametrize("name", TUNERS)
merging = pytest.mark.parametrize("name", MERGING)


@pytest.mark.checklist("S0-61")
@every
def test_a_fresh_tuner_leaves_the_output_unchanged_where_it_says_so(backend: Backend, name: str) -> None:
    net, x = small(), ops.tensor(images())
    before = backend.numpy(net(x))
    TUNERS[name]().apply(net)
    after = backend.numpy(net(x))
    if name in CHANGING:
        assert after.shape == before.shape
        assert float(np.abs(after - before).max()) > 1e-4
    else:
        assert_close(after, before, 1e-6 if name == "DoRA" else 0)


@pytest.mark.checklist("S0-61")
@every
def test_only_what_the_tuner_trains_is_stepped(backend: Backend, name: str) -> None:
    net = small()
    before = state_of(net)
    tuned = TUNERS[name]().apply(net)
    fresh = tuned.state()
    parameters = {key for key in tuned.names if "running" not in key}
    assert {key for key, slot in backend.slots(net).items() if slot.trainable} == parameters
    assert tuned.trainable == sum(fresh[key].size for key in parameters)
    assert tuned.total == sum(
        slot.tensor is not None and int(np.prod(slot.shape)) for slot in _parameters(backend, net)
    )
    trained_steps(backend, net)
    after = state_of(net)
    assert all((after[key] != fresh[key]).any() for key in tuned.names)
    assert [key for key in before if key not in tuned.names and (after[key] != before[key]).any()] == []


def _parameters(backend: Backend, net: Any) -> list[Any]:
    return [slot for slot in backend.slots(net).values() if slot.kind == "parameter"]


@every
def test_removing_restores_the_network_to_the_last_bit(backend: Backend, name: str) -> None:
    net, x = small(), ops.tensor(images())
    before, output = state_of(net), backend.numpy(net(x))
    backend.slots(net)["head.bias"].tensor.requires_grad = False
    tuned = TUNERS[name]().apply(net)
    trained_steps(backend, net)
    assert tuned.base_state().keys() == before.keys()
    assert tuned.remove() is net
    after = state_of(net)
    assert list(after) == list(before)
    assert all((after[key] == before[key]).all() for key in before)
    assert (backend.numpy(net(x)) == output).all()
    assert [slot.name for slot in _parameters(backend, net) if not slot.trainable] == ["head.bias"]
    with pytest.raises(ModeError, match="removed"):
        tuned.remove()


@merging
def test_merging_keeps_the_output_and_unmerging_the_weights(backend: Backend, name: str) -> None:
    net, x = small(), ops.tensor(images())
    tuned = TUNERS[name]().apply(net)
    trained_steps(backend, net)
    state, output = state_of(net), backend.numpy(net(x))
    assert_close(backend.numpy(tuned.merge().net(x)), output)
    assert (state_of(net)["head.weight"] != state["head.weight"]).any()
    with pytest.raises(ModeError, match="merged already"):
        tuned.merge()
    with pytest.raises(ModeError, match="unmerge"):
        tuned.load(tuned.state())
    tuned.unmerge()
    assert all((array == state[key]).all() for key, array in state_of(net).items())
    assert (backend.numpy(net(x)) == output).all()
    with pytest.raises(ModeError, match="not merged"):
        tuned.unmerge()
    names = list(state_of(small()))
    assert list(state_of(tuned.fold())) == names
    assert_close(backend.numpy(net(x)), output)


@every
def test_copies_and_pickles_run_their_own_additions(backend: Backend, name: str) -> None:
    net, x = small(), ops.tensor(images())
    tuned = TUNERS[name]().apply(net)
    trained_steps(backend, net)
    output = backend.numpy(net(x))
    twins = [copy.deepcopy(net), pickle.loads(pickle.dumps(net))]
    tuned.remove()
    for twin in twins:
        assert_close(backend.numpy(twin(x)), output, 0)
        with pytest.raises(ModeError, match="already"):
            TUNERS[name]().apply(twin)
    with pytest.raises(OptionError, match="copy or pickle its `net`"):
        copy.copy(tuned)


@every
def test_a_tuner_saved_alone_gives_the_same_output_elsewhere(backend: Backend, name: str, tmp_path: Path) -> None:
    net, x = small(), ops.tensor(images())
    tuned = TUNERS[name]().apply(net)
    trained_steps(backend, net)
    tuned.save(tmp_path / "tuner.safetensors")
    other = TUNERS[name]().apply(small(), seed=7)
    report = other.load(tmp_path / "tuner.safetensors")
    assert report.ok
    assert set(report.loaded) == set(tuned.names)
    assert_close(backend.numpy(other.net(x)), backend.numpy(net(x)), 0)


@every
def test_the_frameworks_agree(both: tuple[Backend, Backend], name: str, tmp_path: Path) -> None:
    seen: list[tuple[Any, ...]] = []
    for backend in both:
        with use_backend(backend):
            net, x = small(), ops.tensor(images())
            tuned = TUNERS[name]().apply(net, seed=5)
            fresh = tuned.state()
            slots = {key: slot for key, slot in backend.slots(net).items() if slot.trainable}
            trained_steps(backend, net, 1)

            def loss(net: Any = net, x: Any = x) -> Any:
                return ops.mean(net(x) ** 2)

            _, found = backend.differentiate(loss, [slot.tensor for slot in slots.values()])
            gradients = {key: slot.canonical(each) for (key, slot), each in zip(slots.items(), found, strict=True)}
            path = tmp_path / f"{backend.name}.safetensors"
            tuned.save(path)
            seen.append((fresh, gradients, backend.numpy(net(x)), path, tuned, x))
    (fresh, gradients, output, path, *_), (other_fresh, other_gradients, other_output, _, tuned, x) = seen
    assert all((other_fresh[key] == array).all() for key, array in fresh.items() if "magnitude" not in key)
    assert_close(other_output, output)
    scale = max(float(np.abs(each).max()) for each in gradients.values())
    for key, gradient in gradients.items():
        assert other_gradients[key].shape == gradient.shape
        assert float(np.abs(other_gradients[key] - gradient).max()) <= 1e-5 * scale, key
    with use_backend(both[1]):
        assert tuned.load(path).ok
        assert_close(both[1].numpy(tuned.net(x)), output)


@pytest.mark.checklist("S0-17", "S0-61")
@pytest.mark.parametrize("config", [{"NAME": "LoRA", "R": 2}, {"NAME": "SCETuner", "DOWN_RATIO": 0.5}])
def test_a_tuner_from_a_config_tunes_a_network(backend: Backend, config: dict[str, Any]) -> None:
    logger = _Logger()
    tuner = REGISTRY.build(config, logger=logger)
    assert tuner.logger is logger
    net, x = small(), ops.tensor(images())
    before = backend.numpy(net(x))
    tuned = tuner.apply(net)
    assert 0 < tuned.trainable < tuned.total
    assert (backend.numpy(net(x)) == before).all()
    assert logger.lines == [str(tuned)]
    again = REGISTRY.build(tuner.config)
    assert again.config == tuner.config


class _Logger:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.checklist("S0-17", "S0-61")
def test_scepters_tuner_of_a_skip_connection_is_the_identity_when_fresh(backend: Backend) -> None:
    tuner = REGISTRY.build({"NAME": "SCTuner", "DIM": 4, "TUNER_LENGTH": 2}, logger="kept")
    assert isinstance(tuner, SCTuner)
    assert tuner.logger == "kept"
    for shape in ((2, 4, 3, 5), (2, 6, 4)):
        x = ops.tensor(np.random.standard_normal(shape).astype(np.float32))
        assert_close(tuner(x), x, 0)
        assert_close(tuner(x, x * 2), x * 2, 0)
        assert_close(tuner(x, use_shortcut=False), ops.zeros_like(x), 0)
    with pytest.raises(OptionError, match="SCEAdapter"):
        REGISTRY.build({"NAME": "SCTuner", "DIM": 4, "TUNER_NAME": "SCAdapter"})


@pytest.mark.checklist("S0-11")
def test_tuners_of_ones_own_are_registered_as_other_parts_are(backend: Backend) -> None:
    class Gain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gain = nn.Parameter(np.ones(1, np.float32))

    def multiply(host: Any, arguments: Any, output: Any) -> Any:
        return output * host.gain_tuner.gain

    with temporary():

        @REGISTRY.register_class()
        class GainTuner(Tuner):
            child = "gain_tuner"

            def takes(self, layer: Any) -> bool:
                return isinstance(layer, nn.Linear)

            def make(self, place: Any) -> Any:
                return Gain()

            def connect(self, place: Any) -> list[Any]:
                return [place.layer.register_forward_hook(multiply)]

        tuned = REGISTRY.build({"NAME": "GainTuner", "TARGET": "head"}).apply(small())
    assert tuned.names == ("head.gain_tuner.gain",)
    trained_steps(backend, tuned.net)
    assert tuned.state()["head.gain_tuner.gain"] != 1


def test_the_zoo_is_tuned(backend: Backend) -> None:
    net = polynet.build("resnet18", backend=backend.name, num_classes=10, seed=0)
    assert LoRA(r=2).apply(net).trainable == 72_890
    net = polynet.build("vit_tiny_patch16_224", backend=backend.name, num_classes=10, depth=2, seed=0)
    tuned = Adapter(length=8).apply(net)
    assert tuned.names[0] == "blocks.0.attn.adapter.down.weight"
    assert len(tuned.places) == 4


def test_a_second_tuner_goes_on_other_layers_and_is_removed_first(backend: Backend) -> None:
    net = small()
    first = LoRA(r=1, target="head").apply(net)
    with pytest.raises(ModeError, match="carries LowRank already"):
        Adapter(target="head").apply(net)
    second = SCETuner(target="stem").apply(net)
    assert {key for key, slot in backend.slots(net).items() if slot.trainable} == {*first.names, *second.names}
    with pytest.raises(ModeError, match="SCETuner was applied after LoRA"):
        first.remove()
    second.remove()
    first.remove()
    assert all(slot.trainable for slot in _parameters(backend, net))


def test_wrong_tuners_are_refused_and_change_nothing(backend: Backend) -> None:
    net = small()
    before = list(state_of(net))
    for make, error, message in (
        (lambda: LoRA(target="haed"), UnknownNameError, "Did you mean 'head'"),
        (lambda: LoRA(target="norm"), OptionError, "is a BatchNorm2d"),
        (lambda: LoRA(target="("), OptionError, "no name, wildcard or regular expression"),
        (lambda: LoRA(train="tail"), UnknownNameError, "'tail' matches nothing"),
        (lambda: LoRA(r=0), OptionError, "r=0 must be at least 1"),
        (lambda: LoRA(dropout=1.0), OptionError, "dropout"),
        (lambda: LoRA(bias="lora"), OptionError, "lora_only"),
        (lambda: Adapter(target="head", dim=[4, 4]), OptionError, "2 widths"),
        (lambda: SCETuner(mode="encoder"), OptionError, "identity"),
    ):
        with pytest.raises(error, match=message):
            make().apply(net)
    assert list(state_of(net)) == before
    assert all(slot.trainable for slot in _parameters(backend, net))
    LoRA(target="head").apply(net)
    with pytest.raises(ModeError, match="carries the tuner LoRA already"):
        DoRA(target="stem").apply(net)


def test_weights_of_another_tuner_or_rank_are_refused(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "tuner.safetensors"
    LoRA(r=2, target="head").apply(small()).save(path)
    with pytest.raises(WeightsError, match="carries Adapter"):
        Adapter(target="head").apply(small()).load(path)
    tuned = LoRA(r=4, target="head").apply(small())
    before = tuned.state()
    with pytest.raises(WeightsError, match="r=2 there and 4 here"):
        tuned.load(path)
    with pytest.raises(WeightsError, match="missing"):
        tuned.load({"head.lora.up.weight": before["head.lora.up.weight"] + 1})
    with pytest.raises(WeightsError, match="unexpected"):
        tuned.load({**before, "head.bias": np.zeros(4, np.float32)})
    assert all((array == before[key]).all() for key, array in tuned.state().items())


def test_attention_that_uses_its_weights_itself_is_not_tuned_inside(backend: Backend) -> None:
    net = nn.Sequential(nn.MultiheadAttention(4, 2), nn.Linear(4, 4))
    assert list(LoRA(r=1).apply(net).places) == ["1"]
    with pytest.raises(OptionError, match="MultiheadAttention"):
        LoRA(r=1, target="out_proj").places(net)


def test_what_a_tuner_added_is_not_tuned(backend: Backend) -> None:
    net = small()
    Adapter(length=2, target="attn").apply(net)
    tuned = LoRA(r=1).apply(net)
    assert "block.attn.qkv" in tuned.places
    assert not [path for path in tuned.places if "adapter" in path]
    with pytest.raises(OptionError, match="was added by a tuner"):
        SCETuner(target="adapter.down").apply(net)


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Any) -> Any:
        return self.fc(x), x


@pytest.mark.parametrize("make", [LoRA, DoRA])
def test_an_option_that_a_tuner_does_not_have_is_refused_with_the_nearest(make: Any) -> None:
    with pytest.raises(OptionError, match=r"RA: unknown option 'dropuot'\. Did you mean 'dropout'\? .* r, alpha"):
        make(dropuot=0.1)


@pytest.mark.parametrize("make", [Adapter, ResTuner, SCETuner])
def test_a_module_that_returns_several_things_is_named(backend: Backend, make: Any) -> None:
    net = nn.Sequential(Pair())
    make(target="0", dim=4).apply(net)
    with pytest.raises(InputError, match="Pair must return one tensor; it returned a tuple"):
        net(ops.zeros((1, 4)))


def test_a_tuned_layer_is_called_by_position(backend: Backend) -> None:
    net = nn.Sequential(nn.Linear(4, 4))
    LoRA(r=1).apply(net)
    name = next(iter(inspect.signature(net[0].forward).parameters))
    with pytest.raises(InputError, match="positional"):
        net[0](**{name: ops.zeros((1, 4))})
