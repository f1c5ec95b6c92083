"""What MegEngine's own server carries between two processes, without the GPUs that the rest of it needs."""

from __future__ import annotations

import os
import sys

import megengine.distributed
import numpy as np

from polynet.backend import get_backend
from polynet.errors import DistributedError
from polynet.train.distributed import find_place


def main(how: str) -> None:
    get_backend("megengine")
    from polynet_megengine.distributed import native

    megengine.distributed.init_process_group = lambda *arguments, **options: None
    native.resolve = lambda device: "gpu0"  # type: ignore[assignment]  # there is none
    place = find_place("pytorch")
    collectives = native.NativeCollectives(place, "cuda:0", timeout=60.0 if how == "meets" else 15.0)
    for number in range(3):
        assert collectives.gather((place.rank, number)) == [(0, number), (1, number)]
    assert collectives.broadcast([np.full(2, place.rank)], source=1)[0].tolist() == [1, 1]
    if how == "meets":
        collectives.close(None)
        print("met")
        return
    if place.rank == 1:
        os._exit(0)
    try:
        collectives.barrier(None)
    except DistributedError as error:
        print(error)


if __name__ == "__main__":
    main(sys.argv[1])
