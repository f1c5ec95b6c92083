from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.errors import (
    InputError,
    InputIndexError,
    OptionError,
    VocabularyError,
    VocabularyNotFoundError,
)
from polynet.registry import TOKENIZERS
from polynet.tokenizers import BertTokenizer, Encoding
from tests.compare import assert_close
from tests.tokenizers.vocabularies import BERT_VOCABULARY, WORDS, tiny_vocabulary

pytest.importorskip("tokenizers")

TEXTS = (
    "Hello world, unaffable embeddings!",
    "",
    "Naïve café — “quoted” … 3.14 and $5.00",
    "日本語のテキスト, 한국어 и русский",
    "supercalifragilisticexpialidocious " * 20,
    "don't   stop\tnow\nplease",
    "x" * 101,
    "[MASK] is a token",
)


@pytest.fixture(scope="module")
def real() -> BertTokenizer:
    return BertTokenizer(vocab_file=BERT_VOCABULARY, length=48)


def known(*ids: int, length: int = 48) -> list[int]:
    return [*ids, *[0] * (length - len(ids))]


@pytest.mark.checklist("S0-38", "S0-39")
def test_ids_are_those_of_bert_base_uncased(real: BertTokenizer) -> None:
    """The numbers are those that transformers' BertTokenizer gives."""
    assert (real.vocab_size, real.pad_id, real.cls_id, real.sep_id) == (30522, 0, 101, 102)
    ids = real.tokenize(["Hello world, unaffable embeddings!", "[MASK] is a token", ""]).input_ids
    assert ids.tolist() == [
        known(101, 7592, 2088, 1010, 14477, 20961, 3468, 7861, 8270, 4667, 2015, 999, 102),
        known(101, 103, 2003, 1037, 19204, 102),
        known(101, 102),
    ]
    assert real.tokens("unaffable embeddings") == ["una", "##ffa", "##ble", "em", "##bed", "##ding", "##s"]


@pytest.mark.checklist("S0-39", "S0-40", "S0-41")
def test_all_is_as_in_transformers(real: BertTokenizer) -> None:
    transformers = pytest.importorskip("transformers")
    reference = transformers.BertTokenizer(vocab=str(BERT_VOCABULARY))
    options = {"padding": "max_length", "truncation": True, "max_length": 48, "return_token_type_ids": True}
    texts = list(TEXTS)
    for pairs in (None, texts[::-1]):
        expected = reference(texts, pairs, **options)
        found = real.tokenize(texts, pairs)
        for key in ("input_ids", "attention_mask", "token_type_ids"):
            assert found[key].tolist() == expected[key], key


@pytest.mark.checklist("S0-39", "S0-40", "S0-41", "S0-42")
def test_rows_have_ids_mask_types_and_positions_of_one_length(tmp_path: Path) -> None:
    tokenizer = BertTokenizer(tiny_vocabulary(tmp_path), length=6)
    encoding = tokenizer.tokenize(["a cat", "dogs run, a cat!"])
    assert isinstance(encoding, Encoding)
    expected = {
        "input_ids": [[2, 5, 6, 3, 0, 0], [2, 7, 8, 9, 10, 3]],
        "attention_mask": [[1, 1, 1, 1, 0, 0], [1] * 6],
        "token_type_ids": [[0] * 6, [0] * 6],
        "position_ids": [list(range(6))] * 2,
    }
    assert list(encoding) == list(expected)
    assert len(encoding) == 4
    for key, values in expected.items():
        assert_close(encoding[key], np.array(values, np.int64), 0, what=key)
        assert encoding[key] is getattr(encoding, key)
    with pytest.raises(KeyError):
        encoding["ids"]


@pytest.mark.checklist("S0-41")
def test_a_pair_stands_in_one_row_with_types_and_loses_the_longer_ones_end(tmp_path: Path) -> None:
    tokenizer = BertTokenizer(tiny_vocabulary(tmp_path), length=7)
    encoding = tokenizer("a cat", "dog")
    assert encoding.input_ids.tolist() == [[2, 5, 6, 3, 7, 3, 0]]
    assert encoding.token_type_ids.tolist() == [[0, 0, 0, 0, 1, 1, 0]]
    assert tokenizer("a cat a cat a", "dog").input_ids.tolist() == [[2, 5, 6, 5, 3, 7, 3]]
    with pytest.raises(InputError, match="2 texts and 1 to pair"):
        tokenizer(["a", "cat"], ["dog"])
    with pytest.raises(InputError, match="a pair has 3 tokens at its ends alone, and length=3"):
        BertTokenizer(tiny_vocabulary(tmp_path), length=3)("a", "cat")


@pytest.mark.checklist("S0-43")
def test_a_call_is_tokenize_and_one_text_a_list_of_one(tmp_path: Path) -> None:
    tokenizer = BertTokenizer(tiny_vocabulary(tmp_path))
    for one, other in ((tokenizer("a cat"), tokenizer.tokenize(["a cat"])), (tokenizer(("a",)), tokenizer("a"))):
        assert all(np.array_equal(one[key], other[key]) for key in one)
    assert tokenizer(text for text in ["a", "cat"]).input_ids.shape == (2, 128)


@pytest.mark.checklist("S0-44")
def test_ids_come_as_tensors_of_the_framework_asked_for(backend: Any, tmp_path: Path) -> None:
    tokenizer = BertTokenizer(tiny_vocabulary(tmp_path), length=5)
    arrays = tokenizer(["a cat", "dogs"])
    for given in (backend.name, backend, "active"):
        tensors = tokenizer(["a cat", "dogs"], backend=given)
        for key in tensors:
            assert isinstance(tensors[key], backend.tensor_types)
            assert_close(tensors[key], arrays[key], 0, what=key)
    assert all(isinstance(each, np.ndarray) and each.dtype == np.int64 for each in arrays.values())
    assert backend.device_of(tokenizer("a", device="cpu").input_ids) == "cpu"
    again = arrays.to(backend).to(backend)
    assert_close(again.input_ids, arrays.input_ids, 0)


@pytest.mark.checklist("S0-44")
def test_rows_are_filled_up_to_the_longest_if_asked_and_without_a_length_nothing_is_cut(tmp_path: Path) -> None:
    path = tiny_vocabulary(tmp_path)
    texts = ["a cat", "a cat " * 100]
    assert BertTokenizer(path, length=9, padding="longest")(texts[:1]).input_ids.shape == (1, 4)
    assert BertTokenizer(path, length=9, padding="longest")(texts).input_ids.shape == (2, 9)
    assert BertTokenizer(path, length=None)(texts).input_ids.shape == (2, 202)


@pytest.mark.checklist("S0-19", "S0-38")
def test_it_is_built_from_a_config_of_any_spelling(tmp_path: Path) -> None:
    path = tiny_vocabulary(tmp_path)
    spellings = (
        {"NAME": "BertTokenizer", "VOCAB_FILE": str(path), "LENGTH": 5},
        {"NAME": "BaseBertTokenizer", "PRETRAINED_PATH": str(tmp_path), "LENGTH": 5},
        {"type": "BertTokenizer", "vocab_file": path, "length": 5},
        {"name": BertTokenizer, "pretrained_path": path, "length": 5},
    )
    for config in spellings:
        tokenizer = TOKENIZERS.build(config, "a logger")
        assert isinstance(tokenizer, BertTokenizer)
        assert tokenizer.logger == "a logger"
        assert tokenizer("a cat").input_ids.tolist() == [[2, 5, 6, 3, 0]]


@pytest.mark.checklist("S0-9", "S0-38", "S0-43")
def test_a_subclass_in_scepters_form_tokenizes(tmp_path: Path) -> None:
    from polynet.registry import Registry, temporary

    registry = Registry("TOKENIZERS", "tokenizer", scopes=("scepter",), replace=True)
    with temporary():

        @registry.register_class()
        class BaseBertTokenizer(BertTokenizer):
            def __init__(self, cfg: Any, logger: Any = None) -> None:
                super().__init__(vocab_file=cfg.VOCAB_FILE, length=5, logger=logger)

        path = tiny_vocabulary(tmp_path)
        made = registry.build({"NAME": "BaseBertTokenizer", "VOCAB_FILE": str(path)}, "a logger")
        assert type(made) is BaseBertTokenizer
        assert made.logger == "a logger"
        assert made(["dog"]).input_ids.tolist() == [[2, 7, 3, 0, 0]]


def test_capitals_and_accents_go_unless_the_vocabulary_is_cased(tmp_path: Path) -> None:
    path = tiny_vocabulary(tmp_path, (*WORDS, "Cat", "é"))
    assert BertTokenizer(path, length=4)("CAT").input_ids.tolist() == [[2, 6, 3, 0]]
    assert BertTokenizer(path, length=4, lowercase=False)("Cat").input_ids.tolist() == [[2, 12, 3, 0]]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"do_lower_case": False}), encoding="utf-8")
    cased = BertTokenizer(pretrained_path=tmp_path, length=4)
    assert cased.lowercase is False
    assert cased("é").input_ids.tolist() == [[2, 13, 3, 0]]
    assert BertTokenizer(path, length=4, lowercase=True)("Cat").input_ids.tolist() == [[2, 6, 3, 0]]


def test_ids_are_decoded_whatever_holds_them(backend: Any, real: BertTokenizer) -> None:
    encoding = real(["Hello world!", "embeddings"])
    expected = ["hello world!", "embeddings"]
    assert real.decode(encoding.input_ids) == expected
    assert real.decode(encoding.to(backend).input_ids) == expected
    assert real.decode([7592, 2088]) == "hello world"
    assert real.decode([]) == ""
    assert real.decode([101, 7592, 102], skip_special_tokens=False) == "[CLS] hello [SEP]"
    for ids in ([[1], [1, 2]], [0.5], 3, "hello"):
        with pytest.raises(InputError, match="ids are"):
            real.decode(ids)
    for ids in ([-1], [30522], [2**33]):
        with pytest.raises(InputIndexError, match=f"{ids[0]} is no token's number; they are 0 to 30521"):
            real.decode(ids)


def test_copies_tokenize_alike(tmp_path: Path) -> None:
    tokenizer = BertTokenizer(tiny_vocabulary(tmp_path), length=5)
    for made in (copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert repr(made) == "BertTokenizer(vocab_size=12, length=5)"
        assert made("a cat").input_ids.tolist() == [[2, 5, 6, 3, 0]]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ([], "was given no texts"),
        (None, "texts are a list of strings, or one, not NoneType"),
        (b"a cat", "not bytes"),
        ({"text": "a cat"}, "not dict"),
        (["a", 3], r"texts\[1\] is int 3, not a string"),
        ([("a", "b")], r"texts\[0\] is tuple .*Second texts are given as `pairs`"),
        (["a", "b \ud83d"], r"texts\[1\] is no text: it holds '\\ud83d', half of a character, at 2"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, texts: Any, message: str) -> None:
    tokenizer = BertTokenizer(tiny_vocabulary(tmp_path))
    with pytest.raises(InputError, match=message):
        tokenizer(texts)


def test_options_that_cannot_be_are_refused(tmp_path: Path) -> None:
    path = tiny_vocabulary(tmp_path)
    for options, message in (
        ({}, "needs vocab_file or pretrained_path.* neither was given"),
        ({"vocab_file": path, "pretrained_path": path}, "both was given"),
        ({"vocab_file": 3}, "vocab_file is a path, not 3"),
        ({"vocab_file": ""}, "vocab_file is a path, not ''"),
        ({"vocab_file": path, "length": 2}, "a whole number above 2, the tokens at the ends, not 2"),
        ({"vocab_file": path, "length": True}, "not True"),
        ({"vocab_file": path, "padding": "longst"}, "not 'longst'. Did you mean 'longest'"),
        ({"vocab_file": path, "clean": "lowr"}, "not 'lowr'. Did you mean 'lower'"),
    ):
        with pytest.raises(OptionError, match=message):
            BertTokenizer(**options)
    with pytest.raises(OptionError, match=r"vocab_fil.*Did you mean 'vocab_file'"):
        TOKENIZERS.build({"name": "BertTokenizer", "vocab_fil": str(path)})
    wrong: dict[str, Any] = {"vocab_fil": path}
    with pytest.raises(OptionError, match=r"unknown option 'vocab_fil'\. Did you mean 'vocab_file'"):
        BertTokenizer(**wrong)


def test_a_vocabulary_that_is_missing_or_damaged_is_refused(tmp_path: Path) -> None:
    for given, message in ((tmp_path / "none.txt", "no file or folder"), (tmp_path, "holds none of vocab.txt")):
        with pytest.raises(VocabularyNotFoundError, match=message) as caught:
            BertTokenizer(given)
        assert isinstance(caught.value, FileNotFoundError)
    for words, message in (
        (("cat",), r"lacks \[PAD\], \[UNK\]"),
        (WORDS[:3], r"lacks \[SEP\]"),
        ((*WORDS, "cat"), "line 13: 'cat' stands there twice"),
        ((*WORDS, "", "mouse"), "line 13: the line is empty"),
    ):
        with pytest.raises(VocabularyError, match=message):
            BertTokenizer(tiny_vocabulary(tmp_path, words))
    damaged = tmp_path / "damaged.txt"
    for data, message in (
        (b"[PAD]\n\xff\xfe", "no text in UTF-8"),
        (b"\x1f\x8b\x08broken", "cannot be read"),
    ):
        damaged.write_bytes(data)
        with pytest.raises(VocabularyError, match=message):
            BertTokenizer(damaged)
    (tmp_path / "tokenizer_config.json").write_text("[1", encoding="utf-8")
    with pytest.raises(VocabularyError, match=r"tokenizer_config\.json is no JSON"):
        BertTokenizer(tiny_vocabulary(tmp_path))


def test_separators_of_lines_that_are_tokens_split_none(tmp_path: Path) -> None:
    path = tiny_vocabulary(tmp_path, (*WORDS, "\u2028", "mouse"))
    assert BertTokenizer(path, length=4)("mouse").input_ids.tolist() == [[2, 13, 3, 0]]
    path.write_bytes("\r\n".join(WORDS).encode())
    assert BertTokenizer(path, length=4)("cat").input_ids.tolist() == [[2, 6, 3, 0]]


def test_one_whose_constructor_failed_can_be_shown() -> None:
    assert repr(BertTokenizer.__new__(BertTokenizer)) == "BertTokenizer(not built)"


def test_the_extra_to_install_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    path = tiny_vocabulary(tmp_path)
    monkeypatch.setitem(sys.modules, "ftfy", None)
    with pytest.raises(ImportError, match=r"needs the package ftfy.*pip install 'polynet\[text\]'"):
        BertTokenizer(path, clean="lower")
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(ImportError, match=r"need the package tokenizers.*pip install 'polynet\[text\]'"):
        BertTokenizer(path)
