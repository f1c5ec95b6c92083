"""Losses give the reference libraries' values, and the same values and gradients on every framework."""

from __future__ import annotations

import numpy as np
import pytest

from polynet import ops, use_backend
from polynet.errors import LossShapeError, OptionError, ReductionError
from polynet.models.losses.weight_reduce import weighted_loss
from polynet.registry import LOSSES, MODELS, temporary
from tests.compare import assert_close

PRED = np.array([[2, 1, 0], [0, 1, 3]], np.float32)
LABELS = np.array([0, 1])
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
MASK = np.array([[0, 1, 1, 0]], np.float32)
RANDOM = np.random.default_rng(7)
SCORES, OTHERS = (RANDOM.standard_normal((6, 5)).astype(np.float32) * 3 for _ in range(2))
CLASSES = RANDOM.integers(5, size=6)
SOFT = np.exp(OTHERS) / np.exp(OTHERS).sum(1, keepdims=True)
MULTI = (OTHERS > 0).astype(np.float32)
PATCHES, HIDDEN = (RANDOM.standard_normal((2, 4, 6)).astype(np.float32) for _ in range(2))

# Values of MMPretrain 1.2.0 on torch, at PRED and LABELS.
REFERENCE = [
    ({"type": "CrossEntropyLoss"}, LABELS, {}, 1.2887260),
    ({"type": "CrossEntropyLoss"}, LABELS, {"avg_factor": 4}, 0.6443630),
    ({"type": "CrossEntropyLoss", "class_weight": [1.0, 2.0, 3.0]}, LABELS, {}, 2.3736492),
    ({"type": "CrossEntropyLoss", "use_sigmoid": True}, ONE_HOT, {}, 1.0313889),
    ({"type": "CrossEntropyLoss", "use_sigmoid": True}, ONE_HOT, {"avg_factor": 2}, 3.0941668),
    ({"type": "CrossEntropyLoss", "use_soft": True}, ONE_HOT, {}, 1.2887260),
    ({"type": "LabelSmoothLoss", "label_smooth_val": 0.1}, LABELS, {}, 1.3220594),
    ({"type": "LabelSmoothLoss", "label_smooth_val": 0.1, "mode": "classy_vision"}, LABELS, {}, 1.3190291),
    ({"type": "FocalLoss"}, ONE_HOT, {}, 0.4778595),
    ({"type": "AsymmetricLoss"}, ONE_HOT, {}, 0.3800785),
    ({"name": "BinaryCrossEntropy"}, LABELS, {}, 1.0313889),
]


@pytest.mark.checklist("S3-8", "S3-59")
@pytest.mark.parametrize(("config", "labels", "options", "expected"), REFERENCE)
def test_losses_have_mmpretrains_values(backend, config, labels, options, expected):
    loss = LOSSES.build(config)
    value = loss(backend.tensor(PRED), backend.tensor(labels), **options)
    assert_close(value, np.float32(expected))
    assert tuple(value.shape) == ()


CASES = [
    ({"name": "CrossEntropyLoss", "class_weight": [1.0, 0.5, 2.0, 1.0, 3.0]}, (CLASSES,)),
    ({"name": "CrossEntropyLoss", "class_weight": [1.0, 0.5, 2.0, 1.0, 3.0]}, (SOFT,)),
    ({"name": "CrossEntropyLoss", "reduction": "none", "loss_weight": 0.5}, (CLASSES,)),
    ({"name": "CrossEntropyLoss", "use_sigmoid": True, "pos_weight": [1.0, 2.0, 3.0, 4.0, 5.0]}, (MULTI,)),
    ({"name": "LabelSmoothLoss", "label_smooth_val": 0.2, "mode": "multi_label"}, (MULTI,)),
    ({"name": "LabelSmoothLoss", "label_smooth_val": 0.2, "mode": "classy_vision"}, (CLASSES,)),
    ({"name": "FocalLoss", "gamma": 1.5, "alpha": 0.6}, (CLASSES,)),
    ({"name": "AsymmetricLoss", "gamma_pos": 1.0}, (MULTI,)),
    ({"name": "AsymmetricLoss", "use_sigmoid": False, "clip": None}, (CLASSES,)),
    ({"name": "SeesawLoss", "num_classes": 5}, (CLASSES,)),
    ({"name": "L1Loss", "reduction": "sum"}, (OTHERS,)),
    ({"name": "MSELoss", "loss_weight": 2.0}, (OTHERS,)),
    ({"name": "CosineSimilarityLoss", "shift_factor": 1.0, "scale_factor": 2.0}, (OTHERS,)),
    ({"name": "BinaryCrossEntropy"}, (MULTI,)),
    ({"name": "ReconstructLoss", "loss_type": "l1"}, (OTHERS,)),
    ({"name": "KLDivergence", "tau": 3.0}, (OTHERS,)),
    ({"name": "DKDLoss", "tau": 2.0}, (OTHERS, CLASSES)),
    ({"name": "DistillationLoss", "distillation_type": "soft", "tau": 2.0}, (CLASSES, OTHERS)),
    ({"name": "DistillationLoss", "distillation_type": "hard"}, (CLASSES, OTHERS)),
    ({"name": "DistillationLoss", "base": {"name": "LabelSmoothLoss", "label_smooth_val": 0.1}}, (CLASSES, OTHERS)),
]


@pytest.mark.parametrize(
    ("config", "rest"), CASES, ids=lambda value: value.get("name") if isinstance(value, dict) else ""
)
def test_losses_and_their_gradients_agree_across_frameworks(both, config, rest):
    results = []
    for backend in both:
        with use_backend(backend):
            scores = backend.parameter(SCORES)
            loss = LOSSES.build(config)
            others = [backend.tensor(each) for each in rest]
            kept = []

            def run(loss=loss, scores=scores, others=others, kept=kept):
                kept.append(loss(scores, *others))
                return ops.sum(kept[-1])

            _, (gradient,) = backend.differentiate(run, [scores])
            results.append((kept[-1], gradient))
    (first, first_gradient), (second, second_gradient) = results
    assert_close(second, first, what="loss")
    assert_close(second_gradient, first_gradient, what="gradient")
    assert np.abs(both[0].numpy(first_gradient)).max() > 0


def softmax(values, axis=1):
    shifted = np.exp(values - values.max(axis, keepdims=True))
    return shifted / shifted.sum(axis, keepdims=True)


def test_seesaw_is_the_papers_formula_and_counts_only_while_it_trains(backend):
    loss = LOSSES.build({"name": "SeesawLoss", "num_classes": 5, "p": 0.8, "q": 2.0, "eps": 0.01})
    first = loss(backend.tensor(SCORES), backend.tensor(CLASSES))
    counts = np.bincount(CLASSES, minlength=5).astype(np.float64)
    assert_close(loss.cum_samples, counts.astype(np.float32))
    chance, held = softmax(SCORES.astype(np.float64)), np.maximum(counts, 1)
    expected = []
    for row, label in enumerate(CLASSES):
        mitigation = np.minimum(1, held / held[label]) ** 0.8
        compensation = np.maximum(1, chance[row] / max(chance[row, label], 0.01)) ** 2.0
        factor = np.where(np.arange(5) == label, 1, mitigation * compensation)
        exponents = factor * np.exp(SCORES[row].astype(np.float64))
        expected.append(-np.log(exponents[label] / exponents.sum()))
    assert_close(first, np.float32(np.mean(expected)))
    loss.eval()
    loss(backend.tensor(SCORES), backend.tensor(CLASSES))
    assert_close(loss.cum_samples, counts.astype(np.float32))


def test_decoupled_distillation_is_the_papers_formula(backend):
    tau = 2.0
    student, teacher = softmax(SCORES.astype(np.float64) / tau), softmax(OTHERS.astype(np.float64) / tau)
    rows = np.arange(6)
    own_s, own_t = student[rows, CLASSES], teacher[rows, CLASSES]
    pairs = [(own_t, own_s), (1 - own_t, 1 - own_s)]
    of_label = sum(wanted * np.log(wanted / have) for wanted, have in pairs)
    keep = np.arange(5)[None] != CLASSES[:, None]
    rest_s = student[keep].reshape(6, 4) / (1 - own_s)[:, None]
    rest_t = teacher[keep].reshape(6, 4) / (1 - own_t)[:, None]
    of_rest = (rest_t * np.log(rest_t / rest_s)).sum(1)
    loss = LOSSES.build({"name": "DKDLoss", "tau": tau, "alpha": 1.0, "beta": 8.0})
    value = loss(backend.tensor(SCORES), backend.tensor(OTHERS), backend.tensor(CLASSES))
    assert_close(value, np.float32(tau**2 * np.mean(of_label + 8 * of_rest)))


def test_divergence_is_torchs_kl_div_of_softened_scores(backend):
    student, teacher = softmax(SCORES.astype(np.float64) / 3), softmax(OTHERS.astype(np.float64) / 3)
    expected = 9 * (teacher * np.log(teacher / student)).sum(1).mean()
    value = LOSSES.build({"name": "KLDivergence", "tau": 3.0})(backend.tensor(SCORES), backend.tensor(OTHERS))
    assert_close(value, np.float32(expected))


@pytest.mark.checklist("S3-57")
@pytest.mark.parametrize(("criterion", "power"), [("L1", 1), ("L2", 2)])
def test_pixel_reconstruction_averages_over_what_the_mask_marks(backend, criterion, power):
    mask = np.array([[0, 1, 1, 0], [1, 0, 0, 0]], np.float32)
    each = (np.abs(PATCHES - HIDDEN).astype(np.float64) ** power).mean(-1)
    pred, target = backend.tensor(PATCHES), backend.tensor(HIDDEN)
    build = {"type": "PixelReconstructionLoss", "criterion": criterion}
    assert_close(LOSSES.build(build)(pred, target), np.float32(each.mean()))
    masked = LOSSES.build({**build, "channel": 3})(pred, target, backend.tensor(mask))
    assert_close(masked, np.float32((each * mask).sum() / mask.sum() / 3))


def test_cosine_similarity_takes_a_mask(backend):
    unit = [values / np.linalg.norm(values, axis=-1, keepdims=True) for values in (PATCHES, HIDDEN)]
    each = 2.0 - 3.0 * (unit[0] * unit[1]).sum(-1)
    loss = LOSSES.build({"type": "CosineSimilarityLoss", "shift_factor": 2.0, "scale_factor": 3.0})
    mask = np.array([[0, 1, 1, 0], [1, 0, 0, 0]], np.float32)
    value = loss(backend.tensor(PATCHES), backend.tensor(HIDDEN), backend.tensor(mask))
    assert_close(value, np.float32((each * mask).sum() / mask.sum()))


def test_scepters_losses_weigh_by_the_signal_to_noise_ratio(backend):
    pred, target = RANDOM.standard_normal((2, 3, 2, 4, 4)).astype(np.float32)
    alphas, steps = np.array([0.99, 0.5, 0.1], np.float32), np.array([0, 2, 1])
    loss = LOSSES.build({"NAME": "MinSNRLoss", "GAMMA": 5})
    value = loss(backend.tensor(pred), backend.tensor(target), backend.tensor(alphas), backend.tensor(steps))
    ratio = (alphas / (1 - alphas)).astype(np.float64)[steps]
    assert_close(value, ((pred - target) ** 2 * np.minimum(5 / ratio, 1)[:, None, None, None]).astype(np.float32))
    plain = LOSSES.build({"NAME": "ReconstructLoss", "LOSS_TYPE": "l1"})
    each = plain(backend.tensor(pred), backend.tensor(target), mean=False)
    assert_close(each, np.abs(pred - target))


@pytest.mark.checklist("S3-60", "S3-61", "S3-62")
def test_weights_reductions_and_factors_follow_openmmlab(backend):
    @weighted_loss
    def absolute(pred, target):
        return ops.abs(pred - target)

    pred, target = backend.tensor(np.array([0, 2, 3], np.float32)), backend.tensor(np.ones(3, np.float32))
    weight = backend.tensor(np.array([1, 0, 1], np.float32))
    assert_close(absolute(pred, target), np.float32(4 / 3))
    assert_close(absolute(pred, target, weight), np.float32(1.0))
    assert_close(absolute(pred, target, reduction="none"), np.array([1, 1, 2], np.float32))
    assert_close(absolute(pred, target, weight, avg_factor=2), np.float32(1.5))
    loss = LOSSES.build({"type": "L1Loss", "reduction": "mean", "loss_weight": 2.0})
    assert_close(loss(pred, target), np.float32(8 / 3))
    assert_close(loss(pred, target, reduction_override="sum"), np.float32(8.0))
    assert_close(loss(pred, target, weight, avg_factor=2), np.float32(3.0))
    assert_close(loss(pred, target, reduction_override="none"), np.array([2, 2, 4], np.float32))


@pytest.mark.checklist("S3-63")
def test_bad_reductions_and_shapes_are_refused_as_assertion_and_value_errors(backend):
    loss = LOSSES.build({"type": "L1Loss"})
    pred, target = backend.tensor(np.ones(3, np.float32)), backend.tensor(np.ones(2, np.float32))
    with pytest.raises(ReductionError, match=r"reduction_override='maen'.*Did you mean 'mean'") as caught:
        loss(pred, pred, reduction_override="maen")
    assert isinstance(caught.value, AssertionError)
    assert isinstance(caught.value, ValueError)
    with pytest.raises(AssertionError, match=r"prediction is \(3,\) and the target \(2,\)"):
        loss(pred, target)
    with pytest.raises(LossShapeError, match="not empty"):
        loss(backend.tensor(np.ones(0, np.float32)), backend.tensor(np.ones(0, np.float32)))
    with pytest.raises(ValueError, match='can not be used with reduction="sum"'):
        loss(pred, pred, avg_factor=3, reduction_override="sum")
    with pytest.raises(ReductionError, match="max"):
        LOSSES.build({"type": "L1Loss", "reduction": "max"})


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"name": "CrossEntropyLoss", "use_sigmoid": True, "use_soft": True}, "cannot both be set"),
        ({"name": "CrossEntropyLoss", "pos_weight": 2.0}, "pos_weight is for use_sigmoid"),
        ({"name": "LabelSmoothLoss", "label_smooth_val": 1.0}, r"must lie in \[0, 1\)"),
        ({"name": "LabelSmoothLoss", "label_smooth_val": 0.1, "mode": "classy"}, "Did you mean 'classy_vision'"),
        ({"name": "SeesawLoss", "use_sigmoid": True}, "not possible"),
        ({"name": "PixelReconstructionLoss", "criterion": "L3"}, "'L1', 'L2'"),
        ({"name": "KLDivergence", "tau": 0}, "tau must be a positive number"),
        ({"name": "MinSNRLoss", "gamma": -1}, "gamma must be a positive number"),
        ({"name": "L1Loss", "loss_weight": "heavy"}, "loss_weight must be a number"),
    ],
)
def test_bad_options_are_refused(backend, config, words):
    with pytest.raises(OptionError, match=words):
        LOSSES.build(config)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("CrossEntropyLoss", np.zeros(3, np.int64)),
        ("CrossEntropyLoss", np.zeros(2, np.float32)),
        ("FocalLoss", np.zeros((2, 4), np.float32)),
        ("BinaryCrossEntropy", np.zeros(5, np.int64)),
    ],
)
def test_labels_that_do_not_fit_the_scores_are_refused(backend, name, labels):
    with pytest.raises(LossShapeError, match=r"\(2, 3\)|scores \(N, C\)"):
        LOSSES.build({"name": name})(backend.tensor(PRED), backend.tensor(labels))


def test_a_loss_of_all_kinds_is_reached_through_models_and_a_wrong_class_weight_is_refused(backend):
    loss = MODELS.build({"type": "CrossEntropyLoss", "class_weight": [1.0]})
    with pytest.raises(LossShapeError, match="1 factors for 3 classes"):
        loss(backend.tensor(PRED), backend.tensor(LABELS))


@pytest.mark.checklist("S3-64")
def test_a_users_own_loss_is_registered_and_chosen_by_config(backend):
    from polynet import nn

    with temporary():

        @MODELS.register_module()
        class Scaled(nn.Module):
            def __init__(self, loss_weight=1.0):
                super().__init__()
                self.loss_weight = loss_weight

            def forward(self, pred, target):
                return ops.mean(ops.abs(pred - target)) * self.loss_weight

        loss = MODELS.build({"type": "Scaled", "loss_weight": 3.0})
        assert_close(loss(backend.tensor(PRED), backend.tensor(PRED + 1)), np.float32(3.0))
