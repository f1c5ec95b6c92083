"""`polynet show`."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from polynet.cli.models import read_model, read_size
from polynet.cli.output import print_json, print_table, short_count


def run(options: argparse.Namespace) -> int:
    """Describe a network: figures, stages, modules. No framework is needed."""
    from polynet.description import describe

    model = read_model(options.model, options.options)
    found = describe(model, read_size(options.input_size), input_dtype=options.input_dtype)
    if options.json:
        print_json(found.to_dict())
        return 0
    print_table(
        None,
        (found.name, ""),
        [
            ("parameters", f"{found.parameters:,} ({short_count(found.parameters)})"),
            ("multiply-adds", f"{found.multiply_adds:,} ({short_count(found.multiply_adds)})"),
            ("activations", f"{found.activations:,} ({short_count(found.activations)})"),
            ("input", _shape(found.input_size)),
            ("output", _shape(found.output_shape)),
            ("defined in", found.definition or ""),
            *([("described in", "; ".join(found.papers))] if found.papers else []),
        ],
    )
    if found.stages:
        print_table(
            "Stages: where features can be taken, with out_indices",
            ("index", "stage", "channels", "stride", "map"),
            [
                (index, stage.name, stage.channels, stage.stride, _shape(stage.shape))
                for index, stage in enumerate(found.stages)
            ],
            right=(0, 2, 3),
        )
    print_table(
        "Modules",
        ("module", "class", "parameters", "multiply-adds", "output"),
        [
            (row.name, row.kind, f"{row.parameters:,}", f"{row.multiply_adds:,}", _shape(row.output_shape))
            for row in found.rows
        ],
        right=(2, 3),
    )
    if found.weights:
        print_table(
            "Known weights: polynet.build(name, …) takes these names",
            ("name", "licence", "source"),
            [(each.name, each.licence or "not stated", each.source) for each in found.weights],
        )
    return 0


def _shape(shape: object) -> str:
    """A shape as `1×1000`; several outputs one after another, and an output that is no tensor as `-`."""
    if isinstance(shape, Mapping):
        return ", ".join(f"{name}: {_output(part)}" for name, part in shape.items())
    if isinstance(shape, tuple | list):
        if all(isinstance(size, int) for size in shape):
            return "×".join(map(str, shape))
        return ", ".join(map(_output, shape))
    return "" if shape is None else str(shape)


def _output(shape: object) -> str:
    return "-" if shape is None else _shape(shape)
