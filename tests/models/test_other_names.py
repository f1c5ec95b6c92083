"""Names that timm and torchvision have for our networks lead to ours."""

from __future__ import annotations

import json

import pytest

import polynet
from polynet.cli import main
from polynet.errors import UnknownNameError
from polynet.models.other_names import other_names
from polynet.pretrained.table import PATH as RECORDS
from polynet.registry import NETWORKS
from tests.zoo.reference import families

HUB = "hf-hub:timm/"


def compared() -> dict[tuple[str, str], str]:
    """Our names by library and theirs, of all that ours are compared with and of timm's weights; the same left out."""
    found = {}
    for module in families().values():
        found.update({(each.library, each.theirs): each.name for each in module.REFERENCES})
        library = getattr(module, "COUNTED_BY", "timm")
        found.update({(library, theirs): ours for ours, theirs in getattr(module, "COUNTED", {}).items()})
    for ours, rows in json.loads(RECORDS.read_text()).items():
        sources = [row["source"] for row in rows if row["source"].startswith(HUB)]
        found.update({("timm", source.removeprefix(HUB).partition(".")[0]): ours for source in sources})
    return {key: ours for key, ours in found.items() if key[1] not in NETWORKS}


def test_every_name_of_another_library_is_known() -> None:
    known = {(library, theirs): ours for library, names in other_names().items() for theirs, ours in names.items()}
    assert compared().items() <= known.items()


def test_the_names_are_of_networks_that_there_are_and_hide_none() -> None:
    for names in other_names().values():
        assert set(names.values()) <= set(NETWORKS)
        assert not names.keys() & set(NETWORKS)


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        ("efficientnet_b0", "timm and torchvision call effnet_b0 so: build 'effnet_b0'"),
        ("efficientnet_b0.ra_in1k", "build 'effnet_b0'"),
        ("vit_b_16", "torchvision calls vit_base_patch16_224 so: build 'vit_base_patch16_224'"),
        ("regnet_y_3_2gf", "build 'regnety_032'"),
        ("mobilenet_v2", "build 'mbnetv2_x100'"),
        ("MobileNet-V2", "build 'mbnetv2_x100'"),
        ("seresnet50", "timm calls se_resnet50 so"),
    ],
)
def test_building_by_another_librarys_name_says_ours(theirs: str, says: str) -> None:
    with pytest.raises(UnknownNameError, match=says) as caught:
        polynet.build(theirs, backend="shapes")
    assert "Did you mean" not in str(caught.value)
    assert "`polynet list`" in str(caught.value)


def test_weights_asked_for_by_another_librarys_name_say_ours() -> None:
    with pytest.raises(UnknownNameError, match="build 'effnet_b0'"):
        polynet.build("efficientnet_b0", backend="shapes", pretrained=True)


def test_a_file_given_as_a_tag_is_pointed_to_weights() -> None:
    with pytest.raises(UnknownNameError, match=r"A file is given by weights='/file.pth'"):
        polynet.build("resnet18", backend="shapes", pretrained="/file.pth")


def test_a_misspelt_name_of_ours_gets_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'resnet18'.*`polynet list` lists the names"):
        polynet.build("resnt18", backend="shapes")
    with pytest.raises(UnknownNameError, match=r"Did you mean 'ClsHead'.*`polynet list --kind head` lists the names"):
        polynet.registry.HEADS.get("ClsHed")


def test_listing_by_another_librarys_names_says_ours(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.warns(UserWarning, match="vit_base_patch16_224 is called 'vit_b_16'"):
        assert polynet.list_models("vit_b_*") == []
    assert main(["list", "vit_b_*"]) == 1
    assert "vit_base_patch16_224 is called 'vit_b_16'" in capsys.readouterr().out
