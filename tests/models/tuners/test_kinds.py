"""What each tuner computes, apart from how it is put on and taken away."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.dialects import scepter
from polynet.errors import InputError, ModeError, OptionError, UnknownNameError
from polynet.models.backbones.bert_parts import SelfAttention
from polynet.models.backbones.encoder_layer import TransformerEncoderLayer
from polynet.models.blocks.transformer import Attention, EncoderBlock
from polynet.models.blocks.video_layer import VideoAttention
from polynet.models.tuners import SSF, BitFit, Full, LoRA, Partial, Prefix, Prompt, ResTuner
from polynet.registry import TUNERS
from tests.compare import assert_close
from tests.models.tuners.small import Small, small, state_of, trained_steps


def tokens(length: int = 5, width: int = 8) -> Any:
    return ops.tensor(np.random.default_rng(2).standard_normal((2, length, width)).astype(np.float32))


def drawn(make: Any) -> Any:
    net = make()
    nn.initialise(net, seed=3)
    return net.eval()


def softmax(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    exponentials = np.exp(x - x.max(-1, keepdims=True))
    return exponentials / exponentials.sum(-1, keepdims=True)


def test_a_prefix_is_seen_beside_the_tokens(backend: Backend) -> None:
    net = drawn(lambda: nn.Sequential(Attention(8, 2)))
    state = {name.removeprefix("0."): array.astype(np.float64) for name, array in state_of(net).items()}
    tuned = Prefix(length=3).apply(net)
    key, value = (tuned.state()[f"0.prefix.prefix_{part}"].astype(np.float64) for part in ("key", "value"))
    x = backend.numpy(tokens()).astype(np.float64)
    parts = np.split(x @ state["qkv.weight"].T, 3, -1)
    parts[1], parts[2] = (
        np.concatenate([np.broadcast_to(prefix, (2, 3, 8)), part], 1)
        for prefix, part in ((key, parts[1]), (value, parts[2]))
    )
    q, k, v = (part.reshape(2, -1, 2, 4).transpose(0, 2, 1, 3) for part in parts)
    seen = (softmax(q @ k.swapaxes(-1, -2) / 2) @ v).transpose(0, 2, 1, 3).reshape(2, 5, 8)
    expected = seen @ state["proj.weight"].T + state["proj.bias"]
    assert_close(net(tokens()), expected.astype(np.float32))
    tuned.remove()
    assert net[0].prefix is None
    assert "prefix" not in dict(net[0].named_children())


@pytest.mark.parametrize("layer", [lambda: EncoderBlock(8, 2), lambda: TransformerEncoderLayer(8, 2, 16)])
def test_attentions_of_either_library_take_a_prefix(backend: Backend, layer: Any) -> None:
    net = drawn(lambda: nn.Sequential(layer()))
    before = backend.numpy(net(tokens()))
    tuned = Prefix(length=2).apply(net)
    assert list(tuned.places) == ["0.attn"]
    assert tuned.trainable == 2 * 2 * 8
    assert np.abs(backend.numpy(net(tokens())) - before).max() > 1e-4
    tuned.remove()
    assert_close(net(tokens()), before, 0)


def test_attentions_of_videos_and_texts_take_the_same_prefix(backend: Backend) -> None:
    first = drawn(lambda: nn.Sequential(Attention(8, 2, qkv_bias=True)))
    tuned = Prefix(length=3).apply(first)
    video = drawn(lambda: nn.Sequential(VideoAttention(8, 2)))
    Prefix(length=3).apply(video)
    polynet.load_state(video, {name.replace(".qkv", ".to_qkv"): array for name, array in state_of(first).items()})
    expected = backend.numpy(first(tokens()))
    assert_close(video(tokens()), expected)
    with pytest.raises(OptionError, match="is a VideoAttention"):
        Prefix(target="0").apply(nn.Sequential(VideoAttention(8, 2, grid=(2, 2), along="time")))

    text = drawn(Masked)
    Prefix(length=3).apply(text)
    state = {f"attention.{name[2:]}": array for name, array in tuned.state().items()}
    for leaf in ("weight", "bias"):
        parts = np.split(state_of(first)[f"0.qkv.{leaf}"], 3)
        state |= {f"attention.{name}.{leaf}": part for name, part in zip(("query", "key", "value"), parts, strict=True)}
        state[f"proj.{leaf}"] = state_of(first)[f"0.proj.{leaf}"]
    polynet.load_state(text, state)
    assert_close(text(tokens()), expected)
    shorter = ops.tensor(backend.numpy(tokens())[:, :4])
    masked = text(tokens(), ops.tensor([[[[True, True, True, True, False]]]]))
    assert_close(masked[:, :4], backend.numpy(first(shorter)))


class Masked(nn.Module):
    """BERT's attention with a projection, as the others have one."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = SelfAttention(8, 2)
        self.proj = nn.Linear(8, 8)

    def forward(self, x: Any, allowed: Any = None) -> Any:
        return self.proj(self.attention(x, allowed))


class Blocks(nn.Module):
    def __init__(self, depth: int = 3) -> None:
        super().__init__()
        self.blocks = nn.Sequential(*[EncoderBlock(8, 2) for _ in range(depth)])

    def forward(self, x: Any) -> Any:
        return self.blocks(x)


@pytest.mark.parametrize("deep", [True, False])
def test_prompts_stand_behind_the_tokens_while_blocks_are_computed(backend: Backend, deep: bool) -> None:
    plain, net = drawn(Blocks), drawn(Blocks)
    tuned = Prompt(length=4, deep=deep).apply(net)
    assert tuned.trainable == 4 * 8 * (3 if deep else 1)
    prompts = [ops.tensor(np.broadcast_to(array, (2, 4, 8)).copy()) for array in tuned.state().values()]
    expected = tokens()
    for index in range(3):
        if deep or index == 0:
            expected = ops.cat([expected, prompts[index]], 1)
        expected = plain.blocks[index](expected)
        if deep or index == 2:
            expected = expected[:, :5]
    assert_close(net(tokens()), expected, 1e-6)


def test_prompts_say_where_they_cannot_stand(backend: Backend) -> None:
    net = drawn(small)
    with pytest.raises(OptionError, match="by `target`"):
        Prompt().apply(net)
    with pytest.raises(OptionError, match="not of one"):
        Prompt(deep=False, target=("block", "head", "block.attn")).apply(net)
    Prompt(target="stem", dim=8).apply(net)
    with pytest.raises(InputError, match="beside tokens"):
        net(ops.zeros((1, 3, 12, 12)))


def test_what_weights_cannot_take_stays_when_scales_are_merged(backend: Backend) -> None:
    net, x = small(), ops.tensor(np.random.default_rng(1).standard_normal((2, 3, 12, 12)).astype(np.float32))
    tuned = SSF().apply(net)
    assert {"stem", "norm", "block.norm1", "block.attn.qkv", "head"} <= set(tuned.places)
    trained_steps(backend, net)
    output = backend.numpy(net(x))
    before = state_of(net)
    with pytest.raises(ModeError, match="'stem' has no bias"):
        tuned.fold()
    assert all((array == before[name]).all() for name, array in state_of(net).items())
    tuned.merge()
    assert (state_of(net)["stem.weight"] != before["stem.weight"]).any()
    assert_close(net(x), output)
    tuned.unmerge()
    assert_close(net(x), output, 0)


def test_what_is_chosen_is_trained(backend: Backend) -> None:
    names = BitFit().apply(small()).names
    assert len(names) == sum(name.endswith("bias") for name in state_of(small()))
    assert set(BitFit(target="block.attn").apply(small()).names) == {"block.attn.qkv.bias", "block.attn.proj.bias"}
    net = small()
    tuned = Partial(target=("norm", "head.weight")).apply(net)
    assert set(tuned.names) == {
        *("norm.weight", "norm.bias", "norm.running_mean", "norm.running_var", "head.weight"),
    }
    trained_steps(backend, net)
    moved = {name for name, array in state_of(small()).items() if (state_of(net)[name] != array).any()}
    assert moved == set(tuned.names)
    with pytest.raises(ModeError, match="fold"):
        tuned.merge()
    kept = state_of(net)
    tuned.fold()
    assert all((array == kept[name]).all() for name, array in state_of(net).items())
    full = Full().apply(small())
    assert full.trainable == full.total
    assert set(full.names) == set(state_of(small()))


def test_what_cannot_be_chosen_is_refused(backend: Backend) -> None:
    net = small()
    with pytest.raises(OptionError, match="no biases in what 'stem'"):
        BitFit(target="stem").apply(net)
    with pytest.raises(OptionError, match="no biases"):
        BitFit().apply(nn.Sequential(nn.Linear(2, 2, bias=False)))
    with pytest.raises(OptionError, match="target must name"):
        Partial(target=None)
    with pytest.raises(UnknownNameError, match=r"Did you mean 'head\.weight'"):
        Partial(target="head.wieght").apply(net)
    assert all(slot.trainable for slot in backend.slots(net).values() if slot.kind == "parameter")


def test_frozen_statistics_stand_still_and_go_on_when_the_tuner_is_gone(backend: Backend) -> None:
    net = small()
    before = state_of(net)["norm.running_mean"]
    tuned = LoRA(r=1, target="head").apply(net)
    trained_steps(backend, net)
    assert (state_of(net)["norm.running_mean"] == before).all()
    net.train()
    net(ops.ones((1, 3, 12, 12)))
    tuned.remove()
    assert net.norm.training
    net(ops.ones((1, 3, 12, 12)))
    assert (state_of(net)["norm.running_mean"] != before).any()


@pytest.mark.parametrize("use_dora", [False, True])
def test_inputs_are_dropped_while_training_alone(backend: Backend, use_dora: bool) -> None:
    net, x = drawn(lambda: nn.Sequential(nn.Linear(8, 4))), tokens()
    before = backend.numpy(net(x))
    tuned = LoRA(r=2, dropout=0.5, use_dora=use_dora).apply(net)
    net.train()
    assert_close(net(x), before, 1e-6)
    state = tuned.state()
    state["0.lora.up.weight"] = np.random.default_rng(5).standard_normal((4, 2)).astype(np.float32)
    tuned.load(state)
    assert np.abs(backend.numpy(net(x)) - backend.numpy(net(x))).max() > 1e-3
    net.eval()
    output = backend.numpy(net(x))
    assert_close(net(x), output, 0)
    plain = drawn(lambda: nn.Sequential(nn.Linear(8, 4)))
    LoRA(r=2, use_dora=use_dora).apply(plain)
    polynet.load_state(plain, state_of(net))
    assert_close(plain(x), output, 0)


class Tied(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight

    def forward(self, x: Any) -> Any:
        return self.second(ops.relu(self.first(x)))


def test_a_weight_that_another_layer_shares_is_not_merged_into(backend: Backend) -> None:
    net = drawn(Tied)
    tuned = LoRA(r=1, target="first").apply(net)
    before = state_of(net)
    with pytest.raises(ModeError, match=r"second\.weight is the same parameter as first\.weight"):
        tuned.merge()
    assert not tuned.merged
    assert all((array == before[name]).all() for name, array in state_of(net).items())


def test_a_res_tuner_sees_the_input_and_not_the_output(backend: Backend) -> None:
    net = drawn(lambda: nn.Sequential(nn.Linear(4, 4)))
    tuned = ResTuner(length=2, act="relu", target="0").apply(net)
    added = {name.rpartition("res_tuner.")[2]: array for name, array in tuned.state().items()}
    added["up.weight"] = np.random.default_rng(4).standard_normal((4, 2)).astype(np.float32)
    tuned.load({f"0.res_tuner.{name}": array for name, array in added.items()})
    x = backend.numpy(tokens(width=4))
    state = state_of(net)
    hidden = np.maximum(x @ added["down.weight"].T + added["down.bias"], 0)
    expected = x @ state["0.weight"].T + state["0.bias"] + hidden @ added["up.weight"].T + added["up.bias"]
    assert_close(net(tokens(width=4)), expected)


@pytest.mark.checklist("S0-17", "S0-61")
@pytest.mark.parametrize(
    ("config", "same"),
    [
        ({"NAME": "SwiftLoRA", "R": 2, "LORA_ALPHA": 4, "TARGET_MODULES": ".*(qkv|proj)"}, {"alpha": 4.0, "r": 2}),
        ({"NAME": "SwiftAdapter", "DIMS": 8, "ADAPTER_LENGTH": 3, "TARGET_MODULES": ["attn"]}, {"length": 3, "dim": 8}),
        ({"NAME": "SwiftSCETuning", "DOWN_RATIO": 0.5, "TUNER_MODE": "identity"}, {"down_ratio": 0.5}),
        ({"NAME": "SwiftPart", "TARGET_MODULES": "head"}, {"target": ("head",)}),
        ({"NAME": "SwiftFull"}, {"target": None}),
    ],
)
def test_scepters_names_and_keys_of_tuners_are_read(
    backend: Backend, config: dict[str, Any], same: dict[str, Any]
) -> None:
    tuner = scepter.TUNERS.build(config, logger=None)
    assert {key: getattr(tuner, key) for key in same} == same
    net, x = small(), ops.tensor(np.random.default_rng(1).standard_normal((2, 3, 12, 12)).astype(np.float32))
    before = backend.numpy(net(x))
    tuned = tuner.apply(net)
    assert_close(net(x), before, 0)
    assert tuned.trainable == sum(
        int(np.prod(slot.shape)) for name, slot in backend.slots(net).items() if name in tuned.names and slot.trainable
    )
    assert TUNERS.build(tuner.config).config == tuner.config


@pytest.mark.parametrize(
    "make", [lambda: LoRA(r=2, use_dora=True), Prefix, SSF, BitFit, lambda: Prompt(target="block")]
)
def test_what_a_tuner_trains_is_counted_without_a_framework(backend: Backend, make: Any) -> None:
    counted = make().apply(small()).trainable
    with use_backend("shapes"):
        tuned = make().apply(Small())
        assert tuned.trainable == counted
        tuned.remove()
