"""MMPretrain's heads: scores, losses, predictions, initial weights and refusals, alike on every framework."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.data.data_sample import DataSample
from polynet.errors import ComponentError, InputError, OptionError
from polynet.models.heads.arc_face_cls_head import ArcFaceClsHead
from polynet.models.heads.contrastive_head import ContrastiveHead
from polynet.models.heads.mm_cls_head import ClsHead, LinearClsHead
from polynet.models.heads.multi_label_cls_head import MultiLabelLinearClsHead
from polynet.models.heads.stacked_linear_cls_head import StackedLinearClsHead
from polynet.models.heads.vision_transformer_cls_head import VisionTransformerClsHead
from polynet.models.init_cfg import seeded
from polynet.registry import HEADS
from polynet.weights import load_state, state
from tests.compare import assert_close
from tests.models.heads.samples import labelled, number, scored

SCORES = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]], np.float32)
"""Scores whose losses MMPretrain 1.2 computed."""


@pytest.mark.checklist("S3-49", "S3-50", "S3-7", "S3-8")
@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ({"type": "CrossEntropyLoss"}, 1.2887260),
        ("CrossEntropyLoss", 1.2887260),
        ({"type": "CrossEntropyLoss", "class_weight": [1.0, 2.0, 3.0]}, 2.3736492),
        ({"type": "LabelSmoothLoss", "label_smooth_val": 0.1}, 1.3220594),
        ({"type": "LabelSmoothLoss", "label_smooth_val": 0.1, "mode": "classy_vision"}, 1.3190291),
    ],
)
def test_the_loss_of_labels_is_mmpretrains(backend: Backend, loss: Any, expected: float) -> None:
    losses = ClsHead(loss=loss).loss((ops.tensor(SCORES),), labelled(0, 1))
    assert set(losses) == {"loss"}
    assert number(losses["loss"]) == pytest.approx(expected, rel=1e-6)


def test_scores_come_before_labels_as_truth(backend: Backend) -> None:
    samples = [sample.set_gt_label(2) for sample in scored(np.eye(3, dtype=np.float32)[:2])]
    assert number(ClsHead().loss((ops.tensor(SCORES),), samples)["loss"]) == pytest.approx(1.2887260, rel=1e-6)


@pytest.mark.checklist("S3-50")
def test_training_accuracy_is_in_percent(backend: Backend) -> None:
    head = ClsHead(topk=(1, 2), cal_acc=True)
    losses = head.loss((ops.tensor(-SCORES),), labelled(2, 1))
    assert set(losses) == {"loss", "accuracy_top-1", "accuracy_top-2"}
    assert number(losses["accuracy_top-1"]) == 50.0
    assert number(losses["accuracy_top-2"]) == 100.0
    with pytest.raises(InputError, match="Top-5 accuracy is unavailable since the number of categories is 3"):
        ClsHead(topk=(1, 5), cal_acc=True).loss((ops.tensor(SCORES),), labelled(0, 1))
    with pytest.raises(InputError, match="cal_acc counts right labels"):
        head.loss((ops.tensor(SCORES),), scored(np.eye(3)[:2]))


@pytest.mark.checklist("S3-51")
def test_predictions_are_set_on_samples_given_or_new(backend: Backend) -> None:
    head = ClsHead()
    given = labelled(0, 1)
    predicted = head.predict((ops.tensor(SCORES),), given)
    assert predicted[0] is given[0]
    assert ops.to_numpy(predicted[1].pred_label).tolist() == [2]
    exponent = np.exp(SCORES)
    assert_close(predicted[0].pred_score, (exponent / exponent.sum(1, keepdims=True))[0])
    new = head.predict((ops.tensor(SCORES),), [None, given[1]])
    assert new[1] is given[1]
    assert ops.to_numpy(new[0].pred_label).tolist() == [0]


def test_samples_that_do_not_suit_are_refused(backend: Backend) -> None:
    scores = (ops.tensor(SCORES),)
    with pytest.raises(InputError, match="a data sample for each of 2 inputs; there are none"):
        ClsHead().loss(scores, None)  # type: ignore[arg-type]  # the mistake under test
    with pytest.raises(InputError, match=r"ClsHead: data_samples are a list of DataSample.*of shape \(2,\)"):
        ClsHead().loss(scores, ops.tensor([0, 1]))
    with pytest.raises(InputError, match="there are 1"):
        ClsHead().loss(scores, labelled(0))
    with pytest.raises(InputError, match="data sample 1 has no gt_label; it has nothing"):
        ClsHead().loss(scores, [*labelled(0), DataSample()])


class Plain(nn.Module):
    """A loss that knows no `avg_factor`."""

    def forward(self, pred: Any, target: Any) -> Any:
        return ops.sum(pred) + ops.sum(target)


@pytest.mark.checklist("S3-69")
def test_a_loss_may_be_an_instance_and_need_not_know_avg_factor(backend: Backend) -> None:
    plain = Plain()
    head = ClsHead(loss=plain)
    assert head.loss_module is plain
    assert number(head.loss((ops.tensor(SCORES),), labelled(0, 1))["loss"]) == 8.0


@pytest.mark.checklist("S3-46", "S3-47", "S3-48", "S3-52")
def test_the_transformer_head_takes_the_class_token_of_the_last_stage(backend: Backend) -> None:
    head = HEADS.build({"type": "VisionTransformerClsHead", "num_classes": 5, "in_channels": 4, "hidden_dim": 6})
    token = ops.tensor(np.random.standard_normal((2, 4)).astype(np.float32))
    patches = ops.zeros((2, 9, 4))
    expected = head.layers.head(ops.tanh(head.layers.pre_logits(token)))
    for feats in ((None, [patches, token]), (None, (patches, token)), (None, token), token):
        assert tuple(head(feats).shape) == (2, 5)
        assert_close(head(feats), expected)
    assert set(state(head)) == {
        f"layers.{layer}.{leaf}" for layer in ("pre_logits", "head") for leaf in ("weight", "bias")
    }
    assert set(state(VisionTransformerClsHead(5, 4))) == {"layers.head.weight", "layers.head.bias"}


def test_initial_weights_are_the_papers(backend: Backend) -> None:
    linear, transformer = LinearClsHead(200, 300), VisionTransformerClsHead(20, 400, hidden_dim=100)
    with seeded(0):
        linear.init_weights()
        transformer.init_weights()
    assert state(linear)["fc.weight"].std() == pytest.approx(0.01, rel=0.02)
    assert (state(linear)["fc.bias"] == 0).all()
    weights = state(transformer)
    assert (weights["layers.head.weight"] == 0).all()
    assert weights["layers.pre_logits.weight"].std() == pytest.approx(math.sqrt(1 / 400), rel=0.02)
    assert (weights["layers.pre_logits.bias"] == 0).all()


class Doubled(ClsHead):
    """A head of the user's own."""

    def __init__(self, num_classes: int, in_channels: int, hidden_dim: int, **options: Any) -> None:
        super().__init__(**options)
        self.fc1 = nn.Linear(in_channels, hidden_dim)
        self.act = nn.Tanh()
        self.fc2 = nn.Linear(hidden_dim, num_classes)

    def pre_logits(self, feats: Any) -> Any:
        _, cls_token = feats[-1]
        return self.act(self.fc1(cls_token))

    def forward(self, feats: Any) -> Any:
        return self.fc2(self.pre_logits(feats))


@pytest.mark.checklist("S3-45", "S3-48")
def test_a_head_of_ones_own_needs_pre_logits_and_forward(backend: Backend) -> None:
    head = Doubled(3, 4, 5, loss={"type": "LabelSmoothLoss", "label_smooth_val": 0.1}, topk=2, cal_acc=True)
    feats = ([ops.zeros((2, 9, 4)), ops.ones((2, 4))],)
    assert tuple(head(feats).shape) == (2, 3)
    assert set(head.loss(feats, labelled(0, 1))) == {"loss", "accuracy_top-2"}
    assert len(head.predict(feats)) == 2


def test_a_stacked_head_has_a_block_for_each_width(backend: Backend) -> None:
    head = StackedLinearClsHead(3, 4, [6, 5], dropout_rate=0.5, norm_cfg={"type": "BN1d"}).eval()
    names = {name.rpartition(".")[0] for name in state(head)}
    assert names == {"layers.0.fc", "layers.0.norm", "layers.1.fc", "layers.1.norm", "layers.2.fc"}
    assert tuple(head((ops.ones((2, 4)),)).shape) == (2, 3)
    assert tuple(head.pre_logits((ops.ones((2, 4)),)).shape) == (2, 5)
    assert isinstance(head.layers[0].dropout, nn.Dropout)
    with pytest.raises(OptionError, match="`mid_channels` of StackedLinearClsHead is a sequence"):
        StackedLinearClsHead(3, 4, 5)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.checklist("S3-7")
def test_the_contrastive_head_tells_the_first_column_from_the_others(backend: Backend) -> None:
    head = HEADS.build({"type": "ContrastiveHead", "loss": {"type": "CrossEntropyLoss"}, "temperature": 0.5})
    positive, negative = np.array([[1.0], [0.5]], np.float32), np.array([[0.0, 0.5], [1.0, 0.0]], np.float32)
    logits = np.concatenate([positive, negative], 1) / 0.5
    expected = np.mean(np.log(np.exp(logits).sum(1)) - logits[:, 0])
    assert number(head.loss(ops.tensor(positive), ops.tensor(negative))) == pytest.approx(expected, rel=1e-6)
    with pytest.raises(OptionError, match="temperature is a positive number"):
        ContrastiveHead("CrossEntropyLoss", temperature=0)


@pytest.mark.checklist("S3-13")
@pytest.mark.parametrize(
    ("config", "kind", "says"),
    [
        (
            {"type": "LinearClsHead", "num_classes": 0, "in_channels": 4},
            ValueError,
            "num_classes=0 must be a positive integer",
        ),
        ({"type": "LinearClsHead", "num_clases": 3, "in_channels": 4}, TypeError, "LinearClsHead.*num_clases"),
        ({"type": "LinearClsHead", "in_channels": 4}, TypeError, "num_classes"),
        (
            {"type": "LinearClsHead", "num_classes": 2, "in_channels": 4, "loss": {"type": "L1Los"}},
            KeyError,
            "^loss: .*'L1Loss'",
        ),
        ({"type": "VisionTransformerClsHead", "num_classes": 2, "in_channels": -1}, OptionError, "in_channels=-1"),
        ({"type": "ClsHead", "topk": 0}, OptionError, "topk"),
    ],
)
def test_wrong_options_are_named(backend: Backend, config: dict[str, Any], kind: type[Exception], says: str) -> None:
    with pytest.raises(kind, match=says):
        HEADS.build(config)


FEATS = np.random.default_rng(0).standard_normal((4, 6)).astype(np.float32)
CASES: dict[str, Callable[[], Any]] = {
    "linear": lambda: LinearClsHead(3, 6),
    "linear, smoothed": lambda: LinearClsHead(3, 6, loss={"type": "LabelSmoothLoss", "label_smooth_val": 0.1}),
    "transformer": lambda: VisionTransformerClsHead(3, 6, hidden_dim=5),
    "stacked": lambda: StackedLinearClsHead(3, 6, [5], norm_cfg={"type": "BN1d"}),
    "several labels": lambda: MultiLabelLinearClsHead(3, 6),
    "angles": lambda: ArcFaceClsHead(3, 6, num_subcenters=2),
}


@pytest.mark.checklist("S3-70")
@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradients_agree_between_frameworks(both: tuple[Backend, Backend], case: str) -> None:
    weights: dict[str, Any] | None = None
    found = []
    for backend in both:
        with use_backend(backend):
            head = CASES[case]()
            if weights is None:
                weights = state(head)
            load_state(head, weights)
            x = ops.tensor(FEATS)

            def loss(head: Any = head, x: Any = x) -> Any:
                return head.loss((x,), labelled(0, 1, 2, 1))["loss"]

            value, gradients = backend.differentiate(loss, list(head.parameters()))
            slots = backend.slots(head)
            named = {id(slot.tensor): slot for slot in slots.values()}
            by_name = {
                named[id(parameter)].name: named[id(parameter)].canonical(gradient)
                for parameter, gradient in zip(head.parameters(), gradients, strict=True)
            }
            found.append((backend.numpy(head((x,))), backend.numpy(value), by_name))
    first, second = found
    assert_close(second[0], first[0], what="scores")
    assert_close(second[1], first[1], what="loss")
    assert first[2].keys() == second[2].keys()
    for name, gradient in first[2].items():
        assert_close(second[2][name], gradient, what=name)


def test_a_constructor_that_fails_is_named(backend: Backend) -> None:
    class Failing(ClsHead):
        def __init__(self) -> None:
            raise RuntimeError("no reason")

    with pytest.raises(ComponentError, match=r"Failing could not be built: RuntimeError: no reason"):
        HEADS.build({"type": Failing})
