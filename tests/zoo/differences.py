"""How far our networks' numbers are from the references', measured on each framework and kept in `differences.json`.

python -m tests.zoo.differences                measures what has not been measured yet
python -m tests.zoo.differences --only swin    the same, of one family
python -m tests.zoo.differences --again        measures anew what has been, too

Each comparison is kept as soon as it is made, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import polynet
from polynet import ops
from polynet.backend import Backend, get_backend, installed_backends, use_backend
from polynet.models.figures import all_figures
from polynet.models.networks.replknet import RepLKNet
from polynet.registry import NETWORKS
from polynet.weights import load_state
from tests.oracles import fill, replknet_cases
from tests.zoo.reference import TOLERANCE, Reference, all_references, answers

PATH = Path(__file__).with_name("differences.json")
AUTHORS_FOLDER = fill.FOLDER.with_name("replknet")
BASECLS, AUTHORS = "BaseCls", "the authors' code"

Outputs = Mapping[str, Any]
"""What a network put out, by part: logits, and the map of each stage."""


class Comparison(NamedTuple):
    """One of our networks beside a reference, under the same weights.

    Attributes:
        key: What tells it from the others; the file has it.
        family: Our family.
        name: Our name; `""` for a network that only its options describe.
        oracle: What it is compared with: `"timm.resnet50"`, `"BaseCls"`.
        options: Options that ours is built with.
        tolerance: The largest difference that its test allows.
        expected: Gives what the reference put out.
        found: Gives what ours puts out on a backend, which is active.
    """

    key: str
    family: str
    name: str
    oracle: str
    options: Mapping[str, Any]
    tolerance: float
    expected: Callable[[], Outputs]
    found: Callable[[Backend], Outputs]


def comparisons() -> Iterator[Comparison]:
    """All that the tests make: other libraries' networks, BaseCls's stored outputs, RepLKNet's authors' ones."""
    yield from map(_with_library, all_references())
    yield from map(_with_basecls, fill.case_names())
    yield from map(_with_authors, replknet_cases.CASES)


def recorded() -> dict[str, dict[str, dict[str, float]]]:
    """What has been measured: by comparison, framework and part (`"logits"`, `"stages"`)."""
    if not PATH.exists():
        return {}
    found: dict[str, dict[str, dict[str, float]]] = json.loads(PATH.read_text(encoding="utf-8"))
    return found


def keep(key: str, row: Mapping[str, Mapping[str, float]]) -> None:
    """Add a comparison to the file, or put it in the place of an older one; those no longer made are left out."""
    known = {**recorded(), key: row}
    lines = [f"{json.dumps(each.key)}: {json.dumps(known[each.key])}" for each in comparisons() if each.key in known]
    written = PATH.with_suffix(".part")
    written.write_text("{\n" + ",\n".join(sorted(lines)) + "\n}\n", encoding="utf-8")
    written.replace(PATH)


def relative_difference(found: np.ndarray[Any, Any], expected: np.ndarray[Any, Any]) -> float:
    """The largest difference of one number, as a share of the largest number expected; two digits of it are kept."""
    assert found.shape == expected.shape, f"shape {found.shape}, expected {expected.shape}"
    wanted = expected.astype(np.float64)
    return float(f"{np.abs(found.astype(np.float64) - wanted).max() / np.abs(wanted).max():.1e}")


def measured(comparison: Comparison, backend: Backend) -> dict[str, float]:
    """The largest relative difference of the logits, and of all stages where those are compared."""
    expected = comparison.expected()
    with use_backend(backend), ops.no_grad():
        found = {part: backend.numpy(tensor) for part, tensor in comparison.found(backend).items()}
    assert found.keys() >= expected.keys()
    by_part = {part: relative_difference(found[part], array) for part, array in expected.items()}
    stages = [by_part[part] for part in by_part if part != "logits"]
    return {"logits": by_part["logits"], **({"stages": max(stages)} if stages else {})}


def _outputs(net: Any, images: Any, *, with_stages: bool) -> Outputs:
    maps = net.forward_stages(images) if with_stages else ()
    return {"logits": net(images), **{f"stage{index}": each for index, each in enumerate(maps, start=1)}}


def _with_library(reference: Reference) -> Comparison:
    options = ", ".join(f"{name}={value!r}" for name, value in reference.options.items())
    oracle = f"{reference.library}.{reference.theirs}"

    def expected() -> Outputs:
        theirs = answers(reference)
        return {"logits": theirs.logits, **{f"stage{index}": map_ for index, map_ in enumerate(theirs.maps, start=1)}}

    def found(backend: Backend) -> Outputs:
        theirs = answers(reference)
        net = polynet.build(
            reference.name, backend=backend.name, weights=theirs.state, layout=reference.library, **reference.options
        )
        backend.set_training(net, False)
        return _outputs(net, backend.tensor(theirs.images), with_stages=bool(reference.stages))

    return Comparison(
        key=f"{reference.name} | {oracle} | {reference.size} pixels" + (f" | {options}" if options else ""),
        family=all_figures()[reference.name].family,
        name=reference.name,
        oracle=oracle,
        options=reference.options,
        tolerance=reference.tolerance,
        expected=expected,
        found=found,
    )


def _with_basecls(name: str) -> Comparison:
    case = fill.read_case(name)

    def found(backend: Backend) -> Outputs:
        with backend.building():
            net = NETWORKS.get(name, backend=backend)()
        load_state(net, case.weights(), layout="basecls")
        backend.set_training(net, False)
        return _outputs(net, backend.tensor(case.images()), with_stages=False)

    return Comparison(
        key=f"{name} | {BASECLS} | {case.input_shape[-1]} pixels",
        family=case.family,
        name=name,
        oracle=BASECLS,
        options={},
        tolerance=case.tolerance,
        expected=lambda: {"logits": case.output()},
        found=found,
    )


def _with_authors(case: str) -> Comparison:
    shapes = json.loads((AUTHORS_FOLDER / "shapes.json").read_text())[case]["trained"]

    def expected() -> Outputs:
        with np.load(AUTHORS_FOLDER / "outputs.npz") as arrays:
            stored = {key.partition("/")[2]: arrays[key] for key in arrays if key.startswith(f"{case}/")}
        return {part: array for part, array in stored.items() if part != "deployed"}

    def found(backend: Backend) -> Outputs:
        net = RepLKNet(**replknet_cases.CASES[case], num_classes=replknet_cases.CLASSES)
        theirs = replknet_cases.weights({name: tuple(shape) for name, shape in shapes.items()})
        load_state(net, theirs, layout="replknet_pytorch")
        backend.set_training(net, False)
        return _outputs(net, backend.tensor(replknet_cases.images()), with_stages=True)

    return Comparison(
        key=f"replknet {case} | {AUTHORS}",
        family="replknet",
        name="",
        oracle=AUTHORS,
        options=replknet_cases.CASES[case],
        tolerance=TOLERANCE,
        expected=expected,
        found=found,
    )


def main() -> None:
    """Measure, and write the file."""
    parser = argparse.ArgumentParser(description="Measure how far our networks' numbers are from the references'.")
    parser.add_argument("--only", metavar="FAMILY", help="compare the networks of one family")
    parser.add_argument("--again", action="store_true", help="measure anew what has been measured")
    chosen = parser.parse_args()
    for comparison in comparisons():
        if chosen.only not in (None, comparison.family):
            continue
        row = {} if chosen.again else recorded().get(comparison.key, {})
        missing = [name for name in installed_backends() if name not in row]
        for name in missing:
            row = {**row, name: measured(comparison, get_backend(name))}
            gc.collect()
        if missing:
            keep(comparison.key, row)
            print(comparison.key, row, flush=True)
        answers.cache_clear()


if __name__ == "__main__":
    main()
