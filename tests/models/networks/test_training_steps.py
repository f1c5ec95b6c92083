"""MMPretrain's networks train themselves: their preprocessors, their augmentation of batches, their steps."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.data.data_sample import DataSample
from polynet.data.preprocessors import ClsDataPreprocessor, SelfSupDataPreprocessor
from polynet.errors import OptionError
from polynet.metrics.evaluator import Evaluator
from polynet.models.mmengine_model import BaseModel
from polynet.models.networks.base_self_supervisor import BaseSelfSupervisor
from polynet.registry import MODELS
from polynet.train.optim_wrapper import OptimWrapper
from polynet.weights import state
from tests.models.networks.small_parts import SmallBackbone

LABELS = np.arange(8) % 4
IMAGES = np.random.default_rng(0).integers(0, 64, (8, 3, 8, 8), np.uint8)
IMAGES += (LABELS * 60).astype(np.uint8)[:, None, None, None]
NORMALISE = {"mean": [127.5, 127.5, 127.5], "std": [127.5, 127.5, 127.5], "to_rgb": True}
AUGMENTS = {
    "augments": [{"type": "Mixup", "alpha": 0.8}, {"type": "CutMix", "alpha": 1.0}],
    "probs": [0.5, 0.5],
}


def samples() -> list[DataSample]:
    return [DataSample().set_gt_label(int(label)) for label in LABELS]


def classifier(**options: Any) -> dict[str, Any]:
    return {
        "type": "ImageClassifier",
        "backbone": {"type": SmallBackbone},
        "neck": {"type": "GlobalAveragePooling"},
        "head": {"type": "LinearClsHead", "num_classes": 4, "in_channels": 6},
        "data_preprocessor": {"num_classes": 4, **NORMALISE},
        **options,
    }


def wrapped(backend: Backend, net: Any, lr: float = 0.1) -> OptimWrapper:
    return OptimWrapper(backend.optimizer("sgd", net, lr=lr, momentum=0.9))


class Views(BaseSelfSupervisor):
    """Wants two views of an image to have the same features."""

    def loss(self, inputs: Any, data_samples: Any, **options: Any) -> dict[str, Any]:
        first, second = (ops.mean(self.extract_feat(view), dim=(2, 3)) for view in inputs)
        return {"loss": ops.mse_loss(first, second)}


def test_a_classifier_has_its_preprocessor(backend: Backend) -> None:
    net = MODELS.build(classifier(train_cfg=AUGMENTS))
    assert isinstance(net, BaseModel)
    assert isinstance(net.data_preprocessor, ClsDataPreprocessor)
    assert net.data_preprocessor.to_onehot
    assert type(net.data_preprocessor.batch_augments).__name__ == "RandomBatchAugment"
    bare = MODELS.build(classifier(data_preprocessor=None))
    assert isinstance(bare.data_preprocessor, ClsDataPreprocessor)
    assert not bare.data_preprocessor.to_onehot
    assert bare.data_preprocessor.batch_augments is None
    assert not any("data_preprocessor" in name for name in [*state(net), *net.state_dict()])


def test_augmentations_beside_a_preprocessor_that_is_made_are_refused(backend: Backend) -> None:
    with pytest.raises(OptionError, match="give them to ClsDataPreprocessor"):
        MODELS.build(classifier(train_cfg=AUGMENTS, data_preprocessor=ClsDataPreprocessor()))


def test_a_classifier_trains_on_bytes_and_is_measured(backend: Backend) -> None:
    net = polynet.build(classifier(), seed=0)
    wrapper = wrapped(backend, net)
    batch = {"inputs": [*IMAGES], "data_samples": samples()}
    losses = [float(net.train_step(batch, wrapper)["loss"]) for _ in range(15)]
    assert losses[-1] < 0.9 * losses[0]
    net.eval()
    evaluator = Evaluator([{"type": "Accuracy", "topk": (1, 2)}, {"type": "SingleLabelMetric"}])
    evaluator.process(data_samples=net.val_step(batch), data_batch=batch)
    figures = evaluator.evaluate(8)
    assert figures["accuracy/top2"] >= figures["accuracy/top1"] >= 25.0


def test_a_pair_of_images_and_labels_trains_a_classifier_too(backend: Backend) -> None:
    nets = [polynet.build(classifier(), seed=0) for _ in range(2)]
    batches: list[Any] = [{"inputs": IMAGES, "data_samples": samples()}, (IMAGES, LABELS)]
    losses = [
        float(net.train_step(batch, wrapped(backend, net))["loss"]) for net, batch in zip(nets, batches, strict=True)
    ]
    assert losses[0] == pytest.approx(losses[1], abs=1e-6)
    predicted = nets[0].test_step((IMAGES, LABELS))
    assert [int(sample.gt_label[0]) for sample in predicted] == LABELS.tolist()


@pytest.mark.checklist("S2-85")
def test_batches_are_augmented_alike_on_both_frameworks(both: tuple[Backend, Backend]) -> None:
    curves = []
    for backend in both:
        with use_backend(backend):
            net = polynet.build(classifier(train_cfg=AUGMENTS), seed=0)
            wrapper = wrapped(backend, net, lr=0.02)
            curve = []
            for step in range(6):
                net.seed_batch(step)
                curve.append(float(net.train_step((IMAGES, LABELS), wrapper)["loss"]))
            curves.append(curve)
    np.testing.assert_allclose(curves[0], curves[1], atol=1e-4)


def test_views_train_a_self_supervised_network(backend: Backend) -> None:
    net = Views({"type": SmallBackbone}, data_preprocessor=NORMALISE)
    assert isinstance(net.data_preprocessor, SelfSupDataPreprocessor)
    wrapper = wrapped(backend, net)
    batch = {"inputs": [IMAGES, IMAGES[:, :, ::-1].copy()], "data_samples": None}
    losses = [float(net.train_step(batch, wrapper)["loss"]) for _ in range(5)]
    assert losses[-1] < losses[0]


def test_a_retriever_trains_and_ranks(backend: Backend) -> None:
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(192, 4))
    net = MODELS.build(
        {
            "type": "ImageToImageRetriever",
            "image_encoder": encoder,
            "prototype": np.eye(4, dtype=np.float32),
            "head": {"type": "mmpretrain.ClsHead"},
            "data_preprocessor": NORMALISE,
            "topk": 2,
        }
    )
    wrapper = wrapped(backend, net, lr=0.01)
    losses = [float(net.train_step((IMAGES, LABELS), wrapper)["loss"]) for _ in range(10)]
    assert losses[-1] < losses[0]
    assert [tuple(sample.pred_label.shape) for sample in net.val_step((IMAGES, LABELS))] == [(2,)] * 8


def test_networks_with_preprocessors_are_analysed_without_a_framework() -> None:
    with use_backend("shapes"):
        net = polynet.build(classifier(train_cfg=AUGMENTS))
        assert tuple(net(ops.ones((2, 3, 8, 8))).shape) == (2, 4)
