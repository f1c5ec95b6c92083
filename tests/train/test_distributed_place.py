"""Where a process stands, from what launchers set."""

from __future__ import annotations

from typing import Any

import pytest

from polynet.errors import DistributedError, OptionError
from polynet.train.distributed import Place, find_place

TORCHRUN = {
    "RANK": "5",
    "WORLD_SIZE": "8",
    "LOCAL_RANK": "1",
    "LOCAL_WORLD_SIZE": "4",
    "MASTER_ADDR": "node7",
    "MASTER_PORT": "1234",
}
SLURM = {
    "SLURM_PROCID": "5",
    "SLURM_NTASKS": "8",
    "SLURM_LOCALID": "1",
    "SLURM_STEP_TASKS_PER_NODE": "4(x2)",
    "SLURM_STEP_NODELIST": "gpu[07-08]",
    "SLURM_JOB_ID": "123456",
}


@pytest.mark.parametrize("launcher", ["pytorch", "auto"])
def test_torchrun_says_everything(launcher: str) -> None:
    assert find_place(launcher, TORCHRUN) == Place(5, 8, 1, 4, "node7", 1234, "pytorch")


def test_slurm_leaves_the_meeting_point_to_be_found() -> None:
    assert find_place("slurm", SLURM) == Place(5, 8, 1, 4, "gpu07", 20_000 + 123_456 % 20_000, "slurm")
    told = find_place("slurm", {**SLURM, "MASTER_ADDR": "10.0.0.1", "MASTER_PORT": "29501"})
    assert (told.address, told.port) == ("10.0.0.1", 29501)


@pytest.mark.parametrize(("launcher", "variables"), [("auto", SLURM), ("auto", {}), ("none", TORCHRUN)])
def test_a_process_is_alone_unless_its_launcher_is_known(launcher: str, variables: dict[str, str]) -> None:
    assert find_place(launcher, variables) == Place()


@pytest.mark.parametrize(
    ("launcher", "changes", "message"),
    [
        ("pytorch", {"RANK": None}, "RANK is not set.*torchrun"),
        ("pytorch", {"WORLD_SIZE": "two"}, "WORLD_SIZE is to be a whole number, not 'two'"),
        ("pytorch", {"RANK": "8"}, "The rank is 8, and there are 8 processes"),
        ("slurm", {"SLURM_PROCID": None}, "SLURM_PROCID is not set.*srun"),
    ],
)
def test_variables_that_are_missing_or_wrong_are_named(launcher: str, changes: dict[str, Any], message: str) -> None:
    variables = {**(TORCHRUN if launcher == "pytorch" else SLURM), **changes}
    with pytest.raises(DistributedError, match=message):
        find_place(launcher, {name: value for name, value in variables.items() if value is not None})


def test_processes_that_were_started_in_vain_are_warned(caplog: pytest.LogCaptureFixture) -> None:
    find_place("none", TORCHRUN)
    assert "8 processes were started, and each trains by itself" in caplog.text


def test_a_misspelt_launcher_is_answered_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean 'slurm'"):
        find_place("slrum", {})
