from __future__ import annotations

import json

from polynet.weights import Change, LoadReport, Refusal


def test_a_full_load_is_one_line():
    report = LoadReport(layout="timm", loaded=("a", "b"), renamed=2)
    assert report.ok
    assert str(report) == "Weights in layout 'timm': 2 loaded, 2 of them renamed."


def test_each_group_is_counted_and_shows_at_most_ten_names():
    report = LoadReport(missing=tuple(f"block.{index}" for index in range(12)), unexpected=("x",))
    text = str(report)
    assert not report.ok
    assert "0 loaded, 12 missing, 1 unexpected" in text
    assert text.count("block.") == 10
    assert "… and 2 more" in text


def test_an_unexpected_name_says_which_missing_one_it_resembles():
    report = LoadReport(missing=("head.fc.weight",), unexpected=("head.fc.wieght",))
    assert "head.fc.wieght Did you mean 'head.fc.weight'?" in str(report)


def test_changes_and_refusals_say_from_what_to_what():
    report = LoadReport(
        reshaped=(Change("a", "(1, 4, 1, 1)", "(4,)", "channel vector flattened"),),
        converted=(Change("b", "float64", "float32"),),
        refused=(Refusal("c", "float32 (2,)", "float32 (3,)", "no rule"),),
        notes=("taken from its entry 'model'",),
    )
    text = str(report)
    assert "a: (1, 4, 1, 1) → (4,) (channel vector flattened)" in text
    assert "b: float64 → float32" in text
    assert "c: float32 (2,) given, float32 (3,) wanted: no rule" in text
    assert "note: taken from its entry 'model'" in text


def test_the_report_is_plain_data():
    report = LoadReport(loaded=("a",), refused=(Refusal("c", "x", "y", "z"),))
    plain = json.loads(json.dumps(report.to_dict()))
    assert plain["ok"] is False
    assert plain["loaded"] == ["a"]
    assert plain["refused"] == [{"name": "c", "given": "x", "wanted": "y", "why": "z"}]
