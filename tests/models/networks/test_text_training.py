"""A classifier of real texts, from the words to the loss: it learns, and alike on both frameworks.

The texts are sentences of three chapters of Python's own reference, which the standard library holds.
"""

from __future__ import annotations

import pydoc_data.topics
import re
from typing import Any

import numpy as np
import pytest

import polynet
from polynet import ops
from polynet.backend import Backend, use_backend
from tests.compare import assert_close
from tests.tokenizers.vocabularies import BERT_VOCABULARY

pytest.importorskip("tokenizers")

CHAPTERS = ("debugger", "string-methods", "specialnames")
LENGTH = 32
CONFIG: dict[str, Any] = {
    "NAME": "TextClassifier",
    "TOKENIZER": {"NAME": "BertTokenizer", "VOCAB_FILE": str(BERT_VOCABULARY), "LENGTH": LENGTH},
    "BACKBONE": {
        "NAME": "Bert",
        "HIDDEN_SIZE": 32,
        "NUM_HIDDEN_LAYERS": 2,
        "NUM_ATTENTION_HEADS": 4,
        "MAX_POSITION_EMBEDDINGS": LENGTH,
        "HIDDEN_DROPOUT_PROB": 0.0,
        "ATTENTION_PROBS_DROPOUT_PROB": 0.0,
        "OUT_TYPE": "mean",
    },
    "HEAD": {"NAME": "ClassifierHead", "DIM": 32, "NUM_CLASSES": len(CHAPTERS)},
}
STEPS, BATCH = 40, 16


def sentences(chapter: str) -> list[str]:
    """The first hundred sentences of at least six words."""
    text = re.sub(r"\s+", " ", pydoc_data.topics.topics[chapter])
    found = re.split(r"(?<=[.:]) (?=[A-Z])", text)
    return [each for each in found if len(re.findall(r"[A-Za-z]{2,}", each)) >= 6][:100]


@pytest.fixture(scope="module")
def data() -> tuple[list[str], np.ndarray[Any, Any]]:
    """Sentences in a random order, and of which chapter each is."""
    pairs = [(each, label) for label, chapter in enumerate(CHAPTERS) for each in sentences(chapter)]
    order = np.random.default_rng(0).permutation(len(pairs))
    return [pairs[index][0] for index in order], np.array([pairs[index][1] for index in order])


def trained(
    backend: Backend, texts: list[str], labels: np.ndarray[Any, Any]
) -> tuple[list[float], np.ndarray[Any, Any]]:
    """The loss of each step on the first four fifths, and what is made of the last one."""
    cut = len(texts) * 4 // 5
    with use_backend(backend):
        net = polynet.build(CONFIG, backend=backend, seed=0)
        optimizer = backend.optimizer("adam", net, lr=3e-3)
        losses = []
        for step in range(STEPS):
            chosen = (np.arange(BATCH) + BATCH * step) % cut
            tokens, targets = net.tokens([texts[index] for index in chosen]), ops.tensor(labels[chosen])
            losses.append(optimizer.step(lambda tokens=tokens, targets=targets: net(tokens, targets)["loss"]))
        return losses, ops.to_numpy(net.eval()(texts[cut:]))


@pytest.mark.checklist("S0-44", "S0-45")
def test_it_learns_of_which_chapter_a_sentence_is(
    backend: Backend, data: tuple[list[str], np.ndarray[Any, Any]]
) -> None:
    texts, labels = data
    losses, predicted = trained(backend, texts, labels)
    assert np.mean(losses[-5:]) < 0.4 * losses[0]
    correct = (predicted.argmax(1) == labels[-len(predicted) :]).mean()
    assert correct > 0.7  # chance is a third


@pytest.mark.checklist("S0-44", "S0-62")
def test_the_loss_falls_alike_on_both_frameworks(
    both: tuple[Backend, Backend], data: tuple[list[str], np.ndarray[Any, Any]]
) -> None:
    (first, one), (second, other) = (trained(backend, *data) for backend in both)
    assert_close(np.array(second), np.array(first))
    assert_close(other, one, 1e-4)
