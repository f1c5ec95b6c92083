"""How many of MMPretrain's shipped classifiers PolyNet builds from their own config files, the same to the last key.

    python -m tests.census mmpretrain-1.2.0-py2.py3-none-any.whl

The argument is MMPretrain's wheel, or a folder that holds its configs (`mmpretrain/.mim/configs`, and `configs` or
`mmpretrain/configs`). Every `ImageClassifier` of `tests/oracles/mmpretrain_census.json` is built on the backend without
numbers and compared with what MMPretrain itself built: number of parameters, number of keys, and the keys with their
shapes in order. `--all` lists every config, `--json FILE` writes the outcome.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import hashlib
import json
import math
import sys
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import polynet
from polynet.backend import get_backend
from polynet.errors import PolyNetError
from polynet.registry import BACKBONES
from polynet.weights import to_layout
from tests.oracles.mmpretrain_case import CENSUS

ROOTS = {"old": ("mmpretrain/.mim/configs", ".mim/configs", "configs"), "new": ("mmpretrain/configs", "configs")}


class Outcome(NamedTuple):
    """What became of one config.

    Attributes:
        config: Its path, as the census has it.
        style: `"old"`, or `"new"` for the lazily imported ones.
        backbone: Name of its backbone.
        status: `"same"`, `"missing"` (a part that PolyNet lacks), `"absent"` (the file is not there), `"differs"` or
            `"failed"`.
        detail: What is missing, or differs, or went wrong.
    """

    config: str
    style: str
    backbone: str
    status: str
    detail: str = ""


def read_census() -> list[dict[str, Any]]:
    """The census's classifiers."""
    entries: list[dict[str, Any]] = json.loads(CENSUS.read_text())
    return [entry for entry in entries if entry["model_type"] == "ImageClassifier"]


def keys_of(net: Any) -> list[tuple[str, list[int]]]:
    """Keys and shapes in MMPretrain's layout, as a state dict of torch has them."""
    slots = get_backend("shapes").slots(net).items()
    state = {name: np.broadcast_to(np.float32(0), slot.shape) for name, slot in slots}
    return [(name, list(array.shape)) for name, array in to_layout(state, "mmpretrain", None).items()]


def measured(net: Any) -> dict[str, Any]:
    """Numbers of parameters and keys of a network, and the digest of its keys and shapes."""
    keys = keys_of(net)
    slots = get_backend("shapes").slots(net).values()
    return {
        "param_count": sum(math.prod(slot.shape) for slot in slots if slot.kind == "parameter"),
        "n_state_keys": len(keys),
        "arch_hash": hashlib.sha1(json.dumps(keys).encode(), usedforsecurity=False).hexdigest()[:12],
    }


def judge(entry: dict[str, Any], folder: Path) -> Outcome:
    """Build one config of the census and compare."""
    outcome = Outcome(entry["config"], entry["style"], entry["backbone"], "same")
    name = entry["backbone"]
    if name not in BACKBONES and f"mmpretrain.{name}" not in BACKBONES:
        return outcome._replace(status="missing", detail=f"backbone {name}")
    path = find_config(folder, entry)
    if path is None:
        return outcome._replace(status="absent", detail="not in the folder given")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net = polynet.build(str(path), backend="shapes")
    except PolyNetError as error:
        return outcome._replace(status="failed", detail=f"{type(error).__name__}: {error}")
    found = measured(net)
    wrong = [f"{key} {found[key]}, not {entry[key]}" for key in found if found[key] != entry[key]]
    return outcome._replace(status="differs", detail="; ".join(wrong)) if wrong else outcome


def find_config(folder: Path, entry: dict[str, Any]) -> Path | None:
    """The file of a config below one of the places where MMPretrain keeps them."""
    candidates = (folder / root / entry["config"] for root in ROOTS[entry["style"]])
    return next((path for path in candidates if path.is_file()), None)


@contextlib.contextmanager
def opened(source: Path) -> Iterator[Path]:
    """A folder with MMPretrain's configs: the one given, or what a wheel holds."""
    if source.is_dir():
        yield source
        return
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(source) as wheel:
        names = [name for name in wheel.namelist() if "/configs/" in name and name.endswith(".py")]
        wheel.extractall(folder, names)
        yield Path(folder)


def summarise(outcomes: Sequence[Outcome]) -> list[str]:
    """What to print: what differs, what is missing, and N of M."""
    lines = [
        f"{each.status}: {each.config} ({each.backbone}): {each.detail}"
        for each in outcomes
        if each.status in ("failed", "differs")
    ]
    missing = collections.Counter(each.detail for each in outcomes if each.status == "missing")
    if missing:
        lines.append("missing: " + ", ".join(f"{what} ({count})" for what, count in missing.most_common()))
    absent = sum(each.status == "absent" for each in outcomes)
    if absent:
        lines.append(f"absent: the files of {absent} configs are not in the folder given")
    same = sum(each.status == "same" for each in outcomes)
    possible = len(outcomes) - absent - sum(missing.values())
    lines.append(
        f"{same} of {len(outcomes)} classifiers are built the same; {same} of the {possible} whose file is there and "
        "whose backbone PolyNet has"
    )
    return lines


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the census; the exit code is 1 where a config whose backbone PolyNet has is not built the same."""
    parser = argparse.ArgumentParser(prog="python -m tests.census", description=__doc__.split("\n\n")[0])
    parser.add_argument("source", type=Path, help="MMPretrain's wheel, or a folder with its configs")
    parser.add_argument("--all", action="store_true", help="list every config")
    parser.add_argument("--json", type=Path, help="write the outcome to a file")
    options = parser.parse_args(arguments)
    with opened(options.source) as folder:
        outcomes = [judge(entry, folder) for entry in read_census()]
    if options.all:
        print("\n".join(f"{each.status:8} {each.style} {each.config} {each.detail}" for each in outcomes))
    if options.json:
        options.json.write_text(json.dumps([each._asdict() for each in outcomes], indent=1))
    print("\n".join(summarise(outcomes)))
    return int(any(each.status in ("failed", "differs") for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
