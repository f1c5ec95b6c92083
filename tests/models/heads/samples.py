"""Data samples for heads, and what their losses are."""

from __future__ import annotations

from typing import Any

from polynet import ops
from polynet.data.data_sample import DataSample


def labelled(*labels: Any) -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in labels]


def scored(rows: Any) -> list[DataSample]:
    return [DataSample().set_gt_score(row) for row in rows]


def number(tensor: Any) -> float:
    return float(ops.to_numpy(tensor))
