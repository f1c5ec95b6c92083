"""Which module defines which name, by kind: data only, so that names can be listed without importing a model.

A test imports every module named here and compares what it registers with what this table says, both ways.
"""

from __future__ import annotations

INDEX: dict[str, dict[str, tuple[str, ...]]] = {
    "network": {},
    "backbone": {},
    "neck": {},
    "head": {},
    "loss": {},
    "metric": {},
    "tokenizer": {},
    "tuner": {},
    "target": {},
}
