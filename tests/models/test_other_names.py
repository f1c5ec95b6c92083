"""Names that timm and torchvision have for our networks lead to ours."""

from __future__ import annotations

import json

import pytest

import polynet
from polynet.cli import main
from polynet.errors import UnknownNameError
from polynet.models.other_names import Meant, other_names
from polynet.pretrained.tags import PATH as RECORDS
from polynet.registry import NETWORKS
from tests.zoo.reference import families

HUB = "hf-hub:timm/"

UNUSED = ("swin_v2_t", "swin_v2_s", "swin_v2_b", "hrnet_w18_small")
"""Networks that keep parameters there that nothing uses: biases of keys, a fusion of the last stage."""


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
    known = {(library, theirs): ours.name for library, names in other_names().items() for theirs, ours in names.items()}
    assert compared().items() <= known.items()


def test_the_names_are_of_networks_that_there_are_and_hide_none() -> None:
    for names in other_names().values():
        assert {ours.name for ours in names.values()} <= set(NETWORKS)
        assert not names.keys() & set(NETWORKS)


def test_options_are_those_with_which_ours_give_theirs_logits() -> None:
    for module in families().values():
        for each in module.REFERENCES:
            meant = other_names().get(each.library, {}).get(each.theirs)
            if meant is not None:
                compared_with = {key: value for key, value in each.options.items() if key != "img_size"}
                assert meant.options == compared_with, each.theirs


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("efficientnet_b0", "effnet_b0"),
        ("vit_b_16", "vit_base_patch16_224"),
        ("regnet_y_3_2gf", "regnety_032"),
        ("tf_mobilenetv3_large_100", "mbnetv3_large_x100"),
        ("seresnet50", "se_resnet50"),
    ],
)
def test_another_librarys_name_builds_ours_with_what_makes_it_theirs(theirs: str, ours: str) -> None:
    net = polynet.build(theirs, backend="shapes", num_classes=7)
    library = next(names for names in other_names().values() if theirs in names)
    assert dict(net.config) == {"name": ours, **library[theirs].options, "num_classes": 7}
    assert polynet.describe(theirs).name == ours


def test_options_given_go_before_those_of_the_other_library() -> None:
    net = polynet.build("vit_b_16", backend="shapes", norm_eps=1e-3)
    assert net.norm.eps == 1e-3


def test_another_librarys_name_leads_to_weights_with_what_these_need() -> None:
    net = polynet.build("efficientnet_v2_s.tv_imagenet1k_v1", backend="shapes", pretrained=False)
    record = polynet.pretrained.find_record("effnetv2_s.tv_imagenet1k_v1")
    assert dict(net.config) == {"name": "effnetv2_s", **record.options}


def check_count(theirs: str, ours: Meant, count: int) -> None:
    own = polynet.describe(ours.name, **ours.options).parameters
    if theirs in UNUSED:
        assert 0 < count - own < 0.001 * count, theirs
    else:
        assert own == count, theirs


def test_torchvisions_names_are_of_networks_with_as_many_parameters() -> None:
    models = pytest.importorskip("torchvision").models
    for theirs, ours in other_names()["torchvision"].items():
        # Some weights are of the network at a larger image size, with more positions.
        check_count(theirs, ours, min(each.meta["num_params"] for each in models.get_model_weights(theirs)))


def test_timms_names_are_of_networks_with_as_many_parameters() -> None:
    timm, torch = pytest.importorskip("timm"), pytest.importorskip("torch")
    for theirs, ours in other_names()["timm"].items():
        with torch.device("meta"):
            count = sum(parameter.numel() for parameter in timm.create_model(theirs).parameters())
        check_count(theirs, ours, count)


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        ("efficientnet_b5", "torchvision calls effnet_b5 so: build 'effnet_b5', norm_eps=0.001"),
        ("SE-ResNet-50", "timm calls se_resnet50 so: build 'se_resnet50'"),
        ("MobileNet-V2", "build 'mbnetv2_x100'"),
    ],
)
def test_names_that_two_libraries_use_otherwise_or_nearly_theirs_are_explained(theirs: str, says: str) -> None:
    with pytest.raises(UnknownNameError, match=says) as caught:
        polynet.build(theirs, backend="shapes")
    assert "Did you mean" not in str(caught.value)
    assert "`polynet list`" in str(caught.value)


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
