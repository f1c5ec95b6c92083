"""MMEngine's lazily imported configs, read as data: `with read_base():` and imported classes."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

import polynet
from polynet.config import ClassReference, Config
from polynet.config.limits import MAX_VALUES
from polynet.config.python_bases import MAX_CHAIN
from polynet.errors import ConfigError, ConfigFileError

RESNET = """
from mmengine.model.weight_init import KaimingInit
from torch.nn import BatchNorm2d
from mmpretrain.models import (CrossEntropyLoss, GlobalAveragePooling, ImageClassifier,
                               LinearClsHead, ResNet)

steps = [1, dict(a=1)]
width, _hidden = 4, 5
shared = dict(x=1)
holder = dict(one=shared, two=shared)
model = dict(
    type=ImageClassifier,
    backbone=dict(type=ResNet, depth=18, norm_cfg=dict(type=BatchNorm2d), init_cfg=[dict(type=KaimingInit)]),
    neck=dict(type=GlobalAveragePooling),
    head=dict(type=LinearClsHead, num_classes=3, in_channels=512, loss=dict(type=CrossEntropyLoss), topk=(1, 3)))
"""

MODEL = {
    "type": "ImageClassifier",
    "backbone": {"type": "ResNet", "depth": 18, "norm_cfg": {"type": "BN2d"}, "init_cfg": [{"type": "Kaiming"}]},
    "neck": {"type": "GlobalAveragePooling"},
    "head": {
        "type": "LinearClsHead",
        "num_classes": 3,
        "in_channels": 512,
        "loss": {"type": "CrossEntropyLoss"},
        "topk": (1, 3),
    },
}

READ = "from mmengine.config import read_base\nwith read_base():\n    from ..base.resnet import *\n"


@pytest.fixture
def write(tmp_path):
    """Write files below one folder, which has a base already; gives the last one's path."""

    def write(**texts):
        for name, text in texts.items():
            path = tmp_path / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path = path.with_suffix(".py")
            path.write_text(text)
        return path

    (tmp_path / "base").mkdir()
    (tmp_path / "base" / "resnet.py").write_text(RESNET)
    return write


@pytest.fixture
def read(write):
    """Read a config that stands beside the folder of its base."""
    return lambda text: Config.fromfile(write(nets__net=text)).to_dict()


def test_a_config_takes_over_its_base_with_imported_classes_by_name(read):
    found = read(READ)
    assert found["model"] == MODEL
    assert list(found) == ["steps", "width", "shared", "holder", "model"]


def test_the_network_is_built_without_the_libraries_that_are_imported(write):
    path = write(nets__net=READ + "model.head.num_classes = 7\n")
    net = polynet.build(str(path), backend="shapes")
    assert type(net).__name__ == "ImageClassifier"
    assert net.head.fc.weight.shape == (7, 512)
    assert not {"mmengine", "mmpretrain"} & sys.modules.keys()


LIKE_MMPRETRAIN = """
from mmengine.model import NormalInit
from torch.nn.modules.activation import Hardswish
from mmpretrain.models import GlobalAveragePooling, ImageClassifier, LabelSmoothLoss, MobileNetV3, StackedLinearClsHead

model = dict(
    type=ImageClassifier,
    backbone=dict(type=MobileNetV3, arch='small'),
    neck=dict(type=GlobalAveragePooling),
    head=dict(type=StackedLinearClsHead, num_classes=5, in_channels=576, mid_channels=[8], act_cfg=dict(type=Hardswish),
              loss=dict(type=LabelSmoothLoss, label_smooth_val=0.1),
              init_cfg=dict(type=NormalInit, layer='Linear', std=0.01)))
"""


def test_imported_classes_build_the_same_network_as_their_names(write, backend):
    imports, model = LIKE_MMPRETRAIN.split("\n\n", 1)
    named = (
        re.sub(r"type=(\w+)", r"type='\1'", model).replace("'Hardswish'", "'HSwish'").replace("NormalInit", "Normal")
    )
    paths = [write(imported=imports + "\n" + model), write(named=named)]
    assert Config.fromfile(paths[0]) == Config.fromfile(paths[1])
    first, second = (polynet.state(polynet.build(str(path), backend=backend.name, seed=0)) for path in paths)
    assert first.keys() == second.keys()
    for name in first:
        np.testing.assert_array_equal(first[name], second[name], err_msg=name)


@pytest.mark.parametrize(
    ("imports", "value", "found"),
    [
        ("from mmpretrain.models.backbones.resnet import ResNet as R", "R", "ResNet"),
        ("import mmpretrain.models as models", "models.ResNet", "ResNet"),
        ("import mmpretrain.datasets", "mmpretrain.models.ResNet", "ResNet"),
        ("from mmpretrain import models", "models.heads.LinearClsHead", "LinearClsHead"),
        ("from mmpretrain.datasets import ImageNet", "ImageNet", "mmpretrain.datasets.ImageNet"),
        ("from mmengine.model import TruncNormalInit", "TruncNormalInit", "TruncNormal"),
        ("from mmengine.hooks import LoggerHook", "LoggerHook", "mmengine.hooks.LoggerHook"),
        ("from mmcv.transforms import Resize", "Resize", "mmcv.transforms.Resize"),
        ("from torch.optim.adamw import AdamW", "AdamW", "torch.optim.adamw.AdamW"),
        ("from torch.nn.modules.activation import Hardswish", "Hardswish", "HSwish"),
        ("from torch.nn import GELU", "GELU", "GELU"),
        ("from my_package.nets import Net", "Net", ClassReference("my_package.nets:Net")),
        ("from math import pi", "[pi]", [3.141592653589793]),
    ],
)
def test_an_imported_class_stands_for_its_name(read, imports, value, found):
    assert read(f"from mmengine.optim import SGD\n{imports}\nvalue = {value}\n") == {"value": found}
    assert read(f"{READ}{imports}\nvalue = {value}\n")["value"] == found


def test_a_basecls_file_keeps_its_references_to_classes(read):
    text = "from mmpretrain.models import ResNet\n_cfg = dict(model=dict(name=ResNet))\n"
    assert read(text) == {"model": {"name": ClassReference("mmpretrain.models:ResNet")}}


def test_a_later_base_takes_the_place_of_an_earlier_one_name_by_name(write):
    path = write(
        nets__one="a = dict(x=1, y=1)\nb = 1\nc = 1\n",
        nets__two="a = dict(x=2)\nb = 2\n",
        nets__net="with read_base():\n    from .one import *\n    from .two import *\nb = 3\n",
    )
    assert Config.fromfile(path) == {"a": {"x": 2}, "b": 3, "c": 1}


def test_bases_are_read_before_the_statements_that_stand_above_them(write):
    path = write(nets__one="a = 1\nb = a\n", nets__net="a = 2\nc = b\nwith read_base():\n    from .one import *\n")
    assert Config.fromfile(path) == {"a": 2, "b": 1, "c": 1}


def test_bases_of_bases_are_read_and_single_names_can_be_imported(write):
    path = write(
        base__three="x = dict(v=3)\n_private = 4\nunwanted = 5\n",
        base__two="with read_base():\n    from .three import x, _private as kept\n    from .resnet import width\n",
        nets__net="with read_base():\n    from ..base.two import *\nx.v += kept + width\n",
    )
    assert Config.fromfile(path) == {"x": {"v": 11}, "kept": 4, "width": 4}


def test_classes_that_a_base_imports_are_imported_with_it(read):
    assert read(READ + "model.backbone = dict(type=ResNet, depth=50)\n")["model"]["backbone"] == {
        "type": "ResNet",
        "depth": 50,
    }


def test_a_base_can_be_named_from_its_package_on(write, tmp_path, monkeypatch):
    text = "with read_base():\n    from some_configs.deep.base import *\n"
    path = write(some_configs__deep__base="a = 1\n", some_configs__nets__net=text)
    assert Config.fromfile(path) == {"a": 1}
    outside = write(nets__net=text)
    with pytest.raises(ConfigError, match=r"net\.py:2:5: the package some_configs is not installed"):
        Config.fromfile(outside)
    (tmp_path / "some_configs" / "__init__.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert Config.fromfile(outside) == {"a": 1}
    assert "some_configs" not in sys.modules


def test_one_base_reached_by_two_ways_gives_each_its_own_values(write):
    path = write(
        nets__left="with read_base():\n    from ..base.resnet import *\nmodel.backbone.depth = 34\n",
        nets__net="with read_base():\n    from .left import model as left\n    from ..base.resnet import model\n",
    )
    found = Config.fromfile(path)
    assert (found.left.backbone.depth, found.model.backbone.depth) == (34, 18)


def test_reading_again_starts_from_the_files(write):
    path = write(nets__net=READ + "model.head.num_classes += 1\nsteps.append(2)\n")
    assert Config.fromfile(path) == Config.fromfile(path)


@pytest.mark.parametrize(
    ("statements", "name", "value"),
    [
        ("model.update(head=dict(num_classes=9))", "model", {**MODEL, "head": {**MODEL["head"], "num_classes": 9}}),
        ("model.update(dict(neck=None), new=dict(a=1))", "model", {**MODEL, "neck": None, "new": {"a": 1}}),
        ("model.neck.update(type='x', k=1)", "model", {**MODEL, "neck": {"type": "x", "k": 1}}),
        ("model.update(head=None)\nmodel.update(head=dict(a=1))", "model", {**MODEL, "head": {"a": 1}}),
        ("model.head.topk = (1,)", "model", {**MODEL, "head": {**MODEL["head"], "topk": (1,)}}),
        ("model['head']['num_classes'] *= 2", "model", {**MODEL, "head": {**MODEL["head"], "num_classes": 6}}),
        ("model.neck = dict(a=dict())\nmodel.neck.a.b = 1", "model", {**MODEL, "neck": {"a": {"b": 1}}}),
        ("model.merge(dict(neck=dict(_delete_=True, a=1)))", "model", {**MODEL, "neck": {"a": 1}}),
        ("model.merge(dict(neck=dict(a=1)))", "model", {**MODEL, "neck": {**MODEL["neck"], "a": 1}}),
        ("model = dict(model, head=None)", "model", {**MODEL, "head": None}),
        ("copied = {**model.neck, 'k': 1}\ncopied['j'] = 2", "copied", {**MODEL["neck"], "k": 1, "j": 2}),
        ("head = dict(model)['head']\nhead.update(loss=dict(w=1))", "model", "deep"),
        ("gone = [model.pop('neck'), model.pop('none'), model.get('no', 7)]", "gone", [MODEL["neck"], None, 7]),
        ("steps.append(3)\nsteps[1].a = 2", "steps", [1, {"a": 2}, 3]),
        ("steps.extend([4])\nsteps.insert(0, 5)\nlast = steps.pop()", "steps", [5, 1, {"a": 1}]),
        ("steps.clear()", "steps", []),
        ("holder.one.x = 2", "holder", {"one": {"x": 2}, "two": {"x": 1}}),
        ("own = dict(a=dict(b=1, c=2))\nown.update(a=dict(b=3))", "own", {"a": {"b": 3}}),
        ("own = dict(a=1)\nmodel.neck = own\nown['a'] = 2", "model", {**MODEL, "neck": {"a": 1}}),
        ("own = dict(a=1)\nsame = own\nsame['a'] = 2", "own", {"a": 2}),
        ("got = shared.setdefault('y', dict())\ngot['z'] = 1", "shared", {"x": 1, "y": {}}),
        ("shared.copy().x = 2", "shared", {"x": 1}),
        ("size = [x for x in steps if steps.append(x)]", "steps", [1, {"a": 1}, 1, {"a": 1}]),
    ],
)
def test_what_a_base_defines_changes_as_in_mmengine(read, statements, name, value):
    if value == "deep":
        value = {**MODEL, "head": {**MODEL["head"], "loss": {"type": "CrossEntropyLoss", "w": 1}}}
    assert read(READ + statements + "\n")[name] == value


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("f = lambda x: x", "`lambda` is not allowed"),
        ("with open('x'):\n    pass", r"`with` other than `with read_base\(\):` is not allowed"),
        ("for name in model:\n    pass", "`for` is not allowed"),
        ("model = ResNet(depth=18)", "ResNet cannot be called"),
        ("from .other import *", r"belongs in `with read_base\(\):`"),
        ("from mmengine.hooks import *", r"belongs in `with read_base\(\):`"),
        ("model.head.num_clases += 1", "no key 'num_clases'. Did you mean 'num_classes'"),
        ("model.items = 3", "'items' is a method of every mapping"),
        ("value = model.merge", "'merge' is a method of every mapping"),
        ("value = model.__class__", "'__class__' is a method"),
        ("own = dict(a=1); own.a = 2", "a dict made in the file itself is indexed"),
        ("own = dict(a=1); own.merge(dict(a=2))", "`merge` is a method of mappings of base files"),
        ("own = dict(a=1); own.pop('b')", "no key 'b'"),
        ("steps.a = 1", "only modules and mappings of base files"),
        ("steps.sort()", "'sort' is no method of a list"),
        ("steps.extend('ab')", "`extend` takes a list, not str"),
        ("steps.pop(9)", "IndexError"),
        ("steps.append()", "TypeError"),
        ("model.updat(a=1)", "Did you mean 'update'"),
        ("model.update([('a', 1)])", "`update` takes a mapping, not list"),
        ("model.update({}, {})", "TypeError"),
        ("model.update(head=dict(_delete_=True))", "`update` adds to what there is and knows no `_delete_`"),
        ("model.merge(dict(head=dict(_delete_=1)))", "_delete_ must be true or false"),
        ("model.merge(3)", "`merge` takes a mapping, not int"),
        ("model.get((1, 2))", "a key is a string or an integer"),
        ("model | dict(a=1)", "is not allowed"),
        ("value = model | dict(a=1)", "merges dicts made in the file itself"),
        ("'a'.upper()", "calls those of mappings and lists alone"),
        ("model.x = model; model.update(a=1)", "contains itself"),
        ("own = {}; own['a'] = own; model.x = own", "contains itself"),
    ],
)
def test_what_a_config_may_not_do_is_refused_with_its_place(read, statement, reason):
    with pytest.raises(ConfigError, match=r"net\.py:4:\d+: .*" + reason):
        read(READ + statement + "\n")


@pytest.mark.parametrize(
    ("text", "error", "reason"),
    [
        ("from . import resnet", ConfigError, "holds nothing but imports"),
        ("import resnet", ConfigError, "holds nothing but imports"),
        ("x = 1", ConfigError, "holds nothing but imports"),
        ("from resnet import *", ConfigError, "the package resnet is no config file"),
        ("from no_such_package.base import *", ConfigError, "no_such_package is not installed"),
        ("from ..base.resnet import modle", ConfigError, "defines no 'modle'. Did you mean 'model'"),
        ("from ..base.resnt import *", ConfigFileError, r"base \.\.base\.resnt cannot be read.*'resnet\.py'"),
        ("from ..base.old import *", ConfigError, "names its bases by `_base_`"),
    ],
)
def test_a_base_that_cannot_be_taken_over_is_refused_with_its_place(write, text, error, reason):
    path = write(base__old="_base_ = './resnet.py'\n", nets__net=f"with read_base():\n    {text}\n")
    with pytest.raises(error, match=r"net\.py:2:5: .*" + reason):
        Config.fromfile(path)


@pytest.mark.parametrize("line", ["with read_base(1):", "with read_base() as x:", "with read_base(), read_base():"])
def test_read_base_is_written_in_one_way(read, line):
    with pytest.raises(ConfigError, match=r"net\.py:1:1: `with` other than"):
        read(f"{line}\n    from ..base.resnet import *\n")


def test_both_ways_of_naming_bases_at_once_are_refused(read):
    with pytest.raises(ConfigError, match=r"net\.py:2:1: .*not both"):
        read(READ + "_base_ = ['../base/resnet.py']\n")


def test_bases_that_lead_back_are_refused_with_the_way(write):
    path = write(
        nets__c="with read_base():\n    from .b import *\n",
        nets__b="with read_base():\n    from ..nets.c import x\n",
        nets__a="with read_base():\n    from .b import *\n",
    )
    with pytest.raises(ConfigError, match=r"c\.py:2:5: .*lead back to it: \S+b\.py -> \S+c\.py -> \S+b\.py\.$"):
        Config.fromfile(path)
    path = write(nets__self="with read_base():\n    from .self import *\n")
    with pytest.raises(ConfigError, match=r"self\.py:2:5: .* \S+self\.py -> \S+self\.py\.$"):
        Config.fromfile(path)


def test_a_missing_base_of_a_base_is_named_with_every_step(write):
    path = write(
        nets__b="\nwith read_base():\n    from .nothing import *\n", nets__a="with read_base():\n    from .b import *\n"
    )
    with pytest.raises(ConfigFileError, match=r"a\.py:2:5: .*b\.py:3:5: .*There is no config file \S+nothing\.py"):
        Config.fromfile(path)


def test_an_error_in_a_base_has_the_place_in_the_base(write):
    path = write(nets__b="a = 1\nb = print(a)\n", nets__a="with read_base():\n    from .b import *\n")
    with pytest.raises(ConfigError, match=r"^\S+b\.py:2:5: print cannot be called"):
        Config.fromfile(path)


def test_a_name_that_was_not_executed_is_refused_where_it_is_used(write):
    path = write(
        nets__b="class Head: pass\nfrom .x import Neck\n",
        nets__a="with read_base():\n    from .b import *\nx = Head\n",
    )
    with pytest.raises(ConfigError, match=r"a\.py:3:5: Head is defined in a config file"):
        Config.fromfile(path)
    path = write(nets__a="with read_base():\n    from .b import *\nx = Neck\n")
    with pytest.raises(ConfigError, match=r"a\.py:3:5: Neck is imported from \.x"):
        Config.fromfile(path)


def test_nothing_that_is_imported_is_executed(write, tmp_path, monkeypatch):
    (tmp_path / "trap_module.py").write_text("raise SystemExit('imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    text = "from trap_module import Net\nfrom mmpretrain.trap import run\nx = [Net, run]\n"
    path = write(nets__b=text, nets__a="with read_base():\n    from .b import *\n")
    assert Config.fromfile(path) == {"x": [ClassReference("trap_module:Net"), "mmpretrain.trap.run"]}
    assert not {"trap_module", "mmpretrain"} & sys.modules.keys()


def test_copies_of_copies_end(write):
    """Each file doubles what it takes over."""
    texts = {"nets__d0": "a = [0] * 1000\n"}
    for number in range(1, 30):
        lines = f"    from .d{number - 1} import a as b\n    from ..nets.d{number - 1} import a as c\n"
        texts[f"nets__d{number}"] = f"with read_base():\n{lines}a = [b, c]\ndel b, c\n"
    with pytest.raises(ConfigError, match=f"more than {MAX_VALUES} values"):
        Config.fromfile(write(**texts))


@pytest.mark.parametrize(
    "statement",
    [
        "x = [model.copy() for i in range(90000)]",
        "x = [steps.extend(steps) for i in range(90000)]",
        "x = [steps.insert(0, 1) for i in range(90000)]",
        "x = [model.merge(model) for i in range(90000)]",
        "x = [model.update(model) for i in range(90000)]",
    ],
)
def test_methods_in_loops_end(read, statement):
    with pytest.raises(ConfigError, match=r"net\.py:4:\d+: .*(too large|more than)"):
        read(READ + statement + "\n")


def test_a_row_of_bases_is_read_up_to_its_bound(write):
    texts = {"nets__d0": "a = 0\n"}
    for number in range(1, MAX_CHAIN + 1):
        texts[f"nets__d{number}"] = f"with read_base():\n    from .d{number - 1} import *\n"
    longest = write(**texts)
    assert Config.fromfile(longest.with_stem(f"d{MAX_CHAIN - 1}")) == {"a": 0}
    with pytest.raises(ConfigError, match=rf"d1\.py:2:5: more than {MAX_CHAIN} files"):
        Config.fromfile(longest)
