"""BERT: held to transformers' `BertModel`, by numbers recorded from it and, where it is installed, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend, use_backend
from polynet.errors import InputError, InputIndexError, OptionError
from polynet.registry import BACKBONES
from polynet.weights.safetensors_file import write_safetensors
from tests.compare import assert_close
from tests.models.twins import assert_twins

SMALL: dict[str, Any] = {
    "vocab_size": 40,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 12,
}
PLACES = np.arange(10)
IDS = np.arange(30).reshape(3, 10) * 7 % 40
MASK = (np.array([[10], [6], [3]]) > PLACES).astype(np.int64)
TYPES = (np.array([[4], [3], [9]]) < PLACES).astype(np.int64)

POOLED = [
    [-0.6760664, -0.8440881, -0.7902682, 0.1153573, -0.4249527, 0.2581698],
    [-0.4788457, -0.2480233, -0.4058743, 0.7694151, -0.1932817, -0.3220518],
    [0.2371159, 0.474488, -0.1126367, 0.9558612, -0.2075734, -0.2637877],
]
LAST = [0.5056587, 1.2466241, -0.8372706, 0.4839298, 0.4849634, -0.3603126]
"""What transformers 5.20.2 gives with `weights`: six features, pooled, and of the second text's sixth token."""


def weights(shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray[Any, Any]]:
    """Normal numbers, drawn in the order of the names; scales are around 1."""
    generator = np.random.default_rng(0)
    return {
        name: (0.2 * generator.standard_normal(shape) + name.endswith("LayerNorm.weight")).astype(np.float32)
        for name, shape in shapes.items()
    }


def built(backend: Backend, **options: Any) -> Any:
    """The small network with those weights, in evaluation mode."""
    whole = BACKBONES.build({"name": "Bert", **SMALL})
    drawn = weights({name: slot.shape for name, slot in backend.slots(whole).items()})
    net = BACKBONES.build({"name": "Bert", **SMALL, **options})
    assert polynet.load_state(net, net.from_published(drawn)).ok
    return net.eval()


def test_features_are_those_of_transformers(backend: Backend) -> None:
    ids, mask, types = ops.tensor(IDS), ops.tensor(MASK), ops.tensor(TYPES)
    pooled = built(backend)(ids, attention_mask=mask, token_type_ids=types)
    assert_close(pooled[:, :6], np.array(POOLED, np.float32))
    raw = built(backend, out_type="raw")(ids, attention_mask=mask, token_type_ids=types)
    assert tuple(raw.shape) == (3, 10, 16)
    assert_close(raw[1, 5, :6], np.array(LAST, np.float32))


def test_features_and_gradients_are_those_of_transformers_side_by_side(backend: Backend) -> None:
    transformers = pytest.importorskip("transformers")
    torch = pytest.importorskip("torch")
    theirs = transformers.BertModel(transformers.BertConfig(**SMALL)).eval()
    net = built(backend)
    state = polynet.state(net)
    assert {name: tuple(each.shape) for name, each in theirs.state_dict().items()} == {
        name: each.shape for name, each in state.items()
    }
    theirs.load_state_dict({name: torch.tensor(each) for name, each in state.items()})
    expected = theirs(*map(torch.tensor, (IDS, MASK, TYPES))).pooler_output
    (expected**2).mean().backward()
    slots = backend.slots(net)

    def loss() -> Any:
        found = net(ops.tensor(IDS), ops.tensor(MASK), ops.tensor(TYPES))
        return ops.mean(found * found)

    assert_close(net(ops.tensor(IDS), ops.tensor(MASK), ops.tensor(TYPES)), expected.detach().numpy())
    _, gradients = backend.differentiate(loss, [slot.tensor for slot in slots.values()])
    wanted = {name: each.grad.numpy() for name, each in theirs.named_parameters()}
    scale = max(float(np.abs(each).max()) for each in wanted.values())
    for (name, slot), gradient in zip(slots.items(), gradients, strict=True):
        assert np.abs(slot.canonical(gradient) - wanted[name]).max() <= 1e-5 * scale, name


@pytest.mark.checklist("S0-62")
@pytest.mark.parametrize("out_type", ["pooled", "cls", "mean", "raw"])
def test_the_frameworks_agree(both: tuple[Backend, Backend], out_type: str) -> None:
    options = {**SMALL, "out_type": out_type}
    assert_twins(both, lambda: BACKBONES.build({"name": "Bert", **options}).eval(), IDS, MASK, TYPES, PLACES + 0 * IDS)


def test_what_comes_out_is_what_out_type_says(backend: Backend) -> None:
    ids, mask = ops.tensor(IDS), ops.tensor(MASK)
    raw = ops.to_numpy(built(backend, out_type="raw")(ids, mask))
    assert_close(built(backend, out_type="cls")(ids, mask), raw[:, 0])
    mean = (raw * MASK[..., None]).sum(1) / MASK.sum(1, keepdims=True)
    assert_close(built(backend, out_type="mean")(ids, mask), mean.astype(np.float32))
    whole = built(backend, out_type="raw")(ids)
    assert_close(built(backend, out_type="mean")(ids), ops.to_numpy(whole).mean(1))


@pytest.mark.checklist("S0-40", "S0-42")
def test_padding_is_not_looked_at_and_places_count(backend: Backend) -> None:
    net = built(backend)
    other = np.where(MASK == 1, IDS, 39)
    assert_close(net(ops.tensor(other), ops.tensor(MASK)), net(ops.tensor(IDS), ops.tensor(MASK)), 1e-6)
    short = net(ops.tensor(IDS[2:, :3]))
    assert_close(net(ops.tensor(IDS), ops.tensor(MASK))[2:], short)
    places, zeros = ops.tensor(PLACES + 0 * IDS), ops.tensor(0 * IDS)
    plain = net(ops.tensor(IDS))
    assert_close(net(ops.tensor(IDS), position_ids=places, token_type_ids=zeros), plain, 1e-6)
    moved = net(ops.tensor(IDS), position_ids=places + 1)
    assert float(np.abs(ops.to_numpy(moved) - ops.to_numpy(plain)).max()) > 1e-2


def test_sizes_are_those_of_bert_base_uncased() -> None:
    with use_backend("shapes") as backend:
        net = BACKBONES.build({"NAME": "BertModel"})
        assert sum(int(np.prod(slot.shape)) for slot in backend.slots(net).values()) == 109_482_240
        assert tuple(net(ops.zeros((2, 7), dtype="int64")).shape) == (2, net.out_channels) == (2, 768)


def test_initial_weights_are_googles(backend: Backend) -> None:
    state = polynet.state(polynet.build({"name": "Bert", **SMALL}, backend=backend, seed=0))
    for name, array in state.items():
        if name.endswith("bias"):
            assert not array.any(), name
        elif "LayerNorm" in name:
            assert (array == 1).all(), name
        else:
            assert 0.01 < array.std() < 0.02, name
            assert np.abs(array).max() <= 0.04, name
    assert not state["embeddings.word_embeddings.weight"][0].any()


def test_published_files_load_by_pretrained_model(backend: Backend, tmp_path: Path) -> None:
    """Names as in bert-base-uncased's file: a prefix, gamma and beta, heads of pretraining."""
    source = built(backend)
    published = {
        "bert." + name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): array
        for name, array in polynet.state(source).items()
    }
    published["cls.predictions.bias"] = np.zeros(40, np.float32)
    published["bert.embeddings.position_ids"] = PLACES[None]
    path = tmp_path / "model.safetensors"
    write_safetensors(path, published)
    for out_type in ("pooled", "cls"):
        net = BACKBONES.build({"name": "Bert", **SMALL, "out_type": out_type, "pretrained_model": str(path)}).eval()
        expected = built(backend, out_type=out_type)
        assert_close(net(ops.tensor(IDS), ops.tensor(MASK)), expected(ops.tensor(IDS), ops.tensor(MASK)), 0)


def test_dropout_is_for_training_alone(backend: Backend) -> None:
    net = built(backend, hidden_dropout_prob=0.5)
    ids = ops.tensor(IDS)
    assert_close(net(ids), built(backend, hidden_dropout_prob=0.0)(ids), 0)
    net.train()
    assert np.abs(ops.to_numpy(net(ids)) - ops.to_numpy(net(ids))).max() > 1e-3


def test_what_does_not_fit_is_refused(backend: Backend) -> None:
    net = BACKBONES.build({"name": "Bert", **SMALL})
    ids = ops.tensor(IDS)
    with pytest.raises(InputError, match=r"Bert: input_ids have \(N, L\), neither 0, and were given as \(10,\)"):
        net(ids[0])
    with pytest.raises(InputError, match=r"attention_mask have the shape \(3, 10\).* as \(3, 9\)"):
        net(ids, ops.tensor(MASK[:, :9]))
    with pytest.raises(InputError, match=r"13 tokens, and there are embeddings of 12 places"):
        net(ops.tensor(np.zeros((1, 13), np.int64)))
    with pytest.raises(InputIndexError):
        net(ops.tensor(IDS + 40))
    with pytest.raises(OptionError, match="3 heads do not divide a width of 16"):
        BACKBONES.build({"name": "Bert", **SMALL, "num_attention_heads": 3})
    with pytest.raises(OptionError, match=r"out_type is pooled, cls, mean or raw, not 'poold'\. Did you mean 'pooled'"):
        BACKBONES.build({"name": "Bert", **SMALL, "out_type": "poold"})
