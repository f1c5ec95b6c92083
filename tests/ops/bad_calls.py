"""Calls that no framework can make sense of: shapes, axes, options and element types that do not go together."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from polynet.errors import InputError, InputIndexError, OptionError, OptionIndexError, PolyNetError

ops: Any = import_module("polynet.ops")  # untyped, for these calls are what its types forbid

Call = Callable[[Any], Any]
Calls = dict[str, tuple[type[PolyNetError], Call]]
"""By name, which begins with the op's: the error's class, and the call. `t` makes tensors: `t(2, 3)` of floats of that
shape, `t.whole(1, 2)` of these whole numbers, `t.flags(True)` of these truth values."""

ACTIVATION: Calls = {
    "softmax over an absent axis": (InputIndexError, lambda t: ops.softmax(t(2, 3), 2)),
    "softmax over half an axis": (OptionError, lambda t: ops.softmax(t(2, 3), 0.5)),
    "softmax over a named axis": (OptionError, lambda t: ops.softmax(t(2, 3), "channels")),
    "softmax of whole numbers": (InputError, lambda t: ops.softmax(t.whole(1, 2), 0)),
    "log_softmax over an absent axis": (InputIndexError, lambda t: ops.log_softmax(t(2, 3), -3)),
    "log_softmax of whole numbers": (InputError, lambda t: ops.log_softmax(t.whole(1, 2), 0)),
    "gelu in an unknown form": (OptionError, lambda t: ops.gelu(t(2), "tahn")),
    "gelu of whole numbers": (InputError, lambda t: ops.gelu(t.whole(1, 2))),
    "silu of whole numbers": (InputError, lambda t: ops.silu(t.whole(1, 2))),
    "mish of whole numbers": (InputError, lambda t: ops.mish(t.whole(1, 2))),
    "elu of whole numbers": (InputError, lambda t: ops.elu(t.whole(1, 2))),
    "elu with words": (OptionError, lambda t: ops.elu(t(2), "much")),
    "leaky_relu of whole numbers": (InputError, lambda t: ops.leaky_relu(t.whole(1, 2))),
    "leaky_relu with words": (OptionError, lambda t: ops.leaky_relu(t(2), "steep")),
    "hardswish of whole numbers": (InputError, lambda t: ops.hardswish(t.whole(1, 2))),
    "hardsigmoid of whole numbers": (InputError, lambda t: ops.hardsigmoid(t.whole(1, 2))),
    "softplus of whole numbers": (InputError, lambda t: ops.softplus(t.whole(1, 2))),
    "softplus with words": (OptionError, lambda t: ops.softplus(t(2), "b")),
    "logsigmoid of whole numbers": (InputError, lambda t: ops.logsigmoid(t.whole(1, 2))),
    "prelu with slopes for other channels": (InputError, lambda t: ops.prelu(t(2, 3), t(2))),
    "prelu with a matrix of slopes": (InputError, lambda t: ops.prelu(t(2, 3), t(1, 3))),
    "dropout with no probability": (OptionError, lambda t: ops.dropout(t(2), 1.5)),
    "dropout below 0": (OptionError, lambda t: ops.dropout(t(2), -0.5)),
    "dropout with words": (OptionError, lambda t: ops.dropout(t(2), "half")),
    "drop_path with no probability": (OptionError, lambda t: ops.drop_path(t(2), 1.5)),
}

ARITHMETIC: Calls = {
    "pow of shapes that do not broadcast": (InputError, lambda t: ops.pow(t(2, 3), t(2))),
    "atan2 of shapes that do not broadcast": (InputError, lambda t: ops.atan2(t(2, 3), t(4))),
    "maximum of shapes that do not broadcast": (InputError, lambda t: ops.maximum(t(2, 3), t(2, 2))),
    "minimum of shapes that do not broadcast": (InputError, lambda t: ops.minimum(t(2, 3), t(2, 2))),
    "remainder of shapes that do not broadcast": (InputError, lambda t: ops.remainder(t(2, 3), t(2, 2))),
    "logical_and of shapes that do not broadcast": (InputError, lambda t: ops.logical_and(t(3), t(2))),
    "logical_or of shapes that do not broadcast": (InputError, lambda t: ops.logical_or(t(3), t(2))),
    "clamp by nothing": (OptionError, lambda t: ops.clamp(t(2))),
    "clamp by words": (OptionError, lambda t: ops.clamp(t(2), "low")),
}

CONVERSION: Calls = {
    "cast to an unknown dtype": (OptionError, lambda t: ops.cast(t(2), "floot32")),
    "cast to a number": (OptionError, lambda t: ops.cast(t(2), 32)),
    "to an unknown dtype": (OptionError, lambda t: ops.to(t(2), "int33")),
}

CREATION: Calls = {
    "zeros of negative length": (InputError, lambda t: ops.zeros((2, -1), like=t(1))),
    "zeros of half a length": (OptionError, lambda t: ops.zeros(1.5, like=t(1))),
    "zeros of words": (OptionError, lambda t: ops.zeros("two", like=t(1))),
    "zeros of an unknown dtype": (OptionError, lambda t: ops.zeros(2, dtype="flot", like=t(1))),
    "ones of negative length": (InputError, lambda t: ops.ones(-1, like=t(1))),
    "full of negative length": (InputError, lambda t: ops.full((-1,), 1.0, like=t(1))),
    "full of words": (OptionError, lambda t: ops.full((2,), "one", like=t(1))),
    "zeros_like of an unknown dtype": (OptionError, lambda t: ops.zeros_like(t(2), dtype="flot")),
    "ones_like of an unknown dtype": (OptionError, lambda t: ops.ones_like(t(2), dtype="flot")),
    "full_like of words": (OptionError, lambda t: ops.full_like(t(2), "one")),
    "arange by steps of 0": (InputError, lambda t: ops.arange(0, 3, 0, like=t(1))),
    "arange the wrong way": (InputError, lambda t: ops.arange(3, 0, 1, like=t(1))),
    "arange to a word": (OptionError, lambda t: ops.arange("three", like=t(1))),
    "linspace of fewer than none": (InputError, lambda t: ops.linspace(0, 1, -1, like=t(1))),
    "linspace of half a number": (OptionError, lambda t: ops.linspace(0, 1, 1.5, like=t(1))),
    "eye of negative length": (InputError, lambda t: ops.eye(-1, like=t(1))),
    "eye of words": (OptionError, lambda t: ops.eye("two", like=t(1))),
    "tensor of ragged lists": (InputError, lambda t: ops.tensor([[1.0], [1.0, 2.0]], like=t(1))),
    "tensor of an unknown dtype": (OptionError, lambda t: ops.tensor([1.0], dtype="flot", like=t(1))),
    "rand of negative length": (InputError, lambda t: ops.rand((-2,), like=t(1))),
    "rand from a generator of negative length": (
        InputError,
        lambda t: ops.rand((-2,), generator=ops.Generator(0), like=t(1)),
    ),
    "randn of negative length": (InputError, lambda t: ops.randn((-2,), like=t(1))),
    "randn of words": (OptionError, lambda t: ops.randn("two", like=t(1))),
    "randint of negative length": (InputError, lambda t: ops.randint(0, 2, (-2,), like=t(1))),
    "randint from high to low": (InputError, lambda t: ops.randint(3, 2, (2,), like=t(1))),
    "randint to a word": (OptionError, lambda t: ops.randint(0, "two", (2,), like=t(1))),
    "bernoulli of whole numbers": (InputError, lambda t: ops.bernoulli(t.whole(0, 1))),
}

INDEX: Calls = {
    "gather over an absent axis": (InputIndexError, lambda t: ops.gather(t(3), 1, t.whole(0))),
    "gather by fewer axes": (InputError, lambda t: ops.gather(t(2, 3), 1, t.whole(0))),
    "gather by fractions": (InputError, lambda t: ops.gather(t(3), 0, t(2))),
    "scatter over an absent axis": (InputIndexError, lambda t: ops.scatter(t(3), 1, t.whole(0), 1.0)),
    "scatter by fractions": (InputError, lambda t: ops.scatter(t(3), 0, t(2), 1.0)),
    "scatter of too little": (InputError, lambda t: ops.scatter(t(3), 0, t.whole(0, 1), t(1))),
    "scatter_add over an absent axis": (InputIndexError, lambda t: ops.scatter_add(t(3), 2, t.whole(0), t(1))),
    "scatter_add of another dtype": (InputError, lambda t: ops.scatter_add(t(3), 0, t.whole(0), t.whole(1))),
    "index_select over an absent axis": (InputIndexError, lambda t: ops.index_select(t(2, 3), 2, t.whole(0))),
    "index_select by fractions": (InputError, lambda t: ops.index_select(t(2, 3), 1, t(2))),
    "index_select by a matrix": (InputError, lambda t: ops.index_select(t(2, 3), 1, ops.reshape(t.whole(0), (1, 1)))),
    "where by fractions": (InputError, lambda t: ops.where(t(2), t(2), t(2))),
    "where of shapes that do not broadcast": (InputError, lambda t: ops.where(t.flags(True, False), t(3), t(3))),
    "masked_fill by fractions": (InputError, lambda t: ops.masked_fill(t(2), t(2), 0.0)),
    "masked_fill of shapes that do not broadcast": (
        InputError,
        lambda t: ops.masked_fill(t(3), t.flags(True, True), 0),
    ),
    "masked_fill with words": (OptionError, lambda t: ops.masked_fill(t(2), t.flags(True, True), "0")),
    "topk of more than there are": (InputError, lambda t: ops.topk(t(2, 3), 4)),
    "topk of fewer than none": (InputError, lambda t: ops.topk(t(2, 3), -1)),
    "topk over an absent axis": (InputIndexError, lambda t: ops.topk(t(2, 3), 1, 2)),
    "topk of half a number": (OptionError, lambda t: ops.topk(t(3), 1.5)),
    "sort over an absent axis": (InputIndexError, lambda t: ops.sort(t(2, 3), 2)),
    "argsort over an absent axis": (InputIndexError, lambda t: ops.argsort(t(2, 3), 2)),
    "argmax over an absent axis": (InputIndexError, lambda t: ops.argmax(t(2, 3), 2)),
    "argmax of nothing": (InputError, lambda t: ops.argmax(t(0))),
    "argmin over an absent axis": (InputIndexError, lambda t: ops.argmin(t(2, 3), -3)),
    "argmin over a word": (OptionError, lambda t: ops.argmin(t(2, 3), "rows")),
    "one_hot of fractions": (InputError, lambda t: ops.one_hot(t(3), 4)),
    "one_hot among no classes": (OptionError, lambda t: ops.one_hot(t.whole(0), 0)),
    "tril of a vector": (InputError, lambda t: ops.tril(t(3))),
    "triu of a vector": (InputError, lambda t: ops.triu(t(3))),
    "triu from half a diagonal": (OptionError, lambda t: ops.triu(t(3, 3), 0.5)),
}

LINEAR: Calls = {
    "matmul of other lengths": (InputError, lambda t: ops.matmul(t(2, 3), t(2, 3))),
    "matmul of other batches": (InputError, lambda t: ops.matmul(t(2, 2, 3), t(3, 3, 4))),
    "matmul with a number of no axes": (InputError, lambda t: ops.matmul(t(2), t())),
    "matmul of two dtypes": (InputError, lambda t: ops.matmul(t(1, 2), t.whole(1, 2))),
    "bmm of two axes": (InputError, lambda t: ops.bmm(t(2, 3), t(3, 2))),
    "bmm of other batches": (InputError, lambda t: ops.bmm(t(2, 3, 4), t(1, 4, 5))),
    "einsum of other lengths": (InputError, lambda t: ops.einsum("ij,jk->ik", t(2, 3), t(4, 5))),
    "einsum of other axes": (InputError, lambda t: ops.einsum("ij->i", t(2))),
    "einsum of too many terms": (InputError, lambda t: ops.einsum("ij,ij->i", t(2, 3))),
    "einsum with an unknown result": (InputError, lambda t: ops.einsum("ij->k", t(2, 3))),
    "einsum of nothing": (InputError, lambda t: ops.einsum("i->i")),
    "linear of other features": (InputError, lambda t: ops.linear(t(2, 3), t(4, 5))),
    "linear with another bias": (InputError, lambda t: ops.linear(t(2, 3), t(4, 3), t(5))),
    "outer of matrices": (InputError, lambda t: ops.outer(t(2, 2), t(2))),
    "normalize over an absent axis": (InputIndexError, lambda t: ops.normalize(t(3))),
    "normalize of whole numbers": (InputError, lambda t: ops.normalize(t.whole(1, 2), dim=0)),
    "cosine_similarity over an absent axis": (InputIndexError, lambda t: ops.cosine_similarity(t(3), t(3))),
    "cosine_similarity of other shapes": (InputError, lambda t: ops.cosine_similarity(t(2, 3), t(2, 4))),
    "scaled_dot_product_attention of other widths": (
        InputError,
        lambda t: ops.scaled_dot_product_attention(t(1, 2, 3), t(1, 2, 4), t(1, 2, 4)),
    ),
    "scaled_dot_product_attention of other lengths": (
        InputError,
        lambda t: ops.scaled_dot_product_attention(t(1, 2, 3), t(1, 5, 3), t(1, 4, 3)),
    ),
    "scaled_dot_product_attention with a mask that does not fit": (
        InputError,
        lambda t: ops.scaled_dot_product_attention(t(1, 2, 3), t(1, 2, 3), t(1, 2, 3), t(3, 3)),
    ),
    "scaled_dot_product_attention dropping too much": (
        OptionError,
        lambda t: ops.scaled_dot_product_attention(t(1, 2, 3), t(1, 2, 3), t(1, 2, 3), dropout_p=1.5),
    ),
    "embedding of fractions": (InputError, lambda t: ops.embedding(t(2), t(3, 4))),
    "embedding in a cube": (InputError, lambda t: ops.embedding(t.whole(0), t(3, 4, 5))),
    "embedding with padding beyond the table": (OptionIndexError, lambda t: ops.embedding(t.whole(0), t(3, 4), 3)),
}

LOSS: Calls = {
    "cross_entropy of other samples": (InputError, lambda t: ops.cross_entropy(t(2, 3), t.whole(0))),
    "cross_entropy of fractions as classes": (InputError, lambda t: ops.cross_entropy(t(2, 3), t(2))),
    "cross_entropy with weights of other classes": (
        InputError,
        lambda t: ops.cross_entropy(t(2, 3), t.whole(0, 1), t(2)),
    ),
    "cross_entropy smoothed too much": (
        OptionError,
        lambda t: ops.cross_entropy(t(2, 3), t.whole(0, 1), label_smoothing=1.5),
    ),
    "cross_entropy reduced otherwise": (
        OptionError,
        lambda t: ops.cross_entropy(t(2, 3), t.whole(0, 1), reduction="men"),
    ),
    "nll_loss of other samples": (InputError, lambda t: ops.nll_loss(t(4, 5), t.whole(0, 1, 2))),
    "nll_loss reduced otherwise": (OptionError, lambda t: ops.nll_loss(t(1, 5), t.whole(0), reduction="batchmean")),
    "binary_cross_entropy_with_logits of other shapes": (
        InputError,
        lambda t: ops.binary_cross_entropy_with_logits(t(4, 5), t(4)),
    ),
    "binary_cross_entropy_with_logits with weights that do not fit": (
        InputError,
        lambda t: ops.binary_cross_entropy_with_logits(t(4, 5), t(4, 5), t(3)),
    ),
    "mse_loss of other shapes": (InputError, lambda t: ops.mse_loss(t(2, 3), t(2, 4))),
    "mse_loss reduced otherwise": (OptionError, lambda t: ops.mse_loss(t(2), t(2), reduction="means")),
    "l1_loss of other shapes": (InputError, lambda t: ops.l1_loss(t(2, 3), t(2, 4))),
    "smooth_l1_loss of other shapes": (InputError, lambda t: ops.smooth_l1_loss(t(2, 3), t(2, 4))),
    "smooth_l1_loss below 0": (OptionError, lambda t: ops.smooth_l1_loss(t(2), t(2), beta=-1.0)),
    "kl_div of other shapes": (InputError, lambda t: ops.kl_div(t(2, 3), t(2, 4))),
    "kl_div reduced otherwise": (OptionError, lambda t: ops.kl_div(t(2), t(2), reduction="batch_mean")),
}
