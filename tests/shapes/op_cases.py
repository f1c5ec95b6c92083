"""Calls of every op, written once for shape-only tensors and for torch's meta tensors.

Each case is a function of `ops` and of `t`, which makes a tensor: `t(2, 3)`, `t(4, dtype="int64")`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Case = Callable[[Any, Any], Any]

RESHAPING: dict[str, Case] = {
    "reshape": lambda ops, t: ops.reshape(t(2, 6), (3, -1)),
    "reshape_to_scalar": lambda ops, t: ops.reshape(t(1, 1), ()),
    "flatten": lambda ops, t: ops.flatten(t(2, 3, 4, 5), 1, 2),
    "flatten_scalar": lambda ops, t: ops.flatten(t()),
    "unflatten": lambda ops, t: ops.unflatten(t(2, 12, 5), -2, (3, -1)),
    "permute": lambda ops, t: ops.permute(t(2, 3, 4), (0, -1, 1)),
    "transpose": lambda ops, t: ops.transpose(t(2, 3, 4), 1, -1),
    "cat": lambda ops, t: ops.cat([t(2, 3), t(2, 5)], dim=-1),
    "cat_promotes": lambda ops, t: ops.cat([t(2, 3), t(1, 3, dtype="int64")]),
    "stack": lambda ops, t: ops.stack([t(2, 3), t(2, 3)], dim=-1),
    "split_by_size": lambda ops, t: ops.split(t(2, 7), 3, dim=1),
    "split_by_sections": lambda ops, t: ops.split(t(2, 7), [1, 6], dim=1),
    "chunk": lambda ops, t: ops.chunk(t(2, 7), 3, dim=1),
    "chunk_fewer": lambda ops, t: ops.chunk(t(5), 4),
    "unbind": lambda ops, t: ops.unbind(t(3, 2), dim=1),
    "roll": lambda ops, t: ops.roll(t(2, 3), (1, 2), (0, 1)),
    "roll_flat": lambda ops, t: ops.roll(t(2, 3), 1),
    "flip": lambda ops, t: ops.flip(t(2, 3), (0, 1)),
    "repeat": lambda ops, t: ops.repeat(t(2, 3), (4, 1, 2)),
    "tile_fewer": lambda ops, t: ops.tile(t(2, 3), (2,)),
    "tile_more": lambda ops, t: ops.tile(t(3), (2, 2)),
    "repeat_interleave": lambda ops, t: ops.repeat_interleave(t(2, 3), 2, 1),
    "repeat_interleave_flat": lambda ops, t: ops.repeat_interleave(t(2, 3), 2),
    "expand": lambda ops, t: ops.expand(t(2, 1), (4, -1, 3)),
    "squeeze": lambda ops, t: ops.squeeze(t(1, 3, 1)),
    "squeeze_one": lambda ops, t: ops.squeeze(t(1, 3, 1), 1),
    "squeeze_several": lambda ops, t: ops.squeeze(t(1, 3, 1), (0, -1)),
    "unsqueeze": lambda ops, t: ops.unsqueeze(t(2, 3), -1),
    "meshgrid": lambda ops, t: ops.meshgrid(t(2), t(3), t(4)),
    "meshgrid_xy": lambda ops, t: ops.meshgrid(t(2), t(3), indexing="xy"),
    "pixel_shuffle": lambda ops, t: ops.pixel_shuffle(t(2, 18, 4, 5), 3),
    "pixel_unshuffle": lambda ops, t: ops.pixel_unshuffle(t(2, 2, 6, 9), 3),
    "pad": lambda ops, t: ops.pad(t(2, 3, 4), (1, 2, 3, -1)),
    "pad_reflect": lambda ops, t: ops.pad(t(2, 3, 4, 5), (1, 2, 3, 0), mode="reflect"),
    "pad_replicate": lambda ops, t: ops.pad(t(2, 3, 4), (5, 5), mode="replicate"),
    "pad_circular": lambda ops, t: ops.pad(t(2, 3, 4), (4, 1), mode="circular"),
    "unfold": lambda ops, t: ops.unfold(t(2, 3, 7, 8), (3, 2), dilation=2, padding=1, stride=(2, 1)),
    "fold": lambda ops, t: ops.fold(t(2, 12, 12), (4, 5), 2),
    "interpolate_size": lambda ops, t: ops.interpolate(t(2, 3, 5, 7), size=(4, 9), mode="bilinear"),
    "interpolate_one_size": lambda ops, t: ops.interpolate(t(2, 3, 5), size=4),
    "interpolate_factor": lambda ops, t: ops.interpolate(t(2, 3, 5, 7), scale_factor=(1.7, 0.6), mode="bicubic"),
    "interpolate_volume": lambda ops, t: ops.interpolate(t(1, 2, 3, 4, 5), scale_factor=2, mode="trilinear"),
}

INDEXING: dict[str, Case] = {
    "gather": lambda ops, t: ops.gather(t(2, 5), 1, t(2, 3, dtype="int64")),
    "scatter": lambda ops, t: ops.scatter(t(2, 5), 1, t(2, 3, dtype="int64"), t(2, 4)),
    "scatter_number": lambda ops, t: ops.scatter(t(2, 5), 1, t(2, 3, dtype="int64"), 1.0),
    "scatter_add": lambda ops, t: ops.scatter_add(t(3), 0, t(4, dtype="int64"), t(4)),
    "index_select": lambda ops, t: ops.index_select(t(2, 5), 1, t(7, dtype="int64")),
    "where": lambda ops, t: ops.where(t(3, 1, dtype="bool"), t(1, 4), t(dtype="float64")),
    "where_number": lambda ops, t: ops.where(t(3, dtype="bool"), t(3, dtype="float16"), 0.0),
    "masked_fill": lambda ops, t: ops.masked_fill(t(2, 3), t(3, dtype="bool"), 1),
    "topk": lambda ops, t: ops.topk(t(2, 5), 3, dim=0 - 1),
    "sort": lambda ops, t: ops.sort(t(2, 5), dim=0),
    "argsort": lambda ops, t: ops.argsort(t(2, 5), descending=True),
    "argmax": lambda ops, t: ops.argmax(t(2, 5), dim=1, keepdim=True),
    "argmax_all": lambda ops, t: ops.argmax(t(2, 5)),
    "argmin": lambda ops, t: ops.argmin(t(2, 5), dim=-2),
    "one_hot": lambda ops, t: ops.one_hot(t(2, dtype="int64"), 7),
    "tril": lambda ops, t: ops.tril(t(2, 3, 4), 1),
    "triu": lambda ops, t: ops.triu(t(3, 4)),
    "embedding": lambda ops, t: ops.embedding(t(2, 3, dtype="int64"), t(10, 4)),
}

ARITHMETIC: dict[str, Case] = {
    **{
        f"{name}_{dtype}": lambda ops, t, name=name, dtype=dtype: getattr(ops, name)(t(2, 3, dtype=dtype))
        for name in ("abs", "ceil", "floor", "round", "sign", "isnan", "isinf", "isfinite", "logical_not", "relu")
        for dtype in ("float32", "float16", "int64")
    },
    **{
        f"{name}_{dtype}": lambda ops, t, name=name, dtype=dtype: getattr(ops, name)(t(2, 3, dtype=dtype))
        for name in ("exp", "expm1", "log", "log1p", "sqrt", "rsqrt", "sin", "cos", "tan", "erf", "sigmoid", "tanh")
        for dtype in ("float32", "float64", "int32", "bool")
    },
    **{
        f"{name}_{one}_{two}": lambda ops, t, name=name, one=one, two=two: getattr(ops, name)(
            t(2, 1, dtype=one), t(3, dtype=two)
        )
        for name in ("atan2", "maximum", "minimum", "remainder", "pow", "logical_and", "logical_or")
        for one, two in (("float32", "int64"), ("int32", "uint8"), ("float16", "float64"))
    },
    "pow_number": lambda ops, t: ops.pow(t(2, dtype="int64"), 0.5),
    "remainder_number": lambda ops, t: ops.remainder(t(2, dtype="int32"), 2),
    "clamp": lambda ops, t: ops.clamp(t(2, 3), min=0.0),
    "clamp_whole": lambda ops, t: ops.clamp(t(2, dtype="int64"), 0, 5),
    "clamp_promotes": lambda ops, t: ops.clamp(t(2, dtype="int64"), max=0.5),
    "scalar_does_not_promote": lambda ops, t: t(2, dtype="float16") * t(dtype="float64"),
    "scalar_of_higher_kind": lambda ops, t: t(2, dtype="int64") * t(dtype="float16"),
    "number_does_not_promote": lambda ops, t: t(2, dtype="float16") * 2.5 + 1,
    "whole_by_number": lambda ops, t: t(2, dtype="int32") + 1.5,
    "true_division": lambda ops, t: t(2, dtype="int64") / t(2, dtype="int64"),
    "floor_division": lambda ops, t: t(2, dtype="int64") // 2,
    "bool_plus_bool": lambda ops, t: t(2, dtype="bool") + t(2, dtype="bool"),
    "bool_plus_whole": lambda ops, t: t(2, dtype="bool") + 1,
    "reflected": lambda ops, t: 1 - t(2, 1) / (2 ** t(3)),
    "modulo": lambda ops, t: t(4, dtype="int64") % 3,
    "comparison": lambda ops, t: (t(2, 1) < t(3)) & (t(2, 3) >= 0),
    "equality": lambda ops, t: (t(2) == 1) | (t(2) != t(2)),
    "unary": lambda ops, t: abs(-t(2, 3)),
    "inversion": lambda ops, t: ~t(2, dtype="bool"),
    "matrix_operator": lambda ops, t: t(5, 2, 3) @ t(3, 4),
    **{
        f"{one}_and_{two}": lambda ops, t, one=one, two=two: t(2, dtype=one) + t(2, dtype=two)
        for one in ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")
        for two in ("uint8", "int8", "int32", "float16", "bfloat16", "float32", "bool")
    },
}

REDUCTIONS: dict[str, Case] = {
    **{
        f"{name}_{label}": lambda ops, t, name=name, dim=dim, keep=keep: getattr(ops, name)(
            t(2, 3, 4), dim, keepdim=keep
        )
        for name in ("sum", "mean", "var", "std", "amax", "amin", "any", "all", "logsumexp")
        for label, dim, keep in (("all", None, False), ("last", -1, True), ("two", (0, 2), False))
    },
    "prod": lambda ops, t: ops.prod(t(2, 3), 1),
    "sum_whole": lambda ops, t: ops.sum(t(2, 3, dtype="int32")),
    "prod_bool": lambda ops, t: ops.prod(t(2, 3, dtype="bool")),
    "sum_half": lambda ops, t: ops.sum(t(2, 3, dtype="float16"), (0, 1), keepdim=True),
    "any_whole": lambda ops, t: ops.any(t(2, 3, dtype="int64"), 1),
    "var_biased": lambda ops, t: ops.var(t(2, 3), 1, unbiased=False),
    "max": lambda ops, t: ops.max(t(2, 3)),
    "max_axis": lambda ops, t: ops.max(t(2, 3), 1, keepdim=True),
    "min": lambda ops, t: ops.min(t(2, 3, dtype="int32")),
    "min_axis": lambda ops, t: ops.min(t(2, 3), 0),
    "cumsum": lambda ops, t: ops.cumsum(t(2, 3), 1),
    "cumsum_whole": lambda ops, t: ops.cumsum(t(2, 3, dtype="int32"), 1),
    "norm": lambda ops, t: ops.norm(t(2, 3)),
    "norm_axis": lambda ops, t: ops.norm(t(2, 3), 1, dim=1, keepdim=True),
}

PRODUCTS: dict[str, Case] = {
    "matmul": lambda ops, t: ops.matmul(t(5, 1, 2, 3), t(4, 3, 6)),
    "matmul_vectors": lambda ops, t: ops.matmul(t(3), t(3)),
    "matmul_vector_left": lambda ops, t: ops.matmul(t(3), t(2, 3, 4)),
    "matmul_vector_right": lambda ops, t: ops.matmul(t(2, 3), t(3)),
    "bmm": lambda ops, t: ops.bmm(t(2, 3, 4), t(2, 4, 5)),
    "einsum_attention": lambda ops, t: ops.einsum("bhqd,bhkd->bhqk", t(2, 3, 4, 5), t(2, 3, 6, 5)),
    "einsum_implicit": lambda ops, t: ops.einsum("ji,kj", t(2, 3), t(4, 2)),
    "einsum_dots": lambda ops, t: ops.einsum("...ij,...jk->...ik", t(7, 1, 2, 3), t(5, 3, 4)),
    "einsum_dots_implicit": lambda ops, t: ops.einsum("...ij,jk", t(7, 2, 3), t(3, 4)),
    "einsum_three": lambda ops, t: ops.einsum("ij,jk,kl->il", t(2, 3), t(3, 4), t(4, 5)),
    "einsum_sum": lambda ops, t: ops.einsum("ij->", t(2, 3)),
    "einsum_diagonal": lambda ops, t: ops.einsum("iij->ij", t(2, 2, 3)),
    "einsum_size_one": lambda ops, t: ops.einsum("ij,jk->ik", t(2, 1), t(3, 4)),
    "linear": lambda ops, t: ops.linear(t(2, 5, 3), t(4, 3), t(4)),
    "linear_vector": lambda ops, t: ops.linear(t(3), t(4, 3)),
    "outer": lambda ops, t: ops.outer(t(2), t(3)),
    "normalize": lambda ops, t: ops.normalize(t(2, 3)),
    "cosine_similarity": lambda ops, t: ops.cosine_similarity(t(2, 3, 4), t(1, 3, 4)),
    "attention": lambda ops, t: ops.scaled_dot_product_attention(t(2, 3, 4, 5), t(2, 3, 6, 5), t(2, 3, 6, 7)),
    "attention_masked": lambda ops, t: ops.scaled_dot_product_attention(
        t(2, 4, 5), t(2, 6, 5), t(2, 6, 5), attn_mask=t(4, 6, dtype="bool")
    ),
}

ACTIVATIONS: dict[str, Case] = {
    **{
        name: lambda ops, t, name=name: getattr(ops, name)(t(2, 3, dtype="float16"))
        for name in (
            *("relu6", "leaky_relu", "elu", "gelu", "silu", "mish", "hardswish", "hardsigmoid", "softplus"),
            *("logsigmoid", "dropout", "drop_path"),
        )
    },
    "prelu": lambda ops, t: ops.prelu(t(2, 3, 4), t(3)),
    "softmax": lambda ops, t: ops.softmax(t(2, 3), dim=1),
    "log_softmax": lambda ops, t: ops.log_softmax(t(2, 3), dim=-1),
    "drop_path_training": lambda ops, t: ops.drop_path(t(2, 3), 0.5),
}

NORMALISATIONS: dict[str, Case] = {
    "batch_norm": lambda ops, t: ops.batch_norm(t(2, 3, 4, 5), t(3), t(3), t(3), t(3)),
    "batch_norm_training": lambda ops, t: ops.batch_norm(t(2, 3), None, None, training=True),
    "layer_norm": lambda ops, t: ops.layer_norm(t(2, 3, 4), (3, 4), t(3, 4), t(3, 4)),
    "group_norm": lambda ops, t: ops.group_norm(t(2, 6, 4), 3, t(6), t(6)),
    "instance_norm": lambda ops, t: ops.instance_norm(t(2, 3, 4)),
    "rms_norm": lambda ops, t: ops.rms_norm(t(2, 3, 4), (4,), t(4)),
    "local_response_norm": lambda ops, t: ops.local_response_norm(t(2, 5, 4, 4), 3),
}

LOSSES: dict[str, Case] = {
    "cross_entropy": lambda ops, t: ops.cross_entropy(t(4, 5), t(4, dtype="int64"), t(5)),
    "cross_entropy_soft": lambda ops, t: ops.cross_entropy(t(4, 5, 3), t(4, 5, 3), reduction="none"),
    "cross_entropy_dense": lambda ops, t: ops.cross_entropy(t(4, 5, 3, 2), t(4, 3, 2, dtype="int64"), reduction="none"),
    "cross_entropy_one": lambda ops, t: ops.cross_entropy(t(5), t(dtype="int64"), reduction="none"),
    "nll_loss": lambda ops, t: ops.nll_loss(t(4, 5), t(4, dtype="int64"), reduction="none"),
    "binary": lambda ops, t: ops.binary_cross_entropy_with_logits(t(4, 5), t(4, 5), pos_weight=t(5), reduction="none"),
    "mse_loss": lambda ops, t: ops.mse_loss(t(4, 5), t(4, 5)),
    "l1_loss": lambda ops, t: ops.l1_loss(t(4, 5), t(4, 5), reduction="none"),
    "smooth_l1_loss": lambda ops, t: ops.smooth_l1_loss(t(4, 5), t(4, 5), reduction="sum"),
    "kl_div": lambda ops, t: ops.kl_div(t(4, 5), t(4, 5), reduction="batchmean"),
}

CONVERSIONS: dict[str, Case] = {
    "to": lambda ops, t: ops.to(t(2), dtype="float16"),
    "cast": lambda ops, t: ops.cast(t(2), "int32"),
    "stop_gradient": lambda ops, t: ops.stop_gradient(t(2)),
    "dtype_name": lambda ops, t: t(len(ops.dtype_name(t(2, dtype="int32")))),
    "device_name": lambda ops, t: t(len(ops.device_name(t(2)))),
    "zeros_like": lambda ops, t: ops.zeros_like(t(2, dtype="int32")),
    "ones_like": lambda ops, t: ops.ones_like(t(2), dtype="bool"),
    "full_like": lambda ops, t: ops.full_like(t(2, 3), 4),
    "bernoulli": lambda ops, t: ops.bernoulli(t(2, 3)),
    "tensor": lambda ops, t: ops.tensor([[1.0, 2.0]], like=t(1)),
    "tensor_whole": lambda ops, t: ops.tensor([1, 2], like=t(1)),
    "tensor_bool": lambda ops, t: ops.tensor(True, like=t(1)),
    "zeros": lambda ops, t: ops.zeros(3, like=t(1)),
    "ones": lambda ops, t: ops.ones((2, 3), dtype="int32", like=t(1)),
    "full": lambda ops, t: ops.full((2,), 3, like=t(1)),
    "arange": lambda ops, t: ops.arange(2, 9, 3, like=t(1)),
    "arange_fractions": lambda ops, t: ops.arange(0, 1, 0.3, like=t(1)),
    "linspace": lambda ops, t: ops.linspace(0, 1, 5, like=t(1)),
    "eye": lambda ops, t: ops.eye(2, 3, like=t(1)),
    "rand": lambda ops, t: ops.rand((2, 3), like=t(1)),
    "randn": lambda ops, t: ops.randn(2, dtype="float16", like=t(1)),
    "randint": lambda ops, t: ops.randint(0, 5, (2,), like=t(1)),
}

SUBSCRIPTS: dict[str, Case] = {
    "number": lambda ops, t: t(2, 3, 4)[1],
    "negative": lambda ops, t: t(2, 3, 4)[:, -1],
    "slices": lambda ops, t: t(5, 6, 7)[1:, :-2, ::3],
    "slice_beyond": lambda ops, t: t(5)[3:99],
    "slice_empty": lambda ops, t: t(5)[4:2],
    "dots": lambda ops, t: t(2, 3, 4, 5)[..., 0],
    "dots_between": lambda ops, t: t(2, 3, 4, 5)[0, ..., 1:3],
    "none": lambda ops, t: t(2, 3)[:, None, :, None],
    "index": lambda ops, t: t(5, 3)[t(2, 4, dtype="int64")],
    "index_in_the_middle": lambda ops, t: t(2, 5, 3)[:, t(4, dtype="int64")],
    "indices_side_by_side": lambda ops, t: t(2, 5, 6, 3)[:, t(4, 1, dtype="int64"), t(7, dtype="int64")],
    "indices_apart": lambda ops, t: t(2, 5, 6, 3)[t(4, dtype="int64"), :, t(4, dtype="int64")],
    "number_before_index": lambda ops, t: t(2, 5, 6)[0, :, t(4, dtype="int64")],
    "list": lambda ops, t: t(2, 5)[:, [0, 2, 2]],
    "iteration": lambda ops, t: tuple(t(3, 2)),
    "length": lambda ops, t: t(len(t(4, 2))),
}

GROUPS = {
    "reshaping": RESHAPING,
    "indexing": INDEXING,
    "arithmetic": ARITHMETIC,
    "reductions": REDUCTIONS,
    "products": PRODUCTS,
    "activations": ACTIVATIONS,
    "normalisations": NORMALISATIONS,
    "losses": LOSSES,
    "conversions": CONVERSIONS,
    "subscripts": SUBSCRIPTS,
}
