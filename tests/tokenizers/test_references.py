"""Tokenizers over the library against the algorithms written out plainly, on thousands of real sentences."""

from __future__ import annotations

import itertools
import pydoc_data.topics
import re
from pathlib import Path

import pytest

from polynet.tokenizers import BertTokenizer, ClipTokenizer
from tests.tokenizers.vocabularies import BERT_VOCABULARY

tokenizers = pytest.importorskip("tokenizers")


@pytest.fixture(scope="module")
def lines() -> list[str]:
    """Lines of Python's own reference, without characters beyond ASCII, whose treatment is another matter."""
    text = "\n".join(pydoc_data.topics.topics.values())
    found = [line.strip() for line in text.splitlines() if line.strip() and line.isascii()]
    assert len(found) > 5000
    return found[:5000]


def pieces(word: str, vocabulary: set[str]) -> list[str]:
    """WordPiece: the longest piece that the vocabulary has, and again from where it ends."""
    found, start = [], 0
    while start < len(word):
        mark = "##" if start else ""
        end = next((end for end in range(len(word), start, -1) if mark + word[start:end] in vocabulary), None)
        if end is None or len(word) > 100:
            return ["[UNK]"]
        found.append(mark + word[start:end])
        start = end
    return found


@pytest.mark.checklist("S0-39")
def test_words_are_cut_as_wordpiece_says(lines: list[str]) -> None:
    tokens = BERT_VOCABULARY.read_text(encoding="utf-8").split("\n")[:-1]
    numbers = {token: number for number, token in enumerate(tokens)}
    vocabulary = set(tokens)
    ids = BertTokenizer(BERT_VOCABULARY, length=None)(lines)
    for line, row, mask in zip(lines, ids.input_ids.tolist(), ids.attention_mask.tolist(), strict=True):
        words = re.findall(r"[a-z0-9]+|[^a-z0-9\s]", line.lower())
        expected = ["[CLS]", *(piece for word in words for piece in pieces(word, vocabulary)), "[SEP]"]
        assert row[: sum(mask)] == [numbers[token] for token in expected], line


def joined(word: str, ranks: dict[tuple[str, str], int]) -> list[str]:
    """Byte pairs: the pair that stands first in the list is joined everywhere, until none is in it."""
    parts = [*word[:-1], word[-1] + "</w>"]
    while pairs := {pair for pair in itertools.pairwise(parts) if pair in ranks}:
        best = min(pairs, key=ranks.__getitem__)
        merged, index = [], 0
        while index < len(parts):
            is_best = tuple(parts[index : index + 2]) == best
            merged.append("".join(parts[index : index + 1 + is_best]))
            index += 1 + is_best
        parts = merged
    return parts


@pytest.mark.checklist("S0-39")
def test_bytes_are_joined_as_the_list_says(lines: list[str], tmp_path: Path) -> None:
    made = tokenizers.Tokenizer(tokenizers.models.BPE(end_of_word_suffix="</w>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    made.normalizer = tokenizers.normalizers.Lowercase()
    trainer = tokenizers.trainers.BpeTrainer(vocab_size=1500, end_of_word_suffix="</w>", show_progress=False)
    made.train_from_iterator(lines[:2000], trainer)
    made.model.save(str(tmp_path))
    rows = [line.split(" ") for line in (tmp_path / "merges.txt").read_text(encoding="utf-8").split("\n")[1:-1]]
    ranks = {(left, right): rank for rank, (left, right) in enumerate(rows)}
    assert len(ranks) > 1000
    tokenizer = ClipTokenizer(tmp_path / "merges.txt", length=None)
    for line in lines:
        words = re.findall(r"'s|'t|'re|'ve|'m|'ll|'d|[a-z]+|[0-9]|[^\sa-z0-9]+", line.lower())
        assert tokenizer.tokens(line) == [part for word in words for part in joined(word, ranks)], line
