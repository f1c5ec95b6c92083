"""Benchmarks: PolyNet against hand-written native code. `python -m benchmarks --help`."""
