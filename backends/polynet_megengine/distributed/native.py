"""Communication for MegEngine on GPUs: NCCL through MegEngine's own `distributed`, objects through its server."""

from __future__ import annotations

import base64
import contextlib
import pickle
import socket
import time
import xmlrpc.client
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from typing import Any

import megengine
import megengine.distributed
import numpy as np
from megengine.distributed import helper

from polynet.errors import DistributedError
from polynet.train.distributed.collectives import Collectives
from polynet.train.distributed.place import Place
from polynet.types import Tensor
from polynet_megengine.device import resolve
from polynet_megengine.distributed.batch_norm import use_collectives

_NATIVE = {
    "sum": megengine.distributed.functional.all_reduce_sum,
    "mean": megengine.distributed.functional.all_reduce_sum,
    "max": megengine.distributed.functional.all_reduce_max,
}


class NativeCollectives(Collectives):
    """MegEngine's `distributed`.

    Its server listens on the port after the launcher's own. MegEngine gives NCCL no time limit: a process that computes
    with one that was killed waits until the launcher ends it, as torchrun does at once.
    """

    def __init__(self, place: Place, device: str, timeout: float) -> None:
        super().__init__(place, device, timeout)
        port = place.port + 1
        self._server = megengine.distributed.Server(port) if place.is_main else None
        self._await_server(port)
        megengine.distributed.init_process_group(
            place.address,
            port,
            place.world_size,
            place.rank,
            int(resolve(device).removeprefix("gpu")),
            backend="nccl",
            device_type="gpu",
        )
        address = f"http://{place.address}:{port}"
        self._mailbox = xmlrpc.client.ServerProxy(address, transport=_LimitedTransport(timeout), allow_none=True)
        self._letters = 0

    def _await_server(self, port: int) -> None:
        """MegEngine's client would try for ever."""
        end = time.monotonic() + self.timeout
        while True:
            try:
                socket.create_connection((self.place.address, port), timeout=1.0).close()
            except OSError as error:
                if time.monotonic() < end:
                    time.sleep(0.2)
                    continue
                message = (
                    f"Process {self.place.rank} of {self.place.world_size} did not reach MegEngine's server at "
                    f"{self.place.address}:{port} within {self.timeout:g} s: {error}. Process 0 opens it, at the port "
                    "after MASTER_PORT."
                )
                raise DistributedError(message) from error
            return

    def all_reduce(self, array: np.ndarray[Any, Any], how: str) -> np.ndarray[Any, Any]:
        """By NCCL, as a tensor: float64 travels as float32, int64 as int32, and a mean as float32."""
        kind = np.dtype(np.float64) if how == "mean" and array.dtype.kind not in "fc" else array.dtype
        sent = megengine.Tensor(array.astype(np.float32) if kind == np.float64 else array)
        return np.array(self.all_reduce_tensor(sent, how).numpy()).astype(kind)

    def all_reduce_tensor(self, tensor: Tensor, how: str) -> Tensor:
        """By NCCL."""
        with self.explaining("reducing a tensor"):
            reduced = _NATIVE[how](tensor)
            return reduced / self.place.world_size if how == "mean" else reduced

    def broadcast(self, arrays: Sequence[np.ndarray[Any, Any]], source: int) -> list[np.ndarray[Any, Any]]:
        """Through the server: only small things are sent as arrays."""
        sent = self.gather(list(arrays) if self.place.rank == source else None)[source]
        return [np.array(array) for array in sent]

    def broadcast_tensors_(self, tensors: Sequence[Tensor]) -> None:
        """By NCCL."""
        with self.explaining("sharing tensors"):
            helper.bcast_list_(list(tensors))

    def gather(self, value: Any) -> list[Any]:
        """Through the server, pickled."""
        self._letters += 1
        letter = base64.b64encode(pickle.dumps(value)).decode("ascii")
        with self.explaining("gathering objects"):
            self._mailbox.user_set(f"polynet {self._letters} {self.place.rank}", letter)
            letters = [
                str(self._mailbox.user_get(f"polynet {self._letters} {rank}")) for rank in range(self.place.world_size)
            ]
            # Once all have answered the next time, nobody reads this letter any more.
            if self._letters > 1:
                self._mailbox.user_pop(f"polynet {self._letters - 1} {self.place.rank}")
        return [pickle.loads(base64.b64decode(each)) for each in letters]

    def barrier(self, timeout: float | None) -> None:
        """An exchange of nothing; the time limit is that given at the start."""
        with self.explaining("waiting at a barrier"):
            self.gather(None)

    @contextlib.contextmanager
    def explaining(self, doing: str) -> Iterator[None]:
        """Turn errors of NCCL and of the connection to the server into `DistributedError`."""
        try:
            yield
        except (OSError, xmlrpc.client.Error, RuntimeError) as error:
            if isinstance(error, DistributedError) or (
                isinstance(error, RuntimeError) and "nccl" not in str(error).lower()
            ):
                raise
            message = (
                f"Process {self.place.rank} of {self.place.world_size} lost another one while {doing}, or waited for "
                f"more than {self.timeout:g} s: {str(error).partition(chr(10))[0]}"
            )
            raise DistributedError(message) from error

    def close(self, failure: str | None) -> None:
        """Meet a last time; MegEngine's group lasts as long as the process."""
        use_collectives(None)
        if failure is None:
            megengine._full_sync()
            self.barrier(None)
            if self._server is not None:
                time.sleep(0.5)  # the others still read their last letters


class _LimitedTransport(xmlrpc.client.Transport):
    """Calls that end with an error after so many seconds."""

    def __init__(self, timeout: float) -> None:
        super().__init__()
        self._timeout = timeout

    def make_connection(self, host: Any) -> HTTPConnection:
        """A connection with the time limit."""
        connection = super().make_connection(host)
        connection.timeout = self._timeout
        return connection
