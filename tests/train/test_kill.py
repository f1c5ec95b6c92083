"""`kill -9` at random moments: the newest whole checkpoint loads, and the chain of lives ends as one life does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import chosen_backends

KILLS = -(-60 // max(len(chosen_backends()), 1))
"""On each framework: sixty in all."""


@pytest.mark.slow
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_is_not(backend, tmp_path):
    command = [sys.executable, "-m", "tests.train.killed_runs", backend.name, str(tmp_path), str(KILLS), "1"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["kills"] == KILLS
    assert found["same"]
    assert found["advanced"] > KILLS // 4
    assert found["iterations"] > KILLS // 2
    # What was half written is removed when the run goes on, and two checkpoints are kept, as it was told.
    assert len(found["left"]) == 2
    assert all(name.endswith(".safetensors") for name in found["left"])
