from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from polynet.errors import OptionError, VocabularyError
from polynet.registry import TOKENIZERS
from polynet.tokenizers import Tokenizer

tokenizers = pytest.importorskip("tokenizers")

CORPUS = ["the cat sat on the mat", "the dog sat on the log", "cats and dogs", "a low lower lowest newest widest"] * 5


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    """A tokenizer of pairs of bytes, trained by the library on a few sentences."""
    made = tokenizers.Tokenizer(tokenizers.models.BPE(unk_token="<unk>"))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=60, special_tokens=["<unk>", "<pad>", "<s>", "</s>"], show_progress=False
    )
    made.train_from_iterator(CORPUS, trainer)
    made.post_processor = tokenizers.processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    path = tmp_path / "tokenizer.json"
    made.save(str(path))
    return path


@pytest.mark.checklist("S0-38", "S0-39", "S0-40", "S0-41")
def test_ids_are_those_of_the_librarys_own_tokenizer(trained: Path) -> None:
    made = tokenizers.Tokenizer.from_file(str(trained))
    tokenizer = Tokenizer(trained, length=20)
    assert (tokenizer.pad_id, tokenizer.cls_id, tokenizer.sep_id) == (1, 2, 3)
    made.enable_truncation(20)
    made.enable_padding(length=20, pad_id=1, pad_token="<pad>")
    for pairs in (None, CORPUS[1:5]):
        expected = made.encode_batch(CORPUS[:4] if pairs is None else list(zip(CORPUS[:4], pairs, strict=True)))
        found = tokenizer(CORPUS[:4], pairs)
        assert found.input_ids.tolist() == [each.ids for each in expected]
        assert found.attention_mask.tolist() == [each.attention_mask for each in expected]
        assert found.token_type_ids.tolist() == [each.type_ids for each in expected]


@pytest.mark.checklist("S0-19")
def test_it_is_built_under_both_names(trained: Path) -> None:
    for config in (
        {"NAME": "HuggingfaceTokenizer", "PRETRAINED_PATH": str(trained.parent)},
        {"name": "Tokenizer", "pretrained_path": trained},
    ):
        tokenizer = TOKENIZERS.build(config, "a logger")
        assert isinstance(tokenizer, Tokenizer)
        assert (tokenizer.logger, tokenizer.length) == ("a logger", 77)
        assert tokenizer("the cat").input_ids.shape == (1, 77)


def test_special_tokens_are_what_the_files_beside_it_say(trained: Path) -> None:
    settings = {"pad_token": {"content": "<unk>"}, "bos_token": "</s>", "eos_token": "<s>"}
    (trained.parent / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    tokenizer = Tokenizer(trained)
    assert (tokenizer.pad_id, tokenizer.cls_id, tokenizer.sep_id) == (0, 3, 2)
    assert Tokenizer(trained, pad_token="<pad>").pad_id == 1


def test_a_files_own_padding_names_the_token_and_its_lengths_are_left_aside(trained: Path) -> None:
    made = tokenizers.Tokenizer.from_file(str(trained))
    made.enable_padding(length=50, pad_id=3, pad_token="</s>")
    made.enable_truncation(4)
    made.save(str(trained))
    tokenizer = Tokenizer(trained, length=12)
    assert tokenizer.pad_id == 3
    assert tokenizer("the cat sat").input_ids.shape == (1, 12)


@pytest.mark.parametrize("text", ["{}", "no json", '{"version": "1.0", "model": {"type": "Zork"}}', ""])
def test_a_file_that_holds_no_tokenizer_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(VocabularyError, match="holds no tokenizer that the installed library can read"):
        Tokenizer(path)


def test_what_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="needs pretrained_path"):
        Tokenizer()
    bare: Any = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0}, "a"))
    bare.save(str(tmp_path / "tokenizer.json"))
    with pytest.raises(OptionError, match="names no token to fill up rows with; give one as pad_token"):
        Tokenizer(tmp_path)
    assert Tokenizer(tmp_path, pad_token="a", length=3)("a").input_ids.tolist() == [[0, 0, 0]]
