"""BaseCls's page on networks of one's own: its program, `polynet.dialects.` before its imports, and its torch twin."""

from __future__ import annotations

import copy
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from polynet.dialects.basecls.layers import build_head
from polynet.dialects.basecls.models import build_model, load_model
from polynet.dialects.basecls.utils import registers

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.config import Config
from polynet.errors import ConfigError, OptionError, PolyNetError, UnknownNameError, WeightsError
from polynet.registry import temporary
from tests.compare import assert_close

MEGENGINE = """
from typing import Any, Mapping

import megengine as mge
import megengine.functional as F
import megengine.module as M
from polynet.dialects.basecls.layers import build_head
from polynet.dialects.basecls.utils import registers

class AlexNetHead(M.Module):

    def __init__(self, w_in: int, w_out: int, width: int = 4096):
        super().__init__()
        self.avg_pool = M.AdaptiveAvgPool2d((6, 6))
        self.classifier = M.Sequential(
            M.Dropout(),
            M.Linear(w_in * 6 * 6, width),
            M.ReLU(),
            M.Dropout(),
            M.Linear(width, width),
            M.ReLU(),
            M.Linear(width, w_out),
        )

    def forward(self, x: mge.Tensor) -> mge.Tensor:
        x = self.avg_pool(x)
        x = F.flatten(x, 1)
        x = self.classifier(x)
        return x

@registers.models.register()
class AlexNet(M.Module):

    def __init__(self, head: Mapping[str, Any] = None):
        super().__init__()
        self.features = M.Sequential(
            M.Conv2d(3, 64, kernel_size=11, stride=4, padding=2),
            M.ReLU(),
            M.MaxPool2d(kernel_size=3, stride=2),
            M.Conv2d(64, 192, kernel_size=5, padding=2),
            M.ReLU(),
            M.MaxPool2d(kernel_size=3, stride=2),
            M.Conv2d(192, 384, kernel_size=3, padding=1),
            M.ReLU(),
            M.Conv2d(384, 256, kernel_size=3, padding=1),
            M.ReLU(),
            M.Conv2d(256, 256, kernel_size=3, padding=1),
            M.ReLU(),
            M.MaxPool2d(kernel_size=3, stride=2),
        )
        self.head = build_head(256, head)

    def forward(self, x: mge.Tensor) -> mge.Tensor:
        x = self.features(x)
        if getattr(self, "head", None) is not None:
            x = self.head(x)
        return x
"""

IN_TORCH = (
    ("import megengine as mge\n", "import torch\n"),
    ("import megengine.functional as F\n", ""),
    ("import megengine.module as M\n", "from torch import nn as M\n"),
    ("F.flatten", "torch.flatten"),
    ("mge.Tensor", "torch.Tensor"),
)
"""What makes a torch program of it: layers and their arguments have the same names there."""


@pytest.fixture(autouse=True)
def _clean_store() -> Any:
    with temporary():
        yield


@pytest.fixture
def program(backend: Backend) -> dict[str, Any]:
    """The page's program, run in the active backend's framework."""
    return run(backend)


def run(backend: Backend) -> dict[str, Any]:
    text = MEGENGINE
    for megengines, torchs in IN_TORCH if backend.name == "torch" else ():
        text = text.replace(megengines, torchs)
    namespace: dict[str, Any] = {"__name__": f"page_of_basecls_{backend.name}"}
    exec(compile(text, f"<{backend.name}>", "exec"), namespace)
    return namespace


def config(program: dict[str, Any], **head: Any) -> dict[str, Any]:
    return {
        "num_classes": 10,
        "model": {"name": "AlexNet", "head": {"name": program["AlexNetHead"], "width": 16, **head}},
    }


def images() -> Any:
    return ops.tensor(np.random.standard_normal((1, 3, 224, 224)).astype(np.float32))


@pytest.mark.checklist("S4-1", "S4-2", "S4-3", "S4-8", "S4-9", "S4-10", "S4-11", "S4-13", "S4-19", "S4-30", "S4-31")
def test_the_program_runs(backend: Backend, program: dict[str, Any]) -> None:
    assert registers.models.get("AlexNet", backend=backend) is program["AlexNet"]
    net = build_model(config(program))
    assert type(net) is program["AlexNet"]
    assert isinstance(net, backend.native_module_type)
    backend.set_training(net, False)
    assert tuple(net(images()).shape) == (1, 10)
    headless = build_model({"model": {"name": "AlexNet", "head": None}})
    assert headless.head is None
    assert tuple(headless(images()).shape) == (1, 256, 6, 6)


@pytest.mark.checklist("S4-16")
def test_the_width_of_the_head_is_its_own_default_unless_given(program: dict[str, Any]) -> None:
    widths = [build_head(4, {"name": program["AlexNetHead"], "w_out": 2, **given}) for given in ({}, {"width": 64})]
    assert [tuple(head.classifier[4].weight.shape) for head in widths] == [(4096, 4096), (64, 64)]


@pytest.mark.checklist("S4-23", "S4-24")
def test_state_follows_attributes_and_num_classes_changes_the_last_layer_alone(
    backend: Backend, program: dict[str, Any]
) -> None:
    ten, three = (backend.slots(build_model({**config(program), "num_classes": classes})) for classes in (10, 3))
    assert {"features.0.weight", "features.10.bias", "head.classifier.1.weight", "head.classifier.6.bias"} <= set(ten)
    assert len(ten) == 16
    changed = {name for name in ten if ten[name].shape != three[name].shape}
    assert changed == {"head.classifier.6.weight", "head.classifier.6.bias"}


@pytest.mark.checklist("S4-4", "S4-5", "S4-6")
def test_names_select_and_all_other_keys_are_arguments(backend: Backend) -> None:
    seen: dict[str, Any] = {}

    class Head(nn.Module):
        def __init__(self, w_in: int, **options: Any) -> None:
            super().__init__()
            seen["head"] = {"w_in": w_in, **options}

    @registers.models.register()
    class Own(nn.Module):
        def __init__(self, depth: int = 1, head: Any = None, **options: Any) -> None:
            super().__init__()
            seen["model"] = {"depth": depth, **options}
            self.head = build_head(7, head)

    build_model(
        {"num_classes": 5, "model": {"name": "Own", "depth": 3, "stem": [1, 2], "head": {"name": Head, "rate": 0.1}}}
    )
    assert seen["model"] == {"depth": 3, "stem": [1, 2]}
    assert seen["head"].items() >= {"w_in": 7, "w_out": 5, "rate": 0.1}.items()
    assert "name" not in seen["head"]


@pytest.mark.checklist("S4-7")
def test_a_constructor_that_wants_the_reserved_name_is_refused() -> None:
    with pytest.raises(OptionError, match=r"Named has a parameter called 'name', which no config can fill"):

        @registers.models.register()
        class Named(nn.Module):
            def __init__(self, name: str, head: Any = None) -> None: ...


@pytest.mark.checklist("S4-3")
def test_register_takes_a_name_or_an_object_too(backend: Backend) -> None:
    class Mine(nn.Module): ...

    assert registers.models.register(Mine) is Mine
    assert registers.models.register(name="other")(Mine) is Mine
    assert registers.models.get("Mine") is registers.models.get("other") is Mine
    with pytest.raises(KeyError, match="'Mine' is taken by"):
        registers.models.register(nn.ReLU, name="Mine")


@pytest.mark.checklist("S4-22")
def test_dropout_acts_in_training_alone_and_megengines_own_default_drops_nothing(
    backend: Backend, program: dict[str, Any]
) -> None:
    def spread(net: Any) -> float:
        head = net.head
        x = ops.tensor(np.random.default_rng(0).standard_normal((1, 256, 6, 6)).astype(np.float32))
        runs = [backend.numpy(head(x)) for _ in range(2)]
        return float(np.abs(runs[0] - runs[1]).max())

    written = build_model(config(program))
    neutral = polynet.build("alexnet", backend=backend, seed=0, num_classes=10, head={"width": 16})
    for net in (written, neutral):
        backend.set_training(net, False)
        assert spread(net) == 0
        backend.set_training(net, True)
    assert spread(neutral) > 0
    # The trap: `Dropout()` drops half in torch and nothing in MegEngine, in whose programs it is left as it is.
    assert (spread(written) > 0) == (backend.name == "torch")
    assert nn.Dropout().p == 0.5


@pytest.mark.checklist("S4-26", "S4-27", "S4-28")
def test_mistakes_in_the_model_are_named(backend: Backend, program: dict[str, Any]) -> None:
    with pytest.raises(KeyError, match=r"'AlexNte' is not registered in models.*Did you mean '(?i:alexnet)'") as caught:
        build_model({"model": {"name": "AlexNte"}})
    assert isinstance(caught.value, UnknownNameError)
    with pytest.raises(ValueError, match="Model name is missing") as missing:
        build_model({"num_classes": 3, "model": {"head": None}})
    assert isinstance(missing.value, ConfigError)
    with pytest.raises(OptionError, match=r"AlexNet.*'widht'"):
        build_model({"model": {"name": "AlexNet", "head": None, "widht": 3}})
    with pytest.raises(ValueError, match="'Nope'"):
        build_model(config(program, name="Nope"))
    with pytest.raises(OptionError, match=r"AlexNetHead needs 'w_out'"):
        build_model({"model": config(program)["model"]})


@pytest.mark.checklist("S4-14", "S4-18", "S4-25")
def test_widths_and_the_config_itself(backend: Backend, program: dict[str, Any]) -> None:
    given = config(program, w_out=4)
    before = copy.copy(given["model"]["head"])
    assert tuple(build_model(given).head.classifier[6].weight.shape) == (4, 16)
    assert given["model"]["head"] == before
    # A width alone, which `num_classes` makes of a head that is not mentioned, asks for no head of a network that has
    # no default of its own.
    assert build_model({"num_classes": 10, "model": {"name": "AlexNet"}}).head is None


@pytest.mark.checklist("S4-29")
@pytest.mark.parametrize("wrapper", [None, "model", "state_dict"])
def test_weights_are_loaded_from_what_either_framework_saves(
    backend: Backend, program: dict[str, Any], tmp_path: Path, wrapper: str | None
) -> None:
    source, target = build_model(config(program)), build_model(config(program))
    state = source.state_dict()
    path = tmp_path / "net.pkl"
    saving = sys.modules[str(backend.framework)].save
    saving(state if wrapper is None else {wrapper: state, "epoch": 3}, str(path))
    assert load_model(target, path) is target
    x = images()
    for net in (source, target):
        backend.set_training(net, False)
    assert_close(target(x), source(x), 0)
    arrays = polynet.state(source)
    load_model(target, arrays if wrapper is None else {wrapper: arrays})
    del arrays["features.0.bias"]
    with pytest.raises(WeightsError, match=r"features\.0\.bias"):
        load_model(target, arrays)
    load_model(target, arrays, strict=False)


@pytest.mark.checklist("S4-32")
def test_it_is_torchvisions_alexnet(both: tuple[Backend, Backend]) -> None:
    torch = pytest.importorskip("torch")
    from torch import nn as torch_nn

    with use_backend("torch"):
        features = build_model({"model": {"name": run(both[0])["AlexNet"], "head": None}}).features
    plan = torch_nn.Sequential(
        features,
        torch_nn.AdaptiveAvgPool2d((6, 6)),
        torch_nn.Flatten(),
        torch_nn.Sequential(
            *(torch_nn.Dropout(0.5), torch_nn.Linear(9216, 16), torch_nn.ReLU(inplace=True)),
            *(torch_nn.Dropout(0.5), torch_nn.Linear(16, 16), torch_nn.ReLU(inplace=True), torch_nn.Linear(16, 10)),
        ),
    ).eval()
    # torchvision's names: `features.…` and `classifier.…`.
    arrays = {
        **{f"features.{name}": value.detach().numpy() for name, value in plan[0].state_dict().items()},
        **{f"classifier.{name}": value.detach().numpy() for name, value in plan[3].state_dict().items()},
    }
    x = np.random.standard_normal((1, 3, 224, 224)).astype(np.float32)
    with torch.no_grad():
        expected = plan(torch.tensor(x))
    for backend in both:
        with use_backend(backend):
            net = polynet.build("alexnet", num_classes=10, head={"width": 16}, weights=arrays, layout="torchvision")
            assert_close(net.eval()(ops.tensor(x)), expected)


FILE = """
from basecls.configs import BaseConfig
from {module} import AlexNetHead

_cfg = dict(
    num_classes=7,
    model=dict(
        name="AlexNet",
        head=dict(
            name=AlexNetHead,
            width=16,
        ),
    ),
)


class Cfg(BaseConfig):
    def __init__(self, values_or_file=None, **kwargs):
        super().__init__(_cfg)
        self.merge(values_or_file, **kwargs)
"""


@pytest.mark.checklist("S4-33")
def test_a_config_file_may_name_a_class(backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "alexnet.py"
    path.write_text(FILE.format(module="polynet.models.networks.alexnet"))
    net = polynet.build(path, backend=backend, seed=0)
    assert type(net.head).__name__ == "AlexNetHead"
    assert tuple(backend.slots(net)["head.classifier.6.weight"].shape) == (7, 16)
    assert Config.fromfile(path).num_classes == 7
    wrong = tmp_path / "wrong.py"
    wrong.write_text(FILE.format(module="no_such_module_of_mine"))
    with pytest.raises(PolyNetError, match="no_such_module_of_mine"):
        polynet.build(wrong, backend=backend)


@pytest.mark.checklist("S4-21", "S4-23", "S4-32")
def test_the_program_is_one_network_on_both_frameworks(both: tuple[Backend, Backend]) -> None:
    x = np.random.standard_normal((1, 3, 224, 224)).astype(np.float32)
    outputs, names = [], []
    weights: Any = None
    for backend in both:
        with use_backend(backend):
            net = build_model(config(run(backend)))
            weights = weights or polynet.state(net)
            load_model(net, weights)
            names.append(set(polynet.state(net)))
            backend.set_training(net, False)
            outputs.append(net(ops.tensor(x)))
    assert names[0] == names[1]
    assert_close(outputs[1], outputs[0])


@pytest.mark.checklist("S4-34")
def test_the_program_trains(backend: Backend, program: dict[str, Any]) -> None:
    net = polynet.build(config(program), backend=backend, seed=0)
    backend.set_training(net, False)  # dropout would blur the fall of the loss
    x, label = images(), ops.tensor(np.array([1], np.int32))
    before = {name: slot.read() for name, slot in backend.slots(net).items()}
    optimizer = backend.optimizer("sgd", net, lr=0.1)
    losses = [optimizer.step(lambda: ops.cross_entropy(net(x), label)) for _ in range(3)]
    assert losses[-1] < losses[0]
    after = {name: slot.read() for name, slot in backend.slots(net).items()}
    for name in ("features.0.weight", "head.classifier.6.weight"):
        assert np.abs(after[name] - before[name]).max() > 0, name
