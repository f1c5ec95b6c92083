"""MegEngine's own communication, as far as a machine without GPUs can tell: its server, and waiting for it."""

from __future__ import annotations

import time

import pytest

from polynet.backend import get_backend
from polynet.errors import DistributedError
from polynet.train.distributed import Place
from tests.conftest import chosen_backends
from tests.train.processes import finished, free_port, started

pytestmark = pytest.mark.skipif("megengine" not in chosen_backends(), reason="needs megengine")


def test_objects_and_small_arrays_go_through_its_server() -> None:
    for status, output in finished(started(2, "tests.train.mailbox_program", "meets")):
        assert status == 0, output
        assert "met" in output


@pytest.mark.slow
def test_a_lost_process_is_not_waited_for_for_ever() -> None:
    (status, output), _ = finished(started(2, "tests.train.mailbox_program", "loses"))
    assert status == 0, output
    assert "Process 0 of 2 lost another one while gathering objects, or waited for more than 15 s" in output


def test_a_server_that_is_not_there_is_not_waited_for_for_ever() -> None:
    get_backend("megengine")
    from polynet_megengine.distributed.native import NativeCollectives

    begun, port = time.monotonic(), free_port()
    with pytest.raises(DistributedError, match=rf"did not reach MegEngine's server at 127.0.0.1:{port + 1} within 1 s"):
        NativeCollectives(Place(rank=1, world_size=2, port=port), "cuda:0", 1.0)
    assert time.monotonic() - begun < 30
