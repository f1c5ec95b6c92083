"""Two processes that train together: the same as one with both their batches, and what they refuse.

The work of the two is in `tests.train.distributed_program`, done once for each framework; the tests read its notes.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from polynet.backend import find_backend, use_backend
from polynet.errors import BackendUnavailableError, DeviceError, FrameworkMismatchError, ModeError, OptionError
from polynet.train.distributed import Place, Processes
from tests.conftest import chosen_backends
from tests.train.processes import finished, started
from tests.train.repeated_runs import SmallModel

NOTES: dict[str, dict[str, Any]] = {}
STRATEGIES = [("torch", "replicate"), ("torch", "shard"), ("megengine", "replicate")]
CASES = ("sgd", "clipped", "accumulated", "synchronised", "unused")


def notes(name: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What two processes noted on a framework."""
    if name not in chosen_backends() or not find_backend("torch").installed:
        pytest.skip(f"needs {name}, and torch to communicate")
    if name not in NOTES:
        folder = tmp_path_factory.mktemp(name)
        for status, output in finished(started(2, "tests.train.distributed_program", name, str(folder))):
            assert status == 0, output
        NOTES[name] = json.loads((folder / "notes.json").read_text(encoding="utf-8"))
    return NOTES[name]


@pytest.fixture
def noted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return notes(request.param, tmp_path_factory)


each_framework = pytest.mark.parametrize("noted", ["torch", "megengine"], indirect=True)
each_strategy = pytest.mark.parametrize(("noted", "strategy"), STRATEGIES, indirect=["noted"])


@each_framework
def test_numbers_of_two_processes_become_one(noted: dict[str, Any]) -> None:
    found = noted["collectives"]
    assert found["sum of arrays"] == ["int64", [[3, 6], [9, 12]]]
    assert found["mean of arrays"] == ["float64", [[1.5, 3.0], [4.5, 6.0]]]
    assert found["max of arrays"] == ["int64", [[2, 4], [6, 8]]]
    assert found["mean of tensors"] == [1.0, 0.5]
    assert found["max of flags"] == [True, False]
    assert found["mean of numbers"] == 0.5


@each_framework
def test_every_process_has_what_one_of_them_sends(noted: dict[str, Any]) -> None:
    assert noted["collectives"]["broadcast"] == [[1, 1], [[1.0, 1.0]], 1]
    assert noted["collectives"]["gather"] == [{"rank": 0}, {"rank": 1}]


@each_strategy
@pytest.mark.parametrize("case", CASES)
def test_two_processes_step_as_one_with_both_batches(noted: dict[str, Any], strategy: str, case: str) -> None:
    found = noted["same_steps"]
    assert found[f"{case}, {strategy}: losses"] < 1e-6
    assert found[f"{case}, {strategy}: weights"] < 1e-6


@each_strategy
@pytest.mark.parametrize("case", CASES)
def test_processes_hold_the_same_weights_bit_for_bit(noted: dict[str, Any], strategy: str, case: str) -> None:
    assert noted["same_steps"][f"{case}, {strategy}: across"] == 0.0


@each_strategy
@pytest.mark.parametrize("case", ["sgd", "clipped"])
def test_two_processes_measure_every_sample_once(noted: dict[str, Any], strategy: str, case: str) -> None:
    assert noted["same_steps"][f"{case}, {strategy}: figures"] < 1e-5


@each_framework
def test_running_statistics_become_those_of_rank_0(noted: dict[str, Any]) -> None:
    assert noted["buffers"] == {"differed": True, "those of rank 0": True}


@each_strategy
def test_a_checkpoint_of_two_processes_is_that_of_one(noted: dict[str, Any], strategy: str) -> None:
    found = noted["checkpoints"]
    assert found[f"{strategy}: files"] == [f"iter_{number}.safetensors" for number in (2, 4, 6)]
    assert found[f"{strategy}: saved weights"] < 1e-6
    assert found[f"{strategy}: saved moments"] < 1e-6


@each_strategy
def test_a_run_goes_on_however_the_model_is_spread_then(noted: dict[str, Any], strategy: str) -> None:
    found = {name: value for name, value in noted["checkpoints"].items() if name.startswith(f"{strategy} to ")}
    others = [other for _, other in STRATEGIES if f"{other}: files" in noted["checkpoints"]]
    assert {f"{strategy} to {other}: weights" for other in others} <= found.keys()
    assert all(value < 1e-6 for value in found.values())


@each_framework
def test_a_run_of_two_processes_goes_on_in_one(noted: dict[str, Any]) -> None:
    (value,) = (value for name, value in noted["checkpoints"].items() if name.endswith("to one process: weights"))
    assert value < 1e-6


@each_strategy
def test_averages_of_two_processes_are_those_of_one(noted: dict[str, Any], strategy: str) -> None:
    assert noted["averages"][f"{strategy}: weights"] < 1e-6
    assert noted["averages"][f"{strategy}: averages"] < 1e-6


@each_framework
def test_processes_with_different_models_say_where(noted: dict[str, Any]) -> None:
    found = noted["refusals"]["other model"]
    assert found.startswith("DistributedError: ")
    assert "'network.stem.bias'" in found


@each_framework
def test_unknown_options_and_strategies_are_refused(noted: dict[str, Any]) -> None:
    assert noted["refusals"]["option"].startswith("OptionError: ")
    assert "'bucket'" in noted["refusals"]["option"]
    assert noted["refusals"]["strategy"].startswith("OptionError: ")


@pytest.mark.parametrize("noted", ["torch"], indirect=True)
def test_a_loss_computed_past_the_model_is_noticed(noted: dict[str, Any]) -> None:
    assert noted["refusals"]["aside"].startswith("UnsupportedError: Aside.train_step never called the model itself")


@pytest.mark.parametrize("noted", ["megengine"], indirect=True)
def test_megengine_says_that_it_cannot_shard(noted: dict[str, Any]) -> None:
    assert noted["refusals"]["shard"].startswith("UnsupportedError: MegEngine cannot shard")


def test_one_process_starts_nothing(backend: Any) -> None:
    with Processes().start(backend) as processes:
        assert (processes.rank, processes.world_size, processes.is_main) == (0, 1, True)
        assert processes.collectives is None
        assert processes.all_reduce(2, "mean") == 2.0
        assert processes.gather("x") == ["x"]
        model = SmallModel()
        parallel = processes.parallelise(model)
        assert parallel.strategy is None
        assert parallel.model is model
        processes.barrier()


def test_megengine_on_a_cpu_needs_torch_to_communicate(monkeypatch: pytest.MonkeyPatch) -> None:
    if "megengine" not in chosen_backends():
        pytest.skip("needs megengine")
    monkeypatch.setattr(type(find_backend("torch")), "installed", False)
    processes = Processes(Place(rank=0, world_size=2))
    with pytest.raises(BackendUnavailableError, match=r"go through torch's gloo, and torch is not installed"):
        processes.start("megengine", device="cpu")
    assert not processes.is_started


def test_a_missing_gpu_is_named(backend: Any) -> None:
    with pytest.raises(DeviceError, match=r"number 7 of 8 on its machine and is to use 'cuda:7'"):
        Processes(Place(rank=7, world_size=8, local_rank=7, local_world_size=8)).start(backend, device="cuda:7")


@pytest.mark.parametrize("timeout", [0, -1.0, "long", True])
def test_a_timeout_is_a_number_of_seconds(backend: Any, timeout: Any) -> None:
    with pytest.raises(OptionError, match="timeout is a number of seconds above 0"):
        Processes().start(backend, timeout=timeout)


def test_processes_are_started_once_and_before_a_model_is_shared(backend: Any) -> None:
    processes = Processes()
    with pytest.raises(ModeError, match="not started"):
        processes.parallelise(SmallModel())
    with processes.start(backend), pytest.raises(ModeError, match="started already"):
        processes.start(backend)


def test_a_model_of_another_framework_is_refused(both: Any) -> None:
    first, second = both
    with use_backend(second):
        model = SmallModel()
    with Processes().start(first) as processes, pytest.raises(FrameworkMismatchError, match=r"'torch'.*'megengine'"):
        processes.parallelise(model)


def test_a_reduction_that_is_none_is_answered_with_the_nearest() -> None:
    with pytest.raises(OptionError, match="Did you mean 'mean'"):
        Processes().all_reduce(1.0, "meen")
    with pytest.raises(OptionError, match="source is a rank from 0 to 0"):
        Processes().broadcast([], source=1)
