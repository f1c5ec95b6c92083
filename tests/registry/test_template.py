"""Config templates: read from signatures and docstrings, and building as they are."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from polynet import nn, use_backend
from polynet.dialects import essmc2, scepter
from polynet.registry import HEADS, KINDS, METRICS, NECKS, NETWORKS, Registry, temporary
from polynet.registry.template import parameters

OF_DATA = ("ImageToImageRetriever",)
"""Components that need tensors to be built, which no config holds."""

TORCH_ONLY = ("TIMM_MODEL",)


def components() -> list[Any]:
    """Every component that ships, and of the networks' rows of options one each."""
    found = []
    for kind in KINDS:
        for name in Registry(f"{kind}s", kind).list():
            is_row = kind == "network" and name == name.lower() and name != "vgg11_bn"
            if name not in (*OF_DATA, *TORCH_ONLY) and not is_row:
                found.append(pytest.param(kind, name, id=f"{kind}-{name}"))
    return found


@pytest.mark.checklist("S0-23", "S0-58")
@pytest.mark.parametrize(("kind", "name"), components())
def test_the_template_of_every_component_builds_with_a_logger(
    kind: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    registry = Registry(f"{kind}s", kind)
    for key, entry in registry.para_dict(name).items():
        assert entry["description"], f"{name} does not say what {key} is"
    configs = []
    for selector in ("name", "NAME"):
        if selector == "NAME" and name == "ResNet":
            continue  # Scepter's, which is listed as scepter.ResNet
        configs.append(yaml.safe_load(registry.get_config_template(name, selector)))
        assert configs[-1][selector] == name
    target = registry.get(name)
    for package in getattr(target, "packages", ()):
        pytest.importorskip(package)
    if kind == "tokenizer":
        write_files(target)
    with use_backend("shapes"):
        for config in configs:
            assert registry.build(config, logger="a logger").logger == "a logger"


def write_files(target: Any) -> None:
    """Run a tokenizer's documented example, which writes the files that its template then names."""
    names = dict(vars(importlib.import_module(target.__module__)))
    for example in doctest.DocTestParser().get_examples(target.__doc__):
        exec(example.source, names)


@pytest.mark.checklist("S0-58")
def test_a_template_is_commented_in_the_spelling_of_its_library() -> None:
    text = scepter.HEADS.get_config_template("ClassifierHead")
    assert text.splitlines() == [
        "# HEADS: ClassifierHead",
        "# Dropout and a linear classifier.",
        "NAME: ClassifierHead",
        "# DIM DESCRIPTION: Width of the features. TYPE: int required",
        "DIM: 8",
        "# NUM_CLASSES DESCRIPTION: Classes. TYPE: int required",
        "NUM_CLASSES: 10",
        "# DROPOUT_RATE DESCRIPTION: Probability of dropping a feature; 0 leaves dropout out. TYPE: float default: 0.0",
        "DROPOUT_RATE: 0.0",
    ]
    assert essmc2.HEADS.get_config_template("ClassifierHead").splitlines()[2] == "type: ClassifierHead"
    assert HEADS.get_config_template("ClassifierHead").splitlines()[2] == "name: ClassifierHead"
    assert "FIRST_CONV_STRIDE: 1" in scepter.BACKBONES.get_config_template("ResNet")


@pytest.mark.checklist("S0-58")
def test_a_template_shows_what_the_code_does() -> None:
    """Three that disagree in Scepter."""
    assert HEADS.para_dict("VideoClassifierHead")["dropout_rate"]["value"] == 0.5
    assert HEADS.para_dict("TransformerHead")["dropout_rate"]["value"] == 0.5
    with use_backend("shapes"):
        for name in ("VideoClassifierHead", "TransformerHead"):
            assert HEADS.build({"name": name, "dim": 4, "num_classes": 2}).dropout.p == 0.5
        assert HEADS.build({"name": "ClassifierHead", "dim": 4, "num_classes": 2}).dropout is None


@pytest.mark.checklist("S0-58")
def test_a_class_of_ones_own_may_document_itself() -> None:
    with temporary():

        @scepter.NECKS.register_class()
        class Documented(scepter.BaseModel):
            para_dict = {"DIM": {"value": 512, "description": "representation dim!"}}

            def __init__(self, cfg: Any, logger: Any = None) -> None:
                super().__init__(cfg, logger=logger)
                self.dim = cfg.DIM

        text = scepter.NECKS.get_config_template("Documented")
        assert "# DIM DESCRIPTION: representation dim! TYPE: int default: 512\nDIM: 512\n" in text
        assert scepter.NECKS.para_dict("Documented")["DIM"]["value"] == 512
        with use_backend("shapes"):
            assert scepter.NECKS.build(yaml.safe_load(text)).dim == 512

        @METRICS.register()
        class Listed(scepter.BaseMetric):
            para_dict = [{"TOPK": {"value": 1, "description": "topk"}}]  # type: ignore[assignment]  # Scepter's form

        assert "TOPK: 1\n" in METRICS.get_config_template("Listed")


def test_values_that_are_no_data_are_commented_out() -> None:
    with temporary():

        @NECKS.register()
        class Odd(nn.Module):
            """Odd.

            Args:
                layer: A class.
                shape: A pair, of which
                    this line says more.
                **options: Others.
            """

            def __init__(self, layer: Any = nn.ReLU, shape: Any = (1, 2), **options: Any) -> None:
                super().__init__()

        lines = NECKS.get_config_template("Odd").splitlines()
        assert "# layer: ReLU" in lines
        assert "shape: [1, 2]" in lines
        assert parameters(Odd)["shape"]["description"] == "A pair, of which this line says more."


def test_rows_of_options_are_documented_by_their_network() -> None:
    found = NETWORKS.para_dict("resnet50")
    assert found["block_name"] == {
        "value": "ResBottleneckBlock",
        "description": NETWORKS.para_dict("ResNet")["block_name"]["description"],
        "type": "str | Callable[..., Any]",
        "required": False,
    }
