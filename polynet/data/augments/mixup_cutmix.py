"""Mixup and CutMix by turns, for a batch, for each image or for each pair, as timm and BaseCls have them."""

from __future__ import annotations

from typing import Any

import numpy as np

from polynet.data.augments.base import BatchAugment, as_scores, check_alpha, check_minmax, check_share
from polynet.data.augments.mixing import Array, blend, draw_box, paste, take
from polynet.errors import OptionError, suggest

MODES = ("batch", "elem", "pair")


class MixupCutmix(BatchAugment):
    """Mixes every image with its partner: the one as far from the batch's end as it is from its beginning.

    Args:
        mixup_alpha: Parameter of Mixup's beta distribution; 0 for no Mixup.
        cutmix_alpha: Parameter of CutMix's; 0 for no CutMix.
        cutmix_minmax: The least and greatest side of CutMix's box as shares of the image's; then `cutmix_alpha` is 1.
        prob: How likely a batch, image or pair is mixed.
        switch_prob: How likely CutMix is taken where there are both.
        mode: What is drawn anew: once for the `"batch"`, for each image (`"elem"`), or for each `"pair"`.
        calibrate_cutmix_lambda: Whether targets are blended by the area of CutMix's box as the border cut it.
        calibrate_mixup_lambda: Whether Mixup leaves each image the greater share; in `"elem"` and `"pair"` mode.
        permute: Whether partners are drawn, instead.
        num_classes: How many classes there are, where targets are labels.
        label_smoothing: The share of each target that is spread evenly over all classes.

    Raises:
        OptionError: A number lies outside its range, or there is no such mode.

    Source: timm, `Mixup` (Wightman), the same formulas and draws; BaseCls, `MixupCutmixTransform`, for the names, the
        calibration of Mixup and `permute`. BaseCls's `"pair"` fails, and timm's batches have even sizes; here a batch
        may have any size, and the image in the middle of an odd one stays itself.

    Example:
        >>> mix = MixupCutmix(mixup_alpha=0.2, cutmix_alpha=1.0, mode="elem", num_classes=10)
        >>> images, scores = mix(np.zeros((4, 3, 8, 8), np.uint8), np.array([1, 2, 3, 4]))
        >>> images.dtype, scores.shape
        (dtype('uint8'), (4, 10))
    """

    def __init__(
        self,
        mixup_alpha: float = 1.0,
        cutmix_alpha: float = 0.0,
        cutmix_minmax: tuple[float, float] | list[float] | None = None,
        prob: float = 1.0,
        switch_prob: float = 0.5,
        mode: str = "batch",
        calibrate_cutmix_lambda: bool = True,
        calibrate_mixup_lambda: bool = False,
        permute: bool = False,
        num_classes: int | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        self.cutmix_minmax = check_minmax(self, cutmix_minmax)
        self.mixup_alpha = check_alpha(self, "mixup_alpha", mixup_alpha, at_least=0)
        self.cutmix_alpha = check_alpha(self, "cutmix_alpha", cutmix_alpha, at_least=0)
        if self.cutmix_minmax is not None:
            self.cutmix_alpha = 1.0
        self.prob = check_share(self, "prob", prob)
        self.switch_prob = check_share(self, "switch_prob", switch_prob)
        self.label_smoothing = check_share(self, "label_smoothing", label_smoothing)
        if mode not in MODES:
            message = f"MixupCutmix: mode is {', '.join(MODES)}, not {mode!r}.{suggest(mode, MODES)}"
            raise OptionError(message)
        self.mode = mode
        self.calibrate_cutmix_lambda = calibrate_cutmix_lambda
        self.calibrate_mixup_lambda = calibrate_mixup_lambda
        self.permute = permute
        self.num_classes = num_classes

    def apply(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
        """Mix images and scores."""
        scores = as_scores(self, targets, self.num_classes, self.label_smoothing)
        if not self.mixup_alpha and not self.cutmix_alpha:
            return inputs, scores
        partner = self._partners(inputs.shape[0])
        if self.mode == "batch":
            return self._mix_batch(inputs, scores, partner)
        return self._mix_each(inputs, scores, partner)

    def _partners(self, count: int) -> Array:
        """The row that each row is mixed with."""
        if not self.permute:
            return np.arange(count)[::-1]
        order = self.generator.permutation(count)
        if self.mode != "pair":
            return order
        partner = np.arange(count)
        half = count // 2 * 2
        partner[order[0:half:2]], partner[order[1:half:2]] = order[1:half:2], order[0:half:2]
        return partner

    def _mix_batch(self, inputs: Any, scores: Any, partner: Array) -> tuple[Any, Any]:
        generator = self.generator
        if generator.random() >= self.prob:
            return inputs, scores
        cuts = bool(self.cutmix_alpha)
        if self.mixup_alpha and self.cutmix_alpha:
            cuts = bool(generator.random() < self.switch_prob)
        alpha = self.cutmix_alpha if cuts else self.mixup_alpha
        share = float(generator.beta(alpha, alpha))
        others = take(inputs, partner)
        if cuts:
            box, share = draw_box(generator, inputs.shape[2:], share, self.cutmix_minmax, self.calibrate_cutmix_lambda)
            inputs = paste(inputs, others, box)
        else:
            inputs = blend(inputs, others, share)
        return inputs, blend(scores, take(scores, partner), share)

    def _mix_each(self, inputs: Any, scores: Any, partner: Array) -> tuple[Any, Any]:
        count = inputs.shape[0]
        first = [row for row in range(count) if row < partner[row]] if self.mode == "pair" else [*range(count)]
        drawn, cuts = self._shares(len(first))
        shares, blends = np.ones(count), np.ones(count)
        boxes = np.zeros((count, 4), np.int64)
        for number, row in enumerate(first):
            share = float(drawn[number])
            rows = [row, partner[row]] if self.mode == "pair" else [row]
            if share == 1.0:
                continue
            if cuts[number]:
                boxes[rows], share = draw_box(
                    self.generator, inputs.shape[2:], share, self.cutmix_minmax, self.calibrate_cutmix_lambda
                )
            else:
                blends[rows] = share
            shares[rows] = share
        others = take(inputs, partner)
        mixed = inputs if (blends == 1.0).all() else blend(inputs, others, blends)
        if boxes.any():
            mixed = paste(mixed, others, boxes)
        return mixed, blend(scores, take(scores, partner), shares)

    def _shares(self, count: int) -> tuple[Array, Array]:
        """How much of each image is left, and whether by CutMix."""
        generator = self.generator
        if self.mixup_alpha and self.cutmix_alpha:
            cuts = generator.random(count) < self.switch_prob
            by_cutmix = generator.beta(self.cutmix_alpha, self.cutmix_alpha, count)
            shares = np.where(cuts, by_cutmix, generator.beta(self.mixup_alpha, self.mixup_alpha, count))
        else:
            cuts = np.full(count, bool(self.cutmix_alpha))
            alpha = self.cutmix_alpha or self.mixup_alpha
            shares = generator.beta(alpha, alpha, count)
        if self.calibrate_mixup_lambda:
            shares = np.where(cuts, shares, np.maximum(shares, 1.0 - shares))
        return np.where(generator.random(count) < self.prob, shares.astype(np.float32), np.float32(1.0)), cuts
