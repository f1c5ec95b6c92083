"""What `polynet demo` runs: a proof, real photographs under real weights, and a training run, each on both frameworks."""

from __future__ import annotations
