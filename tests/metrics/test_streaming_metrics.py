"""Metrics give scikit-learn's and torchmetrics' figures, from tensors and arrays, whole or in batches."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from polynet import ops
from polynet.errors import InputError, OptionError
from polynet.metrics.metric import added
from polynet.registry import METRICS

RANDOM = np.random.default_rng(3)
SCORES = RANDOM.random((200, 6)).astype(np.float32)
LABELS = RANDOM.integers(6, size=200)
MANY = (RANDOM.random((200, 6)) < 0.3).astype(np.int64)
CHANCES = np.exp(4 * SCORES) / np.exp(4 * SCORES).sum(1, keepdims=True)

SINGLE = [
    {"type": "Accuracy", "topk": (1, 3)},
    {"type": "SingleLabelMetric", "items": ("precision", "recall", "f1-score", "support")},
    {"type": "ConfusionMatrix"},
    {"type": "CalibrationError"},
]
MULTIPLE = [
    {"type": "MultiLabelMetric", "topk": 2},
    {"type": "AveragePrecision"},
    {"type": "AveragePrecision", "thresholds": 64},
    {"type": "RetrievalRecall", "topk": (1, 2)},
    {"type": "RetrievalAveragePrecision", "topk": 4},
]
ALL = [(config, CHANCES, LABELS) for config in SINGLE] + [(config, CHANCES, MANY) for config in MULTIPLE]
NAMES = [f"{config['type']}{index}" for index, (config, _, _) in enumerate(ALL)]


def same(actual, expected):
    assert list(actual) == list(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(actual[name], value, rtol=1e-6)


@pytest.mark.checklist("S0-36")
@pytest.mark.parametrize(("config", "scores", "labels"), ALL, ids=NAMES)
def test_tensors_and_arrays_give_the_same_figures(backend, config, scores, labels):
    metric = METRICS.build(config)
    same(metric(backend.tensor(scores), backend.tensor(labels)), metric(scores, labels))


@pytest.mark.parametrize(("config", "scores", "labels"), ALL, ids=NAMES)
def test_batches_add_up_to_the_whole_and_a_call_measures_its_batch_alone(config, scores, labels):
    metric, whole = METRICS.build(config), METRICS.build(config)(scores, labels)
    for start in range(0, 200, 64):
        metric.update(scores[start : start + 64], labels[start : start + 64])
    metric(scores[:10], labels[:10])
    same(metric.compute(), whole)
    metric.reset()
    with pytest.raises(InputError, match="measured nothing yet"):
        metric.compute()


@pytest.mark.parametrize(("config", "scores", "labels"), ALL, ids=NAMES)
def test_openmmlabs_protocol_gives_the_same_figures_under_a_prefix(config, scores, labels):
    metric = METRICS.build({**config, "prefix": "mine"})
    truth = "gt_label" if labels is LABELS else "gt_score"
    samples = [{"pred_score": row, truth: true} for row, true in zip(scores, labels, strict=True)]
    metric.process(None, samples[:150])
    metric.process(None, samples[150:])
    same(metric.evaluate(200), {f"mine/{name}": value for name, value in METRICS.build(config)(scores, labels).items()})
    assert metric.results == []


def test_counts_of_two_machines_are_added_by_compute_metrics():
    first, second = METRICS.build({"type": "Accuracy"}), METRICS.build({"type": "Accuracy"})
    first.update(CHANCES[:50], LABELS[:50])
    second.update(CHANCES[50:], LABELS[50:])
    same(first.compute_metrics([*first.results, *second.results]), first(CHANCES, LABELS))


@pytest.mark.checklist("S0-35")
def test_no_gradient_flows_through_a_metric(backend):
    scores = backend.parameter(CHANCES)
    metric = METRICS.build({"type": "AccuracyMetric", "topk": [1, 2]})
    found = metric(scores, backend.tensor(LABELS))
    _, (gradient,) = backend.differentiate(lambda: ops.sum(scores * 2.0) + found["acc@1"], [scores])
    np.testing.assert_array_equal(backend.numpy(gradient), np.full(CHANCES.shape, 2.0, np.float32))


@pytest.mark.parametrize("average", ["macro", "micro", None])
def test_precision_recall_and_f1_are_scikit_learns(average):
    judge = pytest.importorskip("sklearn.metrics")
    metric = METRICS.build({"type": "SingleLabelMetric", "average": average})
    found = list(metric(CHANCES, LABELS).values())
    expected = judge.precision_recall_fscore_support(LABELS, CHANCES.argmax(1), average=average, zero_division=0)
    np.testing.assert_allclose(found, 100 * np.array(expected[:3]))
    metric = METRICS.build({"type": "MultiLabelMetric", "thr": 0.4, "average": average})
    expected = judge.precision_recall_fscore_support(MANY, SCORES >= 0.4, average=average, zero_division=0)
    np.testing.assert_allclose(list(metric(SCORES, MANY).values()), 100 * np.array(expected[:3]))


def test_the_confusion_matrix_is_scikit_learns():
    judge = pytest.importorskip("sklearn.metrics")
    expected = judge.confusion_matrix(LABELS, CHANCES.argmax(1))
    np.testing.assert_array_equal(METRICS.build({"type": "ConfusionMatrix"})(CHANCES, LABELS)["result"], expected)


def test_average_precision_is_scikit_learns_exact_and_binned():
    judge = pytest.importorskip("sklearn.metrics")
    expected = judge.average_precision_score(MANY, SCORES, average=None)
    found = METRICS.build({"type": "AveragePrecision", "average": None})(SCORES, MANY)
    np.testing.assert_allclose(found["AP_classwise"], 100 * expected)
    binned = METRICS.build({"type": "AveragePrecision", "thresholds": 16})(SCORES, MANY)
    expected = judge.average_precision_score(MANY, np.floor(SCORES * 16), average="macro")
    assert binned["mAP"] == pytest.approx(100 * expected)


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_calibration_is_torchmetrics(norm):
    torch = pytest.importorskip("torch")
    judge = pytest.importorskip("torchmetrics.functional.classification")
    expected = judge.multiclass_calibration_error(torch.tensor(CHANCES), torch.tensor(LABELS), 6, n_bins=10, norm=norm)
    found = METRICS.build({"type": "CalibrationError", "bins": 10, "norm": norm})(CHANCES, LABELS)
    assert next(iter(found.values())) == pytest.approx(float(expected), rel=1e-5)
    logits = METRICS.build({"type": "CalibrationError", "bins": 10, "norm": norm, "from_logits": True})
    same(logits(np.log(CHANCES.astype(np.float64)), LABELS), found)


def test_accuracy_is_torchmetrics_and_thresholds_must_be_exceeded():
    torch = pytest.importorskip("torch")
    judge = pytest.importorskip("torchmetrics.functional.classification")
    found = METRICS.build({"type": "Accuracy", "topk": (1, 3)})(SCORES, LABELS)
    for k in (1, 3):
        expected = judge.multiclass_accuracy(torch.tensor(SCORES), torch.tensor(LABELS), 6, average="micro", top_k=k)
        assert found[f"top{k}"] == pytest.approx(100 * float(expected))
    metric = METRICS.build({"type": "Accuracy", "thrs": (None, 0.25, 0.5)})
    scores = [[0.5, 0.25, 0.25], [0.3, 0.3, 0.4]]
    assert metric(scores, [0, 2]) == {"top1_no-thr": 100.0, "top1_thr-0.25": 100.0, "top1_thr-0.50": 0.0}


# Values of MMPretrain 1.2.0, from its documentation of these metrics.
def test_figures_of_mmpretrains_examples():
    accuracy = METRICS.build({"type": "Accuracy"})
    assert accuracy([0, 2, 1, 3], [0, 1, 2, 3]) == {"top1": 50.0}
    true = [[1, 1, 0, 0], [0, 0, 1, 0], [1, 1, 1, 0], [1, 0, 0, 0], [1, 0, 0, 0]]
    scores = np.array(
        [
            [0.4575, 0.7335, 0.3934, 0.2572],
            [0.1318, 0.1004, 0.8248, 0.6448],
            [0.8349, 0.6294, 0.7896, 0.2061],
            [0.4037, 0.7308, 0.6713, 0.8374],
            [0.3779, 0.4836, 0.0313, 0.0067],
        ]
    )
    for options, expected in (({"thr": 0.1}, (42.5, 75.0, 53.1746)), ({"topk": 1}, (62.5, 31.25, 39.1667))):
        found = METRICS.build({"type": "MultiLabelMetric", **options})(scores, true)
        assert list(found.values()) == pytest.approx(expected, abs=1e-4)
    pred = np.array([np.linspace(0.95, 0.05, 10)] * 2)
    target = [[1, 0, 1, 0, 0, 1, 0, 0, 1, 1]] * 2
    found = METRICS.build({"type": "RetrievalAveragePrecision", "topk": 10})(pred, target)
    assert found["mAP@10"] == pytest.approx(62.222222222222214)


def test_the_integrated_precision_is_the_area_under_its_curve():
    metric = METRICS.build({"type": "RetrievalAveragePrecision", "topk": 5, "mode": "integrate"})
    found = metric([[7, 3, 9, 1, 5]], [[7, 1]], True, True)
    assert found["mAP@5"] == pytest.approx(100 * ((1 + 1) / 2 + (1 / 3 + 2 / 4) / 2) / 2)


@pytest.mark.parametrize(("choice", "expected"), [(None, 100.0), (True, 100.0), (False, 50.0)])
def test_difficult_objects_count_as_asked(choice, expected):
    sample = {"pred_score": [0.9, 0.8, 0.1], "gt_label": [0], "gt_label_difficult": [1, 0]}
    metric = METRICS.build({"type": "VOCMultiLabelMetric", "average": "micro", "difficult_as_positive": choice})
    metric.process(None, [sample])
    assert metric.evaluate()["multi-label/precision_micro"] == pytest.approx(expected)


@pytest.mark.checklist("S0-34")
def test_rows_of_one_key_are_judged_together(backend):
    logits = np.array([[3, 0, 0], [0, 2, 0], [0, 1, 4], [0, 0, 1]], np.float32)
    labels, keys = np.array([0, 0, 2, 2]), ["a", "a", "b", "b"]
    for method in ("avg", "max"):
        metric = METRICS.build({"NAME": "EnsembleAccuracyMetric", "TOPK": [1, 2], "ENSEMBLE_METHOD": method})
        found = metric(backend.tensor(logits), backend.tensor(labels), keys)
        assert dict(found) == {"acc@1": 1.0, "acc@2": 1.0}
    with pytest.raises(InputError, match="the rows of key 'a' have different labels"):
        metric(logits, np.array([0, 1, 2, 2]), keys)


@pytest.mark.parametrize(
    "config",
    [
        {"type": "Accuracy"},
        {"type": "SingleLabelMetric"},
        {"type": "ConfusionMatrix"},
        {"type": "CalibrationError"},
        {"type": "AveragePrecision", "thresholds": 100},
    ],
    ids=lambda config: config["type"],
)
def test_many_batches_need_no_more_memory_than_few(config):
    metric = METRICS.build(config)
    labels = MANY if config["type"] == "AveragePrecision" else LABELS
    metric.update(CHANCES, labels)
    tracemalloc.start()
    for _ in range(20):
        metric.update(CHANCES, labels)
    held = tracemalloc.get_traced_memory()[0]
    for _ in range(200):
        metric.update(CHANCES, labels)
    more = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert more - held < 4096


@pytest.mark.parametrize(
    ("config", "scores", "labels", "words"),
    [
        ({"type": "Accuracy", "topk": 5}, SCORES[:, :3], LABELS % 3, "Top-5 accuracy is unavailable.*categories is 3"),
        ({"type": "Accuracy"}, SCORES, LABELS[:5], "200 predictions and 5 labels"),
        ({"type": "Accuracy"}, SCORES, LABELS + 9, r"the label \d+ is no class; they count from 0 to 5"),
        ({"type": "SingleLabelMetric"}, LABELS, LABELS, "needs num_classes"),
        ({"type": "ConfusionMatrix", "num_classes": 2}, LABELS, LABELS, "is no class"),
        ({"type": "MultiLabelMetric"}, SCORES, MANY + 1, "1, 0, or -1"),
        ({"type": "AveragePrecision"}, SCORES, LABELS, r"labels of the scores' shape \(200, 6\)"),
        ({"type": "AveragePrecision", "thresholds": 4}, SCORES * 3, MANY, r"scores in \[0, 1\]"),
        ({"type": "CalibrationError"}, SCORES * 3, LABELS, "from_logits=True"),
        ({"type": "Accuracy"}, np.zeros((0, 3)), np.zeros(0, int), "at least one sample"),
        ({"type": "Accuracy"}, object(), LABELS, "not object"),
    ],
)
def test_bad_batches_are_refused_and_leave_the_counts_alone(config, scores, labels, words):
    metric = METRICS.build(config)
    with pytest.raises(InputError, match=words):
        metric.update(scores, labels)
    assert metric.results == []


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"type": "Accuracy", "topk": 0}, "topk is a whole number of at least 1"),
        ({"type": "Accuracy", "thrs": "high"}, "a threshold is a number or None"),
        ({"type": "SingleLabelMetric", "items": ["recal"]}, "Did you mean 'recall'"),
        ({"type": "SingleLabelMetric", "average": "marco"}, "Did you mean 'macro'"),
        ({"type": "RetrievalAveragePrecision"}, "topk is a whole number"),
        ({"type": "CalibrationError", "norm": "l3"}, "'l1', 'l2', 'max'"),
        ({"type": "VOCAveragePrecision", "difficult_as_positive": 3}, "True, False or None"),
    ],
)
def test_bad_options_are_refused(config, words):
    with pytest.raises(OptionError, match=words):
        METRICS.build(config)


def test_counts_of_different_kinds_do_not_add_up():
    with pytest.raises(InputError, match="do not add up"):
        added([{"a": np.zeros(2)}, {"a": np.zeros((2, 2))}])
