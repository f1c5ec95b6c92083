"""Whole classifiers, built from MMPretrain's own configs, compute what MMPretrain's compute."""

from __future__ import annotations

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.data.data_sample import DataSample
from tests.compare import assert_close
from tests.oracles.mmpretrain_case import TOLERANCE, read_case


@pytest.mark.checklist("S3-2", "S3-66")
@pytest.mark.parametrize("name", ["resnet18_cifar10", "vit_tiny_p16"])
def test_whole_classifiers_compute_what_mmpretrains_do(name: str, backend: Backend) -> None:
    case = read_case(name)
    net = polynet.build({"model": case.model}, backend=backend, weights=case.weights()).eval()
    x = ops.tensor(case.images())
    with ops.no_grad():
        assert_close(net(x), case.output("out/logits"), TOLERANCE, what="logits")
        assert_close(net.extract_feat(x, stage="pre_logits"), case.output("out/pre_logits"), TOLERANCE)
        samples = [DataSample().set_gt_label(int(label)) for label in case.output("label")]
        assert_close(net(x, samples, mode="loss")["loss"], case.output("loss.loss"), TOLERANCE, what="loss")
        predicted = net(x, samples, mode="predict")
    assert [int(ops.to_numpy(each.pred_label)[0]) for each in predicted] == case.output("out/pred_label").tolist()


@pytest.mark.checklist("S3-2", "S3-66", "S3-70")
@pytest.mark.parametrize("name", ["resnet18_cifar10", "vit_tiny_p16"])
def test_their_gradients_have_the_lengths_of_mmpretrains(name: str, backend: Backend) -> None:
    case = read_case(name)
    net = polynet.build({"model": case.model}, backend=backend, weights=case.weights()).eval()
    x = ops.tensor(case.images())
    samples = [DataSample().set_gt_label(int(label)) for label in case.output("label")]
    slots = [slot for slot in backend.slots(net).values() if slot.name in case.gradient_norms]
    assert len(slots) == len(case.gradient_norms)
    _, gradients = backend.differentiate(lambda: net(x, samples, mode="loss")["loss"], [slot.tensor for slot in slots])
    largest = max(case.gradient_norms.values())
    for slot, gradient in zip(slots, gradients, strict=True):
        length = float(np.linalg.norm(slot.canonical(gradient).astype(np.float64)))
        assert length == pytest.approx(case.gradient_norms[slot.name], rel=1e-4, abs=1e-5 * largest), slot.name
