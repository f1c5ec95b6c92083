"""The gallery says what is so: every network is in it, and it is made of what was measured."""

from __future__ import annotations

import re

from polynet.models.figures import all_figures
from tests.zoo import gallery
from tests.zoo.differences import comparisons, recorded
from tests.zoo.family_notes import GROUPS, LABELS, NOTES
from tests.zoo.gallery_picture import digest


def test_the_page_is_what_the_data_give() -> None:
    assert gallery.PAGE.read_text(encoding="utf-8") == gallery.page(), "run: python -m tests.zoo.gallery"


def test_every_network_is_in_the_page_once() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", gallery.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(all_figures())


def test_the_picture_is_drawn_from_the_sizes_of_today() -> None:
    assert digest().encode() in gallery.PICTURE.read_bytes(), "run: python -m tests.zoo.gallery"
    assert set(LABELS) <= set(all_figures())
    assert {note.group for note in NOTES.values()} == set(GROUPS)


def test_what_the_tests_compare_has_been_measured_on_both_frameworks_and_is_within_the_tolerance() -> None:
    known = recorded()
    made = {each.key: each.tolerance for each in comparisons()}
    assert set(made) == set(known), "run: python -m tests.zoo.differences"
    for key, by_framework in known.items():
        assert set(by_framework) == set(gallery.FRAMEWORKS), key
        for parts in by_framework.values():
            assert 0 <= max(parts.values()) <= made[key], key
