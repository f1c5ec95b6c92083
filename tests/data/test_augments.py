"""Augmentation of batches: timm's numbers, the same for arrays and for tensors, drawn by one seeded generator."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest

from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.data.augments import (
    BatchAugment,
    CutMix,
    Mixup,
    MixupCutmix,
    RandomBatchAugment,
    RandomErasing,
    ResizeMix,
    build_augments,
)
from polynet.data.augments.mixing import box_mask, draw_box, resized
from polynet.errors import ConflictingOptionsError, InputError, OptionError, UnknownNameError

IMAGES = np.random.default_rng(0).random((6, 3, 9, 10), np.float32)
BYTES = (IMAGES * 255).astype(np.uint8)
LABELS = np.array([0, 1, 2, 3, 1, 0])
SCORES = np.eye(4, dtype=np.float32)[LABELS]

AUGMENTS: dict[str, BatchAugment] = {
    "mixup": Mixup(0.8),
    "cutmix": CutMix(1.0),
    "cutmix minmax": CutMix(1.0, cutmix_minmax=(0.2, 0.8)),
    "resizemix": ResizeMix(1.0),
    "resizemix nearest": ResizeMix(1.0, interpolation="nearest"),
    "one of several": RandomBatchAugment(
        [{"type": "Mixup", "alpha": 0.2}, {"type": "CutMix", "alpha": 1.0}], [0.4, 0.4]
    ),
    "batch": MixupCutmix(0.8, 1.0),
    "elem": MixupCutmix(0.8, 1.0, mode="elem", prob=0.7),
    "elem, permuted": MixupCutmix(0.8, 1.0, mode="elem", permute=True, calibrate_mixup_lambda=True),
    "pair": MixupCutmix(0.8, 1.0, mode="pair"),
    "pair, permuted": MixupCutmix(0.8, 1.0, mode="pair", permute=True),
    "minmax": MixupCutmix(0.8, cutmix_minmax=(0.2, 0.6), mode="elem"),
    "erase const": RandomErasing(0.8, pad_mean=0.5, count=3),
    "erase rand": RandomErasing(0.8, mode="rand", count=(1, 2)),
    "erase pixel": RandomErasing(0.8, mode="pixel"),
}
SEEDS = range(4)


class Draws:
    """numpy's and Python's old random functions, drawing from a new generator."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)

    def rand(self, *size: int) -> Any:
        return self.generator.random(size[0] if size else None)

    def random(self) -> float:
        return self.generator.random()

    def uniform(self, low: float, high: float) -> float:
        return self.generator.uniform(low, high)

    def beta(self, a: float, b: float, size: Any = None) -> Any:
        return self.generator.beta(a, b, size)

    def randint(self, low: int, high: int, size: Any = None) -> Any:
        return int(self.generator.integers(low, high))


class InclusiveDraws(Draws):
    """As Python's `random`, whose `randint` includes the end."""

    def randint(self, low: int, high: int, size: Any = None) -> Any:
        return int(self.generator.integers(low, high + 1))


@pytest.mark.parametrize("mode", ["batch", "elem", "pair"])
@pytest.mark.parametrize(
    "options",
    [
        {"mixup_alpha": 0.8},
        {"mixup_alpha": 0.0, "cutmix_alpha": 1.0},
        {"mixup_alpha": 0.8, "cutmix_alpha": 1.0, "prob": 0.6, "switch_prob": 0.3},
        {"mixup_alpha": 0.0, "cutmix_minmax": (0.2, 0.7)},
        {"mixup_alpha": 0.2, "cutmix_alpha": 0.3, "calibrate_cutmix_lambda": False},
    ],
)
def test_mixing_equals_timms(mode: str, options: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    mixup = pytest.importorskip("timm.data.mixup")
    theirs = dict(options)
    correct = theirs.pop("calibrate_cutmix_lambda", True)
    for seed in SEEDS:
        draws = types.SimpleNamespace(**{name: getattr(np, name) for name in dir(np) if not name.startswith("__")})
        draws.random = Draws(seed)
        monkeypatch.setattr(mixup, "np", draws)
        other = mixup.Mixup(mode=mode, correct_lam=correct, label_smoothing=0.1, num_classes=4, **theirs)
        images, targets = other(torch.from_numpy(IMAGES.copy()), torch.from_numpy(LABELS))
        augment = MixupCutmix(mode=mode, label_smoothing=0.1, num_classes=4, **options)
        augment.generator = np.random.default_rng(seed)
        own_images, own_targets = augment(IMAGES, LABELS)
        assert own_images.dtype == np.float32
        np.testing.assert_allclose(own_images, images.numpy(), rtol=0, atol=1e-6)
        np.testing.assert_allclose(own_targets, targets.numpy(), rtol=0, atol=1e-6)


@pytest.mark.parametrize("count", [1, (1, 3)])
def test_erasing_equals_timms(count: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    erasing = pytest.importorskip("timm.data.random_erasing")
    low, high = (1, count) if isinstance(count, int) else count
    for seed in SEEDS:
        monkeypatch.setattr(erasing, "random", InclusiveDraws(seed))
        other = erasing.RandomErasing(0.7, min_count=low, max_count=high, device="cpu", num_splits=2)
        images = other(torch.from_numpy(IMAGES.copy())).numpy()
        augment = RandomErasing(0.7, count=count, num_splits=2)
        augment.generator = np.random.default_rng(seed)
        np.testing.assert_array_equal(augment(IMAGES, None)[0], images)
        assert (images != IMAGES).any() or seed


@pytest.mark.parametrize("name", AUGMENTS)
@pytest.mark.parametrize("images", [IMAGES, BYTES], ids=["floats", "bytes"])
def test_arrays_and_tensors_become_the_same(backend: Backend, name: str, images: Any) -> None:
    augment = AUGMENTS[name]
    for seed in SEEDS:
        augment.seed(seed)
        arrays = augment(images, SCORES)
        augment.seed(seed)
        tensors = augment(backend.tensor(images), backend.tensor(SCORES))
        assert arrays[0].dtype == images.dtype
        assert ops.dtype_name(tensors[0]) == images.dtype.name
        for array, tensor in zip(arrays, tensors, strict=True):
            assert array.shape == tuple(tensor.shape)
            # Bytes may be rounded the other way where a sum of floats lies at the middle of two.
            np.testing.assert_allclose(
                ops.to_numpy(tensor).astype(np.float64),
                array.astype(np.float64),
                atol=1.0 if array.dtype == np.uint8 else 1e-5,
            )


@pytest.mark.parametrize("name", AUGMENTS)
def test_what_is_drawn_follows_from_the_seed_alone(name: str) -> None:
    augment = AUGMENTS[name]
    augment.seed(3, 1)
    first, second = augment(IMAGES, SCORES), augment(IMAGES, SCORES)
    augment.seed(3, 1)
    again = augment(IMAGES, SCORES)
    assert all((one == other).all() for one, other in zip(first, again, strict=True))
    different = []
    for seed in range(12):
        augment.seed(seed)
        different.append(augment(IMAGES, SCORES)[0].tobytes())
    assert len(set(different)) > 6
    assert first[0].shape == second[0].shape


def test_a_state_is_gone_on_from() -> None:
    augment = Mixup(1.0)
    augment(IMAGES, SCORES)
    state = augment.state()
    wanted = augment(IMAGES, SCORES)
    other = Mixup(1.0)
    other.load_state(state)
    assert all((one == two).all() for one, two in zip(other(IMAGES, SCORES), wanted, strict=True))
    with pytest.raises(OptionError, match=r"numpy.random.Generator, not int"):
        other.generator = 3  # type: ignore[assignment]  # as a user might


@pytest.mark.parametrize("name", AUGMENTS)
def test_what_is_given_is_not_changed(name: str) -> None:
    images, scores = IMAGES.copy(), SCORES.copy()
    for seed in SEEDS:
        AUGMENTS[name].seed(seed)
        AUGMENTS[name](images, scores)
    assert (images == IMAGES).all()
    assert (scores == SCORES).all()


def test_mixup_blends_images_and_scores_by_one_share() -> None:
    augment = Mixup(1.0)
    augment.seed(1)
    images, scores = augment(IMAGES, SCORES)
    generator = np.random.default_rng([1])
    share, order = generator.beta(1.0, 1.0), generator.permutation(6)
    np.testing.assert_allclose(images, share * IMAGES + (1 - share) * IMAGES[order], rtol=1e-6)
    np.testing.assert_allclose(scores, share * SCORES + (1 - share) * SCORES[order], rtol=1e-6)


@pytest.mark.parametrize("augment", [CutMix(1.0), CutMix(1.0, (0.3, 0.9)), ResizeMix(1.0), ResizeMix(1.0, 0.1, 0.1)])
def test_scores_are_blended_by_the_area_that_was_pasted(augment: BatchAugment) -> None:
    images = np.arange(6, dtype=np.float32).reshape(6, 1, 1, 1) * np.ones((1, 1, 9, 10), np.float32)
    scores = np.eye(6, dtype=np.float32)
    for seed in SEEDS:
        augment.seed(seed)
        mixed, targets = augment(images, scores)
        for row in range(6):
            left = (mixed[row] == row).mean()
            assert targets[row, row] == pytest.approx(left, abs=1e-6)
            assert targets[row].sum() == pytest.approx(1.0, abs=1e-6)


def test_a_box_without_correction_is_blended_by_what_was_drawn() -> None:
    augment = CutMix(1.0, correct_lam=False)
    augment.seed(2)
    share = np.random.default_rng([2]).beta(1.0, 1.0)
    _, scores = augment(IMAGES, np.eye(6, dtype=np.float32))
    assert any(row.max() == pytest.approx(max(share, 1 - share), abs=1e-6) for row in scores)


def test_resizing_equals_the_frameworks_own(backend: Backend) -> None:
    for size in ((4, 5), (9, 10), (13, 21), (1, 1)):
        for mode in ("bilinear", "nearest"):
            options = {"align_corners": False} if mode == "bilinear" else {}
            wanted = ops.to_numpy(ops.interpolate(backend.tensor(IMAGES), size=size, mode=mode, **options))
            np.testing.assert_allclose(resized(IMAGES, *size, mode), wanted, atol=1e-5)


def test_boxes_lie_within_the_image_and_have_the_area_drawn() -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        share = float(generator.random())
        (top, bottom, left, right), rest = draw_box(generator, (9, 10), share)
        assert 0 <= top <= bottom <= 9
        assert 0 <= left <= right <= 10
        assert rest == pytest.approx(1 - (bottom - top) * (right - left) / 90)
    assert box_mask(np.array([[0, 2, 1, 3]]), (3, 4)).sum() == 4


def test_pairs_are_mixed_with_one_another(backend: Backend) -> None:
    images = backend.tensor(np.arange(5, dtype=np.float32).reshape(5, 1, 1, 1) * np.ones((1, 1, 4, 4), np.float32))
    for permute in (False, True):
        augment = MixupCutmix(1.0, mode="pair", permute=permute)
        _, scores = augment(images, backend.tensor(np.eye(5, dtype=np.float32)))
        array = ops.to_numpy(scores)
        np.testing.assert_allclose(array, array.T, atol=1e-6)
        assert (np.diag(array) == 1.0).sum() == 1  # the one that has no partner


def test_a_calibrated_mixup_leaves_each_image_the_greater_share() -> None:
    augment = MixupCutmix(1.0, mode="elem", calibrate_mixup_lambda=True)
    for seed in SEEDS:
        augment.seed(seed)
        _, scores = augment(IMAGES, np.eye(6, dtype=np.float32))
        assert (np.diag(scores) >= 0.5).all()


def test_without_mixing_targets_still_become_smooth_scores(backend: Backend) -> None:
    for options in ({"mixup_alpha": 0.0}, {"prob": 0.0}):
        augment = MixupCutmix(num_classes=4, label_smoothing=0.2, **options)
        images, scores = augment(backend.tensor(IMAGES), backend.tensor(LABELS))
        assert (ops.to_numpy(images) == IMAGES).all()
        np.testing.assert_allclose(ops.to_numpy(scores), SCORES * 0.8 + 0.05, atol=1e-6)


@pytest.mark.parametrize(("mode", "spread"), [("const", 0.0), ("rand", 1.0), ("pixel", 1.0)])
def test_boxes_are_filled_with_the_colours_asked_for(mode: str, spread: float) -> None:
    images = np.full((200, 3, 8, 8), -9.0, np.float32)
    augment = RandomErasing(1.0, (0.25, 0.25), 1.0, mode, pad_mean=(1.0, 2.0, 3.0), pad_std=0.5)
    erased, targets = augment(images, None)
    assert targets is None
    values = erased[(erased != -9.0)].reshape(200, 3, 16)
    np.testing.assert_allclose(values.mean(axis=(0, 2)), [1.0, 2.0, 3.0], atol=0.2)
    assert values.std(axis=(0, 2)).mean() == pytest.approx(0.5 * spread, abs=0.05)
    within = values.std(axis=2).mean()
    assert (within > 0.3) == (mode == "pixel")


def test_one_of_several_is_drawn_as_often_as_asked() -> None:
    class Count(BatchAugment):
        def __init__(self) -> None:
            self.calls = 0

        def apply(self, inputs: Any, targets: Any) -> tuple[Any, Any]:
            self.calls += 1
            return inputs, targets

    for probs, wanted in ((None, (0.5, 0.5)), ([0.2, 0.5], (0.2, 0.5)), ([0.0, 1.0], (0.0, 1.0))):
        counts = [Count(), Count()]
        given = None if probs is None else [*probs]
        augment = RandomBatchAugment(counts, given)
        for _ in range(2000):
            augment(IMAGES[:1], SCORES[:1])
        for count, share in zip(counts, wanted, strict=True):
            assert count.calls / 2000 == pytest.approx(share, abs=0.04)
        assert given == probs


def test_augmentations_of_one_batch_draw_different_numbers() -> None:
    augment = RandomBatchAugment([{"type": "Mixup", "alpha": 1.0}, {"type": "Mixup", "alpha": 1.0}])
    augment.seed(0)
    first, second = (each.generator.random() for each in augment.augments)  # type: ignore[attr-defined]  # ours have one
    assert first != second


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Mixup(0), "greater than 0"),
        (lambda: Mixup("1"), "greater than 0"),  # type: ignore[arg-type]  # as a config may have it
        (lambda: CutMix(1.0, (0.8, 0.2)), "cutmix_minmax"),
        (lambda: ResizeMix(1.0, 0.9, 0.8), "lam_min"),
        (lambda: ResizeMix(1.0, interpolation="bilnear"), "Did you mean 'bilinear'"),
        (lambda: MixupCutmix(mode="elm"), "Did you mean 'elem'"),
        (lambda: MixupCutmix(mixup_alpha=-1), "0 or greater"),
        (lambda: MixupCutmix(prob=2), "between 0 and 1"),
        (lambda: RandomErasing(scale_range=(0.5, 0.1)), "scale_range"),
        (lambda: RandomErasing(ratio=0), "ratio"),
        (lambda: RandomErasing(mode="pixels"), "Did you mean 'pixel'"),
        (lambda: RandomErasing(count=0), "count"),
        (lambda: RandomBatchAugment([Mixup(1.0)], [0.5, 0.5]), "same length. Got 1 vs 2"),
        (lambda: RandomBatchAugment([Mixup(1.0), Mixup(1.0)], [0.8, 0.5]), "exceeds 1"),
        (lambda: RandomBatchAugment({"type": "Mixup"}), "alpha"),
    ],
)
def test_options_that_are_none_are_refused(make: Any, said: str) -> None:
    with pytest.raises(OptionError, match=said):
        make()


def test_errors_say_which_augmentation_is_meant() -> None:
    with pytest.raises(UnknownNameError, match=r"augments.1: There is no .*Did you mean 'CutMix'"):
        build_augments([{"type": "Mixup", "alpha": 1.0}, {"type": "Cutmix", "alpha": 1.0}])
    with pytest.raises(ConflictingOptionsError):
        build_augments({"augments": {"type": "Mixup", "alpha": 1.0}, "probs": [0.5, 0.1]})
    assert build_augments(None) == []


@pytest.mark.parametrize(
    ("images", "targets", "said"),
    [
        (IMAGES[0], SCORES, r"\(N, C, H, W\)"),
        (IMAGES, SCORES[:2], "6 images and 2 targets"),
        (IMAGES, LABELS, "num_classes"),
        (IMAGES, SCORES[:, :, None], r"not \(6, 4, 1\)"),
    ],
)
def test_batches_that_do_not_fit_are_refused(images: Any, targets: Any, said: str) -> None:
    with pytest.raises(InputError, match=said):
        Mixup(1.0)(images, targets)


def test_a_label_that_is_no_class_is_named() -> None:
    with pytest.raises(InputError, match="label 3 is no class"):
        Mixup(1.0, num_classes=3)(IMAGES, LABELS)


def test_both_frameworks_mix_alike(both: tuple[Backend, Backend]) -> None:
    for augment in AUGMENTS.values():
        found = []
        for backend in both:
            with use_backend(backend):
                augment.seed(11)
                found.append([ops.to_numpy(each) for each in augment(backend.tensor(IMAGES), backend.tensor(SCORES))])
        for one, other in zip(*found, strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
