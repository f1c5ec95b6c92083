"""Check a checkpoint's tensors against a network's places: what is to be written, and the report of it."""

from __future__ import annotations

from collections.abc import Mapping

from polynet.slots import Slot
from polynet.types import NativeModule
from polynet.weights.adapt import cast, fit
from polynet.weights.adaptation import Adapted, adapted, why_refused
from polynet.weights.elements import Array
from polynet.weights.finite import finite_note
from polynet.weights.layouts.translate import Translation
from polynet.weights.report import Change, LoadReport, Refusal
from polynet.weights.shared import disagreements, other_names, shared_names


def planned(
    slots: Mapping[str, Slot], translation: Translation, layout: str, notes: tuple[str, ...], net: NativeModule | None
) -> tuple[LoadReport, dict[str, Array]]:
    """Check every tensor against its slot; nothing is written.

    Args:
        slots: The network's places.
        translation: The checkpoint's tensors by canonical name.
        layout: How they were spelt.
        notes: What is known of the file and the network already.
        net: The network, where tensors may be changed to fit it.

    Returns:
        The report, and the arrays that fit, by canonical name; of a tensor that has several names, by each.
    """
    made = (
        Adapted(translation.tensors) if net is None else adapted(net, translation.tensors, slots, translation.windows)
    )
    ready: dict[str, Array] = {}
    reshaped = [
        Change(
            name, str(shape), str(translation.tensors[name].shape), "convolution over the whole map, as linear layer"
        )
        for name, shape in translation.flattened.items()
    ]
    converted: list[Change] = []
    refused: list[Refusal] = []
    for name, array in made.tensors.items():
        slot = slots[name]
        fitted = fit(array, slot.shape)
        if fitted is None:
            refused.append(_refusal(slot, array, why_refused(slot, array)))
            continue
        numbers, problem = cast(fitted.array, slot.dtype)
        if numbers is None:
            refused.append(_refusal(slot, array, problem))
            continue
        if fitted.rule:
            reshaped.append(Change(name, str(array.shape), str(slot.shape), fitted.rule))
        if numbers.dtype != array.dtype:
            converted.append(Change(name, str(array.dtype), str(numbers.dtype)))
        ready[name] = numbers
    shared = shared_names(slots)
    for name, why in disagreements(shared, ready).items():
        refused.append(_refusal(slots[name], made.tensors[name], why))
        del ready[name]
    ready.update(other_names(shared, ready, slots, given=made.tensors))
    accounted = {*made.tensors, *made.kept}
    accounted.update([name for names in shared if not accounted.isdisjoint(names) for name in names])
    folds = tuple(f"a convolution bias was taken into {name}" for name in translation.folded[:1])
    if len(translation.folded) > 1:
        folds = (f"{len(translation.folded)} convolution biases were taken into running means",)
    report = LoadReport(
        layout=layout,
        loaded=tuple(ready),
        missing=tuple(name for name in slots if name not in accounted),
        unexpected=translation.unexpected,
        reshaped=(*reshaped, *made.changes),
        converted=tuple(converted),
        refused=(*refused, *translation.refused),
        dropped=made.dropped,
        # What is kept may be drawn anew, which must not touch a tensor that was loaded by another of its names.
        kept=tuple(name for name in made.kept if name not in ready),
        renamed=sum(translation.origin.get(name, name) != name for name in ready),
        notes=(*notes, *folds, *translation.notes, *finite_note(ready)),
    )
    return report, ready


def _refusal(slot: Slot, array: Array, why: str) -> Refusal:
    return Refusal(slot.name, f"{array.dtype} {array.shape}", f"{slot.dtype} {slot.shape}", why)
