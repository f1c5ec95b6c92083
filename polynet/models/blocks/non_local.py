"""The non-local block: attention between all positions of a video's map."""

from __future__ import annotations

from polynet import nn, ops
from polynet.models.blocks.video_convolution import NormOptions, norm3d
from polynet.nn.initialisers import Constant
from polynet.nn.recipe import Recipe
from polynet.types import Tensor


class NonLocal(nn.Module):
    """Each position takes a normalised sum over all positions, weighted by likeness, and adds it to itself.

    A fresh block changes nothing: the scale of its normalisation starts at 0, as in the paper.

    Args:
        dim: Channels.
        bn_params: Options of the normalisation; its `eps` is 1e-5 whatever they say.

    Source: Wang et al. 2018, arXiv:1711.07971 (embedded Gaussian, scaled); EssentialMC2, `NonLocal`, whose names the
    weights have.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     block = NonLocal(4)
        >>> tuple(block(ops.ones((1, 4, 2, 3, 3))).shape)
        (1, 4, 2, 3, 3)
    """

    recipe = Recipe(bias=Constant(0.0), named=(("*out_bn.weight", Constant(0.0)),))

    def __init__(self, dim: int, bn_params: NormOptions = None) -> None:
        super().__init__()
        self.dim_middle = max(dim // 2, 1)
        self.qconv = nn.Conv3d(dim, self.dim_middle, 1)
        self.kconv = nn.Conv3d(dim, self.dim_middle, 1)
        self.vconv = nn.Conv3d(dim, self.dim_middle, 1)
        self.out_conv = nn.Conv3d(self.dim_middle, dim, 1)
        self.out_bn = norm3d(dim, {**(bn_params or {}), "eps": 1e-5})

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim, T, H, W)` to the same shape."""
        query, key, value = (
            ops.transpose(ops.flatten(conv(x), 2), 1, 2) for conv in (self.qconv, self.kconv, self.vconv)
        )
        found = ops.transpose(ops.scaled_dot_product_attention(query, key, value), 1, 2)
        found = ops.reshape(found, (x.shape[0], self.dim_middle, *x.shape[2:]))
        return x + self.out_bn(self.out_conv(found))
