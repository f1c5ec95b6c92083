"""Configs: nested data that says what to build, in files, mappings and overrides; none of it is ever executed."""

from __future__ import annotations

from polynet.config.mapping import MISSING as MISSING
from polynet.config.mapping import Config as Config
from polynet.config.model import model_arguments as model_arguments
from polynet.config.normal_form import normalise as normalise
from polynet.config.references import ClassReference as ClassReference
from polynet.config.typed import structure as structure

__all__ = ["MISSING", "ClassReference", "Config", "model_arguments", "normalise", "structure"]
