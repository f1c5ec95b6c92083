"""Networks that train with parallel branches and are deployed with one convolution in place of each set of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from polynet import nn
from polynet.backend import backend_of
from polynet.errors import OptionError, WeightsError
from polynet.models.blocks.convolution import conv2d
from polynet.models.network import ImageNetwork
from polynet.nn.module import same_backend
from polynet.weights.elements import Array
from polynet.weights.reparameterise import Fusion, reparameterised
from polynet.weights.transfer import load_state, state


class BranchedConvolution(nn.Module):
    """Base of blocks with parallel branches.

    A subclass names its `fusion`, calls `plan` in its constructor, and makes there either its branches or, to be
    deployed, the merged convolution. Its `forward` uses the merged convolution where that is not `None`.

    Attributes:
        fusion: Names of the branches and of what they become.
    """

    fusion: ClassVar[Fusion]
    _planned: tuple[int, int, int, int, int]

    def plan(self, w_in: int, w_out: int, k: int, stride: int, groups: int) -> None:
        """Record what convolution the branches amount to."""
        self._planned = (w_in, w_out, k, stride, groups)

    def merged_convolution(self) -> Any:
        """A new convolution of that shape, with a bias."""
        w_in, w_out, k, stride, groups = self._planned
        return conv2d(w_in, w_out, k, stride=stride, groups=groups, bias=True)

    def drop_branches(self) -> None:
        """Put a merged convolution, whose numbers are still to come, in the place of the branches."""
        if getattr(self, self.fusion.fused) is None:
            for part in self.fusion.parts():
                setattr(self, part, None)
            setattr(self, self.fusion.fused, self.merged_convolution())


class BranchedNetwork(ImageNetwork):
    """Base of networks made of such blocks.

    Attributes:
        deploy: Whether the branches are merged.
    """

    deploy: bool = False

    def to_deploy(self) -> Any:
        """The network with its branches merged: smaller, faster, and in evaluation the same.

        The parameters are those of the same network built with `deploy=True`, and no more. This network stays as it
        is. The merged kernels are computed in double precision (Ding et al. 2021, arXiv:2101.03697).

        Returns:
            A new network, in evaluation mode, on the same device.

        Raises:
            OptionError: Its normalisation is none that can be folded into a convolution.

        Example:
            >>> net = polynet.build("repvgg_a0", backend="torch", num_classes=10, seed=0)
            >>> count = lambda net: sum(parameter.numel() for parameter in net.parameters())
            >>> count(net), count(net.to_deploy())
            (7840778, 7041194)
        """
        backend = backend_of(self)
        merged: dict[str, Any] = {}
        if backend.is_framework:
            merged = deployed_state(self, state(self))
        made = backend.copied(self)
        with same_backend(made):
            device = backend.resolve_device(backend.device_of(made))
            for block in made.modules():
                if isinstance(block, BranchedConvolution):
                    block.drop_branches()
        made.deploy = True
        config = getattr(made, "config", None)
        if isinstance(config, Mapping):
            noted: Any = {**config, "deploy": True}
            made.config = type(config)(noted)  # type: ignore[call-arg]  # a Config is made from a mapping
        if backend.is_framework:
            load_state(made, merged)
        backend.set_training(made, False)
        return backend.place(made, device)


def deployed_state(net: BranchedNetwork, weights: Mapping[str, Array]) -> dict[str, Array]:
    """Weights of a network as those of its `to_deploy()`, by what its normalisations add to the variance.

    Args:
        net: The network; one without numbers, built on the backend `shapes`, will do.
        weights: Its state, by canonical name.

    Raises:
        OptionError: The network's normalisation is none that can be folded into a convolution.
    """
    epsilons = {path: part.eps for path, part in net.named_modules() if hasattr(part, "eps")}
    try:
        return reparameterised(weights, net.family, epsilon=epsilons)
    except WeightsError as error:
        message = f"{type(net).__name__} cannot be deployed: {error}"
        raise OptionError(message) from error
