"""What every image network does, whatever its family."""

from __future__ import annotations

import concurrent.futures
import copy
import pickle
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.errors import BackendThreadError, FrameworkMismatchError, InputError, OptionError, OptionIndexError
from polynet.models.network import ImageNetwork
from polynet.nn import initialise
from tests.compare import assert_close
from tests.models.small import CLASSES, SMALL, Small

# Without a head these return vectors, not maps.
TRANSFORMERS = ("vit", "beit", "eva", "cait", "levit")
OF_TOKENS = (*TRANSFORMERS, "swin", "swin_v2", "resmlp", "mixer")
CONVOLUTIONAL = [name for name, small in SMALL.items() if small.build.network.family not in OF_TOKENS]
ONE_CLASSIFIER = [name for name in SMALL if name not in ("deit", "levit, distilled")]


@pytest.fixture(params=SMALL)
def small(request: pytest.FixtureRequest) -> Small:
    return SMALL[request.param]


def images(small: Small, channels: int = 3, batch: int = 2) -> Any:
    return ops.tensor(np.random.standard_normal((batch, channels, small.side, small.side)).astype(np.float32))


def built(small: Small, **options: Any) -> Any:
    """The network in evaluation mode, its weights those of seed 0."""
    net = small.build(**{"num_classes": CLASSES, **options})
    initialise(net, seed=0)
    return net.eval()


def shape(tensor: Any) -> tuple[int, ...]:
    return tuple(tensor.shape)


def test_logits_have_a_column_for_each_class(small: Small, backend: Backend) -> None:
    net = built(small)
    assert isinstance(net, ImageNetwork)
    assert isinstance(net, backend.native_module_type)
    assert (net.num_classes, net.in_channels) == (CLASSES, 3)
    assert shape(net(images(small))) == (2, CLASSES)


def test_a_thousand_classes_by_default(small: Small, backend: Backend) -> None:
    net = small.build()
    assert net.num_classes == 1000
    assert net.get_classifier().out_features == 1000


@pytest.mark.parametrize(
    "options", [{"head": None}, {"num_classes": 0}, {"head": {"w_out": 0}}, {"head": {"name": None}}]
)
def test_without_a_head_features_come_out(small: Small, backend: Backend, options: dict[str, Any]) -> None:
    net = built(small, **options)
    x = images(small)
    assert (net.head, net.num_classes, net.get_classifier()) == (None, 0, None)
    assert_close(net(x), net.forward_head(net.forward_features(x)), 0)
    assert shape(net(x))[:2] == (2, net._head_plan.w_in)


def test_the_width_of_the_head_wins_over_num_classes(small: Small, backend: Backend) -> None:
    net = small.build(head={"w_out": 3}, num_classes=7)
    assert (net.num_classes, net.get_classifier().out_features) == (3, 3)


def test_num_classes_may_stand_in_the_head(small: Small, backend: Backend) -> None:
    assert small.build(head={"num_classes": 3}).num_classes == 3


@pytest.mark.parametrize("wrong", [-1, 2.5, "ten", True])
def test_a_number_of_classes_that_is_none_is_refused(small: Small, backend: Backend, wrong: Any) -> None:
    with pytest.raises(OptionError, match=r"num_classes .*whole number"):
        small.build(num_classes=wrong)
    with pytest.raises(OptionError, match=r"head\.w_out .*whole number"):
        small.build(head={"w_out": wrong})


def test_features_and_head_together_are_the_network(small: Small, backend: Backend) -> None:
    net = built(small)
    x = images(small)
    assert_close(net.forward_head(net.forward_features(x)), net(x), 0)


@pytest.mark.parametrize("small", ONE_CLASSIFIER, indirect=True)
def test_the_classifier_maps_pre_logits_to_logits(small: Small, backend: Backend) -> None:
    net = built(small)
    x = images(small)
    before = net.forward_head(net.forward_features(x), pre_logits=True)
    assert_close(net.get_classifier()(before), net(x), 1e-6)


def test_stages_tell_channels_and_strides_of_their_maps(small: Small, backend: Backend) -> None:
    net = built(small)
    maps = net.forward_stages(images(small))
    assert len(maps) == len(net.stages) > 1
    for stage, features in zip(net.stages, maps, strict=True):
        assert shape(features)[:2] == (2, stage.channels)
        # Poolings of AlexNet and convolutions of Inception pad nothing: maps are a little smaller than the stride says.
        side = small.side // stage.stride
        assert shape(features)[2:] == (side, side) or net.family in ("alexnet", "inception")
    assert net.num_features == net.stages[-1].channels


def test_out_indices_choose_stages_in_the_order_given(small: Small, backend: Backend) -> None:
    whole = built(small)
    backbone = built(small, out_indices=(-1, 0), num_classes=None)
    x = images(small)
    last, first = backbone(x)
    every = whole.forward_stages(x)
    assert backbone.head is None
    assert backbone.out_indices == (len(whole.stages) - 1, 0)
    assert_close(first, every[0], 1e-6)
    assert_close(last, every[-1], 1e-6)
    assert_close(whole.forward_stages(x, (1,))[0], every[1], 1e-6)


@pytest.mark.parametrize("small", CONVOLUTIONAL, indirect=True)
def test_the_last_map_is_what_the_headless_network_returns(small: Small, backend: Backend) -> None:
    net = built(small, head=None)
    x = images(small)
    assert_close(net.forward_stages(x)[-1], net(x), 1e-6)


def test_a_stage_that_is_not_there_is_refused(small: Small, backend: Backend) -> None:
    with pytest.raises(OptionIndexError, match=r"no stage 9.*between -\d and \d"):
        small.build(out_indices=(9,))
    for wrong in ((), (1.0,), "01", (True,)):
        with pytest.raises(OptionError, match="out_indices must be stage numbers"):
            small.build(out_indices=wrong)
    with pytest.raises(OptionError, match="no classifier"):
        small.build(out_indices=(0,), num_classes=3)
    assert issubclass(OptionIndexError, IndexError)


def test_reset_classifier_draws_what_a_new_network_would(small: Small, backend: Backend) -> None:
    net = built(small)
    before = {name: slot.read() for name, slot in backend.slots(net).items()}
    net.reset_classifier(3, seed=0)
    fresh = backend.slots(built(small, num_classes=3))
    changed = set()
    for name, slot in backend.slots(net).items():
        values = slot.read()
        assert_close(values, fresh[name].read(), 0, what=name)
        if before[name].shape != values.shape:
            changed.add(name.rpartition(".")[0])
    assert len(changed) == (2 if getattr(net, "head_dist", None) is not None else 1)
    assert net.num_classes == 3
    assert shape(net(images(small))) == (2, 3)


def test_reset_classifier_takes_the_head_away_and_brings_it_back(small: Small, backend: Backend) -> None:
    net = built(small)
    x = images(small)
    net.reset_classifier(0)
    assert (net.head, net.num_classes) == (None, 0)
    assert_close(net(x), built(small, head=None)(x), 0)
    net.reset_classifier(4, seed=0)
    assert shape(net(x)) == (2, 4)
    with pytest.raises(OptionError, match="whole number"):
        net.reset_classifier(-4)
    assert net.num_classes == 4


def test_a_network_without_classes_gets_its_own_head_back(small: Small, backend: Backend) -> None:
    bare, whole = small.build(num_classes=0), small.build(num_classes=3)
    bare.reset_classifier(3)
    assert {name: slot.shape for name, slot in backend.slots(bare).items()} == {
        name: slot.shape for name, slot in backend.slots(whole).items()
    }


@pytest.mark.parametrize("options", [{"num_classes": 9}, {"head": {"w_out": 9, "dropout_prob": 0.5}}, {"head": None}])
def test_the_config_of_a_network_follows_its_classifier(backend: Backend, options: dict[str, Any]) -> None:
    net = polynet.build("resnet18", backend=backend, **options)
    net.reset_classifier(3)
    again = polynet.build(net.config, backend=backend)
    assert again.num_classes == 3
    assert {name: slot.shape for name, slot in backend.slots(again).items()} == {
        name: slot.shape for name, slot in backend.slots(net).items()
    }
    net.reset_classifier(0)
    assert polynet.build(net.config, backend=backend).head is None


def test_a_backbone_has_no_classifier_to_reset(small: Small, backend: Backend) -> None:
    with pytest.raises(OptionError, match="can have no classifier"):
        small.build(out_indices=(0,)).reset_classifier(3)


def test_in_channels(small: Small, backend: Backend) -> None:
    net = built(small, in_channels=1)
    assert net.input_size[0] == net.in_channels == 1
    assert shape(net(images(small, channels=1))) == (2, CLASSES)
    with pytest.raises(InputError, match=r"expects 1 channels, got 3 in shape .*in_channels=3"):
        net(images(small))
    with pytest.raises(OptionError, match="in_channels must be"):
        small.build(in_channels=0)


def test_images_it_cannot_work_on_are_refused(small: Small, backend: Backend) -> None:
    net = built(small)
    with pytest.raises(InputError, match="3 axes"):
        net(images(small)[0])
    with pytest.raises(InputError, match=r"expects images of .* pixels, got 0x8"):
        net(ops.zeros((1, 3, 0, 8)))
    with pytest.raises(InputError, match="empty batch"):
        net(images(small, batch=0))
    for call in (net, net.forward_features, net.forward_stages):
        with pytest.raises(InputError, match=r"expects 3 channels, got 4"):
            call(images(small, channels=4))


@pytest.mark.parametrize("dtype", ["float64", "float16"])
def test_images_of_another_precision_are_refused_by_a_layer_that_is_named(
    small: Small, reference: Backend, dtype: str
) -> None:
    with use_backend(reference):
        net = built(small)
        with pytest.raises(
            InputError, match=rf"^{type(net).__name__} cannot be called with {dtype} .*its layer '\S+', "
        ):
            net(ops.cast(images(small), dtype))


def test_training_on_one_value_per_channel_is_refused(backend: Backend) -> None:
    net = SMALL["resnet"].build(num_classes=CLASSES).train()
    with pytest.raises(InputError, match=r"more than (1|one) value per channel"):
        net(ops.ones((1, 3, 2, 2)))


def test_tensors_of_another_framework_are_refused(small: Small, backend: Backend) -> None:
    with pytest.raises(FrameworkMismatchError, match=rf"built on {backend.name} and was given a numpy\.ndarray"):
        built(small)(np.zeros((1, 3, small.side, small.side), np.float32))


def test_a_network_of_another_thread_is_refused_before_it_runs(small: Small, both: tuple[Backend, Backend]) -> None:
    with use_backend(both[1]), concurrent.futures.ThreadPoolExecutor(1, "worker") as pool:
        net, x = built(small), images(small)
        with pytest.raises(BackendThreadError, match="thread 'worker"):
            pool.submit(net, x).result()
        assert shape(net(x)) == (2, CLASSES)


def test_an_array_given_to_the_head_is_refused(small: Small, backend: Backend) -> None:
    net = built(small)
    with pytest.raises(FrameworkMismatchError, match=r"numpy\.ndarray"):
        net.forward_head(backend.numpy(net.forward_features(images(small))))


@pytest.mark.parametrize("dtype", ["uint8", "int32", "bool"])
def test_images_of_whole_numbers_are_refused(small: Small, backend: Backend, dtype: str) -> None:
    net = built(small)
    with pytest.raises(InputError, match=f"floating-point images, not {dtype}"):
        net(ops.cast(images(small), dtype))


def test_unknown_options_are_refused(small: Small, backend: Backend) -> None:
    with pytest.raises(OptionError, match=r"no option 'in_chanels'.*Did you mean 'in_channels'"):
        small.build(in_chanels=1)
    with pytest.raises(OptionError, match=r"unknown option 'in_chanels'.*Did you mean 'in_channels'"):
        small.build.network(in_chanels=1)
    with pytest.raises(OptionError, match=r"no option 'w_oot'.*Did you mean 'w_out'"):
        small.build(head={"w_oot": 3})


def test_building_leaves_the_options_as_they_are(small: Small, backend: Backend) -> None:
    head = {"w_out": 3}
    small.build(head=head, num_classes=7)
    assert head == {"w_out": 3}


def test_every_parameter_is_trained(small: Small, backend: Backend) -> None:
    net = built(small).train()
    x = images(small)
    slots = {name: slot for name, slot in backend.slots(net).items() if slot.kind == "parameter"}
    _, gradients = backend.differentiate(lambda: ops.mean(net(x) ** 2), [slot.tensor for slot in slots.values()])
    idle = [name for name, gradient in zip(slots, gradients, strict=True) if gradient is None]
    assert idle == []


def test_copies_compute_the_same(small: Small, backend: Backend) -> None:
    net = built(small)
    x = images(small)
    expected = net(x)
    assert_close(copy.deepcopy(net)(x), expected, 1e-6)
    assert_close(pickle.loads(pickle.dumps(net))(x), expected, 1e-6)


def test_parts_are_native_layers(small: Small, backend: Backend) -> None:
    kinds = [module for module in built(small).modules() if isinstance(module, nn.Conv2d | nn.Linear)]
    assert kinds
    assert all(isinstance(module, backend.native_module_type) for module in kinds)
