"""The whole table of ops."""

from __future__ import annotations

from tests.ops import (
    cases_elementwise,
    cases_index,
    cases_loss,
    cases_product,
    cases_reduction,
    cases_shape,
    cases_window,
)

GROUPS = {
    "elementwise": cases_elementwise.CASES,
    "index": cases_index.CASES,
    "loss": cases_loss.CASES,
    "product": cases_product.CASES,
    "reduction": cases_reduction.CASES,
    "shape": cases_shape.CASES,
    "window": cases_window.CASES,
}
CASES = [case for group in GROUPS.values() for case in group]
