"""The examples' custom networks: native in each framework, and neutral; registered, built from configs, trained."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.errors import BackendUnavailableError, FrameworkMismatchError, OptionError, UnknownNameError
from polynet.registry import HEADS, NETWORKS, temporary
from tests.compare import assert_close
from tests.examples import programs

STATE = {
    *(f"features.{index}.{leaf}" for index in (0, 3, 6, 8, 10) for leaf in ("weight", "bias")),
    *(f"head.classifier.{index}.{leaf}" for index in (1, 4, 6) for leaf in ("weight", "bias")),
}


def imported(name: str) -> ModuleType:
    return programs.imported(f"custom_network_{name}")


@pytest.fixture
def example(request: pytest.FixtureRequest, backend: Backend) -> Iterator[ModuleType]:
    """The neutral example, or the one native to the active backend."""
    with temporary():
        yield imported("neutral" if request.param == "neutral" else backend.name)


each_way = pytest.mark.parametrize("example", ["native", "neutral"], indirect=True)


def images(side: int = 224) -> Any:
    return ops.tensor(np.random.standard_normal((2, 3, side, side)).astype(np.float32))


def build(example: ModuleType, backend: Backend, **options: Any) -> Any:
    net = polynet.build(example.CONFIG, backend=backend, seed=0, **options)
    backend.set_training(net, False)
    return net


@pytest.mark.checklist("S4-1", "S4-2", "S4-8", "S4-9", "S4-10", "S4-19", "S4-23", "S4-30")
@each_way
def test_config_builds_a_real_module(example: ModuleType, backend: Backend) -> None:
    net = build(example, backend)
    assert isinstance(net, backend.native_module_type)
    assert isinstance(net, getattr(example, example.CONFIG["model"]["name"]))
    assert set(backend.slots(net)) == STATE
    assert tuple(net(images()).shape) == (2, 10)


@pytest.mark.checklist("S4-17", "S4-19")
@each_way
def test_without_a_head_features_come_out(example: ModuleType, backend: Backend) -> None:
    net = build(example, backend, head=None)
    assert net.head is None
    assert tuple(net(images()).shape) == (2, 256, 6, 6)


@pytest.mark.checklist("S4-20")
@pytest.mark.parametrize(
    ("example", "side"),
    # MegEngine's own adaptive pooling ends the process where it would have to enlarge; PolyNet's does not.
    [("native", 256), ("neutral", 256), ("neutral", 127)],
    indirect=["example"],
)
def test_other_sizes_work(example: ModuleType, backend: Backend, side: int) -> None:
    assert tuple(build(example, backend)(images(side)).shape) == (2, 10)


@pytest.mark.checklist("S4-20")
@pytest.mark.parametrize("side", [127, 256])
def test_other_sizes_give_the_same_on_both(both: tuple[Backend, Backend], side: int) -> None:
    x = np.random.standard_normal((1, 3, side, side)).astype(np.float32)
    outputs = []
    with temporary():
        example = imported("neutral")
        for backend in both:
            net = build(example, backend)
            with polynet.use_backend(backend):
                outputs.append(net(ops.tensor(x)))
    assert_close(outputs[1], outputs[0], 1e-5)


@pytest.mark.checklist("S4-11", "S4-12")
@each_way
def test_head_may_be_a_class_or_a_name(example: ModuleType, backend: Backend) -> None:
    head = next(value for key, value in vars(example).items() if key.endswith("AlexNetHead"))
    HEADS.register(head, name="HeadByName")
    by_class = build(example, backend, head={"name": head})
    by_name = build(example, backend, head={"name": "HeadByName"})
    assert isinstance(by_class.head, head)
    assert isinstance(by_name.head, head)
    x = images()
    assert_close(by_class(x), by_name(x), 0)


@pytest.mark.checklist("S4-14", "S4-16", "S4-24")
@each_way
def test_options_of_the_head_reach_it(example: ModuleType, backend: Backend) -> None:
    def shapes(**options: Any) -> dict[str, tuple[int, ...]]:
        return {name: slot.shape for name, slot in backend.slots(build(example, backend, **options)).items()}

    usual = shapes()
    assert usual["head.classifier.4.weight"] == (64, 64)
    assert shapes(head={"width": 32})["head.classifier.4.weight"] == (32, 32)
    wider = shapes(head={"w_out": 3})
    assert {name for name in usual if usual[name] != wider[name]} == {
        "head.classifier.6.weight",
        "head.classifier.6.bias",
    }


@pytest.mark.checklist("S4-15", "S4-28")
@each_way
def test_mistakes_are_named(example: ModuleType, backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"AlexNetHead has no option 'widht'.*Did you mean 'width'"):
        build(example, backend, head={"widht": 3})
    with pytest.raises(OptionError, match="hed"):
        build(example, backend, hed=None)
    with pytest.raises(UnknownNameError, match=r"'AlexNetHad' is not registered in heads.*Did you mean 'AlexNetHead'"):
        build(example, backend, head={"name": "AlexNetHad"})
    model = {key: value for key, value in example.CONFIG["model"].items() if key != "name"}
    with pytest.raises(ValueError, match="name"):
        polynet.build({"model": model}, backend=backend)
    without_classes = {"model": example.CONFIG["model"]}
    with pytest.raises(OptionError, match=r"AlexNetHead needs 'w_out'.*num_classes"):
        polynet.build(without_classes, backend=backend)


@pytest.mark.checklist("S4-25")
@each_way
def test_config_stays_as_it_is(example: ModuleType, backend: Backend) -> None:
    before = repr(example.CONFIG)
    build(example, backend)
    assert repr(example.CONFIG) == before


@pytest.mark.checklist("S4-34")
@each_way
def test_it_trains(example: ModuleType, backend: Backend) -> None:
    net = polynet.build(example.CONFIG, backend=backend, seed=0)
    backend.set_training(net, False)  # dropout would blur the fall of the loss
    x, labels = images(), ops.tensor(np.array([1, 2], np.int32))
    first = net.features[0]
    before = backend.slots(first)["weight"].read()
    optimizer = backend.optimizer("sgd", net, lr=0.05, momentum=0.9)
    losses = [optimizer.step(lambda: ops.cross_entropy(net(x), labels)) for _ in range(2)]
    assert losses[-1] < losses[0]
    assert np.abs(backend.slots(first)["weight"].read() - before).max() > 0


@each_way
def test_a_network_of_one_framework_is_refused_by_the_other(
    example: ModuleType, backend: Backend, both: tuple[Backend, Backend]
) -> None:
    other = next(candidate for candidate in both if candidate.name != backend.name)
    network = getattr(example, example.CONFIG["model"]["name"])
    head = next(value for key, value in vars(example).items() if key.endswith("AlexNetHead"))
    if "MyAlexNet" in vars(example):
        assert isinstance(polynet.build(network, backend=other), other.native_module_type)
        return
    with pytest.raises(BackendUnavailableError, match=f"written for backend '{backend.name}'"):
        polynet.build(network, backend=other)
    with pytest.raises(FrameworkMismatchError, match=f"written for backend '{backend.name}'"):
        polynet.build("alexnet", backend=other, head={"name": head})


def test_native_network_is_preferred_on_its_backend_and_the_neutral_one_stays_for_others(backend: Backend) -> None:
    with temporary():
        example = imported(backend.name)
        assert NETWORKS.get("AlexNet", backend=backend) is example.AlexNet
        assert NETWORKS.get("AlexNet", backend="shapes").__module__ == "polynet.models.networks.alexnet"


@pytest.mark.checklist("S4-21")
def test_the_three_ways_are_one_network(both: tuple[Backend, Backend]) -> None:
    x = np.random.standard_normal((2, 3, 224, 224)).astype(np.float32)
    outputs = []
    with temporary():
        neutral = imported("neutral").CONFIG
        for backend in both:
            for config in (neutral, imported(backend.name).CONFIG):
                net = polynet.build(config, backend=backend, seed=0)
                backend.set_training(net, False)
                with polynet.use_backend(backend):
                    outputs.append(net(ops.tensor(x)))
    for output in outputs[1:]:
        assert_close(output, outputs[0], 1e-5)


def test_examples_run_as_programs(backend: Backend, capsys: pytest.CaptureFixture[str]) -> None:
    with temporary():
        imported(backend.name).main()
        imported("neutral").main()
    printed = capsys.readouterr().out
    assert "True (2, 10)" in printed
    assert f"{backend.name}: MyAlexNet" in printed
