"""`polynet.describe`: a network's figures, stages and shapes, without a framework."""

from __future__ import annotations

import json
import re
from collections import namedtuple
from pathlib import Path
from typing import Any

import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import FrameworkMismatchError, InputError, OptionError, UnknownNameError

Stage = namedtuple("Stage", "name channels stride")


class Small(nn.Module):
    """Two stages, one of which is no module of its own."""

    input_size = (3, 33, 32)

    def __init__(self, width: int = 4, head: bool = True) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, width, 3, stride=2, padding=1)
        self.second = nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(width)
        self.head = nn.Linear(width, 10) if head else None
        self.unused = nn.Linear(2, 2)
        self.stages = (Stage("first", width, 2), Stage("end", width, 4))

    def forward(self, x: Any) -> Any:
        x = self.norm(self.second(self.first(x)))
        return x if self.head is None else {"logits": self.head(ops.mean(x, (2, 3))), "maps": [x, None]}


class Sentences(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(10, 4)

    def forward(self, x: Any) -> Any:
        return self.table(x)


def test_figures_of_resnet50_are_the_published_ones() -> None:
    found = polynet.describe("resnet50")
    assert found.name == "resnet50"
    assert found.parameters == 25_557_032
    assert found.multiply_adds == 4_089_184_256
    assert found.activations == 11_114_984
    assert found.buffers == 2 * 26_560
    assert found.input_size == (3, 224, 224)
    assert found.output_shape == (1, 1000)
    assert [(stage.channels, stage.stride, stage.shape) for stage in found.stages] == [
        (256 << index, 4 << index, (1, 256 << index, 56 >> index, 56 >> index)) for index in range(4)
    ]
    assert sum(row.parameters for row in found.rows) == found.parameters
    assert sum(row.multiply_adds for row in found.rows) == found.multiply_adds


def test_definition_is_the_line_of_the_class() -> None:
    definition = polynet.describe(Small).definition
    assert definition is not None
    path, _, line = definition.rpartition(":")
    assert Path(path).samefile(__file__)
    assert Path(path).read_text().splitlines()[int(line) - 1].startswith("class Small")


def test_options_and_configs_build_as_they_do_elsewhere() -> None:
    assert polynet.describe("resnet18", num_classes=10).output_shape == (1, 10)
    config = {"num_classes": 7, "device": "cuda:3", "model": {"name": "resnet18"}}
    found = polynet.describe(config)
    assert found.name == "resnet18"
    assert found.output_shape == (1, 7)
    with pytest.raises(UnknownNameError, match="resnet18"):
        polynet.describe("resnt18")
    with pytest.raises(OptionError, match="num_classes"):
        polynet.describe("resnet18", num_clases=10)


def test_a_class_is_described_by_its_children() -> None:
    found = polynet.describe(Small, width=8)
    assert found.name == "Small"
    assert [(row.name, row.kind, row.parameters) for row in found.rows] == [
        ("first", "Conv2d", 8 * 27 + 8),
        ("second", "Conv2d", 8 * 72),
        ("norm", "BatchNorm2d", 16),
        ("head", "Linear", 90),
        ("unused", "Linear", 6),
    ]
    assert [row.output_shape for row in found.rows] == [(1, 8, 17, 16), (1, 8, 9, 8), (1, 8, 9, 8), (1, 10), None]
    assert found.rows[1].multiply_adds == 8 * 72 * 9 * 8
    assert found.output_shape == {"logits": (1, 10), "maps": ((1, 8, 9, 8), None)}
    assert [stage.shape for stage in found.stages] == [(1, 8, 17, 16), (1, 8, 9, 8)]


def test_depth_lists_modules_within_modules() -> None:
    shallow, deep = polynet.describe("resnet18"), polynet.describe("resnet18", module_depth=9)
    assert all("." not in row.name for row in shallow.rows)
    names = [row.name for row in deep.rows]
    assert set(names) > {row.name for row in shallow.rows}
    own = {
        row.name: row.multiply_adds for row in deep.rows if not any(name.startswith(f"{row.name}.") for name in names)
    }
    assert sum(own.values()) == deep.multiply_adds


def test_input_size_may_be_given_or_must_be() -> None:
    assert polynet.describe("resnet18", (3, 64, 96)).stages[-1].shape == (1, 512, 2, 3)
    with pytest.raises(InputError, match="give input_size"):
        polynet.describe(Sentences)
    assert polynet.describe(Sentences, (7,), input_dtype="int64").output_shape == (1, 7, 4)
    for wrong in ((3, 0, 4), (3, 2.5), 224, "3x224x224"):
        with pytest.raises(InputError, match="without the batch"):
            polynet.describe("resnet18", wrong)  # type: ignore[arg-type] # that is the point


def test_shapes_that_do_not_fit_are_found() -> None:
    with pytest.raises(InputError, match="channels"):
        polynet.describe("resnet18", (4, 224, 224))
    with pytest.raises(InputError, match=r"Small\.first, for an input of 5 x 32 x 32: conv2d"):
        polynet.describe(Small, (5, 32, 32))


def test_a_network_already_built_is_left_in_its_mode() -> None:
    with use_backend("shapes"):
        net = Small(head=False)
    net.norm.eval()
    assert polynet.describe(net).output_shape == (1, 4, 9, 8)
    assert net.training
    assert not net.norm.training
    with pytest.raises(InputError, match="width"):
        polynet.describe(net, width=3)


def test_a_network_of_a_framework_is_refused(backend: Backend) -> None:
    net = Small()
    with pytest.raises(FrameworkMismatchError, match="built on a framework"):
        polynet.describe(net)


def test_a_class_of_its_own_framework_is_refused(reference: Backend) -> None:
    with pytest.raises(ImportError, match="torch"):
        polynet.describe(pytest.importorskip("torch").nn.Linear, (3,), in_features=3, out_features=2)


def test_it_leaves_the_active_backend_alone(backend: Backend) -> None:
    polynet.describe("resnet18")
    assert polynet.active_backend() is backend


def test_it_becomes_plain_data() -> None:
    found = polynet.describe(Small)
    plain = found.to_dict()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["input_size"] == [3, 33, 32]
    assert plain["output_shape"] == {"logits": [1, 10], "maps": [[1, 4, 9, 8], None]}
    assert plain["stages"][0] == {"name": "first", "channels": 4, "stride": 2, "shape": [1, 4, 17, 16]}
    assert plain["rows"][4]["output_shape"] is None


def test_it_prints_as_tables() -> None:
    lines = str(polynet.describe(Small)).splitlines()
    assert lines[0].startswith("Small: 320 parameters, ")
    assert lines[1] == "input 3 x 33 x 32, output {logits: 1 x 10, maps: (1 x 4 x 9 x 8, -)}"
    assert re.fullmatch(r"defined in .*test_describe\.py:\d+", lines[2])
    assert lines[4:7] == [
        "stage  channels  stride  shape",
        "first         4       2  1 x 4 x 17 x 16",
        "end           4       4  1 x 4 x 9 x 8",
    ]
    assert lines[8].split() == ["module", "class", "parameters", "multiply-adds", "output"]


def test_papers_and_known_weights_are_told() -> None:
    found = polynet.describe("resnext50_32x4d")
    assert found.family == "resnet"
    assert found.papers[-1] == "Xie et al. 2017, arXiv:1611.05431"
    assert "resnext50_32x4d.a1h_in1k" in {weights.name for weights in found.weights}
    assert "described in He et al. 2016" in str(found)
    assert {weights.licence for weights in found.weights} >= {"apache-2.0"}


def test_a_network_of_ones_own_has_no_papers_and_no_weights() -> None:
    net = nn.Linear
    found = polynet.describe(net, (4,), in_features=4, out_features=2)
    assert (found.family, found.papers, found.weights) == ("", (), ())
