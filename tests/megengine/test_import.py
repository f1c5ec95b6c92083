"""What importing MegEngine leaves behind in the process, and prints."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("megengine")


def test_it_is_imported_without_a_word_and_numpys_limits_stay_known() -> None:
    program = (
        "import numpy, polynet\n"
        "backend = polynet.get_backend('megengine')\n"
        "backend.tensor(numpy.ones(3, numpy.float32))\n"
        "for kind in (numpy.float16, numpy.float32, numpy.float64, numpy.longdouble):\n"
        "    assert numpy.finfo(kind).tiny > 0\n"
        "    repr(numpy.finfo(kind))\n"
    )
    # Another process's choice of a device would be kept.
    environment = {name: value for name, value in os.environ.items() if name != "MGE_DEFAULT_DEVICE"}
    words = [sys.executable, "-W", "error::UserWarning", "-c", program]
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
