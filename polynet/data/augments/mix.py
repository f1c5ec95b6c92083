"""Mixing each image of a batch with another one: Mixup, CutMix and ResizeMix, as MMPretrain has them."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet import ops
from polynet.data.augments.base import BatchAugment, as_scores, check_alpha, check_minmax, check_share
from polynet.data.augments.mixing import blend, draw_box, paste, resized, take
from polynet.errors import OptionError, suggest

INTERPOLATIONS = ("bilinear", "nearest")


class Mixup(BatchAugment):
    """Every image and its target become a blend with those of another one of the batch.

    Args:
        alpha: The share of each image is drawn from the beta distribution with this parameter twice.
        num_classes: How many classes there are, where targets are labels.

    Raises:
        OptionError: `alpha` is not greater than 0.

    Source: Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization"; MMPretrain, `Mixup`.

    Example:
        >>> mixup = Mixup(alpha=0.8)
        >>> images, scores = mixup(np.zeros((2, 3, 4, 4), np.float32), np.eye(2, dtype=np.float32))
        >>> images.shape, scores.sum(axis=1).round(6).tolist()
        ((2, 3, 4, 4), [1.0, 1.0])
    """

    def __init__(self, alpha: float, num_classes: int | None = None) -> None:
        self.alpha = check_alpha(self, "alpha", alpha)
        self.num_classes = num_classes

    def apply(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """Blend images and scores by one share."""
        scores = as_scores(self, targets, self.num_classes)
        share = float(self.generator.beta(self.alpha, self.alpha))
        order = self.generator.permutation(inputs.shape[0])
        return blend(inputs, take(inputs, order), share), blend(scores, take(scores, order), share)


class CutMix(BatchAugment):
    """A box of every image is that of another one of the batch; targets are blended by its area.

    Args:
        alpha: How much is left of each image is drawn from the beta distribution with this parameter twice.
        cutmix_minmax: The least and greatest side of the box as shares of the image's, instead.
        correct_lam: Whether targets are blended by the area of the box as the border cut it.
        num_classes: How many classes there are, where targets are labels.

    Raises:
        OptionError: `alpha` is not greater than 0, or the sides are no shares.

    Source: Yun et al. 2019, "CutMix"; MMPretrain, `CutMix`, which changes the images it was given.

    Example:
        >>> cutmix = CutMix(alpha=1.0)
        >>> images, scores = cutmix(np.zeros((2, 3, 4, 4), np.float32), np.eye(2, dtype=np.float32))
        >>> images.shape, scores.sum(axis=1).tolist()
        ((2, 3, 4, 4), [1.0, 1.0])
    """

    def __init__(
        self,
        alpha: float,
        cutmix_minmax: tuple[float, float] | list[float] | None = None,
        correct_lam: bool = True,
        num_classes: int | None = None,
    ) -> None:
        self.alpha = check_alpha(self, "alpha", alpha)
        self.cutmix_minmax = check_minmax(self, cutmix_minmax)
        self.correct_lam = correct_lam
        self.num_classes = num_classes

    def apply(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """Paste one box, and blend scores by its area."""
        scores = as_scores(self, targets, self.num_classes)
        share = float(self.generator.beta(self.alpha, self.alpha))
        order = self.generator.permutation(inputs.shape[0])
        box, share = draw_box(self.generator, inputs.shape[2:], share, self.cutmix_minmax, self.correct_lam)
        return self.pasted(inputs, take(inputs, order), box), blend(scores, take(scores, order), share)

    def pasted(self, inputs: Any, others: Any, box: tuple[int, int, int, int]) -> Any:
        """The images with the box of the others'."""
        return paste(inputs, others, box)


class ResizeMix(CutMix):
    """Another image of the batch, made small, is pasted onto every image; targets are blended by its area.

    Args:
        alpha: How much is left of each image is drawn from the beta distribution with this parameter twice.
        lam_min: The least that is left of an image, before the border cuts the box.
        lam_max: The most that is left.
        interpolation: `"bilinear"` or `"nearest"`.
        prob: How likely a batch is mixed at all.
        cutmix_minmax: As `CutMix`.
        correct_lam: As `CutMix`.
        num_classes: As `CutMix`.

    Raises:
        OptionError: A number lies outside its range, or there is no such interpolation.

    Source: Qin et al. 2020, "ResizeMix"; MMPretrain, `ResizeMix`.

    Example:
        >>> mix = ResizeMix(alpha=1.0)
        >>> images, scores = mix(np.zeros((2, 3, 4, 4), np.float32), np.eye(2, dtype=np.float32))
        >>> images.shape, scores.sum(axis=1).tolist()
        ((2, 3, 4, 4), [1.0, 1.0])
    """

    def __init__(
        self,
        alpha: float,
        lam_min: float = 0.1,
        lam_max: float = 0.8,
        interpolation: str = "bilinear",
        prob: float = 1.0,
        cutmix_minmax: tuple[float, float] | list[float] | None = None,
        correct_lam: bool = True,
        num_classes: int | None = None,
    ) -> None:
        super().__init__(alpha, cutmix_minmax, correct_lam, num_classes)
        self.lam_min, self.lam_max = check_share(self, "lam_min", lam_min), check_share(self, "lam_max", lam_max)
        self.prob = check_share(self, "prob", prob)
        if self.lam_min > self.lam_max:
            message = f"ResizeMix: lam_min, {lam_min}, is greater than lam_max, {lam_max}."
            raise OptionError(message)
        if interpolation not in INTERPOLATIONS:
            near = suggest(interpolation, INTERPOLATIONS)
            message = f"ResizeMix: interpolation is 'bilinear' or 'nearest', not {interpolation!r}.{near}"
            raise OptionError(message)
        self.interpolation = interpolation

    def apply(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """Paste one box, in which the whole other image is, and blend scores by its area."""
        scores = as_scores(self, targets, self.num_classes)
        if self.prob < 1.0 and self.generator.random() >= self.prob:
            return inputs, scores
        share = float(self.generator.beta(self.alpha, self.alpha)) * (self.lam_max - self.lam_min) + self.lam_min
        order = self.generator.permutation(inputs.shape[0])
        box, share = draw_box(self.generator, inputs.shape[2:], share, self.cutmix_minmax, self.correct_lam)
        return self.pasted(inputs, take(inputs, order), box), blend(scores, take(scores, order), share)

    def pasted(self, inputs: Any, others: Any, box: tuple[int, int, int, int]) -> Any:
        """The images with the others in the box."""
        top, bottom, left, right = box
        if top == bottom or left == right:
            return inputs
        small = resized(others, bottom - top, right - left, self.interpolation)
        height, width = inputs.shape[2:]
        sides = ((top, height - bottom), (left, width - right))
        if isinstance(inputs, np.ndarray):
            return paste(inputs, np.pad(small, ((0, 0), (0, 0), *sides)), box)
        return paste(inputs, ops.pad(small, (*sides[1], *sides[0])), box)
