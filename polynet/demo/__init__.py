"""What `polynet demo` runs on both frameworks: a proof, photographs under real weights, and a training run."""

from __future__ import annotations
