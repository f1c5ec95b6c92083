"""Training any network that gives logits to classify."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from polynet import ops
from polynet.config.references import is_class_like
from polynet.data.augments.base import as_scores, check_share
from polynet.data.preprocessors.base import build_preprocessor
from polynet.errors import ConfigKeyError, InputError, InputTypeError, ModeError, OptionError, PolyNetError
from polynet.metrics.metric import check_counts
from polynet.metrics.prediction import Prediction
from polynet.models.mmengine_model import BaseModel
from polynet.models.networks.base_classifier import check_mode
from polynet.registry import LOSSES, MODELS, NETWORKS, build_part
from polynet.types import NativeModule, Tensor

SMOOTHING = "label_smoothing"


@NETWORKS.register
class ClassificationTask(BaseModel):
    """Trains a network that makes logits of images, given images and labels.

    A batch is a pair `(images, labels)`, a dictionary with `inputs` (or `images`) and `labels`, or what the
    preprocessor makes of it. Where the network gives several logits, as a tuple or a dictionary, as a distilled
    transformer does in training, their losses add up, and the first are the prediction. A network whose losses do not
    count alike, as one with auxiliary classifiers, has their factors as its attribute `loss_weights`.

    Args:
        network: The network: a config, a name or a module.
        loss: The loss of logits and labels: a config, a name or a module. `label_smooth`, BaseCls's name, may be in any
            loss's config: a loss that cannot smooth labels itself is given smooth ones.
        data_preprocessor: What moves, normalises and augments a batch: a config, a `BatchDataPreprocessor`'s where it
            has no `type`, or a module.
        batch_augments: Augmentations of batches, for a preprocessor given as a config or not at all.
        num_classes: How many classes there are; needed where labels are mixed.
        topk: For which `k` the share of right predictions is logged in training, in percent; `()` for none.

    Raises:
        OptionError: Augmentations are given beside a preprocessor that is made already, or a number is none.
        PolyNetError: A part cannot be built; the message says which.

    Source: BaseCls, whose trainer does so much; the form is MMEngine's.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     task = ClassificationTask({"type": "MLP", "in_dim": [4], "out_dim": 3}, loss="CrossEntropy")
        >>> batch = (np.zeros((2, 4), np.uint8), np.array([0, 2]))
        >>> losses = task(*task.preprocess(batch, training=True), mode="loss")
        >>> sorted(losses), tuple(task.val_step(batch).logits.shape)
        (['loss', 'top1'], (2, 3))
    """

    def __init__(
        self,
        network: Any,
        loss: Any = "CrossEntropy",
        data_preprocessor: Any = None,
        batch_augments: Any = None,
        num_classes: int | None = None,
        topk: int | Sequence[int] = (1,),
    ) -> None:
        super().__init__(_preprocessor(data_preprocessor, batch_augments, num_classes))
        self.network = _network(network)
        self.loss, self.smoothing = _loss(loss)
        self.topk = check_counts("ClassificationTask", "topk", topk) if topk != () and topk != [] else ()
        self.num_classes = num_classes

    def weights_module(self) -> NativeModule:
        """The network, so that a checkpoint has its own names."""
        return self.network

    @property
    def input_size(self) -> Any:
        """The input that the network is tried with, where it says so."""
        return getattr(self.network, "input_size", (3, 224, 224))

    def forward(self, inputs: Tensor, labels: Any = None, data_samples: Any = None, mode: str = "tensor") -> Any:
        """Classify images, or train on them.

        Args:
            inputs: Images, or whatever the network takes.
            labels: Their labels `(N,)`, or scores `(N, C)`.
            data_samples: Samples that know them, instead.
            mode: `"tensor"` for what the network gives, `"loss"` for a dictionary of `loss` and accuracies, `"predict"`
                for a `Prediction` of logits, labels and the loss.

        Raises:
            ModeError: There is no such mode.
            InputError: There are no labels to train on, or they do not suit the logits.
        """
        check_mode(self, mode)
        outputs = self.network(inputs)
        if mode == "tensor":
            return outputs
        several = _logits(outputs)
        if labels is None and data_samples is not None:
            from polynet.models.heads.mm_cls_head import targets_of

            labels = targets_of(data_samples, several[0], type(self).__name__)
        if mode == "predict":
            loss = None if labels is None else ops.stop_gradient(self._loss_of(several, labels))
            return Prediction(several[0], labels, loss)
        if labels is None:
            message = f"{type(self).__name__} has no labels in the batch to train on."
            raise InputError(message)
        return {"loss": self._loss_of(several, labels), **self._accuracies(several[0], labels)}

    def _loss_of(self, several: Sequence[Tensor], labels: Tensor) -> Tensor:
        """The sum of the losses of all logits, each by its factor, counted in float32 whatever precision they have."""
        if self.smoothing:
            labels = as_scores(self, labels, several[0].shape[-1], self.smoothing)
        total = self.loss(_wide(several[0]), labels)
        weights = getattr(self.network, "loss_weights", ())
        for index, logits in enumerate(several[1:], start=1):
            loss = self.loss(_wide(logits), labels)
            total = total + (loss * weights[index] if index < len(weights) else loss)
        return total

    def _accuracies(self, logits: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Percentages of images whose label, or the likeliest of whose scores, is among the `k` first."""
        if not self.topk or logits.ndim != 2:
            return {}
        logits = ops.stop_gradient(logits)
        if labels.ndim == 2:
            labels = ops.argmax(labels, dim=1)
        if self.topk == (1,):
            return {"top1": ops.sum(ops.argmax(logits, dim=1) == labels) * (100.0 / logits.shape[0])}
        most = min(max(self.topk), logits.shape[1])
        hits = ops.cast(ops.topk(logits, most, dim=1)[1] == ops.unsqueeze(labels, 1), "float32")
        return {f"top{k}": ops.mean(ops.sum(hits[:, :k], dim=1)) * 100.0 for k in self.topk}


def _wide(logits: Tensor) -> Tensor:
    return ops.cast(logits, "float32") if ops.dtype_name(logits) in ("float16", "bfloat16") else logits


def _logits(outputs: Any) -> Sequence[Tensor]:
    """The logits among what a network gave.

    Raises:
        InputTypeError: There are none.
    """
    if hasattr(outputs, "shape"):
        return (outputs,)
    if isinstance(outputs, Mapping):
        outputs = [*outputs.values()]
    if not isinstance(outputs, (tuple, list)):
        return (outputs,)
    if not outputs or not all(hasattr(each, "shape") for each in outputs):
        message = f"The network gives logits, a tuple or a dictionary of them, not {type(outputs).__name__}."
        raise InputTypeError(message)
    return outputs


def _preprocessor(config: Any, augments: Any, num_classes: int | None) -> Any:
    """The preprocessor, from its config and the task's own options."""
    given: dict[str, Any] = {"batch_augments": augments} if augments else {}
    if num_classes is not None and (config is None or not _has_type(config)):
        given["num_classes"] = num_classes
    if augments and not (config is None or isinstance(config, Mapping)):
        message = "batch_augments go to the data preprocessor; give them to the one that is made already."
        raise OptionError(message)
    return build_preprocessor(config, "BatchDataPreprocessor", **given)


def _has_type(config: Any) -> bool:
    return not isinstance(config, Mapping) or any(key in config for key in ("type", "name", "NAME"))


def _network(config: Any) -> Any:
    """The network of a config, of whatever kind."""
    if config is None:
        message = "ClassificationTask needs a network: a config, a name or a module."
        error = ConfigKeyError(message)
        error.within("network")
        raise error
    if not (isinstance(config, (Mapping, str)) or is_class_like(config)):
        return config
    try:
        return MODELS.build({"name": config} if not isinstance(config, Mapping) else config)
    except PolyNetError as error:
        error.within("network")
        raise


def _loss(config: Any) -> tuple[Any, float]:
    """The loss, and how much its labels are to be smoothed before."""
    if not isinstance(config, Mapping) or "label_smooth" not in config:
        made = build_part("loss", config, "loss")
        if not callable(made):
            message = f"The loss is called with logits and labels; {made!r:.80} cannot be."
            raise ModeError(message)
        return made, 0.0
    rest = {key: value for key, value in config.items() if key != "label_smooth"}
    share = check_share("loss", "label_smooth", config["label_smooth"])
    name = next((config[key] for key in ("name", "type", "NAME") if key in config), None)
    target = _looked_up(name) if isinstance(name, str) else name
    if target is not None and SMOOTHING in inspect.signature(target).parameters:
        return build_part("loss", {**rest, SMOOTHING: share}, "loss"), 0.0
    return build_part("loss", rest, "loss"), share


def _looked_up(name: str) -> Any:
    """What a loss's name stands for; OpenMMLab's registry, which knows no kinds, may hold it as something else."""
    try:
        return (MODELS if name in MODELS else LOSSES).get(name)
    except PolyNetError as error:
        error.within("loss")
        raise
