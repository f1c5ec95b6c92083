"""Einstein summation composed of transposes, reshapes, products and one batched matrix product a pair of operands."""

from __future__ import annotations

import math
from collections.abc import Sequence

import megengine.functional as F
import numpy as np

from polynet.errors import InputError
from polynet.types import Tensor
from polynet_megengine.half_precision import matmul
from polynet_megengine.ops._tensors import array_like, broadcast, for_reduction, shape_of


def parse(equation: str, shapes: Sequence[tuple[int, ...]]) -> tuple[list[list[str]], list[str]]:
    """Split an equation into the labels of each operand and of the result.

    The dimensions under an ellipsis get labels of their own, counted from the last.

    Args:
        equation: Such as `"bij,bjk->bik"` or `"...i,i"`; without `->` the labels that appear once are kept, sorted.
        shapes: Shapes of the operands.

    Returns:
        Labels of the operands' dimensions, and of the result's.

    Raises:
        InputError: The equation is malformed or does not fit the shapes.
    """
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(shapes):
        message = f"einsum: {equation!r} has {len(terms)} operands, but {len(shapes)} were given."
        raise InputError(message)
    operands = [_labels(term, len(shape), equation) for term, shape in zip(terms, shapes, strict=True)]
    widest = max((sum(label.startswith(".") for label in labels) for labels in operands), default=0)
    ellipsis = [f".{place}" for place in range(widest, 0, -1)]
    if arrow:
        outside = right.replace("...", "", 1)
        _check_letters(outside, equation)
        before, dots, after = right.partition("...")
        result = [*before, *(ellipsis if dots else []), *after]
    else:
        letters = [label for labels in operands for label in labels if not label.startswith(".")]
        result = ellipsis + sorted(label for label in set(letters) if letters.count(label) == 1)
    known = {label for labels in operands for label in labels}
    if len(set(result)) != len(result) or not set(result) <= known:
        message = f"einsum: the result of {equation!r} must name labels of the operands, each once."
        raise InputError(message)
    return operands, result


def _labels(term: str, ndim: int, equation: str) -> list[str]:
    before, dots, after = term.partition("...")
    _check_letters(before + after, equation)
    hidden = ndim - len(before) - len(after)
    if hidden < 0 or (hidden > 0 and not dots):
        message = f"einsum: term {term!r} of {equation!r} does not fit an operand of {ndim} dimensions."
        raise InputError(message)
    return [*before, *(f".{place}" for place in range(hidden, 0, -1)), *after]


def _check_letters(text: str, equation: str) -> None:
    if not all(letter.isascii() and letter.isalpha() for letter in text):
        message = f"einsum: {equation!r} may hold only letters, commas, '...' and '->'."
        raise InputError(message)


def sizes_of(operands: list[list[str]], shapes: Sequence[tuple[int, ...]], equation: str) -> dict[str, int]:
    """Length of every label; a length of 1 broadcasts.

    Raises:
        InputError: A label has two lengths.
    """
    sizes: dict[str, int] = {}
    for labels, shape in zip(operands, shapes, strict=True):
        for label, length in zip(labels, shape, strict=True):
            if sizes.setdefault(label, length) != length:
                if 1 not in (length, sizes[label]):
                    message = f"einsum: label {label!r} of {equation!r} has lengths {sizes[label]} and {length}."
                    raise InputError(message)
                sizes[label] = max(length, sizes[label])
    return sizes


def simplify(x: Tensor, labels: list[str], needed: set[str]) -> tuple[Tensor, list[str]]:
    """Take diagonals of repeated labels and sum those nobody needs."""
    while len(set(labels)) < len(labels):
        label = next(each for each in labels if labels.count(each) > 1)
        first, second = [place for place, each in enumerate(labels) if each == label][:2]
        x, labels = _diagonal(x, labels, first, second)
    unneeded = tuple(place for place, label in enumerate(labels) if label not in needed)
    if unneeded:
        x = F.sum(for_reduction(x, unneeded), axis=unneeded)
        labels = [label for label in labels if label in needed]
    return x, labels


def _diagonal(x: Tensor, labels: list[str], first: int, second: int) -> tuple[Tensor, list[str]]:
    """Elements at equal positions of two axes, on the first of them."""
    shape = shape_of(x)
    length = max(shape[first], shape[second])
    if shape[first] != shape[second]:
        x = broadcast(x, [length if place in (first, second) else each for place, each in enumerate(shape)])
    others = [place for place in range(len(shape)) if place not in (first, second)]
    rest = [shape[place] for place in others]
    rows = F.reshape(F.transpose(x, (*others, first, second)), (*rest, length * length))
    positions = array_like(np.arange(length, dtype="int32") * (length + 1), x)
    rows = rows[(slice(None),) * len(others) + (positions,)]
    return rows, [labels[place] for place in others] + [labels[first]]


def contract(
    a: Tensor, a_labels: list[str], b: Tensor, b_labels: list[str], kept: set[str], sizes: dict[str, int]
) -> tuple[Tensor, list[str]]:
    """Product of two operands, summed over the labels they share that are not kept."""
    shared = [label for label in a_labels if label in b_labels]
    batch = [label for label in shared if label in kept]
    summed = [label for label in shared if label not in kept]
    only_a = [label for label in a_labels if label not in b_labels]
    only_b = [label for label in b_labels if label not in a_labels]
    left = _grouped(a, a_labels, [batch, only_a, summed], sizes)
    right = _grouped(b, b_labels, [batch, summed, only_b], sizes)
    if not batch:
        left, right = F.squeeze(left, 0), F.squeeze(right, 0)
    # Without a label to sum over, the product of a column and a row is cheaper than a matrix product.
    product = matmul(left, right) if summed else left * right
    labels = batch + only_a + only_b
    return F.reshape(product, tuple(sizes[label] for label in labels)), labels


def _grouped(x: Tensor, labels: list[str], groups: list[list[str]], sizes: dict[str, int]) -> Tensor:
    """One axis for each group of labels, lengths of 1 expanded."""
    order = [labels.index(label) for group in groups for label in group]
    if order != sorted(order):
        x = F.transpose(x, order)
    wanted = tuple(sizes[label] for group in groups for label in group)
    if wanted and shape_of(x) != wanted:
        x = broadcast(x, wanted)
    return F.reshape(x, tuple(math.prod(sizes[label] for label in group) for group in groups))


def einsum(equation: str, operands: Sequence[Tensor]) -> Tensor:
    """Sum of products of the operands as an equation says; pairs are contracted from the left.

    Raises:
        InputError: The equation is malformed or does not fit the operands.
    """
    shapes = [shape_of(each) for each in operands]
    terms, result = parse(equation, shapes)
    sizes = sizes_of(terms, shapes, equation)
    pending = list(zip(operands, terms, strict=True))
    x, labels = pending[0]
    for place, (other, other_labels) in enumerate(pending[1:], start=1):
        later = set(result).union(*(each for _, each in pending[place + 1 :]))
        x, labels = simplify(x, labels, later.union(other_labels))
        other, other_labels = simplify(other, other_labels, later.union(labels))
        x, labels = contract(x, labels, other, other_labels, later, sizes)
    x, labels = simplify(x, labels, set(result))
    order = [labels.index(label) for label in result]
    return F.transpose(x, order) if order != sorted(order) else x
