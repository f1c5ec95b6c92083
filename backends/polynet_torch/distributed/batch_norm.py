"""Batch normalisation over the batches of all processes, on a CPU too, where torch has none."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist

from polynet.errors import InputError


class _SumOverProcesses(torch.autograd.Function):
    """The sum over processes; its gradient is the sum of their gradients."""

    @staticmethod
    def forward(ctx: Any, own: torch.Tensor) -> torch.Tensor:
        total = own.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> torch.Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


class SyncBatchNorm(torch.nn.modules.batchnorm._BatchNorm):
    """What `torch.nn.SyncBatchNorm` computes, composed of sums: torch's own refuses a CPU, even as a base class."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        """Normalise by the statistics of all processes while training."""
        if not self.training or not dist.is_initialized():
            return super().forward(input)
        self._check_input_dim(input)
        return self._normalise(input)

    def _check_input_dim(self, input: torch.Tensor) -> None:
        if input.dim() < 2 or input.shape[1] != self.num_features:
            message = f"SyncBatchNorm({self.num_features}) takes (N, {self.num_features}, …), not {tuple(input.shape)}."
            raise InputError(message)

    def _normalise(self, input: torch.Tensor) -> torch.Tensor:
        shape = (1, -1, *(1,) * (input.dim() - 2))
        axes = [axis for axis in range(input.dim()) if axis != 1]
        own_count = input.new_tensor([input.numel() / input.shape[1]])
        sums = _SumOverProcesses.apply(torch.cat([input.sum(axes), own_count]))
        count = float(sums[-1].detach())
        mean = sums[:-1] / count
        centred = input - mean.view(shape)
        variance = _SumOverProcesses.apply(centred.square().sum(axes)) / count
        output = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            output = output * self.weight.view(shape) + self.bias.view(shape)
        if self.track_running_stats:
            self._move_running(mean.detach(), variance.detach() * (count / max(count - 1, 1)))
        return output

    def _move_running(self, mean: torch.Tensor, variance: torch.Tensor) -> None:
        self.num_batches_tracked.add_(1)
        factor = 1 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, factor)
        self.running_var.lerp_(variance, factor)


def synchronise_batch_norms(model: torch.nn.Module, device: str, *, all_of_them: bool) -> None:
    """Let a model's batch normalisation take its statistics from all processes, in place.

    The layers stay the objects they are, with their parameters, buffers and hooks; only their class changes. One with a
    `forward` of its own is left alone.

    Args:
        model: The model.
        device: Neutral name of the device it computes on.
        all_of_them: Every batch normalisation, and not only what is to be synchronised already.
    """
    native = (torch.nn.BatchNorm1d, torch.nn.BatchNorm2d, torch.nn.BatchNorm3d)
    kind: Any = SyncBatchNorm if device == "cpu" else torch.nn.SyncBatchNorm
    for module in model.modules():
        plain = isinstance(module, native) and type(module).forward is torch.nn.BatchNorm2d.forward
        if type(module) is torch.nn.SyncBatchNorm or (plain and all_of_them):
            module.process_group = getattr(module, "process_group", None)
            module.__class__ = kind
