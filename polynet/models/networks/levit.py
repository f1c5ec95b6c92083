"""LeViT: a vision transformer in three stages, with batch normalisation and biases for each distance.

Graham et al. 2021, arXiv:2104.01136. Names, options and initial values are timm's.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.blocks.activation import activation
from polynet.models.blocks.distance_attention import DistanceAttention, LinearNorm
from polynet.models.blocks.image_size import image_size
from polynet.models.heads.head import Head
from polynet.models.network import ImageNetwork, Name
from polynet.models.stage import Stage
from polynet.models.variants import variant
from polynet.nn.initialisers import Constant, FanInUniform, KaimingUniform, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import HEADS, NETWORKS
from polynet.types import Tensor

LEVIT_HEAD: Mapping[str, Any] = MappingProxyType({"name": "LeViTHead"})
STEM_STRIDE = 16


@HEADS.register()
class LeViTHead(Head):
    """Batch normalisation of vectors, [dropout,] linear classifier.

    Args:
        w_in: Width of the vectors.
        w_out: Classes.
        dropout_prob: Probability of dropping a feature before the classifier.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     head = LeViTHead(8, 10)
        >>> tuple(head(ops.ones((2, 8))).shape)
        (2, 10)
    """

    classifier_path = "linear"

    def __init__(self, w_in: int, w_out: int = 1000, dropout_prob: float = 0.0) -> None:
        super().__init__()
        self.bn = nn.BatchNorm1d(w_in)
        self.dropout = nn.Dropout(dropout_prob) if dropout_prob else None
        self.linear = nn.Linear(w_in, w_out)

    def pre_logits(self, x: Tensor) -> Tensor:
        """What the classifier is given: `(N, w_in)`."""
        x = self.bn(x)
        return x if self.dropout is None else self.dropout(x)

    def forward(self, x: Tensor) -> Tensor:
        """Logits `(N, w_out)` of vectors `(N, w_in)`."""
        return self.linear(self.pre_logits(x))


class ConvNorm(nn.Module):
    """A convolution of side 3 that halves the map, and batch normalisation."""

    def __init__(self, w_in: int, w_out: int) -> None:
        super().__init__()
        self.linear = nn.Conv2d(w_in, w_out, 3, stride=2, padding=1, bias=False)
        self.bn = nn.BatchNorm2d(w_out)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, w_in, H, W)` to `(N, w_out, H / 2, W / 2)`."""
        return self.bn(self.linear(x))


class FeedForward(nn.Module):
    """Two linear layers with batch normalisation, an activation between them, for each token by itself."""

    def __init__(self, dim: int, hidden: int, act_name: Name, drop: float = 0.0) -> None:
        super().__init__()
        self.ln1 = LinearNorm(dim, hidden)
        self.act = activation(act_name)
        self.drop = nn.Dropout(drop) if drop else None
        self.ln2 = LinearNorm(hidden, dim)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        x = self.act(self.ln1(x))
        return self.ln2(x if self.drop is None else self.drop(x))


class LeViTBlock(nn.Module):
    """Attention, then a feed-forward network, each added to its input.

    Args:
        attn: The attention.
        mlp: The feed-forward network.
        drop_path: Probability of dropping a residual branch.
    """

    def __init__(self, attn: Any, mlp: Any, drop_path: float) -> None:
        super().__init__()
        self.attn = attn
        self.mlp = mlp
        self.drop_path = nn.DropPath(drop_path) if drop_path else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to the same shape."""
        if self.drop_path is None:
            x = x + self.attn(x)
            return x + self.mlp(x)
        x = x + self.drop_path(self.attn(x))
        return x + self.drop_path(self.mlp(x))


class LeViTDownsample(nn.Module):
    """Attention that halves the grid, then a feed-forward network that is added to its input.

    Args:
        attn_downsample: The attention.
        mlp: The feed-forward network.
        drop_path: Probability of dropping the residual branch.
    """

    def __init__(self, attn_downsample: Any, mlp: Any, drop_path: float) -> None:
        super().__init__()
        self.attn_downsample = attn_downsample
        self.mlp = mlp
        self.drop_path = nn.DropPath(drop_path) if drop_path else None

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, L, dim)` to `(N, L / 4, w_out)`."""
        x = self.attn_downsample(x)
        branch = self.mlp(x)
        return x + (branch if self.drop_path is None else self.drop_path(branch))


@NETWORKS.register()
class LeViT(ImageNetwork):
    """A pyramid of three transformer stages after four convolutions; the head sees the mean of the tokens.

    Args:
        img_size: Height and width of the images, or both as one number: multiples of 16.
        embed_dim: Width of a token in each stage.
        key_dim: Width of a head's queries and keys, in every stage.
        depth: Blocks of each stage.
        num_heads: Heads of the attention in each stage.
        attn_ratio: Width of a head's values as a multiple of `key_dim`; twice that where the grid is halved.
        mlp_ratio: Hidden width of the feed-forward networks as a multiple of `embed_dim`.
        distilled: Add a second head, `head_dist`, for a teacher's answers; the logits are the mean of both heads'.
        distilled_training: While training return both heads' logits as a pair instead.
        drop_rate: Probability of dropping a feature before the heads' classifiers.
        drop_path_rate: Probability of dropping a residual branch; the same for all.
        act_name: Activation.
        head: Options of the head, `name` first; `None` for none.
        num_classes: Classes, where `head` does not say; 0 for no head.
        in_channels: Channels of the images.
        out_indices: Stages to return instead of logits.

    Raises:
        OptionError: Options that do not fit together.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = LeViT(64, embed_dim=(16, 32), key_dim=8, depth=(1, 1), num_heads=(2, 4), num_classes=10).eval()
        >>> tuple(net(ops.ones((1, 3, 64, 64))).shape), [stage.stride for stage in net.stages]
        ((1, 10), [16, 32])
    """

    family = "levit"
    default_head = LEVIT_HEAD
    recipe = Recipe(
        convolution=KaimingUniform(5**0.5),
        linear=KaimingUniform(5**0.5),
        named=(
            # What a block adds to its input starts at nothing.
            ("layers.*.blocks.*.attn.proj.ln.bn.weight", Constant(0.0)),
            ("layers.*.mlp.ln2.bn.weight", Constant(0.0)),
            ("head*.linear.weight", TruncatedNormal(0.02)),
            ("head*.linear.bias", Constant(0.0)),
        ),
        bias=FanInUniform(),
    )

    def __init__(
        self,
        img_size: int | Sequence[int] = 224,
        embed_dim: Sequence[int] = (128, 256, 384),
        key_dim: int = 16,
        depth: Sequence[int] = (2, 3, 4),
        num_heads: Sequence[int] = (4, 6, 8),
        attn_ratio: float = 2.0,
        mlp_ratio: float = 2.0,
        distilled: bool = True,
        distilled_training: bool = False,
        drop_rate: float = 0.0,
        drop_path_rate: float = 0.0,
        act_name: Name = "hswish",
        head: Mapping[str, Any] | None = LEVIT_HEAD,
        num_classes: int | None = None,
        in_channels: int = 3,
        out_indices: Sequence[int] | None = None,
    ) -> None:
        super().__init__(in_channels)
        if not embed_dim or not len(embed_dim) == len(depth) == len(num_heads):
            message = f"LeViT: embed_dim {embed_dim}, depth {depth} and num_heads {num_heads} must be equally long."
            raise OptionError(message)
        if embed_dim[0] % 8:
            message = f"LeViT: embed_dim must begin with a multiple of 8, which the stem halves, not {embed_dim[0]}."
            raise OptionError(message)
        self.fixed_size = image_size("LeViT", img_size, STEM_STRIDE, what="stride")
        self.input_size = (in_channels, *self.fixed_size)
        self.distilled_training = distilled_training
        self.stem = _stem(in_channels, embed_dim[0], act_name)
        grid = (self.fixed_size[0] // STEM_STRIDE, self.fixed_size[1] // STEM_STRIDE)
        self.grids: list[tuple[int, int]] = []
        layers = []
        for index, (width, blocks, heads) in enumerate(zip(embed_dim, depth, num_heads, strict=True)):
            parts: dict[str, Any] = {}
            if index:
                before = embed_dim[index - 1]
                halving = DistanceAttention(
                    before, width, before // key_dim, key_dim, 2 * attn_ratio, grid, stride=2, act_name=act_name
                )
                grid = ((grid[0] + 1) // 2, (grid[1] + 1) // 2)
                shrinking = FeedForward(width, int(width * mlp_ratio), act_name)
                parts["downsample"] = LeViTDownsample(halving, shrinking, drop_path_rate)
            parts["blocks"] = nn.Sequential(
                *[
                    LeViTBlock(
                        DistanceAttention(width, width, heads, key_dim, attn_ratio, grid, act_name=act_name),
                        FeedForward(width, int(width * mlp_ratio), act_name),
                        drop_path_rate,
                    )
                    for _ in range(blocks)
                ]
            )
            layers.append(nn.Sequential(OrderedDict(parts)))
            self.grids.append(grid)
        self.layers = nn.Sequential(*layers)
        options = head
        if drop_rate and isinstance(head, Mapping) and head.get("name", "LeViTHead") == "LeViTHead":
            options = {"dropout_prob": drop_rate, **head}
        self.complete(
            [Stage(f"layers.{index}", width, STEM_STRIDE * 2**index) for index, width in enumerate(embed_dim)],
            head=options,
            num_classes=num_classes,
            out_indices=out_indices,
            act_name=act_name,
        )
        self.distilled = distilled
        self.head_dist = self._head_plan.build(self.num_classes) if distilled and self.head is not None else None

    def forward_stem(self, x: Tensor) -> Tensor:
        """Tokens `(N, L, embed_dim[0])` of an image."""
        return ops.transpose(ops.flatten(self.stem(x), 2), 1, 2)

    def forward_stage(self, index: int, x: Tensor) -> Tensor:
        """One stage."""
        return self.layers[index](x)

    def forward_stages(self, x: Tensor, indices: Sequence[int] | None = None) -> tuple[Tensor, ...]:
        """Feature maps of some stages; see `ImageNetwork.forward_stages`."""
        wanted = self.stage_indices(self.out_indices if indices is None else indices)
        self.check_input(x)
        x = self.forward_stem(x)
        maps: dict[int, Tensor] = {}
        for index in range(max(wanted) + 1):
            x = self.forward_stage(index, x)
            if index in wanted:
                maps[index] = ops.unflatten(ops.transpose(x, 1, 2), 2, self.grids[index])
        return tuple(maps[index] for index in wanted)

    def forward_head(self, x: Tensor, pre_logits: bool = False) -> Any:
        """Logits of tokens.

        Args:
            x: What `forward_features` returned.
            pre_logits: Return what the classifier is given; with two heads what both are given.

        Returns:
            `(N, num_classes)`; a pair of them with `distilled_training` while training.
        """
        if type(x) is not self._tensor_type:
            self._check_framework(x)
        mean = ops.mean(x, 1)
        if self.head_dist is None:
            return super().forward_head(mean, pre_logits)
        if pre_logits or self.head is None:
            return mean
        first, second = self.head(mean), self.head_dist(mean)
        return (first, second) if self.training and self.distilled_training else (first + second) / 2

    def reset_classifier(self, num_classes: int, *, seed: int | None = None) -> None:
        """Give both heads another number of classes; see `ImageNetwork.reset_classifier`."""
        super().reset_classifier(num_classes, seed=seed)
        if not self.distilled:
            return
        self.head_dist = None if num_classes == 0 else self._new_part(lambda: self._head_plan.build(num_classes))
        if self.head_dist is not None:
            self._draw("head_dist", seed)


def _stem(in_channels: int, width: int, act_name: Name) -> Any:
    """Four convolutions, each of which halves the map and, but for the first, doubles the channels."""
    widths = (in_channels, width // 8, width // 4, width // 2, width)
    parts: dict[str, Any] = {}
    for number in range(1, 5):
        parts[f"conv{number}"] = ConvNorm(widths[number - 1], widths[number])
        if number < 4:
            parts[f"act{number}"] = activation(act_name)
    return nn.Sequential(OrderedDict(parts))


def _add(name: str, **row: Any) -> Any:
    return variant(NETWORKS, name, LeViT, module=__name__, **row)


levit_128s = _add("levit_128s", embed_dim=(128, 256, 384), key_dim=16, num_heads=(4, 6, 8), depth=(2, 3, 4))
levit_128 = _add("levit_128", embed_dim=(128, 256, 384), key_dim=16, num_heads=(4, 8, 12), depth=(4, 4, 4))
levit_192 = _add("levit_192", embed_dim=(192, 288, 384), key_dim=32, num_heads=(3, 5, 6), depth=(4, 4, 4))
levit_256 = _add("levit_256", embed_dim=(256, 384, 512), key_dim=32, num_heads=(4, 6, 8), depth=(4, 4, 4))
levit_384 = _add(
    "levit_384", embed_dim=(384, 512, 768), key_dim=32, num_heads=(6, 9, 12), depth=(4, 4, 4), drop_path_rate=0.1
)
