"""Vocabularies for tests: Google's real one, and tiny ones written where they are wanted."""

from __future__ import annotations

from pathlib import Path

BERT_VOCABULARY = Path(__file__).parent / "data" / "bert-base-uncased-vocab.txt"

WORDS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "cat", "dog", "##s", "run", ",", "!")
MERGES = ("#version: 0.2", "c a", "ca t</w>", "d o", "do g</w>", "ca t", "s </w>")


def tiny_vocabulary(folder: Path, words: tuple[str, ...] = WORDS, name: str = "vocab.txt") -> Path:
    path = folder / name
    path.write_text("\n".join(words) + "\n", encoding="utf-8")
    return path


def tiny_merges(folder: Path, lines: tuple[str, ...] = MERGES[:-1], name: str = "merges.txt") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
