"""Metrics in MMEngine's form, and the evaluator that gives them batches."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from polynet.dialects.mmengine.evaluator import BaseMetric, Evaluator

from polynet import ops
from polynet.backend import Backend
from polynet.data.data_sample import DataSample
from polynet.errors import InputError, InputTypeError, OptionError, UnknownNameError
from polynet.metrics.keyed import KeyedMetric
from polynet.metrics.prediction import AverageLoss, Prediction, softmax
from polynet.metrics.process_metric import together
from polynet.metrics.topk_accuracy import Accuracy

LOGITS = np.array([[3.0, 1.0, 2.0], [0.0, 1.0, 2.0], [-1.0, -2.0, -3.0]], np.float32)
LABELS = np.array([0, 1, 2])


class FashionMnistMetric(BaseMetric):
    """As MMEngine's guide writes it."""

    def process(self, data: Any, preds: Any) -> None:
        self.results.append(((data[1] == ops.to_numpy(preds[0])).sum() / len(preds[0]), preds[1]))

    def compute_metrics(self, results: Any) -> dict[str, Any]:
        correct, loss = zip(*results, strict=True)
        test_loss, right = sum(loss) / len(self.results), sum(correct) / len(self.results)
        return {"Accuracy": right, "Avg_loss": test_loss}


@pytest.mark.checklist("S2-70", "S2-72", "S2-73", "S2-74")
def test_a_metric_gets_the_loaders_batch_and_what_was_predicted(backend: Backend) -> None:
    evaluator = Evaluator({"type": FashionMnistMetric})
    batches = [((None, LABELS), (backend.tensor(LABELS), 0.5)), ((None, LABELS), (backend.tensor([0, 0, 0]), 1.5))]
    for batch, predictions in batches:
        evaluator.process(data_samples=predictions, data_batch=batch)
    figures = evaluator.evaluate(6)
    assert figures == {"Accuracy": pytest.approx(2 / 3), "Avg_loss": 1.0}
    assert evaluator.metrics[0].results == []


def test_a_metric_needs_both_of_its_methods() -> None:
    class Half(BaseMetric):
        def process(self, data_batch: Any, data_samples: Any) -> None:
            pass

    with pytest.raises(TypeError, match="compute_metrics"):
        Half()  # type: ignore[abstract]  # which is what is tested


class Given(BaseMetric):
    """Gathers what it is given, and gives it back under one name."""

    default_prefix = "given"

    def __init__(self, name: str = "all", **options: Any) -> None:
        super().__init__(**options)
        self.name = name

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results.extend(data_samples)

    def compute_metrics(self, results: Any) -> Any:
        return {self.name: list(results)} if self.name else list(results)


def test_figures_have_the_prefix_of_their_metric() -> None:
    evaluator = Evaluator([Given(), Given(prefix="other"), Given("bare", prefix="")])
    evaluator.process([1, 2])
    assert evaluator.evaluate(2) == {"given/all": [1, 2], "other/all": [1, 2], "bare": [1, 2]}


def test_two_figures_of_one_name_are_an_error() -> None:
    evaluator = Evaluator([Given(), Given()])
    evaluator.process([1])
    with pytest.raises(ValueError, match="multiple evaluation results with the same metric name given/all"):
        evaluator.evaluate(1)


def test_figures_are_a_dictionary() -> None:
    evaluator = Evaluator(Given(name=""))
    evaluator.process([1])
    with pytest.raises(InputTypeError, match="compute_metrics of Given gives a dictionary, not list"):
        evaluator.evaluate(1)
    assert evaluator.metrics[0].results == []


def test_a_metric_that_gathered_nothing_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="Given gathered nothing"):
        assert Evaluator(Given()).evaluate(0) == {"given/all": []}


def test_samples_become_dictionaries_for_metrics_of_ones_own() -> None:
    evaluator = Evaluator(Given())
    evaluator.process([DataSample().set_pred_score([0.25, 0.75])])
    (sample,) = evaluator.evaluate(1)["given/all"]
    assert sample["pred_score"].tolist() == [0.25, 0.75]
    assert sample["num_classes"] == 2


@pytest.mark.parametrize("as_tensors", [False, True])
def test_every_kind_of_metric_measures_predictions(backend: Backend, as_tensors: bool) -> None:
    evaluator = Evaluator(
        [{"type": "Accuracy", "topk": (1, 2)}, "AverageLoss", {"type": "accuracy", "topk": [1]}, "SingleLabelMetric"]
    )
    for rows, loss in ((slice(0, 2), 1.0), (slice(2, 3), 4.0)):
        parts = (LOGITS[rows], LABELS[rows])
        logits, labels = (backend.tensor(part) for part in parts) if as_tensors else parts
        evaluator.process(Prediction(logits, labels, loss), {"images": None})
    figures = evaluator.evaluate(3)
    assert figures["accuracy/top1"] == pytest.approx(100 / 3)
    assert figures["accuracy/top2"] == pytest.approx(200 / 3)
    assert figures["loss"] == 2.0
    assert float(figures["acc@1"]) == pytest.approx(1 / 3)
    assert "single-label/precision" in figures


def test_every_kind_of_metric_measures_samples(backend: Backend) -> None:
    samples = [
        DataSample().set_pred_score(backend.tensor(softmax(LOGITS[row : row + 1])[0])).set_gt_label(int(LABELS[row]))
        for row in range(3)
    ]
    evaluator = Evaluator([Accuracy(), {"type": "accuracy", "topk": [1]}])
    evaluator.process(samples, {"inputs": None})
    figures = evaluator.evaluate(3)
    assert figures["accuracy/top1"] == pytest.approx(100 / 3)
    assert float(figures["acc@1"]) == pytest.approx(1 / 3)


def test_a_keyed_metric_finds_its_values_in_batch_and_predictions() -> None:
    evaluator = Evaluator(KeyedMetric({"type": "accuracy", "topk": 1}, keys=["result", "gt_label"]))
    evaluator.process(LOGITS, {"gt_label": LABELS})
    assert float(evaluator.evaluate(3)["acc@1"]) == pytest.approx(1 / 3)


def test_predictions_without_labels_are_refused_by_what_compares() -> None:
    with pytest.raises(InputError, match="Accuracy compares with labels"):
        Evaluator("Accuracy").process(Prediction(LOGITS))
    loss = AverageLoss()
    loss.process(None, Prediction(LOGITS))
    with pytest.raises(InputError, match="measured nothing"):
        loss.evaluate()


def test_what_is_known_of_the_data_reaches_every_metric() -> None:
    evaluator = Evaluator([Given(), Accuracy()])
    evaluator.dataset_meta = {"classes": ("cat",)}
    assert all(metric.dataset_meta == {"classes": ("cat",)} for metric in evaluator.metrics)
    assert evaluator.dataset_meta == {"classes": ("cat",)}


def test_results_of_several_processes_come_in_the_order_of_the_samples() -> None:
    evaluator = Evaluator([Given(), {"type": "Accuracy", "topk": 1}, {"type": "accuracy", "topk": [1]}])
    evaluator.process(Prediction(LOGITS, LABELS, 0.0))
    evaluator.metrics[0].results = [0, 2, 4]
    evaluator.gather = lambda mine: [mine, [1, 3, 0] if len(mine) == 3 else mine]
    figures = evaluator.evaluate(5)
    assert figures["given/all"] == [0, 1, 2, 3, 4]
    assert figures["accuracy/top1"] == pytest.approx(100 / 3)
    assert float(figures["acc@1"]) == pytest.approx(1 / 3)
    assert together(["batch"], 64, lambda mine: [mine, ["other"]]) == ["batch", "other"]


def test_what_is_no_metric_is_refused() -> None:
    with pytest.raises(OptionError, match="neither"):
        Evaluator(3)
    with pytest.raises(UnknownNameError, match=r"1\.metric: .*Did you mean 'accuracy'"):
        Evaluator(["Accuracy", {"type": "Acuracy"}])


def test_figures_that_are_one_number_become_plain_numbers(backend: Backend) -> None:
    class Tensors(BaseMetric):
        def process(self, data_batch: Any, data_samples: Any) -> None:
            self.results.append(data_samples)

        def compute_metrics(self, results: Any) -> dict[str, Any]:
            return {"mean": results[0], "share": np.float32(0.5), "each": np.arange(2), "name": "a"}

    evaluator = Evaluator(Tensors())
    evaluator.process(ops.mean(backend.tensor([1.0, 2.0])))
    figures = evaluator.evaluate(1)
    assert [type(figures[name]) for name in ("mean", "share", "each", "name")] == [float, float, np.ndarray, str]
    assert figures["mean"] == 1.5


def test_predictions_made_before_are_measured_in_chunks() -> None:
    evaluator = Evaluator(Given())
    assert evaluator.offline_evaluate([1, 2, 3, 4, 5], chunk_size=2) == {"given/all": [1, 2, 3, 4, 5]}
    assert evaluator.offline_evaluate((1, 2), data=["a", "b"]) == {"given/all": [1, 2]}
    with pytest.raises(InputError, match="2 predictions and 1 data"):
        evaluator.offline_evaluate([1, 2], data=["a"])


def test_a_function_of_logits_and_labels_is_a_metric_of_its_name() -> None:
    def share_of_zeros(logits: Any, labels: Any) -> float:
        return float((logits == 0).mean())

    def several(logits: Any, labels: Any) -> dict[str, float]:
        return {"count": float(len(labels))}

    evaluator = Evaluator([share_of_zeros, several])
    for _ in range(2):
        evaluator.process(Prediction(np.eye(3)[:2], np.array([0, 2]), loss=0.5))
    assert evaluator.evaluate(4) == {"share_of_zeros": pytest.approx(2 / 3), "count": 4.0}
    assert Evaluator(share_of_zeros).metrics[0].name == "share_of_zeros"
