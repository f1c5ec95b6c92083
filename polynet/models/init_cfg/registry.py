"""Rules of initialisation by name."""

from __future__ import annotations

from polynet.registry.parts import PartRegistry

WEIGHT_INITIALIZERS = PartRegistry(
    "initialiser",
    {
        name: f"polynet.models.init_cfg.rules:{name}Init"
        for name in ("Caffe2Xavier", "Constant", "Kaiming", "Normal", "Pretrained", "TruncNormal", "Uniform", "Xavier")
    },
)
"""Names of rules, and the classes that carry them out.

A rule of your own is a class called with the rule's arguments; what comes of that is called with the module.

Example:
    >>> "Kaiming" in WEIGHT_INITIALIZERS
    True
"""
