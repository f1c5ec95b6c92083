"""Target generators: what self-supervised networks are to predict."""

from __future__ import annotations
