"""The operations that AutoAugment and its followers choose from, and how strong each is at a magnitude."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from polynet.data.transforms.fill import fill_for
from polynet.data.transforms.pillow import Image, ImageEnhance, ImageOps

GREATEST_MAGNITUDE = 10.0
"""Magnitudes go from 0 to this; beyond it the operations go on beyond their ranges."""


class Warp(NamedTuple):
    """How pixels are found that a rotation, shear or shift moves.

    Attributes:
        resample: Pillow's constant for the interpolation.
        fill: Colour of what comes from outside the image: red, green, blue.
    """

    resample: Any = Image.Resampling.NEAREST
    fill: tuple[int, ...] = (128, 128, 128)


def _affine(image: Any, matrix: tuple[float, ...], warp: Warp) -> Any:
    fill = fill_for(image, warp.fill)
    return image.transform(image.size, Image.Transform.AFFINE, matrix, warp.resample, fillcolor=fill)


def _rotate(image: Any, degrees: float, warp: Warp) -> Any:
    return image.rotate(degrees, warp.resample, fillcolor=fill_for(image, warp.fill))


def _shear_x(image: Any, slope: float, warp: Warp) -> Any:
    return _affine(image, (1, slope, 0, 0, 1, 0), warp)


def _shear_y(image: Any, slope: float, warp: Warp) -> Any:
    return _affine(image, (1, 0, 0, slope, 1, 0), warp)


def _translate_x(image: Any, share: float, warp: Warp) -> Any:
    return _affine(image, (1, 0, share * image.width, 0, 1, 0), warp)


def _translate_y(image: Any, share: float, warp: Warp) -> Any:
    return _affine(image, (1, 0, 0, 0, 1, share * image.height), warp)


def _translate_x_whole(image: Any, share: float, warp: Warp) -> Any:
    return _affine(image, (1, 0, int(share * image.width), 0, 1, 0), warp)


def _translate_y_whole(image: Any, share: float, warp: Warp) -> Any:
    return _affine(image, (1, 0, 0, 0, 1, int(share * image.height)), warp)


def _translate_x_pixels(image: Any, pixels: float, warp: Warp) -> Any:
    return _affine(image, (1, 0, int(pixels), 0, 1, 0), warp)


def _translate_y_pixels(image: Any, pixels: float, warp: Warp) -> Any:
    return _affine(image, (1, 0, 0, 0, 1, int(pixels)), warp)


def _auto_contrast(image: Any, _: float, __: Warp) -> Any:
    return ImageOps.autocontrast(image)


def _equalize(image: Any, _: float, __: Warp) -> Any:
    return ImageOps.equalize(image)


def _invert(image: Any, _: float, __: Warp) -> Any:
    return ImageOps.invert(image)


def _posterize(image: Any, bits: float, _: Warp) -> Any:
    # With no bit at all an image would be black, which teaches nothing; pycls and BaseCls keep one as well.
    kept = max(1, int(bits))
    return image if kept >= 8 else ImageOps.posterize(image, kept)


def _solarize(image: Any, threshold: float, _: Warp) -> Any:
    return ImageOps.solarize(image, threshold)


def _solarize_add(image: Any, added: float, _: Warp) -> Any:
    levels = [min(255, level + int(added)) if level < 128 else level for level in range(256)]
    return image.point(levels * len(image.getbands()))


def _color(image: Any, factor: float, _: Warp) -> Any:
    return ImageEnhance.Color(image).enhance(factor)


def _contrast(image: Any, factor: float, _: Warp) -> Any:
    return ImageEnhance.Contrast(image).enhance(factor)


def _brightness(image: Any, factor: float, _: Warp) -> Any:
    return ImageEnhance.Brightness(image).enhance(factor)


def _sharpness(image: Any, factor: float, _: Warp) -> Any:
    return ImageEnhance.Sharpness(image).enhance(factor)


def _identity(image: Any, _: float, __: Warp) -> Any:
    return image


class Operation(NamedTuple):
    """What an operation does, and how strongly at which magnitude.

    Attributes:
        apply: Called with a Pillow image, the strength and a `Warp`.
        start: The strength at magnitude 0.
        change: What magnitude 10 adds to it; the strength is linear between.
        signed: The added part is as likely subtracted.
        whole: How the added part becomes a whole number, where the strength is one: `math.trunc` or `round`.
    """

    apply: Callable[[Any, float, Warp], Any]
    start: float = 0.0
    change: float = 0.0
    signed: bool = False
    whole: Callable[[float], int] | None = None

    def strength(self, magnitude: float, *, negative: bool = False) -> float:
        """Return the strength at a magnitude.

        Args:
            magnitude: From 0.
            negative: Subtract; only for operations that are `signed`.

        Example:
            >>> OPERATIONS["Rotate"].strength(5.0, negative=True)
            -15.0
            >>> OPERATIONS["PosterizeIncreasing"].strength(9.0)
            1.0
        """
        added = magnitude / GREATEST_MAGNITUDE * self.change
        if self.whole is not None:
            added = float(self.whole(added))
        return self.start - added if negative and self.signed else self.start + added


OPERATIONS: Mapping[str, Operation] = {
    "Identity": Operation(_identity),
    "AutoContrast": Operation(_auto_contrast),
    "Equalize": Operation(_equalize),
    "Invert": Operation(_invert),
    "Rotate": Operation(_rotate, 0.0, 30.0, signed=True),
    "Posterize": Operation(_posterize, 0.0, 4.0, whole=math.trunc),
    "PosterizeIncreasing": Operation(_posterize, 4.0, -4.0, whole=math.trunc),
    "PosterizeOriginal": Operation(_posterize, 4.0, 4.0, whole=math.trunc),
    "Solarize": Operation(_solarize, 0.0, 256.0, whole=math.trunc),
    "SolarizeIncreasing": Operation(_solarize, 256.0, -256.0, whole=math.trunc),
    "SolarizeAdd": Operation(_solarize_add, 0.0, 110.0, whole=math.trunc),
    "Color": Operation(_color, 0.1, 1.8),
    "ColorIncreasing": Operation(_color, 1.0, 0.9, signed=True),
    "Contrast": Operation(_contrast, 0.1, 1.8),
    "ContrastIncreasing": Operation(_contrast, 1.0, 0.9, signed=True),
    "Brightness": Operation(_brightness, 0.1, 1.8),
    "BrightnessIncreasing": Operation(_brightness, 1.0, 0.9, signed=True),
    "Sharpness": Operation(_sharpness, 0.1, 1.8),
    "SharpnessIncreasing": Operation(_sharpness, 1.0, 0.9, signed=True),
    "ShearX": Operation(_shear_x, 0.0, 0.3, signed=True),
    "ShearY": Operation(_shear_y, 0.0, 0.3, signed=True),
    "TranslateXRel": Operation(_translate_x, 0.0, 0.45, signed=True),
    "TranslateYRel": Operation(_translate_y, 0.0, 0.45, signed=True),
}
"""By timm's names. Those with "Increasing" change more at a greater magnitude; the plain ones of the same name are the
TPU implementation's, and "PosterizeOriginal" is the paper's."""

INCREASING = (
    "AutoContrast",
    "Equalize",
    "Invert",
    "Rotate",
    "PosterizeIncreasing",
    "SolarizeIncreasing",
    "SolarizeAdd",
    "ColorIncreasing",
    "ContrastIncreasing",
    "BrightnessIncreasing",
    "SharpnessIncreasing",
    "ShearX",
    "ShearY",
    "TranslateXRel",
    "TranslateYRel",
)
"""The fifteen of RandAugment, each of which changes more at a greater magnitude."""

WIDE: Mapping[str, Operation] = {
    "Identity": Operation(_identity),
    "ShearX": Operation(_shear_x, 0.0, 0.99, signed=True),
    "ShearY": Operation(_shear_y, 0.0, 0.99, signed=True),
    "TranslateX": Operation(_translate_x_pixels, 0.0, 32.0, signed=True),
    "TranslateY": Operation(_translate_y_pixels, 0.0, 32.0, signed=True),
    "Rotate": Operation(_rotate, 0.0, 135.0, signed=True),
    "Brightness": Operation(_brightness, 1.0, 0.99, signed=True),
    "Color": Operation(_color, 1.0, 0.99, signed=True),
    "Contrast": Operation(_contrast, 1.0, 0.99, signed=True),
    "Sharpness": Operation(_sharpness, 1.0, 0.99, signed=True),
    "Posterize": Operation(_posterize, 8.0, -6.0, whole=round),
    "Solarize": Operation(_solarize, 255.0, -255.0),
    "AutoContrast": Operation(_auto_contrast),
    "Equalize": Operation(_equalize),
}
"""The fourteen of TrivialAugment's wide space, with torchvision's ranges."""

SEARCHED: Mapping[str, Operation] = {
    "ShearX": Operation(_shear_x, 0.0, 0.3, signed=True),
    "ShearY": Operation(_shear_y, 0.0, 0.3, signed=True),
    "TranslateX": Operation(_translate_x_whole, 0.0, 150 / 331, signed=True),
    "TranslateY": Operation(_translate_y_whole, 0.0, 150 / 331, signed=True),
    "Rotate": Operation(_rotate, 0.0, 30.0, signed=True),
    "Brightness": Operation(_brightness, 1.0, 0.9, signed=True),
    "Color": Operation(_color, 1.0, 0.9, signed=True),
    "Contrast": Operation(_contrast, 1.0, 0.9, signed=True),
    "Sharpness": Operation(_sharpness, 1.0, 0.9, signed=True),
    "Posterize": Operation(_posterize, 8.0, -4.0, whole=round),
    "Solarize": Operation(_solarize, 255.0, -255.0),
    "AutoContrast": Operation(_auto_contrast),
    "Equalize": Operation(_equalize),
    "Invert": Operation(_invert),
}
"""Those of the policies "imagenet" and "cifar10", with torchvision's ranges."""
