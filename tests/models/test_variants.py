"""Named variants: rows of options that users' options merge into."""

from __future__ import annotations

import copy
import inspect
import pickle
from pathlib import Path
from typing import Any

import pytest

from polynet import nn
from polynet.backend import Backend
from polynet.errors import OptionError
from polynet.models.networks import resnet, vgg
from polynet.models.variants import Variant, merge, variant
from polynet.registry import NETWORKS, temporary


class Probe(nn.Module):
    """Keeps what it is given."""

    def __init__(self, depth: int, widths: tuple[int, ...] = (1,), head: Any = None) -> None:
        super().__init__()
        self.given = (depth, widths, head)


def given(made: Variant, **options: Any) -> Any:
    return made(**options).given


@pytest.fixture
def probe() -> Variant:
    return Variant("probe", __name__, Probe, {"depth": 2, "head": {"name": "ClsHead", "width": 8}}, None)


def test_options_merge_into_the_row(backend: Backend, probe: Variant) -> None:
    assert given(probe) == (2, (1,), {"name": "ClsHead", "width": 8})
    assert given(probe, depth=3, widths=(4, 5)) == (3, (4, 5), {"name": "ClsHead", "width": 8})
    assert given(probe, head={"w_out": 3}) == (2, (1,), {"name": "ClsHead", "width": 8, "w_out": 3})
    assert given(probe, head={"width": 0})[2] == {"name": "ClsHead", "width": 0}
    assert given(probe, head=None)[2] is None
    assert given(probe) == (2, (1,), {"name": "ClsHead", "width": 8})


def test_another_head_gets_those_options_of_the_row_that_it_takes(backend: Backend, probe: Variant) -> None:
    assert given(probe, head={"name": "VGGHead"})[2] == {"name": "VGGHead", "width": 8}
    assert given(probe, head={"name": "LinearHead"})[2] == {"name": "LinearHead"}
    assert given(probe, head={"name": "LinearHead", "width": 3})[2] == {"name": "LinearHead", "width": 3}


def test_merging_is_recursive_and_changes_neither_side() -> None:
    row, options = {"a": {"b": {"c": 1}}, "d": [1]}, {"a": {"b": {"e": 2}}, "d": [2]}
    before = copy.deepcopy((row, options))
    assert merge(row, options) == {"a": {"b": {"c": 1, "e": 2}}, "d": [2]}
    assert (row, options) == before


def test_signature_shows_the_options_and_the_row() -> None:
    parameters = inspect.signature(resnet.resnet50).parameters
    assert parameters["depths"].default == (3, 4, 6, 3)
    assert set(parameters) == set(inspect.signature(resnet.ResNet.__init__).parameters) - {"self"}
    assert (resnet.resnet50.__name__, resnet.resnet50.__module__) == ("resnet50", "polynet.models.networks.resnet")
    assert "(3, 4, 6, 3)" in resnet.resnet50.__doc__


def test_unknown_options_are_refused(backend: Backend, probe: Variant) -> None:
    with pytest.raises(OptionError, match=r"probe has no option 'dept'.*Did you mean 'depth'.*depth, widths, head"):
        probe(dept=3)
    with pytest.raises(OptionError, match="Probe has no option 'dpth'"):
        variant(NETWORKS, "never", Probe, dpth=3)
    assert "never" not in NETWORKS


def test_variants_pickle_and_copy_by_name() -> None:
    for made in (resnet.resnet18, vgg.vgg11_bn):
        assert pickle.loads(pickle.dumps(made)) is made
        assert copy.deepcopy(made) is made


def test_a_variant_is_registered_under_its_name() -> None:
    with temporary():
        made = variant(NETWORKS, "my_probe", Probe, depth=1)
        more = variant(NETWORKS, "my_deeper_probe", Probe, base=made, depth=2)
        assert NETWORKS.get("my_probe") is made
        assert (made.__module__, more.row) == (__name__, {"depth": 2})
    assert "my_probe" not in NETWORKS


def test_where_tells_the_line_of_a_variant() -> None:
    path, _, line = NETWORKS.where("resnext50_32x4d").rpartition(":")
    assert Path(path).read_text(encoding="utf-8").splitlines()[int(line) - 1].startswith("resnext50_32x4d = ")
