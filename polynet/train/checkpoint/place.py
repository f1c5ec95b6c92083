"""Where in its data a resumed run goes on, also where the data or the batches are not quite what they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polynet.train.checkpoint.gathering import sampling

_ORDER = ("seed", "loader_seed", "samples")
_SPLIT = ("batches", "batch_size", "world_size")


def place_of(engine: Any, tree: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
    """The place at which a checkpoint's run goes on in this engine, and the state for its loader.

    In the midst of an epoch the place is a number of batches, which means the same only if the batches do. Where they
    are cut otherwise (another batch size, more or fewer processes), as many samples are left out as were seen. Where
    their order is another (other data, another seed), the epoch begins anew. Either is warned of.

    Args:
        engine: The engine.
        tree: The checkpoint's.

    Raises:
        ConfigError: The checkpoint does not say where it was.
    """
    place = dict(tree.get("progress", {}))
    type(engine.position)().go_to(place)
    before, now = dict(tree.get("sampler", {})), sampling(engine)
    state = before.pop("state", None)
    if before.get("seed") not in (None, engine.seed):
        engine.logger.warning(
            "The checkpoint is of a run with seed %s, and this one has seed %s: from here on it draws other numbers.",
            before["seed"],
            engine.seed,
        )
    within = int(place["iter_in_epoch"])
    changed = {
        key: f"{key} {before[key]} → {now[key]}"
        for key in (*_ORDER, *_SPLIT)
        if before.get(key) is not None and now.get(key) is not None and before[key] != now[key]
    }
    if within == 0 or not changed:
        return place, state
    told = ", ".join(changed.values())
    if any(key in changed for key in _ORDER) or not (before.get("batches") and now.get("batches")):
        place["iter_in_epoch"] = 0
        engine.logger.warning("The data are not those of the checkpoint (%s): its epoch begins anew.", told)
    else:
        place["iter_in_epoch"] = within * now["batches"] // before["batches"]
        engine.logger.warning(
            "The batches are not those of the checkpoint (%s): of its epoch, %d of %d are left out.",
            told,
            place["iter_in_epoch"],
            now["batches"],
        )
    return place, state
