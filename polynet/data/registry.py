"""Data sets, transforms, samplers, augmentation of batches and preprocessors by name."""

from __future__ import annotations

from polynet.registry.parts import PartRegistry

DATASETS = PartRegistry("data set", {})
TRANSFORMS = PartRegistry("transform", {})
SAMPLERS = PartRegistry("sampler", {})
AUGMENTS = PartRegistry("augmentation of batches", {})
PREPROCESSORS = PartRegistry("data preprocessor", {})
