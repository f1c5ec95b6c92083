from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import nn, ops
from polynet.backend import Backend, use_backend
from polynet.dialects.scepter import BaseTokenizer
from polynet.errors import InputError, OptionError
from polynet.registry import MODELS
from tests.compare import assert_close


class Letters(BaseTokenizer):
    """Letters as numbers, padded to the longest text."""

    vocab_size = 27

    def tokenize(self, texts: Any) -> Any:  # type: ignore[override]  # it has no options
        length = max(map(len, texts))
        ids = np.array([[ord(each) - 96 for each in text] + [0] * (length - len(text)) for text in texts])
        return {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64), "position_ids": np.zeros_like(ids)}


class Bag(nn.Module):
    """The mean of the embeddings that are no padding."""

    vocab_size = 27
    out_channels = 5

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(27, 5)

    def forward(self, input_ids: Any, attention_mask: Any = None) -> Any:
        x = self.embedding(input_ids)
        if attention_mask is None:
            return ops.mean(x, dim=1)
        mask = ops.unsqueeze(ops.cast(attention_mask, "float32"), -1)
        return ops.sum(x * mask, dim=1) / ops.sum(mask, dim=1)


CONFIG = {
    "name": "TextClassifier",
    "tokenizer": {"name": Letters},
    "backbone": {"name": Bag},
    "head": {"name": "ClassifierHead", "dim": 5, "num_classes": 2},
}
TEXTS = ["good", "nice", "bad", "evil"]
LABELS = np.array([1, 1, 0, 0])


@pytest.mark.checklist("S0-45")
def test_texts_and_tokens_are_classified_alike(backend: Backend) -> None:
    net = MODELS.build(CONFIG, logger="a logger").eval()
    assert net.tokenizer.logger == "a logger"
    out = net(TEXTS)
    assert tuple(out.shape) == (4, 2)
    encoding = net.tokenizer(TEXTS)
    assert_close(net(encoding), out, 0)
    assert_close(net(**encoding), out, 0)
    tensors = {key: ops.tensor(value) for key, value in encoding.items()}
    assert_close(net(**tensors), out, 0)
    assert_close(net(tensors["input_ids"], attention_mask=tensors["attention_mask"]), out, 0)
    assert_close(net("bad"), net(["bad"]), 0)
    assert_close(ops.sum(net(TEXTS), dim=1), np.ones(4, np.float32))


@pytest.mark.checklist("S0-52", "S0-53")
def test_labels_give_loss_and_metrics(backend: Backend) -> None:
    net = MODELS.build(CONFIG)
    result = net(TEXTS, ops.tensor(LABELS))
    assert list(result) == ["loss", "batch_size", "acc@1"]
    assert result["batch_size"] == 4
    assert list(net.eval()(TEXTS, label=ops.tensor(LABELS))) == ["logits", "acc@1"]


@pytest.mark.checklist("S0-62")
def test_the_frameworks_agree(both: tuple[Backend, Backend]) -> None:
    losses = []
    for backend in both:
        with use_backend(backend):
            net = polynet.build(CONFIG, backend=backend, seed=0)
            losses.append(net(TEXTS, ops.tensor(LABELS))["loss"])
    assert_close(losses[1], losses[0])


def test_it_trains(backend: Backend) -> None:
    net = polynet.build(CONFIG, backend=backend, seed=0)
    labels = ops.tensor(LABELS)
    optimizer = backend.optimizer("sgd", net, lr=1.0)
    losses = [optimizer.step(lambda: net(TEXTS, labels)["loss"]) for _ in range(20)]
    assert losses[-1] < 0.5 * losses[0]
    assert net(TEXTS, labels)["acc@1"].item() == 1.0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "input_ids are texts or token ids, not NoneType None"),
        ([[1, 2], [3]], "rows of whole numbers, all of one length"),
        ([3, "good"], "input_ids are whole numbers, not"),
        ([["good"]], "input_ids are whole numbers, not"),
        ([[0.5]], "input_ids are whole numbers, not float64"),
        ({"input_id": [[1]]}, "needs input_ids, and was given input_id. Did you mean 'input_ids'"),
        ({}, "needs input_ids, and was given nothing"),
        ([], "TextClassifier needs a text, a list of at least one, or token ids; the list is empty"),
    ],
)
def test_what_is_neither_texts_nor_tokens_is_refused(backend: Backend, given: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        MODELS.build(CONFIG)(given)


def test_copies_classify_alike(backend: Backend) -> None:
    net = MODELS.build(CONFIG).eval()
    expected = net(TEXTS)
    for made in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert_close(made(TEXTS), expected, 0)


def test_what_does_not_go_together_is_refused(backend: Backend) -> None:
    bare = MODELS.build({key: value for key, value in CONFIG.items() if key != "tokenizer"})
    with pytest.raises(InputError, match="given texts and has no tokenizer"):
        bare(TEXTS)

    class Small(Bag):
        vocab_size = 3

    with pytest.raises(OptionError, match="Letters has 27 tokens, and Small knows 3: its vocab_size must be at least"):
        MODELS.build({**CONFIG, "backbone": {"name": Small}})

    class Long(Letters):
        length = 13

    bert = {"name": "Bert", "vocab_size": 27, "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2}
    config = {**CONFIG, "tokenizer": {"name": Long}, "head": {"name": "ClassifierHead", "dim": 4, "num_classes": 2}}
    with pytest.raises(OptionError, match=r"Long makes rows of up to 13 .* Bert takes 12: .*length=12 or less.*=13"):
        MODELS.build({**config, "backbone": {**bert, "max_position_embeddings": 12}})
    assert MODELS.build({**config, "backbone": {**bert, "max_position_embeddings": 13}}).tokenizer.length == 13
    with pytest.raises(OptionError, match=r"^head: ClassifierHead takes features of width 7, and Bag gives 5"):
        MODELS.build({**CONFIG, "head": {"name": "ClassifierHead", "dim": 7, "num_classes": 2}})
