"""Communication through `torch.distributed`: gloo for the CPU and for objects, NCCL for GPUs."""

from __future__ import annotations

import contextlib
import datetime
import re
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
import torch.distributed as dist

from polynet.errors import DistributedError, InputError
from polynet.train.distributed.collectives import Collectives
from polynet.train.distributed.place import Place

_OPERATIONS = {"sum": dist.ReduceOp.SUM, "mean": dist.ReduceOp.SUM, "max": dist.ReduceOp.MAX}

_SIGNS = (
    *("gloo", "NCCL", "TCPStore", "ProcessGroup", "process group"),
    *(
        "monitoredBarrier",
        "Connection closed by peer",
        "Connection reset",
        "Connection refused",
        "Broken pipe",
        "Timed out",
    ),
)
"""Words by which an error of communication is known: gloo raises plain `RuntimeError`s."""

_LATE = ("imed out", "failed to pass", "successfully reached")
"""Those of an error by which nothing was cut: a process did not come in time."""

_ROLL_CALL = 2.0
"""Seconds that the survivors of a failure wait for one another, to find out who is missing."""


class TorchCollectives(Collectives):
    """The default process group of `torch.distributed`, made here or found made (by Ray Train, say).

    Attributes:
        group: The group for numbers and objects on the CPU, always gloo.
    """

    def __init__(self, place: Place, device: str, timeout: float) -> None:
        super().__init__(place, device, timeout)
        self._is_on_gpu = device.startswith("cuda")
        self._store: Any = None
        self._doing = ""
        self._limit = datetime.timedelta(seconds=timeout)
        if self._is_on_gpu:
            torch.cuda.set_device(device)
        self._is_own = not dist.is_initialized()
        if self._is_own:
            self._meet()
        elif (dist.get_rank(), dist.get_world_size()) != (place.rank, place.world_size):
            message = (
                f"torch.distributed was started as rank {dist.get_rank()} of {dist.get_world_size()}, and the "
                f"environment says rank {place.rank} of {place.world_size}."
            )
            raise DistributedError(message)
        is_gloo = dist.get_backend() == "gloo"
        self.group = dist.group.WORLD if is_gloo else dist.new_group(backend="gloo", timeout=self._limit)

    def _meet(self) -> None:
        place = self.place
        # An agent of torchrun keeps the store itself; elsewhere rank 0 does. torch sees to both.
        meeting = f"tcp://{place.address}:{place.port}"
        kind = "nccl" if self._is_on_gpu else "gloo"
        try:
            store, _, _ = next(
                dist.rendezvous(meeting, rank=place.rank, world_size=place.world_size, timeout=self._limit)
            )
            store.set_timeout(self._limit)
            self._store = dist.PrefixStore("polynet", store)
            group_store = dist.PrefixStore("group", store)
            dist.init_process_group(
                kind, store=group_store, rank=place.rank, world_size=place.world_size, timeout=self._limit
            )
        except (RuntimeError, ValueError) as error:
            message = (
                f"Process {place.rank} of {place.world_size} did not meet the others at {place.address}:{place.port} "
                f"within {self.timeout:g} s. Start {place.world_size} processes with the same MASTER_ADDR, MASTER_PORT "
                f"and WORLD_SIZE and ranks from 0, and check that they can reach that host and port. torch says: "
                f"{_first_line(error)}."
            )
            raise DistributedError(message) from error

    def all_reduce(self, array: np.ndarray[Any, Any], how: str) -> np.ndarray[Any, Any]:
        """By gloo, on a copy."""
        whole = array.dtype.kind not in "fc"
        sent = array.astype(np.float64 if how == "mean" and whole else np.uint8 if array.dtype == bool else array.dtype)
        with self.explaining("reducing an array"):
            tensor = _shared(sent)
            dist.all_reduce(tensor, _OPERATIONS[how], group=self.group)
        reduced: np.ndarray[Any, Any] = tensor.numpy()
        if how == "mean":
            reduced /= np.asarray(self.place.world_size, reduced.dtype)
            return reduced
        return reduced.astype(bool) if array.dtype == bool and how == "max" else reduced

    def all_reduce_tensor(self, tensor: torch.Tensor, how: str) -> torch.Tensor:
        """On the tensor's own device, on a copy."""
        reduced = tensor.detach().clone()
        with self.explaining("reducing a tensor"):
            dist.all_reduce(reduced, _OPERATIONS[how], group=self._group_of(reduced))
        return reduced / self.place.world_size if how == "mean" else reduced

    def _group_of(self, tensor: torch.Tensor) -> Any:
        return self.group if tensor.device.type == "cpu" else dist.group.WORLD

    def broadcast(self, arrays: Sequence[np.ndarray[Any, Any]], source: int) -> list[np.ndarray[Any, Any]]:
        """By gloo, arrays of one type as one buffer."""
        sent = [np.array(array) for array in arrays]
        with self.explaining("sharing arrays"):
            for kind in sorted({array.dtype.str for array in sent}):
                alike = [array for array in sent if array.dtype.str == kind]
                flat = np.concatenate([array.reshape(-1) for array in alike])
                tensor = _shared(flat)
                dist.broadcast(tensor, source, group=self.group)
                ends = np.cumsum([array.size for array in alike])[:-1]
                for array, part in zip(alike, np.split(tensor.numpy(), ends), strict=True):
                    array[...] = part.reshape(array.shape)
        return sent

    def broadcast_tensors_(self, tensors: Sequence[torch.Tensor]) -> None:
        """Overwrite tensors with those of rank 0, in one message for each element type and device."""
        alike: dict[tuple[torch.dtype, torch.device], list[torch.Tensor]] = {}
        for tensor in tensors:
            alike.setdefault((tensor.dtype, tensor.device), []).append(tensor.detach())
        for same in alike.values():
            flat = torch.cat([tensor.reshape(-1) for tensor in same])
            dist.broadcast(flat, 0, group=self._group_of(flat))
            for tensor, part in zip(same, flat.split([tensor.numel() for tensor in same]), strict=True):
                tensor.copy_(part.view_as(tensor))

    def gather(self, value: Any) -> list[Any]:
        """By gloo, pickled."""
        gathered: list[Any] = [None] * self.place.world_size
        with self.explaining("gathering objects"):
            dist.all_gather_object(gathered, value, group=self.group)
        return gathered

    def barrier(self, timeout: float | None) -> None:
        """A barrier of gloo's that knows who is missing."""
        limit = self._limit if timeout is None else datetime.timedelta(seconds=timeout)
        with self.explaining("waiting at a barrier"):
            dist.monitored_barrier(group=self.group, timeout=limit, wait_all_ranks=True)

    @contextlib.contextmanager
    def explaining(self, doing: str) -> Iterator[None]:
        """Turn gloo's, NCCL's and the store's errors into `DistributedError`."""
        outer = self._doing
        self._doing = outer or doing
        try:
            yield
        except DistributedError:
            raise
        except RuntimeError as error:
            if not isinstance(error, dist.DistError) and not any(sign in str(error) for sign in _SIGNS):
                raise
            message = (
                f"Process {self.place.rank} of {self.place.world_size} lost another one while {self._doing}. "
                f"{self._cause(any(sign in str(error) for sign in _LATE))} torch says: {_first_line(error)}."
            )
            raise DistributedError(message) from error
        finally:
            self._doing = outer

    def _cause(self, is_late: bool) -> str:
        """Why, as far as the others told it or their silence tells."""
        if self._store is None:
            return "The first process's own output says why."
        others = [rank for rank in range(self.place.world_size) if rank != self.place.rank]
        try:
            self._store.set(f"survives {self.place.rank}", "")
            end = time.monotonic() + _ROLL_CALL
            while True:
                told = [rank for rank in others if self._store.check([f"failure {rank}"])]
                silent = [rank for rank in others if not self._store.check([f"survives {rank}"]) and rank not in told]
                if told or not silent or time.monotonic() > end:
                    break
                time.sleep(0.05)
            reasons = [f"Process {rank} ended by {self._store.get(f'failure {rank}').decode()}." for rank in told]
        except RuntimeError:
            return "Process 0, or the agent that started it, is gone."
        if reasons:
            return " ".join(reasons)
        if silent:
            named = ", ".join(map(str, silent))
            how = "it stands still, or is busy for longer than the others wait" if is_late else "killed, or cut off"
            return f"Nothing is heard of process {named}: {how}."
        return "All still ran then: one came later than the others wait, or did not take part."

    def close(self, failure: str | None) -> None:
        """Meet a last time and leave the group; after a failure, tell it and leave at once."""
        if failure is not None:
            # The group of GPUs is left to the end of the process: NCCL would wait for the others.
            with contextlib.suppress(RuntimeError):
                if self._store is not None and failure:
                    self._store.set(f"failure {self.place.rank}", failure)
            if self._is_own and not self._is_on_gpu:
                dist.destroy_process_group()
            return
        try:
            self.barrier(None)
        finally:
            if self._is_own:
                dist.destroy_process_group()


def _shared(array: np.ndarray[Any, Any]) -> torch.Tensor:
    """A tensor over an array's memory."""
    try:
        return torch.from_numpy(np.asarray(array, order="C"))
    except TypeError as error:
        message = f"Arrays of type {array.dtype} cannot be sent to other processes: {error}"
        raise InputError(message) from error


def _first_line(error: BaseException) -> str:
    """What an error says, without the places in its sources and the advice after it."""
    line = re.sub(r"\[/\S+\] ?", "", str(error).strip().partition("\n")[0])
    return line.partition(" This is typically")[0].rstrip(".")
