"""Data preprocessors: what is moved, in which type, and what becomes of images and labels."""

from __future__ import annotations

import pickle
from typing import Any, NamedTuple

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.data.data_sample import DataSample
from polynet.data.preprocessors import (
    BaseDataPreprocessor,
    BatchDataPreprocessor,
    ClsDataPreprocessor,
    ImgDataPreprocessor,
    SelfSupDataPreprocessor,
    TwoNormDataPreprocessor,
    build_preprocessor,
)
from polynet.errors import ConflictingOptionsError, InputError, InputTypeError, OptionError, UnknownNameError
from polynet.models.mmengine_model import BaseModel
from polynet.registry import temporary

COLOURS = np.array([10, 20, 30], np.uint8).reshape(1, 3, 1, 1)


class Pair(NamedTuple):
    first: Any
    second: Any


@pytest.mark.checklist("S2-78")
def test_containers_keep_their_form_and_other_values_their_identity(backend: Backend) -> None:
    thing = object()
    data = {
        "tuple": (np.zeros(2, np.float32), "text"),
        "list": [np.zeros(2, np.uint8), [np.zeros(1, np.int32), None]],
        "pair": Pair(np.zeros(3, bool), 3),
        "others": ["a", b"b", None, 1, 2.5, True, np.float32(1), thing],
        "names": np.array(["cat", "dog"]),
    }
    moved = BaseDataPreprocessor()(data)
    assert [type(moved[name]) for name in ("tuple", "list", "pair", "others")] == [tuple, list, Pair, list]
    tensors = [moved["tuple"][0], *moved["list"][:1], moved["list"][1][0], moved["pair"].first]
    assert all(isinstance(each, backend.tensor_types) for each in tensors)
    assert [ops.dtype_name(each) for each in tensors] == ["float32", "uint8", "int32", "bool"]
    assert moved["others"] == data["others"]
    assert moved["others"][-1] is thing
    assert moved["names"] is data["names"]
    assert moved["list"][1][1] is None
    assert moved["pair"].second == 3


@pytest.mark.checklist("S2-78")
def test_wide_numbers_become_what_the_framework_has(backend: Backend) -> None:
    floats, integers = BaseDataPreprocessor()((np.zeros(2), np.zeros(2, np.int64)))
    assert ops.dtype_name(floats) == ops.dtype_name(backend.tensor(np.zeros(2)))
    assert ops.dtype_name(integers) == ops.dtype_name(backend.tensor(np.zeros(2, np.int64)))


@pytest.mark.checklist("S2-77")
def test_tensors_are_moved_and_those_of_another_framework_become_ones_own(both: tuple[Backend, Backend]) -> None:
    for own, other in (both, both[::-1]):
        with use_backend(own):
            preprocessor = BaseDataPreprocessor()
            preprocessor.device = "cpu"
            mine, foreign = preprocessor([own.tensor(COLOURS), other.tensor(COLOURS)])
        assert isinstance(foreign, own.tensor_types)
        assert (own.numpy(mine) == own.numpy(foreign)).all()
        assert own.device_of(foreign) == "cpu"


@pytest.mark.checklist("S2-78")
def test_samples_are_copied_and_their_tensors_moved(backend: Backend) -> None:
    sample = DataSample(metainfo={"name": "cat.png"}, score=backend.tensor(np.zeros(2, np.float32))).set_gt_label(1)
    (copy,) = BaseDataPreprocessor()([sample])
    copy.set_gt_label(2)
    assert sample.gt_label.tolist() == [1]
    assert copy.name == "cat.png"
    assert isinstance(copy.score, backend.tensor_types)


@pytest.mark.checklist("S2-83")
def test_a_preprocessor_of_ones_own_gives_what_the_model_is_called_with(backend: Backend) -> None:
    class NormalizeDataPreprocessor(BaseDataPreprocessor):
        def forward(self, data: Any, training: bool = False) -> Any:
            img, label = data
            return (img - 127.5) / 127.5, label

    class Model(BaseModel):
        def forward(self, img: Any, label: Any, mode: str = "tensor") -> Any:
            return [img, label]

    model = Model(NormalizeDataPreprocessor())
    img, label = model.val_step((np.array([[0, 255]], np.uint8), np.array([1])))
    assert ops.dtype_name(img) == "float32"
    assert ops.to_numpy(img).tolist() == [[-1.0, 1.0]]
    assert ops.to_numpy(label).tolist() == [1]


@pytest.mark.checklist("S2-79", "S2-80", "S2-82")
@pytest.mark.parametrize("conversion", ["bgr_to_rgb", "rgb_to_bgr"])
def test_images_are_reordered_and_normalised(backend: Backend, conversion: str) -> None:
    preprocessor = ImgDataPreprocessor([1, 2, 3], [2, 2, 2], **{conversion: True})
    for images in (COLOURS, [COLOURS[0]], backend.tensor(COLOURS), COLOURS.astype(np.float64)):
        batch = preprocessor({"inputs": images, "extra": "kept"})
        assert ops.dtype_name(batch["inputs"]) == "float32"
        assert ops.to_numpy(batch["inputs"]).reshape(-1).tolist() == [14.5, 9.0, 3.5]
        assert batch["data_samples"] is None
        assert batch["extra"] == "kept"


@pytest.mark.checklist("S2-82")
def test_bytes_are_moved_as_bytes(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = []
    tensor = type(backend).tensor

    def noting(self: Backend, value: Any, **options: Any) -> Any:
        moved.append(value.dtype.name)
        return tensor(self, value, **options)

    monkeypatch.setattr(type(backend), "tensor", noting)
    preprocessor = ImgDataPreprocessor([127.5], [127.5])
    assert ops.dtype_name(preprocessor({"inputs": np.zeros((2, 3, 4, 4), np.uint8)})["inputs"]) == "float32"
    assert moved == ["uint8"]


@pytest.mark.checklist("S2-80")
def test_one_value_is_for_every_channel(backend: Backend) -> None:
    batch = ImgDataPreprocessor([10], [10])({"inputs": COLOURS})
    assert ops.to_numpy(batch["inputs"]).reshape(-1).tolist() == [0.0, 1.0, 2.0]


def test_images_of_different_sizes_are_padded_right_and_below(backend: Backend) -> None:
    images = [np.ones((3, 2, 3), np.uint8), np.ones((3, 3, 1), np.uint8)]
    batch = ImgDataPreprocessor(pad_size_divisor=4, pad_value=7)({"inputs": images})["inputs"]
    array = ops.to_numpy(batch)
    assert array.shape == (2, 3, 4, 4)
    assert (array[0, :, :2, :3] == 1).all()
    assert (array[0, :, 2:] == 7).all()
    assert (array[0, :, :, 3:] == 7).all()
    assert (array[1, :, :3, :1] == 1).all()
    assert (array[1, :, :, 1:] == 7).all()
    padded = ImgDataPreprocessor(pad_size_divisor=4)({"inputs": np.ones((1, 3, 5, 4), np.uint8)})["inputs"]
    assert tuple(padded.shape) == (1, 3, 8, 4)


@pytest.mark.checklist("S2-79", "S2-80")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bgr_to_rgb": True, "rgb_to_bgr": True}, "cannot be set to True at the same time"),
        ({"mean": [1.0]}, "mean and std should be both None or"),
        ({"std": [1.0]}, "mean and std should be both None or"),
        ({"mean": [1.0, 2.0], "std": [1.0, 2.0]}, "1 or 3 values"),
    ],
)
def test_options_that_do_not_go_together_are_refused(backend: Backend, options: Any, said: str) -> None:
    with pytest.raises(ConflictingOptionsError, match=said) as caught:
        ImgDataPreprocessor(**options)
    assert isinstance(caught.value, AssertionError)


@pytest.mark.parametrize("options", [{"mean": ["a"], "std": [1]}, {"mean": 1, "std": 0}, {"pad_size_divisor": 0}])
def test_options_that_are_none_are_refused(backend: Backend, options: Any) -> None:
    with pytest.raises(OptionError):
        ClsDataPreprocessor(**options)


@pytest.mark.checklist("S2-81")
@pytest.mark.parametrize("data", [(COLOURS, None), [COLOURS], COLOURS, {"images": COLOURS}, {}])
def test_images_come_in_a_dictionary(backend: Backend, data: Any) -> None:
    with pytest.raises(InputTypeError, match="dictionary with the key 'inputs'") as caught:
        ImgDataPreprocessor()(data)
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        (np.zeros((3, 4, 4), np.uint8), r"\(N, C, H, W\)"),
        ([np.zeros((4, 4), np.uint8), np.zeros((4, 5), np.uint8)], r"\(C, H, W\)"),
        (np.zeros((1, 4, 2, 2), np.uint8), "4 channels.* 3"),
        ([], "no images"),
        ("image.png", "not str"),
    ],
)
def test_images_that_are_none_are_refused(backend: Backend, inputs: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        ImgDataPreprocessor([1, 2, 3], [1, 1, 1])({"inputs": inputs})


def test_only_three_channels_are_reordered_for_classification(backend: Backend) -> None:
    preprocessor = ClsDataPreprocessor(to_rgb=True)
    grey = preprocessor({"inputs": np.full((1, 1, 1, 1), 5, np.uint8)})["inputs"]
    assert ops.to_numpy(grey).tolist() == [[[[5.0]]]]
    assert ops.to_numpy(preprocessor({"inputs": COLOURS})["inputs"]).reshape(-1).tolist() == [30.0, 20.0, 10.0]
    with pytest.raises(InputError, match="3 channels can be reversed, not of 1"):
        ImgDataPreprocessor(bgr_to_rgb=True)({"inputs": np.zeros((1, 1, 1, 1), np.uint8)})


def test_labels_become_scores_where_they_are_asked_for(backend: Backend) -> None:
    samples = [DataSample().set_gt_label(1), DataSample().set_gt_label([0, 2])]
    batch = {"inputs": np.zeros((2, 3, 2, 2), np.uint8), "data_samples": samples}
    made = ClsDataPreprocessor(to_onehot=True, num_classes=3)(batch)["data_samples"]
    assert [ops.to_numpy(sample.gt_score).tolist() for sample in made] == [[0, 1, 0], [1, 0, 1]]
    assert [sample.gt_label.tolist() for sample in made] == [[1], [0, 2]]
    assert all("gt_score" not in sample for sample in samples)
    assert "gt_score" not in ClsDataPreprocessor()(batch)["data_samples"][0]
    with pytest.raises(ConflictingOptionsError, match="not set `num_classes`"):
        ClsDataPreprocessor(to_onehot=True)(batch)
    with pytest.raises(InputError, match=r"label \[0, 2\] is none of 2"):
        ClsDataPreprocessor(to_onehot=True, num_classes=2)(batch)


@pytest.mark.checklist("S2-85")
def test_a_batch_is_augmented_in_training_alone(backend: Backend) -> None:
    augments = {"augments": [{"type": "Mixup", "alpha": 1.0}], "probs": [1.0]}
    preprocessor = ClsDataPreprocessor(num_classes=2, batch_augments=augments)
    images = np.stack([np.zeros((1, 2, 2), np.uint8), np.full((1, 2, 2), 100, np.uint8)])
    still = preprocessor((images, np.array([0, 1])))
    assert ops.to_numpy(still["inputs"])[:, 0, 0, 0].tolist() == [0.0, 100.0]
    assert [ops.to_numpy(each.gt_score).tolist() for each in still["data_samples"]] == [[1, 0], [0, 1]]
    for seed in range(20):  # some orders leave every image in its place
        preprocessor.seed(seed)
        mixed = preprocessor((images, np.array([0, 1])), training=True)
        values = ops.to_numpy(mixed["inputs"])[:, 0, 0, 0]
        scores = np.stack([ops.to_numpy(each.gt_score) for each in mixed["data_samples"]])
        np.testing.assert_allclose(scores[:, 1] * 100, values, rtol=1e-5, atol=1e-4)
        if 0.0 < values[0] < 100.0:
            return
    pytest.fail("no seed mixed the images")


def test_scores_of_the_samples_own_are_mixed(backend: Backend) -> None:
    preprocessor = ClsDataPreprocessor(batch_augments={"type": "CutMix", "alpha": 1.0})
    samples = [DataSample().set_gt_score([0.5, 0.5]), DataSample().set_gt_score(backend.tensor([0.5, 0.5]))]
    made = preprocessor({"inputs": np.zeros((2, 1, 4, 4), np.uint8), "data_samples": samples}, training=True)
    scores = [ops.to_numpy(sample.gt_score) for sample in made["data_samples"]]
    np.testing.assert_allclose(scores, [[0.5, 0.5]] * 2, rtol=1e-6)


def test_both_frameworks_see_the_same_batch(both: tuple[Backend, Backend]) -> None:
    options = {
        "mean": [100.0, 110.0, 120.0],
        "std": [50.0, 51.0, 52.0],
        "num_classes": 4,
        "batch_augments": [
            {"type": "MixupCutmix", "mixup_alpha": 0.8, "cutmix_alpha": 1.0, "mode": "elem", "num_classes": 4},
            {"type": "ResizeMix", "alpha": 1.0},
            {"type": "RandomErasing", "prob": 0.9, "mode": "pixel"},
        ],
    }
    generator = np.random.default_rng(0)
    images, labels = generator.integers(0, 256, (6, 3, 12, 12), np.uint8), generator.integers(0, 4, 6)
    batches = []
    for backend in both:
        with use_backend(backend):
            preprocessor = BatchDataPreprocessor(**options)
            preprocessor.seed(5)
            batches.append([ops.to_numpy(each) for each in preprocessor((images, labels), training=True)])
    for one, other in zip(*batches, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_views_are_normalised_each_for_itself(backend: Backend) -> None:
    views = [np.full((2, 3, 4, 4), 5, np.uint8), np.full((2, 3, 2, 2), 3, np.uint8)]
    made = SelfSupDataPreprocessor([1.0], [2.0])({"inputs": views, "data_samples": ["a", "b"]})
    assert [tuple(view.shape) for view in made["inputs"]] == [(2, 3, 4, 4), (2, 3, 2, 2)]
    assert [float(ops.mean(view)) for view in made["inputs"]] == [2.0, 1.0]
    assert made["data_samples"] == ["a", "b"]
    assert SelfSupDataPreprocessor()({"inputs": views, "data_sample": ["a", "b"]})["data_samples"] == ["a", "b"]
    alone = SelfSupDataPreprocessor([1.0], [2.0], to_rgb=True)({"inputs": COLOURS, "data_samples": None})
    assert ops.to_numpy(alone["inputs"]).reshape(-1).tolist() == [14.5, 9.5, 4.5]
    renamed = SelfSupDataPreprocessor()({"images": COLOURS, "targets": None})
    assert ops.dtype_name(renamed["inputs"]) == "float32"
    with pytest.raises(InputTypeError, match="`inputs` and `data_samples`"):
        SelfSupDataPreprocessor()({"images": COLOURS})


def test_two_views_have_numbers_of_their_own(backend: Backend) -> None:
    preprocessor = TwoNormDataPreprocessor([10.0], [10.0], [0.0], [255.0], to_rgb=True)
    first, second = preprocessor({"inputs": [COLOURS, np.full((1, 3, 2, 2), 255, np.uint8)], "data_samples": None})[
        "inputs"
    ]
    assert ops.to_numpy(first).reshape(-1).tolist() == [2.0, 1.0, 0.0]
    assert ops.to_numpy(second).reshape(-1).tolist() == [1.0] * 12
    with pytest.raises(ConflictingOptionsError, match="second_mean"):
        TwoNormDataPreprocessor([1.0], [1.0])
    with pytest.raises(InputError, match="list of two views, not 3"):
        preprocessor({"inputs": [COLOURS] * 3, "data_samples": None})


@pytest.mark.parametrize(
    "data",
    [
        (COLOURS, np.array([1])),
        [COLOURS, [1]],
        {"inputs": COLOURS, "labels": np.array([1])},
        {"img": [COLOURS[0]], "gt_label": np.array([1])},
    ],
)
def test_batches_of_images_and_labels_come_in_many_forms(backend: Backend, data: Any) -> None:
    images, labels = BatchDataPreprocessor(10, 10)(data)
    assert ops.to_numpy(images).reshape(-1).tolist() == [0.0, 1.0, 2.0]
    assert ops.to_numpy(labels).tolist() == [1]
    assert len(BatchDataPreprocessor(10, 10)(COLOURS)) == 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.int64])
def test_labels_of_any_whole_type_suit_a_loss(backend: Backend, dtype: Any) -> None:
    _, labels = BatchDataPreprocessor()((COLOURS, np.array([2], dtype)))
    assert ops.dtype_name(labels) == ops.dtype_name(backend.tensor(np.array([2])))
    assert float(ops.cross_entropy(ops.zeros((1, 3), like=labels), labels)) == pytest.approx(np.log(3), abs=1e-6)


def test_without_rules_inputs_may_be_anything(backend: Backend) -> None:
    preprocessor = BatchDataPreprocessor()
    for values, dtype in ((np.zeros((2, 3)), "float32"), (np.zeros((2, 3), np.int32), "int32")):
        inputs, _ = preprocessor((values, np.array([0, 1])))
        assert ops.dtype_name(inputs) == dtype
        assert tuple(inputs.shape) == (2, 3)
    with pytest.raises(InputTypeError, match="3 things"):
        preprocessor((COLOURS, 1, 2))
    with pytest.raises(InputTypeError, match="dictionary with name"):
        preprocessor({"name": "cat"})


def test_a_preprocessor_has_no_state_and_is_pickled(backend: Backend) -> None:
    preprocessor = ImgDataPreprocessor([1, 2, 3], [2, 2, 2])
    before = ops.to_numpy(preprocessor({"inputs": COLOURS})["inputs"])
    assert [*preprocessor.state_dict()] == []
    assert isinstance(preprocessor, nn.Module)
    after = ops.to_numpy(pickle.loads(pickle.dumps(preprocessor))({"inputs": COLOURS})["inputs"])
    assert (before == after).all()


@pytest.mark.parametrize("data", [COLOURS, {"names": ["cat"]}, (COLOURS, 1, 2), "cat"])
def test_batches_without_images_are_refused(backend: Backend, data: Any) -> None:
    with pytest.raises(InputTypeError, match="key 'inputs'"):
        ClsDataPreprocessor()(data)


@pytest.mark.parametrize("mean", [None, 0.0])
def test_batches_of_what_is_no_number_are_refused_by_their_type(backend: Backend, mean: float | None) -> None:
    preprocessor = BatchDataPreprocessor(mean=mean, std=None if mean is None else 1.0)
    images = COLOURS.astype(object)
    with pytest.raises(InputError, match="BatchDataPreprocessor: images are of dtype object; they must be numbers"):
        preprocessor((images, np.array([0])))
    with pytest.raises(InputError, match="BatchDataPreprocessor: images are of dtype object; they must be numbers"):
        preprocessor((list(images), np.array([0])))
    for labels in (np.array(["cat"]), ["cat"]):
        with pytest.raises(InputError, match="BatchDataPreprocessor: labels are of dtype <U3; they must be numbers"):
            preprocessor((COLOURS, labels))


def test_names_are_found_under_other_libraries_scopes_and_among_all_models(backend: Backend) -> None:
    from polynet.dialects.mmpretrain.registry import MODELS

    assert isinstance(build_preprocessor({"type": "mmpretrain.ClsDataPreprocessor"}), ClsDataPreprocessor)
    with temporary():

        @MODELS.register_module()
        class Halving(BaseDataPreprocessor):
            def forward(self, data: Any, training: bool = False) -> Any:
                return data / 2

        assert float(build_preprocessor({"type": "Halving"})(np.ones(1, np.float32))) == 0.5
    with pytest.raises(UnknownNameError, match=r"data_preprocessor: .*Did you mean 'ClsDataPreprocessor'"):
        build_preprocessor({"type": "ClsDataPreproccessor"})
    with pytest.raises(OptionError, match=r"data_preprocessor: .*Did you mean 'mean'"):
        build_preprocessor({"type": "ClsDataPreprocessor", "maen": [1.0]})
