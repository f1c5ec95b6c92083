"""Training in several processes: who they are, how they communicate, and a model that they train together."""

from __future__ import annotations

from polynet.train.distributed.collectives import REDUCTIONS as REDUCTIONS
from polynet.train.distributed.collectives import Collectives as Collectives
from polynet.train.distributed.parallel import STRATEGIES as STRATEGIES
from polynet.train.distributed.parallel import ParallelModel as ParallelModel
from polynet.train.distributed.parallel import Strategy as Strategy
from polynet.train.distributed.parallel import parallelise as parallelise
from polynet.train.distributed.place import LAUNCHERS as LAUNCHERS
from polynet.train.distributed.place import Place as Place
from polynet.train.distributed.place import find_place as find_place
from polynet.train.distributed.processes import TIMEOUT as TIMEOUT
from polynet.train.distributed.processes import Processes as Processes

__all__ = [
    "LAUNCHERS",
    "REDUCTIONS",
    "STRATEGIES",
    "TIMEOUT",
    "Collectives",
    "ParallelModel",
    "Place",
    "Processes",
    "Strategy",
    "find_place",
    "parallelise",
]
