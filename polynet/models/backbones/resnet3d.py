"""Residual networks of videos: R3D with 2-d and 3-d kernels, R(2+1)D, and CSN.

R3D and R(2+1)D: Tran et al. 2018, arXiv:1711.11248. CSN: Tran et al. 2019, arXiv:1904.02811. Options and the names of
the weights are EssentialMC2's and Scepter's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.backbones.video_parts import named_part, refuse
from polynet.models.blocks.choice import choose
from polynet.models.blocks.non_local import NonLocal
from polynet.models.blocks.video_branch import BRANCHES
from polynet.models.blocks.video_convolution import STILL, NormOptions, Triple, conv3d, norm3d
from polynet.models.blocks.video_stem import STEMS
from polynet.nn.initialisers import Constant, KaimingNormal
from polynet.nn.recipe import Recipe
from polynet.registry import BACKBONES
from polynet.types import Tensor

Part = str | type | Mapping[str, Any] | None

DEPTHS: dict[int, tuple[bool, tuple[int, int, int, int]]] = {
    10: (False, (1, 1, 1, 1)),
    16: (False, (2, 2, 2, 1)),
    18: (False, (2, 2, 2, 2)),
    26: (True, (2, 2, 2, 2)),
    34: (False, (3, 4, 6, 3)),
    50: (True, (3, 4, 6, 3)),
    101: (True, (3, 4, 23, 3)),
    152: (True, (3, 8, 36, 3)),
}
"""Whether blocks are bottlenecks, and how many a stage has. EssentialMC2's 26 has no bottlenecks: it is 18 again."""

BN_PARAMS: NormOptions = MappingProxyType({"eps": 1e-3, "momentum": 0.1})

WHOLE = ((3, 7, 7), (3, 3, 3), (3, 3, 3), (3, 3, 3), (3, 3, 3))
"""Kernels of networks that look through frames everywhere."""


class Base3DBlock(nn.Module):
    """A residual branch and its shortcut, added, and ReLU.

    Args:
        branch: Makes the branch, from widths, kernel and stride.
        dim_in: Channels of the input.
        num_filters: Channels of the output.
        kernel_size: Of the branch's convolutions.
        stride: Of the block. The shortcut is a convolution where it is not 1, or widths differ.
        bn_params: Options of the normalisations.
    """

    def __init__(
        self,
        branch: Any,
        dim_in: int,
        num_filters: int,
        kernel_size: Triple,
        stride: Triple = STILL,
        bn_params: NormOptions = None,
    ) -> None:
        super().__init__()
        straight = dim_in == num_filters and tuple(stride) == STILL
        self.short_cut: Any = None if straight else conv3d(dim_in, num_filters, STILL, stride)
        self.short_cut_bn: Any = None if straight else norm3d(num_filters, bn_params)
        self.conv_branch = branch(dim_in, num_filters, kernel_size, stride, bn_params=bn_params)

    def forward(self, x: Tensor) -> Tensor:
        """Map `(N, dim_in, T, H, W)` to `(N, num_filters, T', H', W')`."""
        shortcut = x if self.short_cut is None else self.short_cut_bn(self.short_cut(x))
        return ops.relu(shortcut + self.conv_branch(x))


class Base3DResStage(nn.Module):
    """Blocks `res_1`, `res_2` … in a row, and a non-local block after them where wanted.

    Args:
        blocks: The blocks.
        non_local: The non-local block, or `None`.
    """

    def __init__(self, blocks: Sequence[Any], non_local: Any = None) -> None:
        super().__init__()
        self.num_blocks = len(blocks)
        for number, block in enumerate(blocks, start=1):
            setattr(self, f"res_{number}", block)
        setattr(self, "nonlocal", non_local)  # a keyword, which cannot stand after a dot

    def forward(self, x: Tensor) -> Tensor:
        """Features of a map."""
        for number in range(1, self.num_blocks + 1):
            x = getattr(self, f"res_{number}")(x)
        non_local = getattr(self, "nonlocal")
        return x if non_local is None else non_local(x)


@BACKBONES.register()
class ResNet3D(nn.Module):
    """A residual network of videos that returns its last map. By default R2D3D: 2-d kernels first, 3-d ones later.

    Lists have five entries, the first for the stem, the others for the stages.

    Args:
        depth: 10, 16, 18 or 34, with two convolutions a block; 26, 50, 101 or 152, with bottlenecks.
        num_input_channels: Channels of the videos.
        num_filters: Channels.
        kernel_size: Kernels along time, height and width.
        downsampling: Whether height and width are halved.
        downsampling_temporal: Whether then time is halved too.
        expansion_ratio: How much narrower bottlenecks are inside.
        stem_name: `"DownSampleStem"`, `"Base3DStem"`, `"Base2DStem"` or `"R2Plus1DStem"`; or a class.
        branch_name: `"R2D3DBranch"`, `"R2Plus1DBranch"` or `"CSNBranch"`; or a class.
        branch_cfg: Further options of the branch.
        non_local: Whether a non-local block ends the stage.
        non_local_cfg: Options of the non-local blocks.
        bn_params: Options of all normalisations: `eps` and `momentum`, 1e-3 and 0.1 by default.
        init_cfg: `{"name": "kaiming"}`, which is how the network starts anyway.
        visual_cfg: Must be empty: maps are not drawn.
        stem: Scepter's form: name and further options of the stem in one mapping.
        branch: Likewise of the branch, with `expansion_ratio` among them.
        use_non_local: Scepter's name of `non_local`.

    Shapes:
        `(N, num_input_channels, T, H, W)` to `(N, num_filters[4], T', H', W')`. By default T' is T/4 and H' is H/32,
        rounded up.

    Raises:
        OptionError: Options that name nothing, or that do not fit together.

    Source: EssentialMC2 and Scepter, `ResNet3D`; initial values as in the papers and torchvision. Scepter applies
    `bn_params` to the stem alone, and knows a branch's ratio as `EXPANISION_RATIO`; here they apply everywhere, and
    both spellings count.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = ResNet3D(depth=18)
        ...     out = net(ops.zeros((1, 3, 8, 64, 64)))
        >>> tuple(out.shape), net.out_channels
        ((1, 256, 2, 2, 2), 256)
    """

    recipe = Recipe(convolution=KaimingNormal("fan_out"), bias=Constant(0.0))

    def __init__(
        self,
        depth: int = 18,
        num_input_channels: int = 3,
        num_filters: Sequence[int] = (64, 64, 128, 256, 256),
        kernel_size: Sequence[Triple] = ((1, 7, 7), (1, 3, 3), (1, 3, 3), (3, 3, 3), (3, 3, 3)),
        downsampling: Sequence[bool] = (True, False, True, True, True),
        downsampling_temporal: Sequence[bool] = (False, False, False, True, True),
        expansion_ratio: int = 2,
        stem_name: str | type = "DownSampleStem",
        branch_name: str | type = "R2D3DBranch",
        branch_cfg: Mapping[str, Any] | None = None,
        non_local: Sequence[bool] = (False, False, False, False, False),
        non_local_cfg: Mapping[str, Any] | None = None,
        bn_params: NormOptions = None,
        init_cfg: Mapping[str, Any] | None = None,
        visual_cfg: Mapping[str, Any] | None = None,
        stem: Part = None,
        branch: Part = None,
        use_non_local: Sequence[bool] | None = None,
    ) -> None:
        super().__init__()
        owner = type(self).__name__
        if depth not in DEPTHS:
            message = f"{owner}: depth is {', '.join(map(str, DEPTHS))}, not {depth!r}."
            raise OptionError(message)
        if init_cfg and init_cfg.get("name") != "kaiming":
            message = f"{owner}: init_cfg is {{'name': 'kaiming'}} or nothing, not {init_cfg!r}."
            raise OptionError(message)
        refuse(owner, "visual_cfg", visual_cfg, "must be empty, since maps are not drawn")
        non_local = non_local if use_non_local is None else use_non_local
        widths = _five(owner, "num_filters", num_filters)
        kernels = [_triple(owner, each) for each in _five(owner, "kernel_size", kernel_size)]
        halved = zip(
            _five(owner, "downsampling", downsampling),
            _five(owner, "downsampling_temporal", downsampling_temporal),
            strict=True,
        )
        strides = [_stride(*each) for each in halved]
        attending = _five(owner, "non_local", non_local)
        refuse(owner, "non_local[0]", attending[0], "is the stem's, which has no non-local block")
        norm = bn_params or BN_PARAMS
        name, options = named_part(f"{owner}: stem", stem, stem_name)
        make_stem = choose("stem", name, STEMS)
        self.conv1 = make_stem(num_input_channels, widths[0], kernels[0], strides[0], bn_params=norm, **options)
        name, options = named_part(f"{owner}: branch", branch, branch_name, branch_cfg)
        make_branch = choose("branch", name, BRANCHES)
        bottleneck, counts = DEPTHS[depth]
        misspelt = options.pop("expanision_ratio", expansion_ratio)
        options = {"expansion_ratio": misspelt, "bottleneck": bottleneck, **options}

        def new_branch(*arguments: Any, **norms: Any) -> Any:
            return make_branch(*arguments, **norms, **options)

        for stage in range(1, 5):
            width = widths[stage]
            blocks = [Base3DBlock(new_branch, widths[stage - 1], width, kernels[stage], strides[stage], norm)]
            more = counts[stage - 1] - 1
            blocks += [Base3DBlock(new_branch, width, width, kernels[stage], bn_params=norm) for _ in range(more)]
            last = NonLocal(width, norm, **(non_local_cfg or {})) if attending[stage] else None
            setattr(self, f"conv{stage + 1}", Base3DResStage(blocks, last))
        self.out_channels = widths[4]

    def forward(self, video: Tensor) -> Tensor:
        """The last map of videos `(N, num_input_channels, T, H, W)`."""
        x = self.conv1(video)
        for number in range(2, 6):
            x = getattr(self, f"conv{number}")(x)
        return x


@BACKBONES.register()
class ResNet3D_2plus1d(ResNet3D):  # noqa: N801 - Scepter's name
    """R(2+1)D: every convolution is one within frames and one through them.

    Args:
        depth: As for `ResNet3D`.
        num_filters: Channels of the stem and the four stages.
        kernel_size: Kernels that the pairs of convolutions stand for.
        downsampling: Whether height and width are halved.
        downsampling_temporal: Whether then time is halved too.
        stem_name: The stem.
        branch_name: The branch.
        **options: Others of `ResNet3D`.

    Shapes:
        `(N, num_input_channels, T, H, W)` to `(N, num_filters[4], T/8, H/16, W/16)`, rounded up.

    Source: Tran et al. 2018, arXiv:1711.11248; EssentialMC2, `ResNet2Plus1d`; Scepter, `ResNet3D_2plus1d`, whose
    documented defaults these are. torchvision's r2plus1d_18 is this with the widths in between that it computes once a
    block: `stem={"name": "R2Plus1DStem", "mid_dim": 45}, branch_cfg={"shared_width": True}, bn_params={"eps": 1e-5}`.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = ResNet3D_2plus1d(depth=18)
        ...     out = net(ops.zeros((1, 3, 8, 64, 64)))
        >>> tuple(out.shape)
        (1, 512, 1, 4, 4)
    """

    def __init__(
        self,
        depth: int = 18,
        num_filters: Sequence[int] = (64, 64, 128, 256, 512),
        kernel_size: Sequence[Triple] = WHOLE,
        downsampling: Sequence[bool] = (True, False, True, True, True),
        downsampling_temporal: Sequence[bool] = (False, False, True, True, True),
        stem_name: str | type = "R2Plus1DStem",
        branch_name: str | type = "R2Plus1DBranch",
        **options: Any,
    ) -> None:
        super().__init__(
            depth,
            num_filters=num_filters,
            kernel_size=kernel_size,
            downsampling=downsampling,
            downsampling_temporal=downsampling_temporal,
            stem_name=stem_name,
            branch_name=branch_name,
            **options,
        )


@BACKBONES.register()
class ResNet3D_CSN(ResNet3D):  # noqa: N801 - the libraries' name
    """A channel-separated network, interaction-reduced (ir-CSN): only 1x1x1 convolutions mix channels after the stem.

    Args:
        depth: 26, 50, 101 or 152.
        num_filters: Channels of the stem and the four stages.
        kernel_size: Kernels of the stem and of the bottlenecks' middle convolutions.
        downsampling: Whether height and width are halved.
        downsampling_temporal: Whether then time is halved too.
        expansion_ratio: How much narrower bottlenecks are inside.
        branch_name: The branch.
        **options: Others of `ResNet3D`.

    Shapes:
        `(N, num_input_channels, T, H, W)` to `(N, num_filters[4], T/8, H/32, W/32)`, rounded up.

    Source: Tran et al. 2019, arXiv:1904.02811; EssentialMC2, `ResNet3D_CSN`, and what Scepter documents. The defaults
    of Scepter's code are another network's, which has no bottlenecks and cannot be built.

    Example:
        >>> with polynet.use_backend("shapes"):
        ...     net = ResNet3D_CSN(depth=50)
        ...     out = net(ops.zeros((1, 3, 8, 64, 64)))
        >>> tuple(out.shape)
        (1, 2048, 1, 2, 2)
    """

    def __init__(
        self,
        depth: int = 152,
        num_filters: Sequence[int] = (64, 256, 512, 1024, 2048),
        kernel_size: Sequence[Triple] = WHOLE,
        downsampling: Sequence[bool] = (True, False, True, True, True),
        downsampling_temporal: Sequence[bool] = (False, False, True, True, True),
        expansion_ratio: int = 4,
        branch_name: str | type = "CSNBranch",
        **options: Any,
    ) -> None:
        super().__init__(
            depth,
            num_filters=num_filters,
            kernel_size=kernel_size,
            downsampling=downsampling,
            downsampling_temporal=downsampling_temporal,
            expansion_ratio=expansion_ratio,
            branch_name=branch_name,
            **options,
        )


def _five(owner: str, name: str, values: Any) -> list[Any]:
    """One value for the stem and one for each of the four stages.

    Raises:
        OptionError: They are not five.
    """
    if not isinstance(values, (list, tuple)) or len(values) != 5:
        message = f"{owner}: {name} is a list of five, for the stem and four stages, not {values!r}."
        raise OptionError(message)
    return list(values)


def _triple(owner: str, kernel: Any) -> tuple[int, int, int]:
    if not isinstance(kernel, (list, tuple)) or len(kernel) != 3:
        message = f"{owner}: a kernel_size is three numbers, for time, height and width, not {kernel!r}."
        raise OptionError(message)
    time, height, width = kernel
    return (time, height, width)


def _stride(halved: bool, halved_temporal: bool) -> tuple[int, int, int]:
    """The stride of a stage; time is halved only where space is."""
    if not halved:
        return STILL
    return (2, 2, 2) if halved_temporal else (1, 2, 2)
