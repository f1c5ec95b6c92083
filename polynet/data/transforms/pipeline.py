"""Pipelines from configs, in this library's spelling or MMPretrain's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from polynet.config.normal_form import normalise
from polynet.data.registry import TRANSFORMS
from polynet.data.transforms.compose import Compose
from polynet.errors import ConfigTypeError, OptionError

Options = dict[str, Any]


def build_pipeline(steps: Sequence[Any]) -> Compose:
    """Build transforms one after another from their configs.

    Args:
        steps: A list of mappings with `type` and the transform's options, of names, or of transforms. Options of
            MMPretrain's transforms are understood where they differ: `RandomResizedCrop(scale=224,
            crop_ratio_range=…)`, `RandomFlip(prob, direction)`, `ResizeEdge(scale, edge)`, `Resize(scale=(width,
            height))`, `CenterCrop(crop_size)`, `RandomCrop(crop_size, pad_val)`, `Lighting(alphastd)`,
            `RandAugment(policies="timm_increasing", num_policies, magnitude_level, …)`, `AutoAugment(policies=
            "imagenet")`, `RandomErasing(erase_prob, …)`, `EfficientNetRandomCrop(scale)`,
            `EfficientNetCenterCrop(crop_size)`, `RandomGrayscale(prob)`, `GaussianBlur(magnitude_range)`,
            `Solarize(thr)`, `RandomApply(transforms, prob)`, and `backend`, which is Pillow whatever it says.

    Raises:
        ConfigTypeError: It is no list of such things.
        UnknownNameError: There is no transform of that name.
        OptionError: A transform has no such option, or cannot use its value.

    Example:
        >>> pipeline = build_pipeline(
        ...     [
        ...         dict(type="ResizeEdge", scale=256, edge="short"),
        ...         dict(type="CenterCrop", crop_size=224),
        ...         "ToArray",
        ...     ]
        ... )
        >>> import numpy as np
        >>> pipeline(np.zeros((375, 500, 3), np.uint8)).shape
        (3, 224, 224)
    """
    if isinstance(steps, (str, Mapping)) or not isinstance(steps, Sequence):
        message = f"A pipeline is a list of transforms' configs; not {steps!r:.80}."
        raise ConfigTypeError(message)
    return Compose([_built(step) for step in steps])


def _built(step: Any) -> Any:
    if not isinstance(step, Mapping):
        return TRANSFORMS.build(step)
    options = dict(normalise(step))
    name = options.pop("name", None)
    if name in _TRANSLATIONS:
        options.pop("backend", None)
        if options.get("interpolation") == "area":  # OpenCV's word
            options["interpolation"] = "box"
        name, options = _TRANSLATIONS[name](options)
    return TRANSFORMS.build({"type": name, **options} if name is not None else options)


def _renamed(options: Options, **names: str) -> Options:
    """Options under this library's names; those not given are left out."""
    return {names.get(key, key): value for key, value in options.items()}


def _random_resized_crop(options: Options) -> tuple[str, Options]:
    if "size" in options:
        return "RandomResizedCrop", options
    names = {"scale": "size", "crop_ratio_range": "scale", "aspect_ratio_range": "ratio", "max_attempts": "attempts"}
    return "RandomResizedCrop", _renamed(options, **names)


def _efficientnet_random_crop(options: Options) -> tuple[str, Options]:
    return "EfficientNetRandomCrop", _random_resized_crop(options)[1]


def _efficientnet_center_crop(options: Options) -> tuple[str, Options]:
    return "EfficientNetCenterCrop", _renamed(options, crop_size="size")


def _random_grayscale(options: Options) -> tuple[str, Options]:
    # The weights of the channels are those of the luma here, whatever they are there.
    given = {key: value for key, value in options.items() if key not in ("channel_weights", "color_format")}
    if not given.pop("keep_channels", True):
        given["channels"] = 1
    return "Grayscale", {"prob": 0.5, **given}


def _gaussian_blur(options: Options) -> tuple[str, Options]:
    # A radius drawn evenly from its range is what "inf" says, and all that MMPretrain's configs have.
    if str(options.pop("magnitude_std", "inf")) != "inf":
        raise OptionError("GaussianBlur: magnitude_std is 'inf': the radius is drawn evenly from its range.")
    return "GaussianBlur", _renamed(options, magnitude_range="radius")


def _solarize(options: Options) -> tuple[str, Options]:
    return "Solarize", _renamed(options, thr="threshold")


def _random_apply(options: Options) -> tuple[str, Options]:
    steps = options.get("transforms")
    several = steps if isinstance(steps, (list, tuple)) else [steps]
    return "RandomApply", {**options, "transforms": build_pipeline(several).transforms}


def _random_flip(options: Options) -> tuple[str, Options]:
    direction = options.pop("direction", "horizontal")
    if direction not in ("horizontal", "vertical"):
        message = f"RandomFlip: direction is 'horizontal' or 'vertical'; not {direction!r:.80}."
        raise OptionError(message)
    return f"Random{direction.capitalize()}Flip", {"prob": 0.5, **options}


def _resize_edge(options: Options) -> tuple[str, Options]:
    return "Resize", _renamed(options, scale="size")


def _resize(options: Options) -> tuple[str, Options]:
    if "scale" in options:
        scale = options.pop("scale")
        pair = isinstance(scale, (list, tuple)) and len(scale) == 2
        # MMCV's sizes are (width, height), and one number is both.
        options["size"] = (scale[1], scale[0]) if pair else (scale, scale)
    if not options.pop("keep_ratio", False):
        return "Resize", options
    raise OptionError("Resize: keep_ratio=True is not supported; ResizeEdge keeps proportions.")


def _center_crop(options: Options) -> tuple[str, Options]:
    return "CenterCrop", _renamed(options, crop_size="size", pad_val="fill")


def _random_crop(options: Options) -> tuple[str, Options]:
    options = _renamed(options, crop_size="size", pad_val="fill")
    return "RandomCrop", _with_red_first(options, "fill")


def _color_jitter(options: Options) -> tuple[str, Options]:
    return "ColorJitter", options


def _lighting(options: Options) -> tuple[str, Options]:
    # MMPretrain's eigenvalues are of colours from 0 to 255. Its configs have the rows of the eigenvectors red first.
    options.pop("to_rgb", None)
    options = _renamed(options, alphastd="scale", eigvec="eigenvectors")
    if "eigval" in options:
        options["eigenvalues"] = [value / 255 for value in options.pop("eigval")]
    return "Lighting", options


def _rand_augment(options: Options) -> tuple[str, Options]:
    if not {"policies", "num_policies", "magnitude_level", "total_level", "hparams"}.intersection(options):
        return "RandAugment", options
    policies = options.pop("policies", "timm_increasing")
    if policies not in ("timm_increasing", "simple_increasing"):
        message = (
            "RandAugment: policies is 'timm_increasing' or 'simple_increasing', or operations=[names] instead; "
            f"not {policies!r:.80}."
        )
        raise OptionError(message)
    if policies == "simple_increasing":
        options["operations"] = ("AutoContrast", "Equalize", "Rotate", "ShearX", "ShearY")
    scale = 10 / options.pop("total_level", 10)
    options = _hyperparameters(_renamed(options, num_policies="n_ops", magnitude_level="magnitude"))
    for key in ("magnitude", "magnitude_std"):
        if key in options:
            options[key] = float(options[key]) * scale
    return "RandAugment", options


def _auto_augment(options: Options) -> tuple[str, Options]:
    if "policies" in options:
        policies = options.pop("policies")
        if policies != "imagenet":
            message = f"AutoAugment: policies is 'imagenet'; not {policies!r:.80}. policy= names others."
            raise OptionError(message)
        options["policy"] = "imagenet"
    return "AutoAugment", _hyperparameters(options)


def _random_erasing(options: Options) -> tuple[str, Options]:
    if "erase_prob" not in options:
        return "RandomErasing", options
    scale_range = (options.pop("min_area_ratio", 0.02), options.pop("max_area_ratio", 0.4))
    ratio = options.pop("aspect_range", (0.3, 1 / 0.3))
    options = _renamed(options, erase_prob="prob", fill_color="mean", fill_std="std")
    if options.get("mode") == "rand":
        # MMPretrain's "rand" is noise, where this library's is one colour a rectangle.
        options["mode"] = "uniform" if options.get("std") is None else "pixel"
    if options.get("std", 0) is None:
        del options["std"]
    options = {"mean": (128, 128, 128), **options, "scale_range": scale_range, "ratio": ratio}
    return "RandomErasing", _with_red_first(options, "mean", "std")


def _hyperparameters(options: Options) -> Options:
    """Options with those that MMPretrain's policies have in common under `hparams`."""
    shared = dict(options.pop("hparams", None) or {})
    options = {**options, **_renamed(shared, pad_val="fill")}
    return _with_red_first(options, "fill") if "fill" in shared or "pad_val" in shared else options


def _with_red_first(options: Options, *keys: str) -> Options:
    """Options whose colours, which MMPretrain has blue first, are red first."""
    turned = {key: tuple(options[key])[::-1] for key in keys if isinstance(options.get(key), (list, tuple))}
    return {**options, **turned}


_TRANSLATIONS: Mapping[str, Callable[[Options], tuple[str, Options]]] = {
    "RandomResizedCrop": _random_resized_crop,
    "RandomFlip": _random_flip,
    "ResizeEdge": _resize_edge,
    "Resize": _resize,
    "CenterCrop": _center_crop,
    "RandomCrop": _random_crop,
    "Lighting": _lighting,
    "RandAugment": _rand_augment,
    "AutoAugment": _auto_augment,
    "RandomErasing": _random_erasing,
    "ColorJitter": _color_jitter,
    "EfficientNetCenterCrop": _efficientnet_center_crop,
    "EfficientNetRandomCrop": _efficientnet_random_crop,
    "GaussianBlur": _gaussian_blur,
    "RandomApply": _random_apply,
    "RandomGrayscale": _random_grayscale,
    "Solarize": _solarize,
}
