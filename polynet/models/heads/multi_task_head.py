"""Several heads on the same features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from polynet import ops
from polynet.data.data_sample import DataSample, MultiTaskDataSample
from polynet.errors import InputError, OptionError, PolyNetError
from polynet.models.base_module import BaseModule, ModuleDict
from polynet.models.heads.mm_cls_head import Feats, last_of
from polynet.registry import HEADS, build_part
from polynet.types import Tensor


@HEADS.register
class MultiTaskHead(BaseModule):
    """A head for each task. A sample counts for those tasks that it has data for.

    Args:
        task_heads: Heads by the tasks' names: configs or modules.
        init_cfg: How weights start; see `BaseModule`.
        **common: Arguments for every head that takes them and does not give them itself: `in_channels` …

    Source: MMPretrain, `MultiTaskHead`.

    Example:
        >>> tasks = {"colour": {"type": "LinearClsHead", "num_classes": 3}}
        >>> with polynet.use_backend("torch"):
        ...     head = MultiTaskHead(tasks, in_channels=8)
        >>> tuple(head((ops.ones((2, 8)),))["colour"].shape)
        (2, 3)
    """

    in_channels: int | None = None

    def __init__(self, task_heads: Mapping[str, Any], init_cfg: Any = None, **common: Any) -> None:
        super().__init__(init_cfg)
        if not isinstance(task_heads, Mapping) or not task_heads:
            message = f"MultiTaskHead: task_heads maps tasks to their heads' configs; it is {task_heads!r:.60}."
            raise OptionError(message)
        try:
            heads = {task: build_part("head", config, task, **common) for task, config in task_heads.items()}
        except PolyNetError as error:
            error.within("task_heads")
            raise
        self.task_heads = ModuleDict(heads)
        widths = {head.in_channels for head in heads.values() if getattr(head, "in_channels", None) is not None}
        self.in_channels = widths.pop() if len(widths) == 1 else None

    def forward(self, feats: Feats) -> dict[str, Any]:
        """The scores of each task."""
        return {task: head(feats) for task, head in self.task_heads.items()}

    def loss(self, feats: Feats, data_samples: Sequence[MultiTaskDataSample], **options: Any) -> dict[str, Tensor]:
        """The losses of each task over the samples that it concerns.

        Returns:
            `TASK_loss` and whatever else the task's head gives; `TASK_mask_size`, the number of those samples. Where
            there are none the loss is 0, so that every parameter still has a gradient.

        Raises:
            InputError: A sample is no `MultiTaskDataSample`.
        """
        _check(data_samples)
        losses: dict[str, Tensor] = {}
        for task, head in self.task_heads.items():
            rows = [row for row, sample in enumerate(data_samples) if task in sample]
            if rows:
                found = head.loss(_rows(feats, rows), [data_samples[row].get(task) for row in rows], **options)
            else:
                found = {"loss": ops.sum(last_of(last_of(feats)) * 0)}
            count = ops.tensor(float(len(rows)), dtype="float32", like=last_of(last_of(feats)))
            losses.update({f"{task}_{key}": value for key, value in {**found, "mask_size": count}.items()})
        return losses

    def predict(
        self, feats: Feats, data_samples: Sequence[MultiTaskDataSample | None] | None = None
    ) -> list[MultiTaskDataSample]:
        """Set what each task's head predicts of every sample, under the task's name.

        A prediction's fact `eval_mask` says whether the sample had data for the task, and so can be judged by it.
        """
        predicted: dict[str, list[DataSample]] = {}
        for task, head in self.task_heads.items():
            given = None if data_samples is None else [sample and sample.get(task) for sample in data_samples]
            predicted[task] = head.predict(feats, given)
        count = len(next(iter(predicted.values())))
        samples = [sample or MultiTaskDataSample() for sample in data_samples or [None] * count]
        for task, predictions in predicted.items():
            for sample, prediction in zip(samples, predictions, strict=True):
                had = task in sample
                prediction.set_field(had, "eval_mask", field_type="metainfo")
                if had and sample.get(task) is not prediction:
                    sample.get(task).update(prediction)
                elif not had:
                    sample.set_field(prediction, task)
        return samples


def _check(data_samples: Sequence[Any]) -> None:
    wrong = next((sample for sample in data_samples if not isinstance(sample, MultiTaskDataSample)), None)
    if wrong is not None:
        message = f"MultiTaskHead takes MultiTaskDataSample, not {type(wrong).__name__}."
        raise InputError(message)


def _rows(feats: Feats, rows: list[int]) -> Any:
    """Some rows of features, however they are nested."""
    if isinstance(feats, (tuple, list)):
        return type(feats)(_rows(each, rows) for each in feats)
    if len(rows) == feats.shape[0]:
        return feats
    return ops.index_select(feats, 0, ops.tensor(rows, dtype="int64", like=feats))
