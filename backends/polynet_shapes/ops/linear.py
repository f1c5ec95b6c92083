"""Products of matrices and vectors, attention, and look-up tables."""

from __future__ import annotations

import string

from polynet.errors import InputError, OptionError, OptionIndexError
from polynet_shapes import counting, dtypes
from polynet_shapes.products import product_shape
from polynet_shapes.rules import as_axis, as_int, broadcast, product, reduced
from polynet_shapes.tensor import ShapeTensor, elementwise

__all__ = [
    "bmm",
    "cosine_similarity",
    "einsum",
    "embedding",
    "linear",
    "matmul",
    "normalize",
    "outer",
    "scaled_dot_product_attention",
]


def matmul(input: ShapeTensor, other: ShapeTensor) -> ShapeTensor:
    """Matrix product over the last two axes; the axes before them broadcast."""
    return input @ other


def bmm(input: ShapeTensor, mat2: ShapeTensor) -> ShapeTensor:
    """Matrix product of two batches, without broadcasting."""
    if input.ndim != 3 or mat2.ndim != 3 or input.shape[0] != mat2.shape[0]:
        message = f"bmm needs (B, N, M) and (B, M, P), and was given {list(input.shape)} and {list(mat2.shape)}."
        raise InputError(message)
    dtypes.check_same("bmm", input.dtype, mat2.dtype)
    return input.like(product_shape("bmm", input.shape, mat2.shape))


def einsum(equation: str, *operands: ShapeTensor) -> ShapeTensor:
    """The lengths that the result's letters have; the count multiplies operands two at a time from the left."""
    dtypes.check_same("einsum", *(operand.dtype for operand in operands))
    terms, result = _parsed(equation, operands)
    lengths: dict[str, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        for letter, length in zip(term, operand.shape, strict=True):
            known = lengths.setdefault(letter, length)
            if known != length and 1 not in (known, length):
                message = f"einsum {equation!r}: the axis {letter!r} has the lengths {known} and {length}."
                raise InputError(message)
            lengths[letter] = max(known, length)
    unknown = set(result) - set(lengths)
    if unknown or len(set(result)) < len(result):
        message = f"einsum {equation!r}: each letter of the result must be met once, and in an operand."
        raise InputError(message)
    merged = set(terms[0])
    for place, term in enumerate(terms[1:], start=1):
        counting.add(product(lengths[letter] for letter in merged | set(term)))
        merged = (merged | set(term)) & set("".join(terms[place + 1 :]) + result)
    return operands[0].like(tuple(lengths[letter] for letter in result))


def _parsed(equation: str, operands: tuple[ShapeTensor, ...]) -> tuple[list[str], str]:
    """Terms and result of an equation; digits stand for the axes that `...` covers, the last being `0`."""
    left, arrow, result = equation.replace(" ", "").partition("->")
    terms = left.split(",")
    plain = [term.replace("...", "") for term in terms]
    letters_only = all(set(term) <= set(string.ascii_letters) for term in [*plain, result.replace("...", "")])
    if not letters_only or len(terms) != len(operands):
        message = f"einsum {equation!r} has {len(terms)} terms for {len(operands)} tensors, or is not well formed."
        raise InputError(message)
    covered = 0
    for index, (term, operand) in enumerate(zip(plain, operands, strict=True)):
        more = operand.ndim - len(term)
        if more < 0 or (more and term == terms[index]) or more > 10:
            message = f"einsum {equation!r}: the term {terms[index]!r} does not fit {list(operand.shape)}."
            raise InputError(message)
        terms[index] = terms[index].replace("...", string.digits[:more][::-1])
        covered = max(covered, more)
    dots = string.digits[:covered][::-1]
    if arrow:
        return terms, result.replace("...", dots)
    joined = "".join(plain)
    return terms, dots + "".join(sorted(letter for letter in set(joined) if joined.count(letter) == 1))


def linear(input: ShapeTensor, weight: ShapeTensor, bias: ShapeTensor | None = None) -> ShapeTensor:
    """The last axis from `in_features` to `out_features`."""
    outputs = weight.shape[:-1]
    fits = input.ndim > 0 and weight.ndim in (1, 2) and input.shape[-1] == weight.shape[-1]
    if not fits or (bias is not None and bias.shape not in (outputs, ())):
        shapes = [list(tensor.shape) for tensor in (input, weight, bias) if tensor is not None]
        message = (
            f"linear needs (..., in_features), (out_features, in_features) and (out_features,); "
            f"{', '.join(map(str, shapes))} were given."
        )
        raise InputError(message)
    dtypes.check_same("linear", input.dtype, weight.dtype, *(() if bias is None else (bias.dtype,)))
    shape = (*input.shape[:-1], *outputs)
    counting.add(input.elements * product(outputs), product(shape))
    return input.like(shape)


def outer(input: ShapeTensor, vec2: ShapeTensor) -> ShapeTensor:
    """A row for each element of the first, a column for each of the second."""
    if input.ndim != 1 or vec2.ndim != 1:
        message = f"outer needs two vectors, and was given {list(input.shape)} and {list(vec2.shape)}."
        raise InputError(message)
    return elementwise("outer", input.like((input.shape[0], 1)), vec2)


def normalize(input: ShapeTensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> ShapeTensor:
    """The same shape."""
    as_axis(dim, input.ndim, "normalize")
    dtypes.check_floating("normalize", input.dtype)
    return input.like(input.shape)


def cosine_similarity(x1: ShapeTensor, x2: ShapeTensor, dim: int = 1, eps: float = 1e-8) -> ShapeTensor:
    """Both broadcast, without the axis."""
    both = elementwise("cosine_similarity", x1, x2)
    dtypes.check_floating("cosine_similarity", both.dtype)
    return both.like(reduced(both.shape, (as_axis(dim, both.ndim, "cosine_similarity"),), False))


def scaled_dot_product_attention(
    query: ShapeTensor,
    key: ShapeTensor,
    value: ShapeTensor,
    attn_mask: ShapeTensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
) -> ShapeTensor:
    """The query's length and the value's width; both products count."""
    if not 0.0 <= dropout_p <= 1.0:
        message = f"scaled_dot_product_attention: dropout_p is a probability in [0, 1], not {dropout_p!r}."
        raise OptionError(message)
    dtypes.check_same("scaled_dot_product_attention", query.dtype, key.dtype, value.dtype)
    if min(query.ndim, key.ndim, value.ndim) < 2 or key.shape[-2] != value.shape[-2]:
        message = (
            f"scaled_dot_product_attention needs (..., L, E), (..., S, E) and (..., S, Ev); {list(query.shape)}, "
            f"{list(key.shape)} and {list(value.shape)} were given."
        )
        raise InputError(message)
    keys = (*key.shape[:-2], key.shape[-1], key.shape[-2])
    scores = product_shape("scaled_dot_product_attention", query.shape, keys)
    if attn_mask is not None:
        if is_causal:
            message = "scaled_dot_product_attention takes attn_mask or is_causal, not both."
            raise OptionError(message)
        if broadcast("scaled_dot_product_attention", attn_mask.shape, scores) != scores:
            message = f"attn_mask of {list(attn_mask.shape)} does not broadcast to the scores {list(scores)}."
            raise InputError(message)
    return query.like(product_shape("scaled_dot_product_attention", scores, value.shape))


def embedding(input: ShapeTensor, weight: ShapeTensor, padding_idx: int | None = None) -> ShapeTensor:
    """A row of the table for each number; nothing is multiplied."""
    dtypes.check_index("embedding", input.dtype)
    if weight.ndim != 2:
        message = f"embedding needs a table (rows, width), and was given {list(weight.shape)}."
        raise InputError(message)
    rows = weight.shape[0]
    if padding_idx is not None and not -rows <= as_int(padding_idx, "embedding", "padding_idx") < rows:
        message = f"embedding: padding_idx {padding_idx} lies outside a table of {rows} rows."
        raise OptionIndexError(message)
    return weight.like((*input.shape, weight.shape[1]))
