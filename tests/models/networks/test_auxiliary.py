"""Inception-v3 and GoogLeNet: auxiliary classifiers, and what else their options do."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest

from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError, OptionError
from polynet.models.networks.auxiliary import AuxiliaryNetwork
from polynet.models.networks.googlenet import GoogLeNet
from polynet.models.networks.inception import Inception
from polynet.nn import initialise
from polynet.train.tasks.classification import ClassificationTask
from tests.compare import assert_close

NARROW: dict[str, Any] = {"width_mult": 0.05, "num_classes": 3}
STEADY: dict[str, Any] = {"aux_dropout_prob": 0.0, "head": {"dropout_prob": 0.0}}
"""Without dropout, whose draws differ."""

BOTH = pytest.mark.parametrize(("network", "side", "count"), [(GoogLeNet, 64, 3), (Inception, 299, 2)])


def images(side: int, channels: int = 3) -> np.ndarray[Any, Any]:
    return np.random.RandomState(3).standard_normal((2, channels, side, side)).astype(np.float32)


def made(network: Any, **options: Any) -> Any:
    net = network(**{**NARROW, **options})
    initialise(net, seed=0)
    return net


def loss_of(task: ClassificationTask, batch: Any) -> Any:
    return task(*batch, mode="loss")["loss"]


@BOTH
def test_training_gives_the_logits_of_all_classifiers_and_evaluation_its_own(
    backend: Backend, network: Any, side: int, count: int
) -> None:
    x = ops.tensor(images(side))
    net, plain = made(network, aux_logits=True), made(network)
    assert isinstance(net, AuxiliaryNetwork)
    assert [tuple(logits.shape) for logits in net.train()(x)] == [(2, 3)] * count
    assert net.loss_weights[1:] == (net.auxiliary_weight,) * (count - 1)
    assert tuple(plain.train()(x).shape) == (2, 3)
    assert plain.loss_weights == (1.0,)
    # The same weights whether the classifiers are there or not; running statistics have moved alike.
    assert_close(net.eval()(x), plain.eval()(x), 1e-5)
    assert len(net.train().forward_stages(x, (0,))) == 1


def test_the_second_classifier_of_googlenet_comes_before_the_first(backend: Backend) -> None:
    net = made(GoogLeNet, aux_logits=True, **STEADY)
    x = ops.tensor(images(64))
    _, second, first = net.train()(x)
    maps = [net.conv1(x)]
    for name in [*net.layers[1], *net.layers[2], *net.layers[3]]:
        maps.append(getattr(net, name)(maps[-1]))
        if name == "inception4a":
            assert_close(net.aux1(maps[-1]), first, 1e-5)
        if name == "inception4d":
            assert_close(net.aux2(maps[-1]), second, 1e-5)


def test_both_frameworks_train_auxiliary_classifiers_alike(both: tuple[Backend, Backend]) -> None:
    losses, gradients = [], []
    for backend in both:
        with use_backend(backend):
            task = ClassificationTask(made(GoogLeNet, aux_logits=True, **STEADY))
            batch = task.preprocess((images(64), np.array([0, 2])), training=True)
            slots = {k: slot for k, slot in backend.slots(task.network).items() if slot.kind == "parameter"}
            loss, found = backend.differentiate(
                functools.partial(loss_of, task, batch), [slot.tensor for slot in slots.values()]
            )
            assert not [name for name, gradient in zip(slots, found, strict=True) if gradient is None]
            losses.append(backend.numpy(loss))
            gradients.append({k: backend.numpy(each) for k, each in zip(slots, found, strict=True)})
    assert_close(losses[1], losses[0], 1e-5)
    for name in ("aux1.fc2.weight", "aux2.conv.conv.weight", "head.fc.weight", "conv1.conv.weight"):
        assert_close(gradients[1][name], gradients[0][name], 1e-3, what=name)


def test_auxiliary_losses_count_as_much_as_the_paper_says(backend: Backend) -> None:
    task = ClassificationTask(made(GoogLeNet, aux_logits=True, **STEADY))
    task.train()
    x, labels = ops.tensor(images(64)), ops.tensor(np.array([0, 2]))
    own, second, first = (ops.cross_entropy(logits, labels) for logits in task.network(x))
    found = task(x, labels, mode="loss")["loss"]
    assert_close(found, backend.numpy(own + 0.3 * (second + first)), 1e-5)
    prediction = task.eval()(x, labels, mode="predict")
    assert tuple(prediction.logits.shape) == (2, 3)


@BOTH
def test_reset_classifier_resets_all_of_them(backend: Backend, network: Any, side: int, count: int) -> None:
    net = made(network, aux_logits=True)
    net.reset_classifier(5, seed=0)
    fresh = made(network, aux_logits=True, num_classes=5)
    for name, slot in backend.slots(fresh).items():
        assert_close(backend.slots(net)[name].read(), slot.read(), 0, what=name)
    assert [tuple(logits.shape) for logits in net.train()(ops.tensor(images(side)))] == [(2, 5)] * count
    net.reset_classifier(0)
    assert not net.aux_logits
    assert not [name for name in backend.slots(net) if name.lower().startswith("aux")]
    assert tuple(net(ops.tensor(images(side))).shape)[:2] == (2, net.num_features)
    net.reset_classifier(4, seed=0)
    assert [tuple(logits.shape) for logits in net(ops.tensor(images(side)))] == [(2, 4)] * count


def test_a_backbone_has_no_auxiliary_classifiers(backend: Backend) -> None:
    net: Any = GoogLeNet(width_mult=0.05, aux_logits=True, out_indices=(0, 4))
    assert (net.aux1, net.aux2, net.aux_logits) == (None, None, False)
    assert len(net.train()(ops.tensor(images(64)))) == 2


def test_inception_says_what_its_auxiliary_classifier_needs(backend: Backend) -> None:
    net = made(Inception, aux_logits=True)
    assert tuple(net.eval()(ops.tensor(images(75))).shape) == (2, 3)
    with pytest.raises(InputError, match=r"at least 299x299 pixels.*not 107x107.*aux_logits=False"):
        net.train()(ops.tensor(images(107)))
    with pytest.raises(InputError, match="at least 75x75 pixels, got 74x74"):
        net.eval()(ops.tensor(images(74)))


@pytest.mark.parametrize("network", [GoogLeNet, Inception])
def test_transform_input_takes_images_normalised_as_imagenet_is(backend: Backend, network: Any) -> None:
    x = images(75)
    mean, std = (np.array(each, np.float32).reshape(3, 1, 1) for each in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    around_half = ((x * std + mean) - 0.5) / 0.5
    plain, transforming = made(network).eval(), made(network, transform_input=True).eval()
    assert_close(transforming(ops.tensor(x)), plain(ops.tensor(around_half.astype(np.float32))), 1e-4)
    assert list(backend.slots(plain)) == list(backend.slots(transforming))


def test_the_papers_googlenet_has_wide_kernels_and_biases(backend: Backend) -> None:
    net: Any = GoogLeNet(norm_name=None, wide_kernel=5, width_mult=0.05)
    assert isinstance(net.inception3a.branch3[1].bn, nn.Identity)
    assert tuple(net.inception3a.branch3[1].conv.kernel_size) == (5, 5)
    assert "conv1.conv.bias" in backend.slots(net)
    assert "conv1.conv.bias" not in backend.slots(GoogLeNet(width_mult=0.05))


@pytest.mark.parametrize("network", [GoogLeNet, Inception])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"width_mult": 0.0}, "width_mult must be a positive number"),
        ({"transform_input": True, "in_channels": 1}, "red, green and blue, not 1"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    backend: Backend, network: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        network(**options)
