from __future__ import annotations

import json

import numpy as np
import pytest

import polynet
from polynet import nn
from polynet.errors import (
    CheckpointError,
    CheckpointNotFoundError,
    ConfigTypeError,
    FrameworkMismatchError,
    UnknownNameError,
    WeightsError,
)
from polynet.weights import fitted_state, load, load_state, read_checkpoint, save, state, write_checkpoint


def arrays_of(**shapes):
    return {name.replace("__", "."): np.zeros(shape, np.float32) for name, shape in shapes.items()}


def ones_like(arrays):
    return {name: np.ones_like(array) for name, array in arrays.items()}


STEM = arrays_of(stem__conv__weight=(8, 3, 3, 3), stem__bn__weight=(8,), stem__bn__running_mean=(8,))


def test_a_mapping_is_loaded_in_full(array_net):
    net = array_net(STEM)
    report = load_state(net, ones_like(STEM))
    assert report.ok
    assert set(report.loaded) == set(STEM)
    assert all((slot.array == 1).all() and slot.writes == 1 for slot in net.slots.values())


@pytest.mark.parametrize(
    "broken",
    [
        {"stem.bn.weight": np.ones(9, np.float32)},
        {"stem.bn.weight": np.ones(8, np.int64)},
        {"stem.bn.weight": np.full(8, 1e300)},
        {"stem.bn.wieght": np.ones(8, np.float32)},
        {"stem.conv.weight": np.ones((3, 8, 3, 3), np.float32)},
    ],
)
def test_one_wrong_tensor_leaves_the_network_as_it_was(array_net, broken):
    net = array_net(STEM)
    before = net.snapshot()
    with pytest.raises(WeightsError, match="Nothing was changed"):
        load_state(net, ones_like(STEM) | broken)
    assert net.snapshot() == before
    assert all(slot.writes == 0 for slot in net.slots.values())


def test_a_missing_tensor_is_an_error_only_where_strict(array_net):
    net = array_net(STEM)
    given = ones_like(STEM)
    del given["stem.bn.weight"]
    with pytest.raises(ValueError, match=r"1 missing[\s\S]*stem\.bn\.weight"):
        load_state(net, given)
    report = load_state(net, given, strict=False)
    assert report.missing == ("stem.bn.weight",)
    assert not report.ok
    assert net.slots["stem.conv.weight"].array.all()
    assert not net.slots["stem.bn.weight"].array.any()


def test_what_does_not_fit_is_refused_and_the_rest_loaded_where_not_strict(array_net):
    net = array_net(STEM)
    given = ones_like(STEM) | {"stem.bn.weight": np.ones((2, 4), np.float32), "other": np.ones(1)}
    report = load_state(net, given, strict=False)
    assert [refusal.name for refusal in report.refused] == ["stem.bn.weight"]
    assert report.unexpected == ("other",)
    assert report.missing == ()
    assert set(report.loaded) == {"stem.conv.weight", "stem.bn.running_mean"}


def test_native_shapes_and_other_types_are_fitted_and_reported(array_net):
    net = array_net(arrays_of(a__weight=(8, 1, 3, 3), a__bias=(8,)))
    report = load_state(net, {"a.weight": np.ones((8, 1, 1, 3, 3)), "a.bias": np.ones((1, 8, 1, 1), np.float16)})
    assert {change.name: change.used for change in report.reshaped} == {"a.weight": "(8, 1, 3, 3)", "a.bias": "(8,)"}
    assert {change.name: change.given for change in report.converted} == {"a.weight": "float64", "a.bias": "float16"}
    assert report.ok


def test_batch_counters_are_dropped_silently(array_net):
    net = array_net(STEM)
    report = load_state(net, ones_like(STEM) | {"stem.bn.num_batches_tracked": np.array(7)})
    assert report.ok


def test_another_librarys_names_are_carried_over(array_net):
    net = array_net(STEM, family="resnet")
    theirs = {
        "conv1.weight": np.ones((8, 3, 3, 3), np.float32),
        "bn1.weight": np.ones(8, np.float32),
        "bn1.running_mean": np.ones(8, np.float32),
        "bn1.num_batches_tracked": np.array(3),
    }
    with pytest.raises(WeightsError, match="pass layout='torchvision'"):
        load_state(net, theirs)
    report = load_state(net, theirs, layout="timm")
    assert report.ok
    assert report.renamed == 3
    assert report.layout == "timm"
    assert load_state(net, theirs, layout="auto").layout == "torchvision"


def test_a_layout_that_is_unknown_or_has_no_map_is_an_error(array_net):
    with pytest.raises(UnknownNameError, match="Did you mean 'torchvision'"):
        load_state(array_net(STEM), STEM, layout="torchvison")
    with pytest.raises(WeightsError, match="a network composed of parts"):
        load_state(array_net(STEM), STEM, layout="timm")


def test_what_is_no_array_is_named(array_net):
    with pytest.raises(WeightsError, match=r"'stem\.bn\.weight' is a list"):
        load_state(array_net(STEM), STEM | {"stem.bn.weight": [1.0]})
    with pytest.raises(WeightsError, match="3 is a int"):
        load_state(array_net(STEM), {3: np.ones(2)})


def test_a_linear_layer_loads_a_convolution_of_the_same_reach(array_net):
    net = array_net({"head.h_fc.weight": np.zeros((4, 6), np.float32)}, family="mbnet")
    report = load_state(net, {"conv_head.weight": np.ones((4, 6, 1, 1), np.float32)}, layout="timm")
    assert report.ok
    assert report.reshaped[0].given == "(4, 6, 1, 1)"
    with pytest.raises(WeightsError, match="refused"):
        load_state(net, {"conv_head.weight": np.ones((4, 3, 1, 2), np.float32)}, layout="timm")


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pkl"])
def test_a_missing_file_is_an_error_that_changes_nothing(array_net, tmp_path, suffix):
    net = array_net(STEM)
    with pytest.raises(CheckpointNotFoundError):
        load(net, tmp_path / f"none{suffix}")
    assert all(slot.writes == 0 for slot in net.slots.values())


def small_net():
    return nn.Sequential(nn.Conv2d(4, 8, 3, groups=2), nn.BatchNorm2d(8), nn.Conv2d(8, 8, 3, groups=8), nn.Linear(5, 3))


SHAPES = {
    "0.weight": (8, 2, 3, 3),
    "0.bias": (8,),
    "1.weight": (8,),
    "1.bias": (8,),
    "1.running_mean": (8,),
    "1.running_var": (8,),
    "2.weight": (8, 1, 3, 3),
    "2.bias": (8,),
    "3.weight": (3, 5),
    "3.bias": (3,),
}


def random_state(seed=0):
    generator = np.random.default_rng(seed)
    return {name: generator.standard_normal(shape).astype(np.float32) for name, shape in SHAPES.items()}


def test_the_state_of_a_built_net_is_canonical_and_a_copy(backend, same):
    net = small_net()
    given = random_state()
    assert load_state(net, given).ok
    found = state(net)
    same(found, given)
    found["3.bias"][...] = 9
    same(state(net), given)


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".pkl"])
def test_a_saved_net_loads_into_another(backend, tmp_path, same, suffix):
    first, second = small_net(), small_net()
    load_state(first, random_state())
    save(first, tmp_path / f"a{suffix}")
    report = load(second, tmp_path / f"a{suffix}")
    assert report.ok
    assert report.layout == "polynet"
    same(state(second), random_state())


def test_the_file_keeps_config_version_and_layout(backend, tmp_path):
    save(small_net(), tmp_path / "a.safetensors", config={"model": {"name": "x", "depths": [1, 2]}})
    found = read_checkpoint(tmp_path / "a.safetensors").metadata
    assert json.loads(found["config"]) == {"model": {"name": "x", "depths": [1, 2]}}
    assert found["polynet_version"] == polynet.__version__
    assert found["layout"] == "polynet"


def test_a_config_that_json_cannot_hold_is_refused_and_nothing_written(backend, tmp_path):
    with pytest.raises(ConfigTypeError, match="plain data"):
        save(small_net(), tmp_path / "a.safetensors", config={"head": object})
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_leaves_a_built_net_as_it_was(backend, tmp_path, same):
    net = small_net()
    load_state(net, random_state())
    save(net, tmp_path / "a.safetensors")
    raw = (tmp_path / "a.safetensors").read_bytes()
    (tmp_path / "a.safetensors").write_bytes(raw[:-9])
    with pytest.raises(CheckpointError):
        load(net, tmp_path / "a.safetensors")
    same(state(net), random_state())


def test_wrong_shapes_leave_a_built_net_as_it_was(backend, same):
    net = small_net()
    load_state(net, random_state())
    broken = random_state(1) | {"3.weight": np.ones((5, 3), np.float32)}
    with pytest.raises(WeightsError, match=r"3\.weight: float32 \(5, 3\) given, float32 \(3, 5\) wanted"):
        load_state(net, broken)
    same(state(net), random_state())


def test_native_tensors_are_taken_from_a_mapping(backend, same):
    net = small_net()
    load_state(net, {name: backend.tensor(array) for name, array in random_state().items()})
    same(state(net), random_state())


def test_loading_keeps_the_parameters_themselves(backend):
    net = small_net()
    before = {name: id(slot.tensor) for name, slot in backend.slots(net).items()}
    load_state(net, random_state())
    assert {name: id(slot.tensor) for name, slot in backend.slots(net).items()} == before


def test_something_that_is_no_network_is_refused(tmp_path):
    with pytest.raises(FrameworkMismatchError):
        state([1, 2])
    with pytest.raises(FrameworkMismatchError):
        save(object(), tmp_path / "a.safetensors")


def test_one_file_serves_both_frameworks(both, tmp_path, same):
    nets = []
    for backend in both:
        with polynet.use_backend(backend):
            nets.append(small_net())
    load_state(nets[0], random_state())
    save(nets[0], tmp_path / "a.safetensors")
    load(nets[1], tmp_path / "a.safetensors")
    same(state(nets[1]), random_state())


def test_the_frameworks_own_readers_read_what_is_saved(both, tmp_path, same):
    with polynet.use_backend(both[0]):
        net = small_net()
    load_state(net, random_state())
    save(net, tmp_path / "a.pth")
    save(net, tmp_path / "a.pkl")
    import megengine
    import torch

    net.load_state_dict(torch.load(tmp_path / "a.pth", weights_only=True), strict=False)
    same(megengine.load(str(tmp_path / "a.pkl")), random_state())


def test_megengines_own_state_loads_back(both, tmp_path, same):
    with polynet.use_backend(both[1]):
        net = small_net()
    load_state(net, random_state())
    import megengine

    megengine.save(net.state_dict(), str(tmp_path / "native.pkl"))
    with polynet.use_backend(both[0]):
        other = small_net()
    report = load(other, tmp_path / "native.pkl", layout="basecls")
    assert report.ok
    assert {change.name for change in report.reshaped} >= {"0.weight", "0.bias", "2.weight"}
    same(state(other), random_state())


def test_wide_integers_are_checked_for_a_framework_without_them(array_net):
    net = array_net({"index": np.zeros(2, np.int32)})
    assert load_state(net, {"index": np.array([1, 2])}).ok
    with pytest.raises(WeightsError, match="outside int32"):
        load_state(net, {"index": np.array([1, 2**40])})
    assert net.slots["index"].array.tolist() == [1, 2]


def test_files_of_every_format_hold_the_same(tmp_path, array_net, same):
    for suffix in (".safetensors", ".pth", ".pkl"):
        write_checkpoint(tmp_path / f"a{suffix}", random_state())
        same(read_checkpoint(tmp_path / f"a{suffix}").tensors, random_state())


def test_a_checkpoint_is_checked_and_converted_without_a_framework(tmp_path, same):
    with polynet.use_backend("shapes"):
        net = small_net()
    write_checkpoint(tmp_path / "a.pkl", {name: array.astype(np.float64) for name, array in random_state().items()})
    found = read_checkpoint(tmp_path / "a.pkl")
    arrays, report = fitted_state(net, found)
    same(arrays, random_state())
    assert report.ok
    del found.tensors["3.bias"]
    with pytest.raises(WeightsError, match="1 missing"):
        fitted_state(net, found)


def test_a_layout_is_found_where_some_names_are_alike(array_net):
    ours = arrays_of(features__0__weight=(4, 3, 2, 2), features__0__bias=(4,), head__classifier__6__bias=(3,))
    theirs = {name.removeprefix("head."): np.ones_like(array) for name, array in ours.items()}
    report = load_state(array_net(ours, family="alexnet"), theirs, layout="auto")
    assert report.layout == "torchvision"
    assert report.renamed == 1


def test_a_net_of_no_family_is_read_by_its_own_names(array_net):
    ours = arrays_of(conv1__weight=(4, 3, 2, 2), bn1__weight=(4,), fc__bias=(3,))
    assert load_state(array_net(ours), ones_like(ours), layout="auto").layout == "polynet"
    report = load_state(array_net(ours), {"conv1.weight": ours["conv1.weight"]}, layout="auto", strict=False)
    assert report.layout == "polynet"
    assert report.missing == ("bn1.weight", "fc.bias")
    with pytest.raises(WeightsError, match="belong to no known layout"):
        load_state(array_net(ours), {"encoder.table": np.ones(2)}, layout="auto")


@pytest.mark.parametrize("strict", [True, False])
def test_weights_of_another_network_say_so_first_and_change_nothing(backend, tmp_path, strict):
    path = tmp_path / "weights.safetensors"
    save(polynet.build("squeezenet1_1", backend=backend.name, seed=0), path)
    net = polynet.build("shufflenet_v2_x0_5", backend=backend.name, seed=0)
    before = state(net)
    with pytest.raises(WeightsError) as caught:
        load(net, path, strict=strict)
    first, *_, last = str(caught.value).splitlines()
    assert first.startswith("The checkpoint has 1,235,496 parameters, as squeezenet1_1 has; the network is shufflenet")
    assert last == "Nothing was changed."
    assert all(np.array_equal(array, before[name]) for name, array in state(net).items())


def test_an_empty_checkpoint_may_be_loaded_where_not_all_must_fit(backend):
    net = polynet.build("squeezenet1_1", backend=backend.name, seed=0)
    report = load_state(net, {}, strict=False)
    assert not report.loaded
    assert len(report.missing) == len(state(net))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_weights_that_are_not_finite_are_noted_by_the_first_name(array_net, bad):
    arrays = ones_like(STEM)
    assert not load_state(array_net(STEM), arrays).notes
    arrays["stem.bn.weight"][3] = bad
    assert load_state(array_net(STEM), arrays).notes == (
        "stem.bn.weight holds numbers that are not finite (NaN or infinite)",
    )
    arrays["stem.bn.running_mean"][0] = bad
    report = load_state(array_net(STEM), arrays)
    assert report.ok
    (note,) = report.notes
    assert note == "stem.bn.weight and 1 other hold numbers that are not finite (NaN or infinite)"


def test_large_numbers_whose_sum_overflows_are_finite(array_net):
    arrays = ones_like(STEM)
    arrays["stem.bn.weight"][:] = 3e38
    assert not load_state(array_net(STEM), arrays).notes
