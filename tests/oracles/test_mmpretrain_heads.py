"""Necks and heads compute what MMPretrain's compute of the same features with the same weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend
from polynet.data.data_sample import DataSample
from polynet.models.fit import last_of
from polynet.registry import HEADS, NECKS
from tests.compare import assert_close
from tests.oracles.mmpretrain_case import TOLERANCE, MMPretrainCase, read_case


def head_of(case: MMPretrainCase, backend: Backend) -> Any:
    """The case's head with the case's weights, in evaluation mode."""
    with backend.building():
        head = HEADS.build(case.model["head"])
    weights = case.weights("head")
    assert list(backend.slots(head)) == list(weights)
    polynet.load_state(head, weights)
    return head.eval()


@pytest.mark.checklist("S3-6", "S3-8", "S3-50", "S3-51", "S3-52")
@pytest.mark.parametrize("name", ["resnet50", "resnet18_cifar10", "vit_tiny_p16"])
def test_scores_losses_and_predictions_are_those_of_mmpretrain(name: str, backend: Backend) -> None:
    case = read_case(name)
    head = head_of(case, backend)
    feats: Any = (ops.tensor(case.output("out/backbone.0")),)
    if case.model["neck"] is not None:
        feats = NECKS.build(case.model["neck"])(feats)
    assert_close(last_of(feats), case.output("out/neck.0"), TOLERANCE, what="neck")
    assert_close(head.pre_logits(feats), case.output("out/pre_logits"), TOLERANCE, what="pre_logits")
    assert_close(head(feats), case.output("out/logits"), TOLERANCE, what="logits")
    samples = [DataSample().set_gt_label(int(label)) for label in case.output("label")]
    assert_close(head.loss(feats, samples)["loss"], case.output("loss.loss"), TOLERANCE, what="loss")
    predicted = head.predict(feats)
    for row, sample in enumerate(predicted):
        assert_close(sample.pred_score, case.output("out/pred_score")[row], TOLERANCE, what="pred_score")
        assert ops.to_numpy(sample.pred_label).tolist() == [case.output("out/pred_label")[row]]


@pytest.mark.checklist("S3-53", "S3-54", "S3-56", "S3-57")
def test_the_loss_of_masked_patches_is_that_of_mmpretrain(backend: Backend) -> None:
    case = read_case("mae_tiny")
    head = head_of(case, backend)
    images = ops.tensor(case.images())
    assert_close(head.construct_target(images), case.output("out/target"), TOLERANCE, what="target")
    loss = head.loss(ops.tensor(case.output("out/pred")), images, ops.tensor(case.output("out/mask")))
    assert_close(loss, case.output("loss.loss"), TOLERANCE, what="loss")
    assert np.isfinite(case.output("loss.loss"))
