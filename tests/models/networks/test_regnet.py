"""What RegNet's own options do."""

from __future__ import annotations

from typing import Any

import pytest

from polynet.backend import Backend, use_backend
from polynet.errors import OptionError, UnknownNameError
from polynet.models.networks.regnet import RegNet, fit_groups, generate_regnet
from polynet.registry import NETWORKS

SMALL: dict[str, Any] = {"depth": 4, "w0": 8, "wa": 6, "wm": 2.0, "group_w": 4, "stem_w": 8}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"depth": 0}, "depth must be a whole number of at least 1, not 0"),
        ({"w0": 20}, "w0 must be a positive multiple of 8, not 20"),
        ({"wa": -1.0}, "wa must be a number of at least 0"),
        ({"wm": 1.0}, "wm must be a number above 1"),
        ({"wm": "2"}, "wm must be a number above 1, not '2'"),
        ({"bot_mul": 1.5}, "bot_mul must be a share between 0 and 1 or a whole number"),
        ({"group_w": 0}, "group_w must be a whole number of at least 1"),
    ],
)
def test_a_number_outside_its_range_is_refused_by_name(options: dict[str, Any], message: str) -> None:
    with use_backend("shapes"), pytest.raises(OptionError, match=message):
        RegNet(**{**SMALL, **options})


def test_an_unknown_block_is_refused() -> None:
    with use_backend("shapes"), pytest.raises(UnknownNameError, match="Did you mean 'RegBottleneckBlock'"):
        RegNet(block_name="RegBotleneckBlock")


def test_the_plan_of_the_paper_gives_its_stages() -> None:
    assert generate_regnet(wa=31.41, w0=96, wm=2.24, depth=22) == ([96, 216, 480, 1080], [2, 6, 12, 2])
    assert fit_groups([96, 216, 480, 1080], 1.0, 64) == ([128, 192, 512, 1088], [64, 64, 64, 64])


def test_bottlenecks_narrower_and_wider_than_their_stage_divide_into_groups() -> None:
    assert fit_groups([24, 56], 0.5, 8) == ([32, 64], [8, 8])
    widths, groups = fit_groups([24, 50], 3, 16)
    assert all(3 * width % group == 0 for width, group in zip(widths, groups, strict=True))


def test_the_rounding_of_torchvision_widens_a_stage() -> None:
    with use_backend("shapes"):
        ours = [stage.channels for stage in NETWORKS.get("regnetx_004")().stages]
        theirs = [stage.channels for stage in NETWORKS.get("regnetx_004")(round_limit=0.9).stages]
    assert ours == [32, 64, 160, 384]
    assert theirs == [32, 64, 160, 400]


def test_squeeze_and_excitation_is_a_share_of_the_blocks_input() -> None:
    with use_backend("shapes"):
        net = NETWORKS.get("regnety_016")()
    assert net.s2.b1.se.f_ex[0].out_channels == round(48 * 0.25)
    assert net.s2.b2.se.f_ex[0].out_channels == round(120 * 0.25)


def test_blocks_drop_their_paths_the_later_the_more(backend: Backend) -> None:
    net = RegNet(**SMALL, drop_path_prob=0.4)
    blocks = [block for stage in (net.s1, net.s2, net.s3) for block in stage]
    rates = [0.0 if block.drop_path is None else block.drop_path.p for block in blocks]
    assert rates == pytest.approx([0.0, 0.1, 0.2, 0.3])
