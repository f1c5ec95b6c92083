"""The batches of one epoch, of PolyNet's own loader or of a framework's, from any point on."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterable, Sized
from typing import Any

from polynet.errors import InputError


def batches_of(
    loader: Any,
    epoch: int,
    start: int,
    reseed: Callable[[], None],
    aside: Callable[[], contextlib.AbstractContextManager[None]] = contextlib.nullcontext,
) -> Generator[Any, None, None]:
    """The batches of an epoch.

    PolyNet's own loader makes an epoch's batches from its number. A framework's loader is told the number, if it or its
    sampler takes one, and draws its order from the framework's generator, which is seeded by the number as well; so
    an epoch that is resumed has the batches it would have had.

    Args:
        loader: What gives batches.
        epoch: The epoch's number, from 0.
        start: How many batches to leave out.
        reseed: Seeds the framework's generator for this epoch.
        aside: A context in which a framework's loader begins an epoch that is resumed, and gives the batches that are
            left out: outside of it, nothing that is drawn there has been drawn.

    Raises:
        InputError: It gives no batch at all.

    Example:
        >>> list(batches_of(["a", "b", "c"], epoch=0, start=1, reseed=lambda: None))
        ['b', 'c']
    """
    own = getattr(loader, "batches", None)
    if callable(own):
        found = iter(own(epoch, start))
    else:
        with aside() if start else contextlib.nullcontext():
            reseed()
            for part in (loader, getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)):
                if callable(getattr(part, "set_epoch", None)):
                    part.set_epoch(epoch)  # type: ignore[union-attr]  # it is callable
            found = iter(loader)
            for _ in range(start):
                next(found, None)
    first = next(found, None)
    if first is None:
        if start == 0:
            raise InputError(_why_none(loader))
        return
    yield first
    yield from found


def _why_none(loader: Any) -> str:
    """Why a loader gave no batch, with its numbers where it has them."""
    gave = f"{type(loader).__name__} gave no batch"
    size = getattr(loader, "batch_size", None)
    # Where processes share a data set, or a sampler leaves samples out, the sampler knows how many there are.
    counts = (_length(getattr(loader, part, None)) for part in ("sampler", "dataset"))
    count = next((each for each in counts if each is not None), None)
    if count is None or size is None:
        return f"{gave}: its data set is empty, or smaller than one whole batch."
    if count and getattr(loader, "drop_last", False) and count < size:
        return (
            f"{gave}: there are {count} samples, batch_size is {size}, and incomplete batches are dropped "
            f"(drop_last). Take a batch_size of at most {count}, or drop_last=False."
        )
    return f"{gave}: there are {count} samples, and batch_size is {size}."


def _length(sized: Any) -> int | None:
    try:
        return len(sized)
    except TypeError:  # as a framework's loader over a stream says it
        return None


def batches_per_epoch(loader: Iterable[Any]) -> int | None:
    """How many batches an epoch has; `None` where the loader cannot say."""
    return _length(loader) if isinstance(loader, Sized) else None
