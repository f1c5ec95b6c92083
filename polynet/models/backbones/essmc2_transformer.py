"""Transformers of videos under EssentialMC2's own names, options and defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.models.backbones.video_transformer import FactorizedVideoTransformer, VideoTransformer
from polynet.registry import BACKBONES

Options = Mapping[str, Any] | None


@BACKBONES.register()
class Transformer(VideoTransformer):
    """`VideoTransformer` with tubelets of two frames, which have a bias.

    Args:
        num_input_channels: Channels of the videos.
        num_frames: Frames of a video.
        image_size: Height and width of the videos, a multiple of `patch_size`.
        num_features: Width of a token.
        patch_size: Side of a token's square of pixels.
        depth: Layers.
        drop_path: Probability of dropping the last layer's branches; earlier ones are dropped proportionally less.
        tubelet_size: Frames of a token; 1 with `"PatchEmbedStem"`, whatever it is.
        stem_name: `"PatchEmbedStem"` or `"TubeletEmbeddingStem"`.
        branch_name: `"BaseTransformerLayer"` or `"TimesformerLayer"`.
        branch_cfg: Further options of the layers: `num_heads`, `attn_dropout`, `ff_dropout`, `mlp_mult`.

    Source: EssentialMC2, `Transformer`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = Transformer(num_frames=4, image_size=16, num_features=24, patch_size=8, depth=2)
        >>> tuple(net(ops.ones((2, 3, 4, 16, 16))).shape)
        (2, 24)
    """

    stem_bias = True

    def __init__(
        self,
        num_input_channels: int = 3,
        num_frames: int = 8,
        image_size: int = 224,
        num_features: int = 768,
        patch_size: int = 16,
        depth: int = 12,
        drop_path: float = 0.1,
        tubelet_size: int = 2,
        stem_name: str | type = "TubeletEmbeddingStem",
        branch_name: str | type = "BaseTransformerLayer",
        branch_cfg: Options = None,
    ) -> None:
        super().__init__(
            num_input_channels,
            num_frames,
            image_size,
            num_features,
            patch_size,
            depth,
            drop_path,
            stem=stem_name,
            branch={"name": branch_name, **(branch_cfg or {})},
            tubelet_size=tubelet_size,
        )


@BACKBONES.register()
class FactorizedTransformer(FactorizedVideoTransformer):
    """`FactorizedVideoTransformer` with tubelets of two frames, which have a bias.

    Args:
        num_input_channels: Channels of the videos.
        num_frames: Frames of a video.
        image_size: Height and width of the videos, a multiple of `patch_size`.
        num_features: Width of a token.
        patch_size: Side of a token's square of pixels.
        depth: Layers of the first transformer.
        depth_temp: Layers of the second.
        drop_path: Probability of dropping the last layer's branches; earlier ones are dropped proportionally less.
        tubelet_size: Frames of a token; 1 with `"PatchEmbedStem"`, whatever it is.
        stem_name: `"PatchEmbedStem"` or `"TubeletEmbeddingStem"`.
        branch_name: `"BaseTransformerLayer"`.
        branch_cfg: Further options of the layers: `num_heads`, `attn_dropout`, `ff_dropout`, `mlp_mult`.

    Source: EssentialMC2, `FactorizedTransformer`.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     net = FactorizedTransformer(
        ...         num_frames=4, image_size=16, num_features=24, patch_size=8, depth=2, depth_temp=1
        ...     )
        >>> tuple(net(ops.ones((2, 3, 4, 16, 16))).shape)
        (2, 24)
    """

    stem_bias = True

    def __init__(
        self,
        num_input_channels: int = 3,
        num_frames: int = 8,
        image_size: int = 224,
        num_features: int = 768,
        patch_size: int = 16,
        depth: int = 12,
        depth_temp: int = 4,
        drop_path: float = 0.1,
        tubelet_size: int = 2,
        stem_name: str | type = "TubeletEmbeddingStem",
        branch_name: str | type = "BaseTransformerLayer",
        branch_cfg: Options = None,
    ) -> None:
        super().__init__(
            num_input_channels,
            num_frames,
            image_size,
            num_features,
            patch_size,
            depth,
            depth_temp,
            drop_path,
            stem=stem_name,
            branch={"name": branch_name, **(branch_cfg or {})},
            tubelet_size=tubelet_size,
        )


@BACKBONES.register()
class ViVit(Transformer):
    """ViViT's first model, in its base size.

    Args:
        image_size: Height and width of the videos, a multiple of 16.
        num_frames: Frames of a video, an even number.

    Source: Arnab et al. 2021, arXiv:2103.15691; EssentialMC2, `ViVit`.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = ViVit()
        ...     tuple(net(ops.zeros((2, 3, 16, 112, 112))).shape)
        (2, 768)
    """

    def __init__(self, image_size: int = 112, num_frames: int = 16) -> None:
        super().__init__(image_size=image_size, num_frames=num_frames)


@BACKBONES.register()
class ViVit_Fac_Enc(FactorizedTransformer):  # noqa: N801 - EssentialMC2's name
    """ViViT's second model, with factorised encoders, in its base size.

    Args:
        image_size: Height and width of the videos, a multiple of 16.
        num_frames: Frames of a video, an even number.

    Source: Arnab et al. 2021, arXiv:2103.15691; EssentialMC2, `ViVit_Fac_Enc`.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = ViVit_Fac_Enc()
        ...     tuple(net(ops.zeros((2, 3, 16, 112, 112))).shape)
        (2, 768)
    """

    def __init__(self, image_size: int = 112, num_frames: int = 16) -> None:
        super().__init__(image_size=image_size, num_frames=num_frames)


@BACKBONES.register()
class Timesformer(Transformer):
    """TimeSformer with divided attention, in its base size.

    Args:
        image_size: Height and width of the videos, a multiple of 16.
        num_frames: Frames of a video.

    Source: Bertasius et al. 2021, arXiv:2102.05095; EssentialMC2, `Timesformer`.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = Timesformer()
        ...     tuple(net(ops.zeros((2, 3, 16, 112, 112))).shape)
        (2, 768)
    """

    def __init__(self, image_size: int = 112, num_frames: int = 16) -> None:
        super().__init__(
            image_size=image_size,
            num_frames=num_frames,
            drop_path=0.0,
            stem_name="PatchEmbedStem",
            branch_name="TimesformerLayer",
            branch_cfg={"attn_dropout": 0.1, "ff_dropout": 0.1},
        )
