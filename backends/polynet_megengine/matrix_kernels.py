"""Matrix products at full speed on processors that are not Intel's.

MegEngine's build for x86 Linux holds Intel's Math Kernel Library of 2019, which asks for a processor's maker before its
instructions: on any but Intel's it multiplies with the oldest kernels, at a quarter of the speed. An environment
variable, read when the library is first used, names the kernels instead.
"""

from __future__ import annotations

import os
from pathlib import Path

import megengine
import megengine.functional as F
import numpy as np

VARIABLE = "MKL_DEBUG_CPU_TYPE"

_WIDE = frozenset({"avx512f", "avx512cd", "avx512bw", "avx512dq", "avx512vl"})
_NARROW = frozenset({"avx2", "fma"})
_DESCRIPTION = Path("/proc/cpuinfo")


def kernel_choice(description: str) -> str | None:
    r"""The value of the variable for a processor, or `None` where the library chooses well or nothing is known.

    Args:
        description: The text of `/proc/cpuinfo`.

    Example:
        >>> from polynet_megengine.matrix_kernels import kernel_choice
        >>> kernel_choice("vendor_id : AuthenticAMD\nflags : fma avx2")
        '5'
        >>> kernel_choice("vendor_id : GenuineIntel\nflags : fma avx2") is None
        True
    """
    fields: dict[str, str] = {}
    for line in description.splitlines():
        name, _, value = line.partition(":")
        fields.setdefault(name.strip(), value.strip())
    if fields.get("vendor_id", "GenuineIntel") == "GenuineIntel":
        return None
    instructions = set(fields.get("flags", "").split())
    if instructions >= _WIDE | _NARROW:
        return "7"
    return "5" if instructions >= _NARROW else None


def choose_kernels() -> None:
    """Have matrix products use the processor's widest instructions; too late, and harmless, after a first product.

    The variable is set for the first product alone: other libraries and processes see the environment as it was. A
    value that was set outside is left to its purpose.
    """
    if VARIABLE in os.environ or not _DESCRIPTION.exists():
        return
    choice = kernel_choice(_DESCRIPTION.read_text())
    if choice is None:
        return
    os.environ[VARIABLE] = choice
    try:
        square = megengine.Tensor(np.ones((2, 2), np.float32))
        F.matmul(square, square).numpy()
    finally:
        del os.environ[VARIABLE]
