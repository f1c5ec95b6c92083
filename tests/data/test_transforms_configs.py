"""Transforms from BaseCls's config fields, and pipelines in MMPretrain's spelling."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.config import Config
from polynet.data import transforms
from polynet.data.transforms import basecls, build_pipeline
from polynet.errors import ConfigKeyError, ConfigTypeError, InputError, OptionError, UnknownNameError
from tests.data.pictures import generator, picture

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("[a-z]*/*.py"))


def names(pipeline: Any) -> list[str]:
    return [type(step).__name__ for step in pipeline.transforms]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_that_ships_has_its_transforms(path: Path) -> None:
    config = Config.fromfile(path)
    training, evaluation = basecls.build_transforms(config)
    size = config["preprocess"]["img_size"]
    assert training.transforms[0].size == (size, size)
    assert evaluation.transforms[1].size == (config["test"]["img_size"],) * 2
    augments = config["augments"] or {"resize": {"interpolation": "bilinear"}}
    assert evaluation.transforms[0].interpolation == augments["resize"]["interpolation"]


@pytest.mark.parametrize("color_space", ["BGR", "RGB", "GRAY"])
@pytest.mark.parametrize("name", ["SimpleAugment", "ColorAugment", "AutoAugment", "RandAugment", "TrivialAugment"])
def test_images_come_out_as_the_preprocessor_wants_them(name: str, color_space: str) -> None:
    preprocess = {"img_size": 24, "img_color_space": color_space}
    augments = {"name": name, "rand_erase": {"prob": 0.5, "mode": "pixel"}}
    training, evaluation = basecls.build_transforms(
        {"preprocess": preprocess, "augments": augments, "test": {"img_size": 16}, "solver": {}}
    )
    channels = 1 if color_space == "GRAY" else 3
    for seed in range(4):
        image = training(picture(), generator(seed))
        assert (image.shape, image.dtype) == ((channels, 24, 24), np.uint8)
    assert evaluation(picture()).shape == (channels, 16, 16)


def test_the_steps_are_baseclss() -> None:
    base = basecls.train_transform()
    assert names(base) == ["RandomResizedCrop", "RandomHorizontalFlip", "ColorJitter", "Lighting", "ToArray"]
    assert base.transforms[3].scale == 0.1
    assert base.transforms[4].color_space == "BGR"
    assert names(basecls.test_transform()) == ["Resize", "CenterCrop", "ToArray"]
    assert basecls.test_transform().transforms[0].size == 256
    erased = basecls.train_transform(None, {"name": "SimpleAugment", "rand_erase": {"prob": 0.1}})
    assert names(erased) == ["RandomResizedCrop", "RandomHorizontalFlip", "RandomErasing", "ToArray"]
    unlit = basecls.train_transform(None, {"color_aug": {"lighting": 0.0}})
    assert names(unlit) == ["RandomResizedCrop", "RandomHorizontalFlip", "ColorJitter", "ToArray"]


def test_fields_reach_their_transforms() -> None:
    steps = basecls.train_transform(
        {"img_size": 32, "img_color_space": "RGB", "img_mean": (120, 110, 100), "img_std": (60, 50, 40)},
        {
            "name": "RandAugment",
            "resize": {"scale_range": (0.2, 0.9), "ratio_range": (0.5, 2), "interpolation": "bicubic"},
            "rand_aug": {"magnitude": 7, "magnitude_std": 0.25, "prob": (0.1, 0.9), "n_ops": 3},
            "rand_erase": {"prob": 0.2, "scale_range": (0.1, 0.2), "ratio": 0.5, "mode": "rand", "count": 2},
        },
    ).transforms
    assert (steps[0].scale, steps[0].ratio, steps[0].interpolation) == ((0.2, 0.9), (0.5, 2.0), "bicubic")
    augment, erase = steps[2], steps[3]
    assert (augment.magnitude, augment.magnitude_std, augment.prob, augment.n_ops) == (7, 0.25, (0.1, 0.9), 3)
    assert (augment.fill, augment.interpolation, augment.magnitude_max) == ((120, 110, 100), "bicubic", None)
    assert (erase.prob, erase.scale_range, erase.ratio) == (0.2, (0.1, 0.2), (0.5, 2.0))
    assert (erase.mode, erase.count, erase.mean, erase.std) == ("rand", (1, 2), (120, 110, 100), (60, 50, 40))


def test_means_are_turned_from_the_order_of_the_channels() -> None:
    blue_first = basecls.train_transform(
        {"img_mean": (100, 110, 120), "img_std": (40, 50, 60)}, {"name": "AutoAugment", "rand_erase": {"prob": 1.0}}
    ).transforms
    assert blue_first[2].fill == (120, 110, 100)
    assert (blue_first[3].mean, blue_first[3].std) == ((120, 110, 100), (60, 50, 40))
    grey = basecls.train_transform(
        {"img_color_space": "GRAY", "img_mean": (110,), "img_std": 50},
        {"name": "RandAugment", "rand_erase": {"prob": 1.0}},
    ).transforms
    assert grey[2].fill == (110, 110, 110)
    assert grey[3].std == (50, 50, 50)


def test_lanczos_which_cannot_rotate_resizes_alone() -> None:
    steps = basecls.train_transform(None, {"name": "RandAugment", "resize": {"interpolation": "lanczos"}}).transforms
    assert (steps[0].interpolation, steps[2].interpolation) == ("lanczos", "bicubic")


def test_a_test_image_equals_torchvisions() -> None:
    module = pytest.importorskip("torchvision.transforms")
    theirs = module.Compose([module.Resize(36), module.CenterCrop(32), module.PILToTensor()])
    ours = basecls.test_transform({"img_color_space": "RGB"}, {"img_size": 32, "crop_pct": 0.89})
    np.testing.assert_array_equal(ours(picture(80, 60)), theirs(picture(80, 60)).numpy())


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (({"image_size": 32}, None), ConfigKeyError, "preprocess has no field 'image_size'. Did you mean 'img_size'"),
        ((None, {"rand_aug": {"n_op": 2}}), ConfigKeyError, "augments.rand_aug has no field 'n_op'.*'n_ops'"),
        ((None, {"name": "RandAug"}), ConfigKeyError, "Did you mean 'RandAugment'"),
        ((None, {"resize": 3}), ConfigTypeError, "augments.resize is a mapping"),
        ((None, {"resize": {"interpolation": "cubic"}}), OptionError, "Did you mean 'bicubic'"),
        (({"img_size": 0}, None), OptionError, "size is a whole number"),
        (({"img_color_space": "rgb"}, None), OptionError, "img_color_space is one of"),
        (({"img_mean": (1, 2)}, None), OptionError, "mean is"),
        (([], None), ConfigTypeError, "preprocess is a mapping"),
    ],
)
def test_wrong_fields_are_named(arguments: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        basecls.train_transform(*arguments)


def test_a_config_is_not_changed() -> None:
    augments = {"name": "ColorAugment", "color_aug": {"lighting": 0.1}}
    basecls.train_transform({}, augments)
    assert augments == {"name": "ColorAugment", "color_aug": {"lighting": 0.1}}


MEAN_BLUE_FIRST = [103.53, 116.28, 123.675]


def test_an_mmpretrain_pipeline_runs_from_file_to_packed_inputs(tmp_path: Path) -> None:
    """MMPretrain's `configs/_base_/datasets/imagenet_bs64_swin_224.py`, smaller."""
    picture(80, 60).save(tmp_path / "photo.png")
    pipeline = build_pipeline(
        [
            {"type": "LoadImageFromFile"},
            {"type": "RandomResizedCrop", "scale": 24, "backend": "pillow", "interpolation": "bicubic"},
            {"type": "RandomFlip", "prob": 0.5, "direction": "horizontal"},
            {
                "type": "RandAugment",
                "policies": "timm_increasing",
                "num_policies": 2,
                "total_level": 20,
                "magnitude_level": 9,
                "magnitude_std": 0.5,
                "hparams": {"pad_val": [round(value) for value in MEAN_BLUE_FIRST], "interpolation": "bicubic"},
            },
            {
                "type": "RandomErasing",
                "erase_prob": 0.25,
                "mode": "rand",
                "min_area_ratio": 0.02,
                "max_area_ratio": 1 / 3,
                "fill_color": MEAN_BLUE_FIRST,
                "fill_std": [57.375, 57.12, 58.395],
            },
            {"type": "PackInputs"},
        ]
    )
    crop, _, augment, erase = pipeline.transforms[1:5]
    assert (crop.size, crop.interpolation) == ((24, 24), "bicubic")
    assert (augment.magnitude, augment.magnitude_std, augment.prob) == (4.5, 0.25, 0.5)
    assert augment.fill == (124, 116, 104)
    assert (erase.mode, erase.mean, erase.std) == ("pixel", (123.675, 116.28, 103.53), (58.395, 57.12, 57.375))
    packed = pipeline({"img_path": str(tmp_path / "photo.png"), "gt_label": 7, "sample_idx": 3}, generator())
    sample = packed["data_samples"]
    assert (packed["inputs"].shape, packed["inputs"].dtype) == ((3, 24, 24), np.uint8)
    assert (sample.gt_label.tolist(), sample.sample_idx, sample.ori_shape, sample.img_shape) == (
        [7],
        3,
        (60, 80),
        (24, 24),
    )


def test_loaded_images_are_packed_blue_first_and_others_as_they_are(tmp_path: Path) -> None:
    """What a preprocessor with `to_rgb=True`, or without, expects."""
    pixels = np.asarray(picture())
    picture().save(tmp_path / "photo.png")
    loaded = build_pipeline(["LoadImageFromFile", "PackInputs"])({"img_path": tmp_path / "photo.png"})
    np.testing.assert_array_equal(loaded["inputs"], pixels.transpose(2, 0, 1)[::-1])
    given = build_pipeline(["PackInputs"])({"img": pixels, "gt_score": [0.5, 0.5]})
    np.testing.assert_array_equal(given["inputs"], pixels.transpose(2, 0, 1))
    assert given["data_samples"].gt_score.tolist() == [0.5, 0.5]
    chosen = build_pipeline([{"type": "PackInputs", "color_space": "GRAY"}])({"img": pixels})
    assert chosen["inputs"].shape == (1, 37, 50)
    more = build_pipeline([{"type": "PackInputs", "algorithm_keys": ["question", "answer"]}])
    assert more({"img": pixels, "question": "Where?"})["data_samples"].question == "Where?"


@pytest.mark.parametrize(
    ("spelt", "meant"),
    [
        ({"type": "ResizeEdge", "scale": 16, "edge": "long"}, transforms.Resize(16, edge="long")),
        ({"type": "Resize", "scale": (30, 20), "backend": "cv2"}, transforms.Resize((20, 30))),
        ({"type": "Resize", "scale": 20}, transforms.Resize((20, 20))),
        ({"type": "Resize", "size": 20}, transforms.Resize(20)),
        ({"type": "CenterCrop", "crop_size": 16}, transforms.CenterCrop(16)),
        (
            {"type": "RandomCrop", "crop_size": 16, "padding": 4, "pad_val": [3, 2, 1]},
            transforms.RandomCrop(16, 4, fill=(1, 2, 3)),
        ),
        (
            {"type": "RandomResizedCrop", "scale": 16, "crop_ratio_range": (0.5, 1.0), "aspect_ratio_range": (1, 1)},
            transforms.RandomResizedCrop(16, (0.5, 1.0), (1, 1)),
        ),
        ({"type": "RandomResizedCrop", "size": 16, "scale": (0.5, 1.0)}, transforms.RandomResizedCrop(16, (0.5, 1.0))),
        ({"type": "RandomFlip", "prob": 1.0, "direction": "vertical"}, transforms.RandomVerticalFlip(1.0)),
        ({"type": "ColorJitter", "brightness": 0.4, "backend": "pillow"}, transforms.ColorJitter(0.4)),
        ({"type": "AutoAugment", "policies": "imagenet"}, transforms.AutoAugment("imagenet")),
        ({"type": "AutoAugment", "policy": "v0"}, transforms.AutoAugment("v0")),
        ({"type": "Resize", "scale": (30, 20), "interpolation": "area"}, transforms.Resize((20, 30), "box")),
        (
            {"type": "EfficientNetRandomCrop", "scale": 24, "crop_padding": 0},
            transforms.EfficientNetRandomCrop(24, crop_padding=0),
        ),
        ({"type": "EfficientNetCenterCrop", "crop_size": 24}, transforms.EfficientNetCenterCrop(24)),
        ({"type": "RandomGrayscale", "prob": 0.5, "keep_channels": True}, transforms.Grayscale(prob=0.5)),
        (
            {"type": "GaussianBlur", "magnitude_range": (0.1, 2.0), "magnitude_std": "inf", "prob": 0.5},
            transforms.GaussianBlur((0.1, 2.0), 0.5),
        ),
        ({"type": "Solarize", "thr": 100, "prob": 0.5}, transforms.Solarize(100, 0.5)),
        (
            {"type": "RandomApply", "transforms": [{"type": "CenterCrop", "crop_size": 8}], "prob": 0.5},
            transforms.RandomApply([transforms.CenterCrop(8)], 0.5),
        ),
        ({"type": "RandAugment", "magnitude": 5}, transforms.RandAugment(5)),
        (
            {"type": "RandomErasing", "erase_prob": 1.0, "mode": "rand", "max_area_ratio": 0.5},
            transforms.RandomErasing(1.0, (0.02, 0.5), (0.3, 1 / 0.3), "uniform"),
        ),
        ({"type": "RandomErasing", "prob": 1.0}, transforms.RandomErasing(1.0)),
        (
            {
                "type": "Lighting",
                "eigval": [55.4625, 4.7940, 1.1475],
                "eigvec": [[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]],
                "alphastd": 0.1,
                "to_rgb": False,
            },
            transforms.Lighting(0.1),
        ),
    ],
    ids=lambda value: str(value)[:60] if isinstance(value, dict) else "",
)
def test_mmpretrains_spelling_means_the_same(spelt: dict[str, Any], meant: Any) -> None:
    (built,) = build_pipeline([spelt]).transforms
    for seed in range(8):
        theirs, ours = (np.asarray(step(picture(), generator(seed))) for step in (built, meant))
        np.testing.assert_array_equal(theirs, ours)


@pytest.mark.parametrize(
    ("steps", "error", "told"),
    [
        ("ToArray", ConfigTypeError, "list of transforms' configs"),
        ({"type": "ToArray"}, ConfigTypeError, "list of transforms' configs"),
        ([{"type": "RandomResizeCrop"}], UnknownNameError, "Did you mean 'RandomResizedCrop'"),
        ([{"scale": 3}], ConfigKeyError, "needs `type`"),
        ([{"type": "CenterCrop", "crop_sise": 3}], OptionError, "crop_sise"),
        ([{"type": "RandomFlip", "direction": "diagonal"}], OptionError, "'horizontal' or 'vertical'"),
        ([{"type": "Resize", "scale": (3, 4), "keep_ratio": True}], OptionError, "ResizeEdge keeps"),
        ([{"type": "RandAugment", "policies": [{"type": "Rotate"}]}], OptionError, "timm_increasing"),
        ([{"type": "AutoAugment", "policies": "svhn"}], OptionError, "policies is 'imagenet'"),
        ([{"type": "GaussianBlur", "magnitude_std": 0.5}], OptionError, "magnitude_std is 'inf'"),
        ([{"type": "RandomApply"}], ConfigTypeError, "mapping"),
        ([3], ConfigTypeError, "mapping"),
    ],
)
def test_wrong_pipelines_are_refused(steps: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        build_pipeline(steps)


def jpeg(image: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def test_images_are_read_as_colours_or_greys() -> None:
    for mode in ("RGB", "L", "RGBA", "CMYK", "P", "1"):
        file = io.BytesIO()
        picture().convert(mode).save(file, "TIFF")
        assert transforms.LoadImageFromFile()(file).mode == "RGB"
        assert transforms.LoadImageFromFile("grayscale")(file).mode == "L"


def test_a_draft_is_decoded_smaller_but_not_too_small() -> None:
    photo = io.BytesIO(jpeg(picture(800, 600)))
    assert transforms.LoadImageFromFile()(photo).size == (800, 600)
    assert transforms.LoadImageFromFile(draft=140)(photo).size == (200, 150)


@pytest.mark.parametrize(
    "content",
    [b"", b"no image", jpeg(picture(80, 60))[:900], jpeg(picture(80, 60))[:20]],
    ids=["empty", "text", "cut", "head"],
)
def test_a_damaged_image_is_named(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "bad.jpg").write_bytes(content)
    with pytest.raises(InputError, match=r"bad\.jpg cannot be read as an image"):
        transforms.LoadImageFromFile()({"img_path": tmp_path / "bad.jpg"})


@pytest.mark.parametrize(
    ("sample", "told"),
    [
        ("no-such-file.jpg", "no-such-file.jpg cannot be read"),
        ({"path": "a.jpg"}, "no 'img_path' in the sample; it has path"),
        (3, "cannot be read as an image"),
        (None, "cannot be read as an image"),
    ],
)
def test_what_cannot_be_loaded_is_refused(sample: Any, told: str) -> None:
    with pytest.raises(InputError, match=told):
        transforms.LoadImageFromFile()(sample)


def test_what_cannot_be_packed_is_refused() -> None:
    for sample, told in ((picture(), "not a Image"), ({"image": 3}, "not image")):
        with pytest.raises(InputError, match=told):
            transforms.PackInputs()(sample)
    with pytest.raises(OptionError, match="meta_keys"):
        transforms.PackInputs(meta_keys="img_path")
