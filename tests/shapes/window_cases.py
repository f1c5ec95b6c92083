"""Convolutions and pooling over many combinations of sizes, for shape-only tensors and torch's meta tensors."""

from __future__ import annotations

import itertools

from tests.shapes.op_cases import Case

SIZES = ((7,), (8, 9), (5, 6, 7))


def _convolutions() -> dict[str, Case]:
    found: dict[str, Case] = {}
    for lengths in SIZES:
        spatial = len(lengths)
        for kernel, stride, padding, dilation in itertools.product((1, 3), (1, 2), (0, 1), (1, 2)):
            found[f"conv{spatial}d_k{kernel}_s{stride}_p{padding}_d{dilation}"] = (
                lambda ops, t, lengths=lengths, k=kernel, s=stride, p=padding, d=dilation: getattr(
                    ops, f"conv{len(lengths)}d"
                )(t(2, 4, *lengths), t(6, 2, *[k] * len(lengths)), t(6), s, p, d, 2)
            )
        found[f"conv{spatial}d_same"] = lambda ops, t, lengths=lengths: getattr(ops, f"conv{len(lengths)}d")(
            t(2, 3, *lengths), t(4, 3, *[2] * len(lengths)), padding="same", dilation=2
        )
        found[f"conv{spatial}d_unbatched"] = lambda ops, t, lengths=lengths: getattr(ops, f"conv{len(lengths)}d")(
            t(3, *lengths), t(4, 3, *[2] * len(lengths)), padding="valid"
        )
    for stride, padding, extra, dilation in itertools.product((2, 3), (0, 1), (0, 1), (1, 2)):
        found[f"conv_transpose2d_s{stride}_p{padding}_o{extra}_d{dilation}"] = (
            lambda ops, t, s=stride, p=padding, o=extra, d=dilation: ops.conv_transpose2d(
                t(2, 4, 5, 6), t(4, 3, 3, 2), t(6), s, p, o, 2, d
            )
        )
    return found


def _pooling() -> dict[str, Case]:
    found: dict[str, Case] = {}
    for lengths in SIZES:
        spatial = len(lengths)
        for kernel, stride, padding, ceil_mode in itertools.product((2, 3), (None, 1, 2, 3), (0, 1), (False, True)):
            label = f"k{kernel}_s{stride}_p{padding}_c{ceil_mode}"
            found[f"max_pool{spatial}d_{label}"] = (
                lambda ops, t, lengths=lengths, k=kernel, s=stride, p=padding, c=ceil_mode: getattr(
                    ops, f"max_pool{len(lengths)}d"
                )(t(2, 3, *lengths), k, s, p, 1, c)
            )
            found[f"avg_pool{spatial}d_{label}"] = (
                lambda ops, t, lengths=lengths, k=kernel, s=stride, p=padding, c=ceil_mode: getattr(
                    ops, f"avg_pool{len(lengths)}d"
                )(t(2, 3, *lengths), k, s, p, c)
            )
        found[f"max_pool{spatial}d_dilated"] = lambda ops, t, lengths=lengths: getattr(ops, f"max_pool{len(lengths)}d")(
            t(2, 3, *lengths), 2, 2, 1, 3, True
        )
        for kind in ("avg", "max"):
            found[f"adaptive_{kind}_pool{spatial}d"] = lambda ops, t, lengths=lengths, kind=kind: getattr(
                ops, f"adaptive_{kind}_pool{len(lengths)}d"
            )(t(2, 3, *lengths), 4)
    found["adaptive_avg_pool2d_keeping"] = lambda ops, t: ops.adaptive_avg_pool2d(t(2, 3, 8, 9), (None, 4))
    return found


CONVOLUTIONS = _convolutions()
POOLING = _pooling()
