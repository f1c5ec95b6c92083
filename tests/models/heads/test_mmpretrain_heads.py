"""MMPretrain's heads: scores, losses, predictions, initial weights and refusals, alike on every framework."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.data.data_sample import DataSample, MultiTaskDataSample
from polynet.errors import ComponentError, InputError, OptionError, UnknownNameError
from polynet.models.heads.arc_face_cls_head import ArcFaceClsHead, NormProduct
from polynet.models.heads.contrastive_head import ContrastiveHead
from polynet.models.heads.mae_pretrain_head import MAEPretrainHead
from polynet.models.heads.mm_cls_head import ClsHead, LinearClsHead
from polynet.models.heads.multi_label_cls_head import MultiLabelClsHead, MultiLabelLinearClsHead
from polynet.models.heads.multi_task_head import MultiTaskHead
from polynet.models.heads.stacked_linear_cls_head import StackedLinearClsHead
from polynet.models.heads.vision_transformer_cls_head import VisionTransformerClsHead
from polynet.models.init_cfg import seeded
from polynet.registry import HEADS
from polynet.weights import load_state, state
from tests.compare import assert_close

SCORES = np.array([[2.0, 1.0, 0.0], [0.0, 1.0, 3.0]], np.float32)
"""Scores whose losses MMPretrain 1.2 computed."""


def labelled(*labels: Any) -> list[DataSample]:
    return [DataSample().set_gt_label(label) for label in labels]


def scored(rows: Any) -> list[DataSample]:
    return [DataSample().set_gt_score(row) for row in rows]


def number(tensor: Any) -> float:
    return float(ops.to_numpy(tensor))


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


class TestMAE:
    @pytest.mark.checklist("S3-54")
    def test_patches_are_rows_of_pixels_with_their_channels_together(self, backend: Backend) -> None:
        head = MAEPretrainHead({"type": "PixelReconstructionLoss", "criterion": "L2"}, patch_size=2)
        images = np.arange(2 * 3 * 4 * 4, dtype=np.float32).reshape(2, 3, 4, 4)
        patches = head.patchify(ops.tensor(images))
        expected = np.einsum("nchpwq->nhwpqc", images.reshape(2, 3, 2, 2, 2, 2)).reshape(2, 4, 12)
        assert_close(patches, expected)
        assert ops.to_numpy(patches)[0, 1].tolist() == [2, 18, 34, 3, 19, 35, 6, 22, 38, 7, 23, 39]
        assert_close(head.unpatchify(patches), images)

    @pytest.mark.checklist("S3-55")
    @pytest.mark.parametrize("shape", [(1, 3, 4, 6), (1, 3, 5, 5), (1, 4, 4, 4), (3, 4, 4)])
    def test_images_that_cannot_be_cut_are_refused(self, backend: Backend, shape: tuple[int, ...]) -> None:
        head = MAEPretrainHead({"type": "PixelReconstructionLoss", "criterion": "L2"}, patch_size=2)
        with pytest.raises(InputError, match=r"cuts square images \(N, 3, S, S\).*patch_size 2"):
            head.patchify(ops.zeros(shape))
        with pytest.raises(InputError, match="puts"):
            head.unpatchify(ops.zeros((1, 3, 12)))

    @pytest.mark.checklist("S3-53", "S3-56", "S3-57", "S3-58")
    def test_normalised_targets_use_the_unbiased_variance(self, backend: Backend) -> None:
        config = {"type": "MAEPretrainHead", "loss": {"type": "PixelReconstructionLoss", "criterion": "L2"}}
        head = HEADS.build({**config, "norm_pix": True, "patch_size": 2, "in_channels": 1})
        images = np.random.standard_normal((2, 1, 4, 4)).astype(np.float32)
        patches = images.reshape(2, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(2, 4, 4).astype(np.float64)
        target = (patches - patches.mean(-1, keepdims=True)) / np.sqrt(patches.var(-1, ddof=1, keepdims=True) + 1e-6)
        assert_close(head.construct_target(ops.tensor(images)), target.astype(np.float32))
        mask = np.array([[1, 0, 0, 1], [0, 0, 1, 0]], np.float32)
        expected = ((target**2).mean(-1) * mask).sum() / mask.sum()
        loss = head.loss(ops.zeros((2, 4, 4)), ops.tensor(images), ops.tensor(mask))
        assert number(loss) == pytest.approx(expected, rel=1e-5)


class TestMultiLabel:
    def test_several_labels_count_each_by_itself(self, backend: Backend) -> None:
        scores = np.array([[2.0, -1.0, 0.5], [0.0, 1.0, 3.0]], np.float32)
        truth = np.array([[1, 0, 1], [0, 0, 0]], np.float32)
        expected = (np.log1p(np.exp(-scores)) * truth + np.log1p(np.exp(scores)) * (1 - truth)).sum() / 2
        head = MultiLabelClsHead()
        samples = labelled([0, 2], np.array([], int))
        for given in (samples, scored(truth)):
            assert number(head.loss((ops.tensor(scores),), given)["loss"]) == pytest.approx(expected, rel=1e-6)
        with pytest.raises(InputError, match=r"labels \[3\] do not all lie from 0 to 2"):
            head.loss((ops.tensor(scores),), labelled(0, 3))

    def test_classes_are_predicted_by_threshold_or_number(self, backend: Backend) -> None:
        scores = ops.tensor([[2.0, -1.0, 0.5], [-1.0, -2.0, -3.0]])

        def labels(**options: Any) -> list[list[int]]:
            samples = MultiLabelClsHead(**options).predict((scores,))
            return [sorted(ops.to_numpy(sample.pred_label).tolist()) for sample in samples]

        assert labels() == [[0, 2], []]
        assert labels(thr=0.2) == [[0, 1, 2], [0]]
        assert labels(topk=2) == [[0, 2], [0, 1]]
        assert labels(thr=0.9, topk=2) == [[], []]

    def test_the_linear_one_has_a_layer(self, backend: Backend) -> None:
        head = MultiLabelLinearClsHead(3, 4)
        head.init_weights()
        assert set(state(head)) == {"fc.weight", "fc.bias"}
        assert tuple(head((ops.ones((2, 4)),)).shape) == (2, 3)


class TestArcFace:
    def test_cosines_to_the_nearest_centre(self, backend: Backend) -> None:
        product = NormProduct(4, 3, k=2)
        x = np.random.standard_normal((5, 4)).astype(np.float32)
        weight = state(product)["weight"].astype(np.float64)
        cosines = (x / np.linalg.norm(x, axis=1, keepdims=True)) @ (weight / np.linalg.norm(weight, axis=1)[:, None]).T
        assert_close(product(ops.tensor(x)), cosines.reshape(5, 3, 2).max(2).astype(np.float32))

    @pytest.mark.parametrize("easy", [False, True])
    def test_the_true_class_has_its_margin_added(self, backend: Backend, easy: bool) -> None:
        margins = [0.2, 0.5, 1.0]
        head = ArcFaceClsHead(3, 4, scale=8.0, margins=margins, easy_margin=easy)
        x = np.random.standard_normal((6, 4)).astype(np.float32)
        labels = np.arange(6) % 3
        cosine = ops.to_numpy(head((ops.tensor(x),))).astype(np.float64) / 8
        angle = np.arccos(cosine)
        moved = np.cos(angle + margins)
        if easy:
            moved = np.where(cosine > 0, moved, cosine)
        else:
            moved = np.where(cosine > -np.cos(margins), moved, cosine - np.sin(margins) * margins)
        chosen = np.eye(3)[labels]
        expected = 8 * (chosen * moved + (1 - chosen) * cosine)
        assert_close(head((ops.tensor(x),), ops.tensor(labels)), expected.astype(np.float32))
        losses = head.loss((ops.tensor(x),), labelled(*labels.tolist()))
        reference = np.mean(np.log(np.exp(expected).sum(1)) - (chosen * expected).sum(1))
        assert number(losses["loss"]) == pytest.approx(reference, rel=1e-5)

    def test_parallel_vectors_have_finite_gradients(self, backend: Backend) -> None:
        head = ArcFaceClsHead(2, 2)
        load_state(head, {"norm_product.weight": np.eye(2, dtype=np.float32)})

        def loss() -> Any:
            return head.loss((ops.tensor([[1.0, 0.0]]),), labelled(0))["loss"]

        _, gradients = backend.differentiate(loss, list(head.parameters()))
        assert all(np.isfinite(backend.numpy(gradient)).all() for gradient in gradients)

    def test_margins_are_read_from_a_file_and_changed(self, backend: Backend, tmp_path: Path) -> None:
        path = tmp_path / "margins.txt"
        path.write_text("0.1\n0.2\n", encoding="utf-8")
        head = ArcFaceClsHead(2, 4, margins=str(path))
        assert head.margins == (0.1, 0.2)
        head.set_margins(0.3)
        assert head.margins == (0.3, 0.3)
        for wrong in ([0.1], "margins.csv", ["a", "b"]):
            with pytest.raises(OptionError, match="margins"):
                head.set_margins(wrong)  # type: ignore[arg-type]  # the mistake under test
        with pytest.raises(InputError, match="data sample 0 has no gt_label"):
            head.loss((ops.ones((1, 4)),), scored([[1, 0]]))


class TestMultiTask:
    def tasks(self) -> MultiTaskHead:
        linear = {"type": "LinearClsHead"}
        return MultiTaskHead({"a": {**linear, "num_classes": 3}, "b": {**linear, "num_classes": 2}}, in_channels=4)

    def test_each_task_is_judged_by_its_own_samples(self, backend: Backend) -> None:
        head = self.tasks()
        assert head.in_channels == 4
        x = ops.tensor(np.random.standard_normal((3, 4)).astype(np.float32))
        samples = [MultiTaskDataSample(a=sample) for sample in labelled(0, 1, 2)]
        samples[1].set_field(labelled(1)[0], "b")
        losses = head.loss((x,), samples)
        assert set(losses) == {"a_loss", "a_mask_size", "b_loss", "b_mask_size"}
        assert number(losses["a_mask_size"]) == 3
        assert number(losses["b_mask_size"]) == 1
        alone = head.task_heads["b"].loss((x[1:2],), labelled(1))
        assert number(losses["b_loss"]) == pytest.approx(number(alone["loss"]), rel=1e-6)
        none = head.loss((x,), [MultiTaskDataSample() for _ in range(3)])
        assert number(none["a_loss"]) == 0
        with pytest.raises(InputError, match="takes MultiTaskDataSample, not DataSample"):
            head.loss((x,), labelled(0, 1, 2))  # type: ignore[arg-type]  # the mistake under test

    def test_every_sample_gets_a_prediction_of_each_task(self, backend: Backend) -> None:
        head = self.tasks()
        x = ops.ones((2, 4))
        given = [MultiTaskDataSample(a=labelled(1)[0]), None]
        predicted = head.predict((x,), given)
        assert predicted[0] is given[0]
        assert predicted[0].a.gt_label.tolist() == [1]
        assert [predicted[0].a.eval_mask, predicted[0].b.eval_mask, predicted[1].a.eval_mask] == [True, False, False]
        assert tuple(predicted[1].b.pred_score.shape) == (2,)
        assert {task: tuple(scores.shape) for task, scores in head((x,)).items()} == {"a": (2, 3), "b": (2, 2)}

    def test_a_fault_in_a_task_names_it(self, backend: Backend) -> None:
        with pytest.raises(UnknownNameError, match=r"task_heads\.a: .*Did you mean 'LinearClsHead'"):
            MultiTaskHead({"a": {"type": "LinearClsHed"}})


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
