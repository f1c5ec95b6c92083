"""Losses by which one network learns from another."""

from __future__ import annotations

from typing import Any

from polynet import nn, ops
from polynet.errors import OptionError
from polynet.models.losses.weight_reduce import check_same_shape
from polynet.models.losses.weighted_module import WeightedLoss, check_labels
from polynet.ops.checks import check_option
from polynet.registry import LOSSES
from polynet.registry.building import build_part
from polynet.types import Tensor


def check_temperature(tau: float) -> float:
    """Return a temperature unchanged.

    Raises:
        OptionError: It is not a positive number.
    """
    if isinstance(tau, bool) or not isinstance(tau, (int, float)) or tau <= 0:
        message = f"tau must be a positive number, not {tau!r}."
        raise OptionError(message)
    return tau


def divergence(student: Tensor, teacher: Tensor) -> Tensor:
    """Kullback-Leibler divergence of each sample, from scores `(N, C)`; its gradient is the student's alone.

    Example:
        >>> scores = ops.tensor([[1.0, 2.0]])
        >>> divergence(scores, scores).tolist()
        [0.0]
    """
    wanted = ops.log_softmax(ops.stop_gradient(teacher), 1)
    return ops.sum(ops.exp(wanted) * (wanted - ops.log_softmax(student, 1)), dim=1)


@LOSSES.register
class KLDivergence(WeightedLoss):
    """What a student's softened scores lack of a teacher's, `(N, C)` both: called with `(student, teacher)`.

    Args:
        tau: Temperature: the scores are divided by it, and the loss multiplied by its square.
        reduction: `"mean"` (over the samples), `"sum"` or `"none"`.
        loss_weight: Factor of the result.

    Raises:
        OptionError: There is no such reduction, or the temperature is not positive.

    Source: Hinton et al., "Distilling the Knowledge in a Neural Network", arXiv:1503.02531.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = KLDivergence(tau=2.0)
        >>> round(loss(ops.tensor([[0.0, 0.0]]), ops.tensor([[2.0, 0.0]])).tolist(), 4)
        0.4438
    """

    def __init__(self, tau: float = 1.0, reduction: str = "mean", loss_weight: float = 1.0) -> None:
        super().__init__(reduction, loss_weight)
        self.tau = check_temperature(tau)

    def elements(self, pred: Tensor, target: Tensor) -> Tensor:
        """The divergence of each sample, `(N,)`."""
        check_same_shape(type(self).__name__, pred, target)
        return divergence(pred / self.tau, target / self.tau) * self.tau**2


@LOSSES.register
class DKDLoss(nn.Module):
    """Decoupled distillation: of the label's own chance, and of the others among themselves.

    Called with `(student, teacher, labels)`: scores `(N, C)` and whole labels `(N,)`.

    Args:
        tau: Temperature.
        alpha: Factor of the part on the label's own chance.
        beta: Factor of the part on the others.
        loss_weight: Factor of the result.

    Raises:
        OptionError: The temperature is not positive.

    Source: Zhao et al., "Decoupled Knowledge Distillation", arXiv:2203.08679.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = DKDLoss()
        >>> scores = ops.tensor([[1.0, 2.0, 3.0]])
        >>> loss(scores, scores, ops.tensor([1])).tolist()
        0.0
    """

    def __init__(self, tau: float = 4.0, alpha: float = 1.0, beta: float = 8.0, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.tau = check_temperature(tau)
        self.alpha = alpha
        self.beta = beta
        self.loss_weight = loss_weight

    def forward(self, student: Tensor, teacher: Tensor, labels: Tensor) -> Tensor:
        """The loss, a scalar: the mean over the samples."""
        check_same_shape(type(self).__name__, student, teacher)
        check_labels(type(self).__name__, student, labels)
        own = ops.cast(ops.one_hot(labels, student.shape[1]), ops.dtype_name(student))
        student, teacher = student / self.tau, ops.stop_gradient(teacher) / self.tau
        parts = self.alpha * _own_part(student, teacher, own) + self.beta * _other_part(student, teacher, own)
        return self.loss_weight * self.tau**2 * ops.mean(parts)


FAR = 1000.0
"""What a score is lowered by so that it has no share in a softmax, and no gradient."""


def _own_part(student: Tensor, teacher: Tensor, own: Tensor) -> Tensor:
    """Divergence of (label, all others) of each sample."""
    return divergence(_own_and_others(student, own), _own_and_others(teacher, own))


def _own_and_others(scores: Tensor, own: Tensor) -> Tensor:
    """Scores `(N, 2)` whose softmax is the chance of the label and that of all others together."""
    label = ops.sum(scores * own, dim=1)
    others = ops.logsumexp(scores - FAR * own, dim=1)
    return ops.stack([label, others], dim=1)


def _other_part(student: Tensor, teacher: Tensor, own: Tensor) -> Tensor:
    """Divergence among all classes but the label's, of each sample."""
    return divergence(student - FAR * own, teacher - FAR * own)


@LOSSES.register
class DistillationLoss(nn.Module):
    """DeiT's loss: of the labels by the class token, and of a teacher by the distillation token.

    Called with `((class scores, distillation scores), labels, teacher scores)`.

    Args:
        distillation_type: `"hard"`: the teacher's choice is a label; `"soft"`: its softened scores are the target;
            `"none"`: labels alone.
        alpha: Share of the teacher.
        tau: Temperature of the soft kind.
        base: The loss of the labels, as a config or built; by default the cross entropy.

    Raises:
        OptionError: There is no such type, or the temperature is not positive.

    Source: Touvron et al., "Training data-efficient image transformers", arXiv:2012.12877, sections 4 and 5.

    Example:
        >>> with polynet.use_backend("torch"):
        ...     loss = DistillationLoss("hard", alpha=0.5)
        >>> scores = ops.tensor([[0.0, 0.0]])
        >>> round(loss((scores, scores), ops.tensor([0]), ops.tensor([[1.0, 3.0]])).tolist(), 4)
        0.6931
    """

    def __init__(self, distillation_type: str = "hard", alpha: float = 0.5, tau: float = 1.0, base: Any = None) -> None:
        super().__init__()
        check_option(type(self).__name__, "distillation_type", distillation_type, ("none", "soft", "hard"))
        self.distillation_type = distillation_type
        self.alpha = alpha
        self.tau = check_temperature(tau)
        self.base = build_part("loss", base, "base")

    def forward(self, scores: tuple[Tensor, Tensor] | Tensor, labels: Tensor, teacher: Tensor) -> Tensor:
        """The loss, a scalar."""
        of_class, of_teacher = scores if isinstance(scores, (tuple, list)) else (scores, scores)
        own = ops.cross_entropy(of_class, labels) if self.base is None else self.base(of_class, labels)
        if self.distillation_type == "none":
            return own
        check_same_shape(type(self).__name__, of_teacher, teacher)
        if self.distillation_type == "hard":
            learned = ops.cross_entropy(of_teacher, ops.argmax(teacher, dim=1))
        else:
            # The paper's soft kind is averaged over all scores, not over the samples alone.
            learned = ops.sum(divergence(of_teacher / self.tau, teacher / self.tau)) * self.tau**2
            learned = learned / (teacher.shape[0] * teacher.shape[1])
        return own * (1 - self.alpha) + learned * self.alpha
