"""Where in a distributed run this process stands, as its launcher says through the environment."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Mapping

import attrs

from polynet.errors import DistributedError, OptionError, suggest

LOGGER = logging.getLogger("polynet.train")

LAUNCHERS = ("none", "auto", "pytorch", "slurm")
"""What can have started a process; `auto` is `pytorch` where torchrun's variables are set, else `none`."""

DEFAULT_PORT = 29500
"""torchrun's own default."""


@attrs.frozen
class Place:
    """A process's place among those of its run.

    Attributes:
        rank: Its number among all processes; 0 is the main one.
        world_size: Number of processes.
        local_rank: Its number among those of its own machine, and so the number of its GPU.
        local_world_size: Number of processes on its machine.
        address: Host name of the machine of rank 0.
        port: A port that is free there.
        launcher: What started the process: `"none"`, `"pytorch"` or `"slurm"`.

    Example:
        >>> Place(rank=3, world_size=4).is_main
        False
    """

    rank: int = 0
    world_size: int = 1
    local_rank: int = 0
    local_world_size: int = 1
    address: str = "127.0.0.1"
    port: int = DEFAULT_PORT
    launcher: str = "none"

    @property
    def is_main(self) -> bool:
        """Whether this is rank 0, which writes files and the log."""
        return self.rank == 0


def find_place(launcher: str = "auto", environment: Mapping[str, str] | None = None) -> Place:
    """Read this process's place from the variables that a launcher sets.

    Args:
        launcher: `"pytorch"` (torchrun, Ray Train, or whatever sets `RANK`, `WORLD_SIZE`, `LOCAL_RANK`, `MASTER_ADDR`
            and `MASTER_PORT`), `"slurm"` (`srun` alone), `"none"`, or `"auto"`: `"pytorch"` where `RANK` and
            `WORLD_SIZE` are set, else `"none"`. Slurm must be asked for, since its variables are also set in shells
            and batch scripts that are one process.
        environment: The variables; by default those of this process.

    Raises:
        OptionError: There is no such launcher.
        DistributedError: A variable that the launcher sets is missing, or contradicts another.

    Example:
        >>> place = find_place("pytorch", {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"})
        >>> place.rank, place.world_size
        (1, 2)
        >>> find_place("auto", {}).launcher
        'none'
    """
    variables = os.environ if environment is None else environment
    if launcher not in LAUNCHERS:
        message = f"There is no launcher {launcher!r}; there are {', '.join(LAUNCHERS)}.{suggest(launcher, LAUNCHERS)}"
        raise OptionError(message)
    if launcher == "auto":
        launcher = "pytorch" if "RANK" in variables and "WORLD_SIZE" in variables else "none"
    if launcher == "none":
        if variables.get("WORLD_SIZE", "1") != "1" and "RANK" in variables:
            count = variables["WORLD_SIZE"]
            LOGGER.warning("%s processes were started, and each trains by itself: launcher is 'none'.", count)
        return Place()
    place = _started_by_torchrun(variables) if launcher == "pytorch" else _started_by_srun(variables)
    if not 0 <= place.rank < place.world_size:
        message = f"The rank is {place.rank}, and there are {place.world_size} processes: ranks count from 0."
        raise DistributedError(message)
    return place


def _number(variables: Mapping[str, str], launcher: str, *names: str, default: int | None = None) -> int:
    """The first of some variables that is set, as a whole number."""
    for name in names:
        if name not in variables:
            continue
        try:
            return int(variables[name])
        except ValueError as error:
            message = f"The environment variable {name} is to be a whole number, not {variables[name]!r}."
            raise DistributedError(message) from error
    if default is not None:
        return default
    commands = {"pytorch": "torchrun --nproc-per-node 2 -m polynet train …", "slurm": "srun --ntasks 2 polynet train …"}
    message = (
        f"The launcher is {launcher!r}, but the environment variable {' or '.join(names)} is not set. "
        f"Start the processes with: {commands[launcher]}"
    )
    raise DistributedError(message)


def _started_by_torchrun(variables: Mapping[str, str]) -> Place:
    world_size = _number(variables, "pytorch", "WORLD_SIZE")
    return Place(
        rank=_number(variables, "pytorch", "RANK"),
        world_size=world_size,
        local_rank=_number(variables, "pytorch", "LOCAL_RANK", default=0),
        local_world_size=_number(variables, "pytorch", "LOCAL_WORLD_SIZE", default=world_size),
        address=variables.get("MASTER_ADDR", "127.0.0.1"),
        port=_number(variables, "pytorch", "MASTER_PORT", default=DEFAULT_PORT),
        launcher="pytorch",
    )


def _started_by_srun(variables: Mapping[str, str]) -> Place:
    """Slurm names no meeting point: it is the step's first machine, at a port that follows from the job's number."""
    world_size = _number(variables, "slurm", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
    tasks = re.match(r"\d+", variables.get("SLURM_STEP_TASKS_PER_NODE", str(world_size)))
    job = _number(variables, "slurm", "SLURM_JOB_ID", default=DEFAULT_PORT - 20_000)
    nodes = variables.get("SLURM_STEP_NODELIST", variables.get("SLURM_NODELIST", "127.0.0.1"))
    return Place(
        rank=_number(variables, "slurm", "SLURM_PROCID"),
        world_size=world_size,
        local_rank=_number(variables, "slurm", "SLURM_LOCALID", default=0),
        local_world_size=int(tasks[0]) if tasks else world_size,
        address=variables.get("MASTER_ADDR") or first_host(nodes),
        port=_number(variables, "slurm", "MASTER_PORT", default=20_000 + job % 20_000),
        launcher="slurm",
    )


def first_host(nodes: str) -> str:
    """The first machine of a list in Slurm's short form.

    Example:
        >>> first_host("gpu[07-09,12],login1"), first_host("alpha,beta"), first_host("r[1-2]n[03-04]-ib")
        ('gpu07', 'alpha', 'r1n03-ib')
    """
    depth = 0
    for end, character in enumerate(nodes):
        depth += (character == "[") - (character == "]")
        if character == "," and not depth:
            nodes = nodes[:end]
            break
    return re.sub(r"\[([^\],-]+)[^\]]*\]", r"\1", nodes)
