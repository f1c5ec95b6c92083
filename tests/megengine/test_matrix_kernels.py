"""Which kernels matrix products use on which processors, and that choosing them leaves nothing behind."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest.importorskip("megengine")

from polynet_megengine.matrix_kernels import (
    VARIABLE,
    choose_kernels,
    kernel_choice,
)

WIDE = "fma avx2 avx512f avx512dq avx512cd avx512bw avx512vl"

PROGRAM = """
import os
import numpy as np
from polynet.backend import get_backend
tensor = get_backend("megengine").tensor
draw = np.random.default_rng(0)
first, second = (draw.standard_normal((70, 70), dtype=np.float32) for _ in range(2))
product = (tensor(first) @ tensor(second)).numpy()
exact = first.astype(np.float64) @ second.astype(np.float64)
assert np.abs(product - exact).max() < 1e-4, np.abs(product - exact).max()
print(os.environ.get("MKL_DEBUG_CPU_TYPE"))
"""


@pytest.mark.parametrize(
    ("vendor", "flags", "expected"),
    [
        ("AuthenticAMD", WIDE, "7"),
        ("HygonGenuine", "sse2 fma avx2", "5"),
        ("AuthenticAMD", "fma avx2 avx512f", "5"),
        ("AuthenticAMD", "avx", None),
        ("GenuineIntel", WIDE, None),
    ],
)
def test_kernels_are_the_widest_that_the_processor_has(vendor: str, flags: str, expected: str | None) -> None:
    processor = f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: {flags}\n\n"
    assert kernel_choice(processor * 2) == expected


def test_a_description_without_a_vendor_chooses_nothing() -> None:
    assert kernel_choice("processor : 0\nBogoMIPS : 50\nFeatures : fp asimd\n") is None


def test_choosing_leaves_the_environment_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    before = dict(os.environ)
    choose_kernels()
    assert dict(os.environ) == before


@pytest.mark.parametrize("value", [None, "4"])
def test_products_are_right_and_a_value_of_the_user_is_kept(value: str | None) -> None:
    surroundings = {name: each for name, each in os.environ.items() if name != VARIABLE}
    if value is not None:
        surroundings[VARIABLE] = value
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=surroundings, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == str(value)
