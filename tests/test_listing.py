"""`polynet.list_models` and `polynet list`."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

import polynet
from polynet.cli import main
from polynet.errors import OptionError, UnknownNameError
from polynet.models.figures import all_figures


def test_names_come_in_natural_order_by_wildcards() -> None:
    found = polynet.list_models("resnet*", exclude=["*d", "*_*"])
    assert found == ["resnet18", "resnet34", "resnet50", "resnet101", "resnet152"]
    assert polynet.list_models(["resnet18", "vgg11"]) == ["resnet18", "vgg11"]
    assert "ClsHead" in polynet.list_models(kind="head")
    assert "resnext50_32x4d" in polynet.list_models("*resne?t*", backend="torch")


def test_names_are_chosen_by_size_and_family() -> None:
    small = polynet.list_models(max_params=3e6)
    assert small
    assert all(all_figures()[name].parameters <= 3_000_000 for name in small)
    assert set(polynet.list_models(family="vgg")) == {
        name for name, row in all_figures().items() if row.family == "vgg"
    }
    with pytest.raises(UnknownNameError, match="no family 'resnt'. Did you mean 'resnet'"):  # noqa: RUF043 - dots fit
        polynet.list_models(family="resnt")
    with pytest.raises(OptionError, match="max_params is a number"):
        polynet.list_models(max_params="25M")  # type: ignore[arg-type]  # it is what must be refused


def test_known_weights_are_listed_with_their_tags() -> None:
    found = polynet.list_models("resnet50", pretrained=True)
    assert "resnet50.a1_in1k" in found
    assert all(name.startswith("resnet50.") for name in found)
    assert polynet.list_models("*.a1_in1k", pretrained=True, max_params=12e6) == ["resnet18.a1_in1k"]


def test_the_command_takes_the_same_filters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "*resne?t*", "--max-params", "12M", "--exclude", "se_*", "--json"]) == 0
    entries = json.loads(capsys.readouterr().out)
    assert [entry["name"] for entry in entries] == polynet.list_models("*resne?t*", max_params=12e6, exclude="se_*")
    assert entries[0]["parameters"] == all_figures()[entries[0]["name"]].parameters
    assert main(["list", "resnet50", "--pretrained", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["licence"] == "apache-2.0"
    assert main(["list", "--max-params", "many"]) == 2


def test_listing_is_quick_and_imports_no_model() -> None:
    # Of the whole process, Python's own start included, on whatever core it runs beside others.
    script = (
        "import time, sys, polynet; names = polynet.list_models(max_params=1e12);"
        "print(time.process_time(), len(names), 'numpy' in sys.modules, 'torch' in sys.modules)"
    )
    command = [sys.executable, "-c", script]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() for _ in range(3)]
    assert all(int(count) > 200 and (numpy, torch) == ("False", "False") for _, count, numpy, torch in runs)
    assert min(float(seconds) for seconds, *_ in runs) < 0.2


@pytest.mark.parametrize("most", [-1, float("nan")])
def test_a_size_below_none_is_refused(most: float) -> None:
    with pytest.raises(OptionError, match="max_params must be at least 0"):
        polynet.list_models(max_params=most)


def test_listing_weights_imports_nothing_that_would_load_them() -> None:
    code = (
        "import sys, polynet; polynet.list_models(pretrained=True); "
        "print([name for name in ('numpy', 'polynet.nn', 'polynet.weights') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
