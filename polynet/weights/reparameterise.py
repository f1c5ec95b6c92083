"""Fold the parallel branches of a block into the one convolution that computes the same, on arrays alone.

A convolution and the batch normalisation after it are, in evaluation, one convolution with a bias; parallel ones are
added kernel by kernel, a small kernel standing in the middle of a large one; and a normalisation alone is a convolution
with an identity kernel (Ding et al. 2021, arXiv:2101.03697). The numbers are made in double precision.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
from attrs import field, frozen

from polynet.errors import UnknownNameError, WeightsError, suggest
from polynet.weights.elements import Array
from polynet.weights.report import LoadReport

EPSILON = 1e-5
"""What a normalisation adds to the variance, where nobody says otherwise."""

_BRANCH_NAMES = re.compile(r"\b(rbr_\w+|conv_(kxk|1x1|scale)|branch_\w+|lkb_origin)\.")
"""Branches as PolyNet and other libraries name them; the merged convolution is called `…reparam…` by all."""

_TRAINED = (
    "\nThese are weights of the training form, with its branches: load them into the network built without deploy and "
    "call to_deploy()."
)
_DEPLOYED = "\nThese are weights of the deployed form, its branches merged: build the network with deploy=True."


@frozen
class Fusion:
    """Which parts of a block become one convolution.

    Attributes:
        fused: Name, within the block, of the convolution they become.
        branches: Names of the branches, each with a convolution `conv` and a batch normalisation `bn`; `*` stands for a
            number.
        identity: Name of the branch that is a batch normalisation alone; empty where there is none.
    """

    fused: str
    branches: tuple[str, ...]
    identity: str = ""
    _branch: re.Pattern[str] = field(init=False, repr=False, eq=False)

    @_branch.default
    def _compile(self) -> re.Pattern[str]:
        known = "|".join(re.escape(name).replace(r"\*", r"\d+") for name in self.branches)
        alone = f"|(?P<alone>{re.escape(self.identity)})" if self.identity else ""
        return re.compile(rf"(?P<block>(?:.+\.)?)(?:(?P<branch>{known})\.(?P<part>conv|bn){alone})\.(?P<leaf>\w+)")

    def parts(self) -> tuple[str, ...]:
        """Names of the block's own members that hold the branches."""
        names = [*self.branches, self.identity] if self.identity else self.branches
        return tuple(dict.fromkeys(name.partition(".")[0] for name in names))


FUSIONS: Mapping[str, Fusion] = {
    "repvgg": Fusion("rbr_reparam", ("rbr_dense", "rbr_1x1"), "rbr_identity"),
    "mobileone": Fusion("reparam_conv", ("conv_kxk.*", "conv_scale"), "identity"),
    "replknet": Fusion("lkb_reparam", ("lkb_origin", "small_conv")),
}
"""The families whose blocks have parallel branches."""


@frozen
class _Branches:
    """The tensors of one block: by branch, of its convolution and its normalisation; and of the identity."""

    tensors: dict[str, dict[str, Array]] = field(factory=dict)

    def add(self, branch: str, part: str, array: Array) -> None:
        self.tensors.setdefault(branch, {})[part] = array


def reparameterised(
    state: Mapping[str, Array], family: str, *, epsilon: float | Mapping[str, float] = EPSILON
) -> dict[str, Array]:
    """A trained state as that of the same network built with `deploy=True`.

    Args:
        state: Arrays by canonical name; kernels in MegEngine's shape of five axes are taken as well. What is deployed
            already stays as it is.
        family: Family of the network: one of `FUSIONS`.
        epsilon: What the normalisations add to the variance, for all of them or by the name of each.

    Returns:
        Arrays by canonical name, each kernel and bias of the element type that the kernels had.

    Raises:
        UnknownNameError: The networks of this family have no parallel branches.
        WeightsError: A block lacks a tensor, or has another normalisation than batch normalisation.

    Example:
        >>> import polynet
        >>> net = polynet.build("repvgg_a0", backend="torch", num_classes=10, seed=0)
        >>> small = reparameterised(polynet.weights.state(net), "repvgg")
        >>> deployed = polynet.build("repvgg_a0", backend="torch", num_classes=10, deploy=True, weights=small)
    """
    fusion = FUSIONS.get(family)
    if fusion is None:
        message = f"Networks of the family {family!r} have no parallel branches to fold; {', '.join(FUSIONS)} have."
        raise UnknownNameError(message + suggest(family, FUSIONS))
    blocks: dict[str, _Branches] = {}
    made: dict[str, Array] = {}
    for name, array in state.items():
        found = fusion._branch.fullmatch(name)
        if found is None:
            made[name] = array
            continue
        prefix = found["block"]
        if prefix not in blocks:
            blocks[prefix] = _Branches()
            # Where the block's first tensor stood; the numbers follow when all of its tensors are known.
            made[f"{prefix}{fusion.fused}.weight"] = made[f"{prefix}{fusion.fused}.bias"] = array
        alone = found["branch"] is None
        branch = fusion.identity if alone else found["branch"]
        blocks[prefix].add(branch, f"bn.{found['leaf']}" if alone else f"{found['part']}.{found['leaf']}", array)
    for prefix, block in blocks.items():
        kernel, bias = _folded(prefix, block, fusion, epsilon)
        made[f"{prefix}{fusion.fused}.weight"], made[f"{prefix}{fusion.fused}.bias"] = kernel, bias
    return made


def form_hint(net: object, report: LoadReport) -> str:
    """The end of a message about weights of the one form of a network for the other; `""` where they are not.

    Args:
        net: The network they were to go into.
        report: What fits and what does not.
    """
    fusion = FUSIONS.get(str(getattr(net, "family", "")))
    if fusion is None or not report.missing or not report.unexpected:
        return ""
    given = " ".join(report.unexpected)
    if getattr(net, "deploy", False):
        fused = all(f".{fusion.fused}." in f".{name}" for name in report.missing)
        return _TRAINED if fused and _BRANCH_NAMES.search(given) else ""
    branches = all(fusion._branch.fullmatch(name) for name in report.missing)
    return _DEPLOYED if branches and "reparam" in given else ""


def _folded(prefix: str, block: _Branches, fusion: Fusion, epsilon: float | Mapping[str, float]) -> tuple[Array, Array]:
    """Kernel and bias of the convolution that a block's branches become."""
    kernels = {name: _kernel(prefix + name, parts) for name, parts in block.tensors.items() if name != fusion.identity}
    if not kernels:
        message = f"{prefix}{fusion.identity} stands alone: the block's convolutions are missing."
        raise WeightsError(message)
    largest = max(kernels.values(), key=lambda kernel: kernel.shape[-1])
    if fusion.identity in block.tensors:
        kernels[fusion.identity] = _identity_like(largest)
    weight = np.zeros(largest.shape, np.float64)
    bias = np.zeros(len(largest), np.float64)
    for name, kernel in kernels.items():
        own = prefix + name + ("" if name == fusion.identity else ".bn")
        scale, shift = _scale_and_shift(own, block.tensors[name], epsilon)
        margin = (weight.shape[-1] - kernel.shape[-1]) // 2
        middle = slice(margin, margin + kernel.shape[-1])
        weight[:, :, middle, middle] += kernel * scale[:, None, None, None]
        bias += shift
    return weight.astype(largest.dtype), bias.astype(largest.dtype)


def _kernel(branch: str, parts: Mapping[str, Array]) -> Array:
    kernel = parts.get("conv.weight")
    if kernel is None:
        message = f"{branch}.conv.weight is missing."
        raise WeightsError(message)
    return kernel.reshape(-1, *kernel.shape[-3:])


def _identity_like(kernel: Array) -> Array:
    """The kernel, grouped as another is, that leaves its input as it is."""
    width, within, side, _ = kernel.shape
    identity = np.zeros_like(kernel)
    channels = np.arange(width)
    identity[channels, channels % within, side // 2, side // 2] = 1
    return identity


def _scale_and_shift(
    path: str, parts: Mapping[str, Array], epsilon: float | Mapping[str, float]
) -> tuple[Array, Array]:
    """What a batch normalisation does in evaluation: a factor and a summand for each channel."""
    wanted = ("weight", "bias", "running_mean", "running_var")
    missing = [leaf for leaf in wanted if f"bn.{leaf}" not in parts]
    if missing:
        message = (
            f"{path}.{missing[0]} is missing. Only batch normalisation with scale, shift and running statistics can be "
            f"folded into a convolution; other normalisations depend on the images."
        )
        raise WeightsError(message)
    scale, shift, mean, variance = (parts[f"bn.{leaf}"].astype(np.float64).ravel() for leaf in wanted)
    own = epsilon.get(path, EPSILON) if isinstance(epsilon, Mapping) else epsilon
    scale = scale / np.sqrt(variance + own)
    return scale, shift - mean * scale
