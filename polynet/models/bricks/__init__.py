"""Parts made from OpenMMLab's little configs (`norm_cfg`, `act_cfg` …), with its options and its weights' names."""

from __future__ import annotations
