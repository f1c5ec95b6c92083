"""Writes checkpoints while a run goes on: the last few, and the best."""

from __future__ import annotations

import errno
import math
import re
import secrets
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from polynet.errors import CheckpointError, OptionError
from polynet.nn.arguments import flags, integer
from polynet.train.checkpoint.best import GREATER, LESS, RULES, is_better, rule_for, score_in
from polynet.train.checkpoint.file import TrainingCheckpoint, load_checkpoint
from polynet.train.checkpoint.finding import list_checkpoints
from polynet.train.checkpoint.saving import save_checkpoint
from polynet.train.hook import Hook
from polynet.weights.atomic import remove_leftovers

SUFFIX = ".safetensors"
_STORED = {"bfloat16": "float32"}  # as numpy, which has no such type, is given it


class CheckpointHook(Hook):
    """Saves a run at intervals, keeps the last few checkpoints and the best, and saves where training is stopped.

    Each file holds everything that the run needs to go on, is written in one step, and has a checksum; `polynet.load`
    takes the weights from any of them. An older one is deleted only once the newer is on the disk. Whether the folder
    can be written to is tried before training begins.

    Args:
        interval: Epochs or iterations between checkpoints; -1 for none but the last.
        by_epoch: Whether `interval` counts epochs.
        save_optimizer: Whether to keep the optimiser's state; without it a run cannot be resumed from the file.
        save_param_scheduler: Whether to keep the schedules' state; likewise.
        out_dir: Where to write: a folder of the run's name within it; by default the engine's `work_dir`.
        max_keep_ckpts: How many to keep beside the best; -1 for all.
        save_last: Whether to save at the end in any case.
        save_best: The figure of a validation by which the best is kept, a list of them, or `"auto"` for the first.
        rule: `"greater"` or `"less"`, for each figure or for all; by default its name tells.
        greater_keys: Words in the names of figures of which more is better, in place of the usual ones.
        less_keys: Words in the names of figures of which less is better.
        filename_tmpl: Name of the files, with `{}` for the number; by default `epoch_{}.safetensors` or
            `iter_{}.safetensors`. Another suffix gives way to `.safetensors`, which the files are.
        save_begin: The epoch or iteration from which on to save.
        keep_every: Checkpoints of multiples of this many epochs or iterations are never deleted; 0 for no such.

    Attributes:
        last: The checkpoint that was written last.

    Raises:
        OptionError: An option is out of its range, or `save_best` and `rule` do not go together.

    Source: MMEngine, `CheckpointHook`.

    Example:
        >>> hook = CheckpointHook(interval=5, max_keep_ckpts=3, save_best="accuracy/top1")
        >>> hook.rules
        {'accuracy/top1': 'greater'}
    """

    priority: ClassVar[int | str] = "VERY_LOW"

    def __init__(
        self,
        interval: int = -1,
        by_epoch: bool = True,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        out_dir: str | Path | None = None,
        max_keep_ckpts: int = -1,
        save_last: bool = True,
        save_best: str | Sequence[str] | None = None,
        rule: str | Sequence[str] | None = None,
        greater_keys: Sequence[str] | None = None,
        less_keys: Sequence[str] | None = None,
        filename_tmpl: str | None = None,
        save_begin: int = 0,
        keep_every: int = 0,
    ) -> None:
        flags(
            "CheckpointHook",
            by_epoch=by_epoch,
            save_optimizer=save_optimizer,
            save_param_scheduler=save_param_scheduler,
            save_last=save_last,
        )
        integer("CheckpointHook", "interval", interval, lowest=-1)
        integer("CheckpointHook", "max_keep_ckpts", max_keep_ckpts, lowest=-1)
        integer("CheckpointHook", "save_begin", save_begin, lowest=0)
        integer("CheckpointHook", "keep_every", keep_every, lowest=0)
        self.interval, self.by_epoch, self.save_begin, self.save_last = interval, by_epoch, save_begin, save_last
        self.save_optimizer, self.save_param_scheduler = save_optimizer, save_param_scheduler
        self.out_dir = None if out_dir is None else Path(out_dir)
        self.max_keep_ckpts, self.keep_every = max_keep_ckpts, keep_every
        self.greater_keys = GREATER if greater_keys is None else tuple(greater_keys)
        self.less_keys = LESS if less_keys is None else tuple(less_keys)
        self.rule = rule
        self.rules = self._rules(save_best, rule)
        self.is_auto = save_best == "auto"
        self._names = {True: "epoch_{}" + SUFFIX, False: "iter_{}" + SUFFIX}
        if filename_tmpl is not None:
            self._names[by_epoch] = _template(filename_tmpl)
        self.last: Path | None = None
        self.best: dict[str, dict[str, Any]] = {}
        self._run = ""
        self._saved_at = -1
        self._kept: list[Path] = []
        self._resumed = self._training = False

    def folder(self, engine: Any) -> Path | None:
        """Where checkpoints are written; `None` where nothing says."""
        if self.out_dir is None or engine.work_dir is None or self.out_dir == engine.work_dir:
            return self.out_dir or engine.work_dir
        return self.out_dir / Path(engine.work_dir).name

    def state(self) -> dict[str, Any]:
        """The best so far, and a mark of the run, so that another run's files in the folder are told apart."""
        return {"run": self._run, "best": self.best, "rules": self.rules}

    def load_state(self, state: Mapping[str, Any]) -> None:
        """Go on with the best of an earlier run, where it is kept by the same figures."""
        self._run = str(state.get("run", ""))
        self._resumed = True
        if self.is_auto and len(state.get("rules", {})) == 1:
            self.rules = dict(state["rules"])
        self.best = {name: dict(entry) for name, entry in state.get("best", {}).items() if name in self.rules}

    def before_train(self, runner: Any) -> None:
        """Try whether the folder can be written to, and see what an earlier run left there."""
        self._training = True
        if runner.is_main:
            self._begin(runner)
        if runner.is_sharded:
            # All processes save together, so they must hold the same to be the best.
            self.best = runner.processes.gather(self.best)[0]

    def _begin(self, runner: Any) -> None:
        folder = self._usable_folder(runner)
        _warn_of_little_room(runner, folder)
        for path in remove_leftovers(folder):
            runner.logger.info("%s was removed: a checkpoint whose writing was interrupted.", path.name)
        if self._resumed:
            self._adopt(runner, folder)
        elif not self._run:
            self._run = secrets.token_hex(8)
            _warn_of_earlier_run(runner, folder)
        self._resumed = False

    def after_train_epoch(self, runner: Any) -> None:
        """Save, if it is time."""
        if self.by_epoch and (
            self.every_n_epochs(runner, self.interval, self.save_begin)
            or (self.save_last and self.is_last_train_epoch(runner))
        ):
            self._save(runner)

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None) -> None:
        """Save, if it is time."""
        if not self.by_epoch and (
            self.every_n_train_iters(runner, self.interval, self.save_begin)
            or (self.save_last and self.is_last_train_iter(runner))
        ):
            self._save(runner)

    def after_train(self, runner: Any) -> None:
        """Save what training was stopped at, or where it ended."""
        self._training = False
        if (runner.stopping is not None or self.save_last) and self._saved_at != runner.position.after()["iter"]:
            self._save(runner)
        if runner.stopping is not None and self.last is not None and runner.is_main:
            runner.logger.info("Everything is in %s; a run goes on from there with resume.", self.last)

    def after_val_epoch(self, runner: Any, metrics: dict[str, Any] | None = None) -> None:
        """Save the best."""
        if not self._training or not _takes_part(runner) or not metrics:
            return
        if self.is_auto and not self.rules:
            name = next(iter(metrics))
            self.rules = {name: self.rule if isinstance(self.rule, str) else self._rule_for(name)}
        scores = {name: score_in(metrics, name) for name in self.rules}
        for name, score in scores.items():
            if is_better(score, self.best.get(name, {}).get("score"), self.rules[name]):
                self._save_best(runner, name, score)

    def _save_best(self, runner: Any, name: str, score: float) -> None:
        before, best_before = self.best.get(name), dict(runner.best)
        place = runner.position.after()
        file = f"best_{_in_file_name(name)}_{self._name(place)}"
        self.best[name] = {"score": score, "file": file, "epoch": place["epoch"], "iter": place["iter"]}
        runner.best[name] = score
        try:
            path = self._written(runner, file)
        except BaseException:
            self.best.pop(name)
            if before is not None:
                self.best[name] = before
            runner.best.clear()
            runner.best.update(best_before)
            raise
        runner.logger.info("%s of %.4f is the best so far: %s.", name, score, path.name)
        if before is not None and before["file"] != file:
            self._delete(runner, path.with_name(str(before["file"])))

    def _save(self, runner: Any) -> None:
        place = runner.position.after()
        self._saved_at = place["iter"]
        if not _takes_part(runner):
            return
        path = self._written(runner, self._name(place))
        self.last = path
        self._kept = [*(each for each in self._kept if each != path), path]
        if self.max_keep_ckpts > 0:
            for old in self._kept[: -self.max_keep_ckpts]:
                if not self._stays(old):
                    self._delete(runner, old)
            self._kept = self._kept[-self.max_keep_ckpts :]

    def _stays(self, path: Path) -> bool:
        """Whether a checkpoint is one of those that are never deleted; its name tells, also after a resumption."""
        number = re.fullmatch(re.escape(self._names[self.by_epoch]).replace(r"\{\}", r"(\d+)"), path.name)
        return self.keep_every > 0 and number is not None and int(number[1]) % self.keep_every == 0

    def _name(self, place: Mapping[str, Any]) -> str:
        """Name of the file for a place: the epoch that has just ended, else the iteration."""
        at_epoch = self.by_epoch and place["iter_in_epoch"] == 0 and place["epoch"] > 0
        return self._names[at_epoch].format(place["epoch"] if at_epoch else place["iter"])

    def _written(self, runner: Any, name: str) -> Path:
        folder = self.folder(runner)
        assert folder is not None
        path = folder / name
        try:
            save_checkpoint(runner, path, optimizer=self.save_optimizer, schedules=self.save_param_scheduler)
        except CheckpointError as error:
            raise CheckpointError(self._failure(error, folder)) from error
        return path

    def _failure(self, error: CheckpointError, folder: Path) -> str:
        left = f"the last checkpoint is {self.last}" if self.last is not None else "there is no checkpoint yet"
        cause, told = error.__cause__, str(error).rstrip(".")
        if isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            free = shutil.disk_usage(folder).free / 1e6
            return f"{told}. {free:.1f} MB are free there. Nothing written before is lost: {left}."
        return f"{told}. Nothing written before is lost: {left}."

    def _delete(self, runner: Any, path: Path) -> None:
        if not runner.is_main:
            return
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            runner.logger.warning("The old checkpoint %s cannot be deleted: %s", path, error)

    def _usable_folder(self, runner: Any) -> Path:
        folder = self.folder(runner)
        if folder is None:
            message = "CheckpointHook has nowhere to write: the engine has no work_dir, and the hook no out_dir."
            raise OptionError(message)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                file.write(b"\0" * 4096)
        except OSError as error:
            message = f"Checkpoints cannot be written to {folder}: {error}. Training was not begun."
            raise CheckpointError(message) from error
        return folder

    def _adopt(self, runner: Any, folder: Path) -> None:
        """Take over what the run that is resumed left: what may be deleted in time, and a best not to be lost.

        A best may have been written after the checkpoint that the run is resumed from.
        """
        own = [found for path in sorted(folder.glob(f"*{SUFFIX}")) if (found := _header(path)) is not None]
        own = [found for found in own if found.hooks.get(type(self).__name__, {}).get("run") == self._run]
        pattern = re.compile("|".join(re.escape(name).replace(r"\{\}", r"\d+") for name in self._names.values()))
        kept = [found for found in own if pattern.fullmatch(found.path.name) and found.iter <= runner.position.iter]
        self._kept = [found.path for found in sorted(kept, key=lambda found: found.iter)]
        self.last = self._kept[-1] if self._kept else None
        self._saved_at = runner.position.iter
        for found in own:
            for name, entry in found.hooks[type(self).__name__].get("best", {}).items():
                is_it = name in self.rules and entry["file"] == found.path.name
                if is_it and is_better(entry["score"], self.best.get(name, {}).get("score"), self.rules[name]):
                    self.best[name] = entry
                    runner.best[name] = entry["score"]
                    runner.logger.info("The best %s stays %.4f, of %s.", name, entry["score"], entry["file"])

    def _rules(self, save_best: Any, rule: Any) -> dict[str, str]:
        names = [save_best] if isinstance(save_best, str) else [] if save_best is None else list(save_best)
        rules = [rule] if isinstance(rule, str) or rule is None else list(rule)
        for each in rules:
            if each is not None and each not in RULES:
                message = f"rule is 'greater' or 'less', or a list of these, not {each!r}."
                raise OptionError(message)
        if not all(isinstance(name, str) for name in names) or ("auto" in names and len(names) > 1):
            message = f"save_best is 'auto', the name of a figure, or a list of such names, not {save_best!r}."
            raise OptionError(message)
        if names == ["auto"] and len(rules) == 1:
            self.rule = rules[0]
            return {}
        if len(rules) not in (1, len(names)):
            message = f"save_best has {len(names)} names and rule {len(rules)}; give one rule for each, or one for all."
            raise OptionError(message)
        rules = rules * len(names) if len(rules) == 1 else rules
        return {name: each or self._rule_for(name) for name, each in zip(names, rules, strict=True)}

    def _rule_for(self, name: str) -> str:
        return rule_for(name, self.greater_keys, self.less_keys)


def _takes_part(runner: Any) -> bool:
    """Whether this process is needed for saving: to write, or to give its part of the weights."""
    return bool(runner.is_main or runner.is_sharded)


def _warn_of_little_room(runner: Any, folder: Path) -> None:
    """Say at once what would end the run at its first checkpoint: an old one stays until the new one is there."""
    slots = runner.backend.slots(runner.weights_module()).values()
    needed = 2 * sum(math.prod(slot.shape) * np.dtype(_STORED.get(slot.dtype, slot.dtype)).itemsize for slot in slots)
    free = shutil.disk_usage(folder).free
    if free < needed:
        runner.logger.warning(
            "Only %.1f MB are free in %s; two checkpoints take %.1f MB at the least.", free / 1e6, folder, needed / 1e6
        )


def _warn_of_earlier_run(runner: Any, folder: Path) -> None:
    """Say that the folder is not a new run's alone, before anything in it is written over."""
    earlier = list_checkpoints(folder)
    if earlier:
        count = "a checkpoint" if len(earlier) == 1 else f"{len(earlier)} checkpoints"
        runner.logger.warning(
            "%s has %s of an earlier run, last %s. This run begins anew, and writes over those whose names it takes. "
            "To go on from there in its place: resume=True, or --resume. To keep both: another work_dir.",
            folder,
            count,
            earlier[-1].name,
        )


def _template(given: str) -> str:
    if not isinstance(given, str) or given.count("{}") != 1 or "/" in given or given.startswith("."):
        message = f"filename_tmpl is a file's name with one {{}} in it for the number, not {given!r}."
        raise OptionError(message)
    return Path(given).stem + SUFFIX if Path(given).suffix in (".pth", ".pt", ".pkl", SUFFIX) else given + SUFFIX


def _in_file_name(name: str) -> str:
    return re.sub(r"[^\w.@-]+", "_", name)


def _header(path: Path) -> TrainingCheckpoint | None:
    """A checkpoint unverified; `None` for what is none."""
    try:
        return load_checkpoint(path, verify=False)
    except CheckpointError:
        return None
