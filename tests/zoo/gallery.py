"""The gallery, `docs/gallery.md` and its picture, from data that is kept: `python -m tests.zoo.gallery` writes both.

The data are the sizes in `polynet/models/figures.json`, the differences that `tests.zoo.differences` measures, the
known weights, the layouts and the papers.
"""

from __future__ import annotations

import difflib
import fnmatch
import functools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from polynet.models.figures import Figures, all_figures
from polynet.models.papers import papers_of
from polynet.pretrained.tags import PATH as RECORDS
from polynet.registry import NETWORKS
from polynet.weights.layouts import canonical_layouts, families_of, layout_names
from tests.zoo.differences import AUTHORS, BASECLS, Comparison, comparisons, recorded
from tests.zoo.family_notes import NOTES
from tests.zoo.reference import TOLERANCE, Reference, all_counted, all_references

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "gallery.md"
PICTURE = ROOT / "docs" / "images" / "gallery.png"
FRAMEWORKS = {"torch": "torch", "megengine": "MegEngine"}

COUNTED_ELSEWHERE = {"snetv2p_*": "parameters: the authors' figures"}
"""Networks that are like none that is compared by its numbers."""

OF_IMAGES = ("img_size", "norm_eps", "same_padding")
"""Options of a comparison that leave the structure as it is."""


@functools.cache
def _shipped_records() -> dict[str, list[Any]]:
    """The file's own, whatever else a program has made known."""
    found: dict[str, list[Any]] = json.loads(RECORDS.read_text(encoding="utf-8"))
    return found


def page() -> str:
    """The text of the page."""
    families = by_family()
    parts = [_introduction(families), _index(families)]
    parts += [_section(family, names) for family, names in families.items()]
    return "\n\n".join(parts) + "\n"


def by_family() -> dict[str, list[str]]:
    """The zoo's names by family, families by title."""
    found: dict[str, list[str]] = {}
    for name, figures in all_figures().items():
        found.setdefault(figures.family, []).append(name)
    return {family: found[family] for family in sorted(found, key=lambda each: NOTES[each].title.casefold())}


def _introduction(families: Mapping[str, Sequence[str]]) -> str:
    compared, names = len(_own_comparisons()), sum(map(len, families.values()))
    return f"""# Gallery

{names} networks of {len(families)} families, each of which builds on either framework. This page is generated:
`python -m tests.zoo.gallery` writes it from the data that the tests use.

![Parameters against multiply-adds of all networks](images/gallery.png)

**Checked against** says what a network is compared with in the tests.

* A library's name, or BaseCls: the same weights, drawn at random, in both networks, and the same images. The columns
  torch and MegEngine give the largest difference of one number, as a share of the largest number, of the logits and of
  every stage that is compared; over all comparisons where there are several. What stands in brackets is how the
  compared network differs from the name's own. {compared} names are compared so, most on images smaller than those in
  the table.
* Otherwise the number of parameters, with the source named, and the network likest in its options among those
  that are compared by their numbers.

The differences were measured on a CPU, in single precision, with MegEngine 1.13; another processor, or another torch,
gives other last digits. 0 means equal to the bit. Tests allow {_number(TOLERANCE)} where the reference is timm,
torchvision or the authors' code, and for BaseCls the tolerance kept with each of its cases.

**Weights** counts the pretrained weights known ([how to use them](using-networks.md#pretrained-weights)). Weights go in
and out in the layouts named with each family, beside PolyNet's own and BaseCls's, which every family has:
`polynet.load(net, path, layout="timm")`, `polynet.save(net, path, layout="timm")`, and the command `polynet convert`
([weights](weights.md)). Multiply-adds are for one image of the size given."""


def _index(families: Mapping[str, Sequence[str]]) -> str:
    rows = []
    for family, names in families.items():
        sizes = [all_figures()[name].parameters for name in names]
        note = NOTES[family]
        spread = count(min(sizes)) if min(sizes) == max(sizes) else f"{count(min(sizes))} – {count(max(sizes))}"
        rows.append((f"[{note.title}](#{anchor(note.title)})", str(len(names)), spread, note.line))
    return table(("Family", "Variants", "Parameters", "In one line"), rows)


def _section(family: str, names: Sequence[str]) -> str:
    note = NOTES[family]
    papers = dict.fromkeys(paper for name in names for paper in papers_of(family, name))
    layouts = [name for name in layout_names() if name not in canonical_layouts() and family in families_of(name)]
    module = NETWORKS.get(names[0]).__module__.replace(".", "/")
    facts = [
        note.line,
        f"Papers: {'; '.join(papers)}." if len(papers) > 1 else f"Paper: {'; '.join(papers)}.",
        f"Layouts: {', '.join(f'`{name}`' for name in layouts)}." if layouts else "Layouts: PolyNet's and BaseCls's.",
        f"Code: [`{module}.py`](../{module}.py).",
    ]
    others = [each for each in _made() if each.family == family and not each.name]
    if others:
        worst = "; ".join(f"{FRAMEWORKS[each]} {_largest(others, each)}" for each in FRAMEWORKS)
        facts.append(f"Two small networks of its class are compared with {others[0].oracle}: {worst}.")
    titles = ("Name", "Parameters", "Multiply-adds", "Input", "Checked against", *FRAMEWORKS.values(), "Weights")
    rows = [_row(name, all_figures()[name]) for name in names]
    return f"## {note.title}\n\n" + "\n".join(facts) + "\n\n" + table(titles, rows)


def _row(name: str, figures: Figures) -> tuple[str, ...]:
    own = _own_comparisons().get(name, [])
    channels, height, width = figures.input_size
    return (
        f"`{name}`",
        count(figures.parameters),
        count(figures.multiply_adds),
        f"{height}×{width}" if channels == 3 else f"{channels}×{height}×{width}",
        ", ".join(dict.fromkeys(map(_oracle, own))) if own else _indirect(name, figures.family),
        *(_largest(own, framework) for framework in FRAMEWORKS),
        str(len(_shipped_records().get(name, ())) or ""),
    )


def _oracle(comparison: Comparison) -> str:
    """What a network is compared with, and how the compared one differs from what the name builds."""
    changed = ", ".join(f"{key}={value}" for key, value in comparison.options.items() if _changes(comparison, key))
    return f"{comparison.oracle} ({changed})" if changed else comparison.oracle


def _changes(comparison: Comparison, key: str) -> bool:
    usual = NETWORKS.get(comparison.name).__signature__.parameters[key].default
    return key not in OF_IMAGES and comparison.options[key] != usual


def _indirect(name: str, family: str) -> str:
    """What a network that is not compared by its numbers is judged by."""
    for pattern, words in COUNTED_ELSEWHERE.items():
        if fnmatch.fnmatchcase(name, pattern):
            return words
    if family == "replknet":
        return f"structure: {AUTHORS}"
    sources = [f"{row.library}.{row.theirs}" for row in _counted() if row.name == name]
    sources += [BASECLS] if name in _basecls_names() else []
    like = f"like `{sibling(name, family)}`"
    return f"parameters: {', '.join(dict.fromkeys(sources))}; {like}" if sources else like


def sibling(name: str, family: str) -> str:
    """The compared network of the family that differs in the fewest options; of several, that with the likest name.

    Example:
        >>> sibling("resnext101_32x8d", "resnet")
        'resnext50_32x4d'
    """
    options = _options(name)

    def unlikeness(other: str) -> tuple[int, float]:
        others = _options(other)
        different = sum(options.get(key) != others.get(key) for key in {*options, *others})
        return different, -difflib.SequenceMatcher(None, name, other).ratio()

    return min((each for each in _own_comparisons() if all_figures()[each].family == family), key=unlikeness)


def _options(name: str) -> dict[str, object]:
    return {key: each.default for key, each in NETWORKS.get(name).__signature__.parameters.items() if key != "img_size"}


def _largest(made: Sequence[Comparison], framework: str) -> str:
    """The largest difference over comparisons; empty where there are none, or one has not been measured."""
    rows = [recorded().get(each.key, {}).get(framework) for each in made]
    known = [max(row.values()) for row in rows if row]
    return _number(max(known)) if known and len(known) == len(rows) else ""


def count(number: int) -> str:
    """A count in three digits, with a unit.

    Example:
        >>> count(25557032), count(4089184256), count(421098)
        ('25.6 M', '4.09 G', '0.421 M')
    """
    scale, unit = (1e9, "G") if number >= 1e9 else (1e6, "M")
    scaled = number / scale
    return f"{scaled:.{max(0, 3 - len(str(int(scaled))))}f} {unit}" if scaled >= 1 else f"{scaled:.3f} {unit}"


def _number(difference: float) -> str:
    return "0" if difference == 0 else f"{difference:.1e}".replace("e-0", "e-")


def anchor(title: str) -> str:
    """The address of a heading within the page, as GitHub makes it.

    Example:
        >>> anchor("ViT, DeiT, CLIP's")
        'vit-deit-clips'
    """
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(["| " + " | ".join(row) + " |" for row in (titles, ["---"] * len(titles), *rows)])


@functools.cache
def _made() -> tuple[Comparison, ...]:
    return tuple(comparisons())


@functools.cache
def _own_comparisons() -> dict[str, list[Comparison]]:
    found: dict[str, list[Comparison]] = {}
    for comparison in _made():
        if comparison.name:
            found.setdefault(comparison.name, []).append(comparison)
    return found


@functools.cache
def _counted() -> tuple[Reference, ...]:
    return (*all_references(), *all_counted())


@functools.cache
def _basecls_names() -> frozenset[str]:
    return frozenset(json.loads((ROOT / "tests" / "oracles" / "basecls_zoo.json").read_text(encoding="utf-8")))


def main() -> None:
    """Write the page and its picture."""
    from tests.zoo.gallery_picture import draw

    PAGE.write_text(page(), encoding="utf-8")
    draw(PICTURE)


if __name__ == "__main__":
    main()
