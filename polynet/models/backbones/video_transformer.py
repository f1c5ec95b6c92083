"""Transformers of videos: ViViT's with attention among all tokens and with factorised encoders, and TimeSformer.

ViViT: Arnab et al. 2021, arXiv:2103.15691. TimeSformer: Bertasius et al. 2021, arXiv:2102.05095. Options and the names
of the weights are EssentialMC2's and Scepter's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from polynet import nn, ops
from polynet.errors import InputError, OptionError
from polynet.models.backbones.video_parts import named_part
from polynet.models.blocks.choice import choose
from polynet.models.blocks.video_embedding import EMBEDDINGS, TubeletEmbeddingStem
from polynet.models.blocks.video_layer import LAYERS
from polynet.models.bricks.position import resize_pos_embed
from polynet.nn.initialisers import Constant, FanInUniform, KaimingUniform, TruncatedNormal
from polynet.nn.recipe import Recipe
from polynet.registry import BACKBONES
from polynet.types import Tensor

Part = str | type | Mapping[str, Any]

_TOKENS = ("pos_embd", "temp_embd", "cls_token", "cls_token_out")
RECIPE = Recipe(
    convolution=KaimingUniform(5**0.5),
    linear=TruncatedNormal(0.02),
    bias=Constant(0.0),
    named=(*((name, TruncatedNormal(0.02)) for name in _TOKENS), ("stem.conv1.bias", FanInUniform())),
)


class TubeletTransformer(nn.Module):
    """What transformers of videos have in common: tokens of blocks of a video, and rows of layers.

    Args:
        num_input_channels: Channels of the videos.
        num_frames: Frames of a video.
        image_size: Height and width of the videos, a multiple of `patch_size`.
        dim: Width of a token.
        patch_size: Side of a token's square of pixels.
        stem: What makes tokens.
        tubelet_size: Frames of a token, where the stem has none of its own; they divide `num_frames`.

    Raises:
        OptionError: Sizes are no whole numbers of at least 1, or one does not divide the other.
    """

    recipe = RECIPE
    stem_bias = False

    def __init__(
        self,
        num_input_channels: int,
        num_frames: int,
        image_size: int,
        dim: int,
        patch_size: int,
        stem: Part,
        tubelet_size: int,
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        self.patch_size = _count(owner, "patch_size", patch_size)
        self.num_frames = _count(owner, "num_frames", num_frames)
        self.dim = self.out_channels = _count(owner, "dim", dim)
        name, options = named_part(f"{owner}: stem", stem, None)
        make = choose("stem", name, EMBEDDINGS)
        options = {"bias": self.stem_bias, **options}
        if make is TubeletEmbeddingStem:
            options.setdefault("tubelet_size", tubelet_size)
            _count(owner, "tubelet_size", options["tubelet_size"])
        _divides(owner, "image_size", _count(owner, "image_size", image_size), "patch_size", patch_size)
        self.stem = make(num_input_channels, dim, patch_size, **options)
        self.tubelet_size: int = getattr(self.stem, "tubelet_size", 1)
        _divides(owner, "num_frames", num_frames, "tubelet_size", self.tubelet_size)
        self.side = image_size // patch_size
        self.times = num_frames // self.tubelet_size
        self.input_size = (num_input_channels, num_frames, image_size, image_size)

    def check(self, shape: tuple[int, ...]) -> None:
        """Refuse what is no video of as many channels and frames as the network is made for.

        Raises:
            InputError: It is not, or the patches do not divide its frames.
        """
        owner, channels = type(self).__name__, self.input_size[0]
        if len(shape) != 5 or shape[1] != channels:
            message = f"{owner} takes videos (N, {channels}, {self.num_frames}, H, W), not {shape}."
            raise InputError(message)
        if shape[2] != self.num_frames:
            message = f"{owner} is made for videos of {self.num_frames} frames, and was given {shape[2]}: {shape}."
            raise InputError(message)
        if any(size < 1 or size % self.patch_size for size in shape[3:]):
            message = (
                f"{owner} cuts frames into squares of {self.patch_size} pixels, which do not divide frames of "
                f"{shape[3]} x {shape[4]}."
            )
            raise InputError(message)

    def rows(self, branch: Part, drop_path: float, grids: tuple[tuple[int, tuple[int, int]], ...]) -> list[Any]:
        """Layers, one row for each depth and grid; their chance of being dropped grows from 0 to `drop_path`."""
        name, options = named_part(f"{type(self).__name__}: branch", branch, None)
        make = choose("branch", name, LAYERS)
        chances = iter(np.linspace(0.0, drop_path, sum(depth for depth, _ in grids)).tolist())
        return [
            nn.Sequential(*[make(self.dim, drop_path_prob=next(chances), grid=grid, **options) for _ in range(depth)])
            for depth, grid in grids
        ]


@BACKBONES.register()
class VideoTransformer(TubeletTransformer):
    """A transformer of all tokens of a video; its class token comes out.

    ViViT's first model is this with tubelets; its third has the branch `"TimesformerLayer"` as well. TimeSformer has
    that branch and patches.

    Args:
        num_input_channels: Channels of the videos.
        num_frames: Frames of a video.
        image_size: Height and width of the videos, a multiple of `patch_size`.
        dim: Width of a token.
        patch_size: Side of a token's square of pixels.
        depth: Layers.
        drop_path: Probability of dropping the last layer's branches; earlier ones are dropped proportionally less.
        stem: `"PatchEmbedStem"`, tokens of one frame, or `"TubeletEmbeddingStem"`, of several; or a mapping with the
            name and further options (`tubelet_size`, `bias`).
        branch: `"BaseTransformerLayer"` or `"TimesformerLayer"`, or a mapping with further options (`num_heads`,
            `attn_dropout`, `ff_dropout`, `mlp_mult`) beside the name.
        tubelet_size: Frames of a token, where the stem has none of its own.

    Shapes:
        `(N, num_input_channels, num_frames, image_size, image_size)` to `(N, dim)`.

    Raises:
        OptionError: Sizes do not divide each other.

    Source: EssentialMC2, `Transformer`; Scepter, `VideoTransformer`, whose defaults these are.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = VideoTransformer(3, 4, 16, dim=24, patch_size=8, depth=2, stem="TubeletEmbeddingStem")
        >>> tuple(net(ops.ones((2, 3, 4, 16, 16))).shape)
        (2, 24)
    """

    def __init__(
        self,
        num_input_channels: int = 3,
        num_frames: int = 8,
        image_size: int = 224,
        dim: int = 768,
        patch_size: int = 16,
        depth: int = 12,
        drop_path: float = 0.1,
        stem: Part = "PatchEmbedStem",
        branch: Part = "BaseTransformerLayer",
        tubelet_size: int = 2,
    ) -> None:
        super().__init__(num_input_channels, num_frames, image_size, dim, patch_size, stem, tubelet_size)
        places = self.side**2
        self.pos_embd = _zeros(self.times * places + 1, dim)
        self.cls_token = _zeros(1, dim)
        (self.layers,) = self.rows(branch, drop_path, ((depth, (self.times, places)),))
        self.norm = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, video: Tensor) -> Tensor:
        """The class token of videos.

        Raises:
            InputError: Videos of another shape than the network is made for.
        """
        shape = tuple(video.shape)
        self.check(shape)
        if shape[1:] != self.input_size:
            size = self.input_size[-1]
            message = f"{type(self).__name__} is made for frames of {size} x {size}, not {shape[3]} x {shape[4]}."
            raise InputError(message)
        tokens = _after(self.cls_token, self.stem(video)) + self.pos_embd
        return self.norm(self.layers(tokens))[:, 0]


@BACKBONES.register()
class FactorizedVideoTransformer(TubeletTransformer):
    """A transformer of each time's tokens, and one of the class tokens that it gives. ViViT's second model.

    Frames may have another size than the network is made for: the embedding of places is then resized.

    Args:
        num_input_channels: Channels of the videos.
        num_frames: Frames of a video.
        image_size: Height and width of the videos, a multiple of `patch_size`.
        dim: Width of a token.
        patch_size: Side of a token's square of pixels.
        depth: Layers of the first transformer.
        depth_temporal: Layers of the second.
        drop_path: Probability of dropping the last layer's branches; earlier ones are dropped proportionally less.
        stem: See `VideoTransformer`.
        branch: `"BaseTransformerLayer"`, or a mapping with further options (`num_heads`, `attn_dropout`, `ff_dropout`,
            `mlp_mult`) beside the name. `"TimesformerLayer"` needs tokens of all times together, and is refused.
        tubelet_size: Frames of a token, where the stem has none of its own.

    Shapes:
        `(N, num_input_channels, num_frames, H, W)` to `(N, dim)`.

    Raises:
        OptionError: Sizes do not divide each other, or the branch does not fit.

    Source: EssentialMC2, `FactorizedTransformer`; Scepter, `FactorizedVideoTransformer`, whose defaults these are. Both
    take the branch that cannot run, keep an embedding that was once resized though weights have changed since, and
    resize for square frames only.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = FactorizedVideoTransformer(
        ...         3, 4, 16, dim=24, patch_size=8, depth=2, depth_temporal=1, stem="TubeletEmbeddingStem"
        ...     )
        >>> tuple(net(ops.ones((2, 3, 4, 16, 16))).shape), tuple(net(ops.ones((2, 3, 4, 24, 32))).shape)
        ((2, 24), (2, 24))
    """

    def __init__(
        self,
        num_input_channels: int = 3,
        num_frames: int = 8,
        image_size: int = 224,
        dim: int = 768,
        patch_size: int = 16,
        depth: int = 12,
        depth_temporal: int = 4,
        drop_path: float = 0.1,
        stem: Part = "PatchEmbedStem",
        branch: Part = "BaseTransformerLayer",
        tubelet_size: int = 2,
    ) -> None:
        super().__init__(num_input_channels, num_frames, image_size, dim, patch_size, stem, tubelet_size)
        if named_part("branch", branch, None)[0] == "TimesformerLayer":
            message = (
                f"{type(self).__name__}: branch 'TimesformerLayer' attends along time, and here each time has its "
                f"tokens to itself. VideoTransformer takes it."
            )
            raise OptionError(message)
        self.pos_embd = _zeros(self.side**2 + 1, dim)
        self.temp_embd = _zeros(self.times + 1, dim)
        self.cls_token = _zeros(1, dim)
        self.cls_token_out = _zeros(1, dim)
        grids = ((depth, (1, self.side**2)), (depth_temporal, (self.times, 1)))
        self.layers, self.layers_temporal = self.rows(branch, drop_path, grids)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.norm_out = nn.LayerNorm(dim, eps=1e-6)

    def forward(self, video: Tensor) -> Tensor:
        """The class token of videos.

        Raises:
            InputError: Videos of other channels or frames than the network is made for, or of sides that the patches do
                not divide.
        """
        self.check(tuple(video.shape))
        batch, *_, height, width = video.shape
        grid = (height // self.patch_size, width // self.patch_size)
        places = resize_pos_embed(self.pos_embd, (self.side, self.side), grid, mode="bilinear")
        tokens = ops.reshape(self.stem(video), (batch * self.times, grid[0] * grid[1], self.dim))
        tokens = self.layers(_after(self.cls_token, tokens) + places)
        frames = ops.reshape(self.norm(tokens)[:, 0], (batch, self.times, self.dim))
        frames = self.layers_temporal(_after(self.cls_token_out, frames) + self.temp_embd)
        return self.norm_out(frames)[:, 0]


def _zeros(length: int, dim: int) -> Any:
    return nn.Parameter(np.zeros((1, length, dim), np.float32))


def _after(token: Tensor, tokens: Tensor) -> Tensor:
    """Tokens with a trained one before them."""
    return ops.cat((ops.expand(token, (tokens.shape[0], -1, -1)), tokens), 1)


def _count(owner: str, name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = f"{owner}: {name} is a whole number of at least 1, not {value!r}."
        raise OptionError(message)
    return value


def _divides(owner: str, name: str, value: int, divisor_name: str, divisor: int) -> None:
    if value % divisor:
        message = f"{owner}: {name}={value} is no multiple of {divisor_name}={divisor}."
        raise OptionError(message)
