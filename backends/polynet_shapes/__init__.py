"""Networks without numbers: tensors that know only shape and dtype, for counting and checking with no framework.

Importing this package imports neither a framework nor numpy.
"""

from __future__ import annotations

from polynet_shapes.backend import ShapesBackend

BACKEND = ShapesBackend()

__all__ = ["BACKEND"]
