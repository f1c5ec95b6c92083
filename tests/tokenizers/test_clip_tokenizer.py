from __future__ import annotations

import gzip
import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polynet.errors import OptionError, VocabularyError, VocabularyNotFoundError
from polynet.registry import TOKENIZERS
from polynet.tokenizers import ClipTokenizer, OpenClipTokenizer
from tests.compare import assert_close
from tests.tokenizers.vocabularies import MERGES, tiny_merges

pytest.importorskip("tokenizers")
pytest.importorskip("ftfy")

CAT, DOG, START, END = 513, 515, 516, 517
"""What the tiny list joins follows 256 bytes and 256 bytes at a word's end: ca, cat, do, dog."""
A = 64 + 256
"""The letter a is byte 97, the 64th that can be printed, and here at a word's end."""


@pytest.mark.checklist("S0-39", "S0-40", "S0-42", "S0-44")
def test_bytes_are_joined_in_the_lists_order_between_two_marks(tmp_path: Path) -> None:
    tokenizer = ClipTokenizer(merges_file=tiny_merges(tmp_path, MERGES[:5]), length=6)
    assert (tokenizer.vocab_size, tokenizer.pad_id, tokenizer.cls_id, tokenizer.sep_id) == (518, END, START, END)
    encoding = tokenizer(["a CAT", "dog cat a a a a"])
    assert_close(encoding.input_ids, np.array([[START, A, CAT, END, END, END], [START, DOG, CAT, A, A, END]]), 0)
    assert_close(encoding.attention_mask, np.array([[1, 1, 1, 1, 0, 0], [1] * 6]), 0)
    assert_close(encoding.token_type_ids, np.zeros((2, 6), np.int64), 0)
    assert_close(encoding.position_ids, np.array([np.arange(6)] * 2), 0)
    assert tokenizer.tokens("cat's") == ["cat</w>", "'", "s</w>"]


def test_the_default_length_is_scepters() -> None:
    import inspect

    assert inspect.signature(ClipTokenizer).parameters["length"].default == 77
    assert inspect.signature(OpenClipTokenizer).parameters["length"].default == 77


@pytest.mark.checklist("S0-19", "S0-38", "S0-44")
def test_it_is_built_from_a_config_and_gives_tensors(backend: Any, tmp_path: Path) -> None:
    path = tiny_merges(tmp_path, MERGES[:5])
    config = {"NAME": "ClipTokenizer", "PRETRAINED_PATH": str(path), "LENGTH": 5, "CLEAN": "canonicalize"}
    tokenizer = TOKENIZERS.build(config, "a logger")
    assert isinstance(tokenizer, ClipTokenizer)
    assert (tokenizer.logger, tokenizer.clean) == ("a logger", "canonicalize")
    tensors = tokenizer("A_cat!", backend="active")
    assert isinstance(tensors.input_ids, backend.tensor_types)
    assert_close(tensors.input_ids, np.array([[START, A, CAT, END, END]]), 0)


@pytest.mark.parametrize(
    ("clean", "expected"),
    [
        (None, "a &lt; catâ€™s_dog"),
        ("whitespace", "A < CAT's_dog"),
        ("lower", "a < cat's_dog"),
        ("canonicalize", "a cats dog"),
    ],
)
def test_texts_are_cleaned_as_asked(tmp_path: Path, clean: str | None, expected: str) -> None:
    path = tiny_merges(tmp_path)
    text = "A  &lt; CATâ€™s_dog "
    made = OpenClipTokenizer(merges_file=path, clean=clean, length=None)
    plain = OpenClipTokenizer(merges_file=path, clean=None, length=None)
    wanted = "A &lt; CATâ€™s_dog" if clean is None else expected
    assert made(text).input_ids.tolist() == plain(wanted).input_ids.tolist()
    # ClipTokenizer ignores case of itself.
    assert ClipTokenizer(merges_file=path, clean=clean).tokens(text) == plain.tokens(expected.lower())


@pytest.mark.checklist("S0-38")
def test_files_are_found_in_every_form(tmp_path: Path) -> None:
    plain = tiny_merges(tmp_path, MERGES[:5])
    packed = tmp_path / "bpe_simple_vocab_16e6.txt.gz"
    packed.write_bytes(gzip.compress(('"bpe_simple_vocab_16e6.txt' + plain.read_text(encoding="utf-8")).encode()))
    first = ClipTokenizer(plain, length=6)
    folders = {name: tmp_path / name for name in ("whole", "pairs", "packed")}
    for folder in folders.values():
        folder.mkdir()
    first.library_tokenizer.save(str(folders["whole"] / "tokenizer.json"))
    tiny_merges(folders["pairs"], MERGES[:5])
    numbers = first.library_tokenizer.get_vocab()
    shifted = {token: (number + 7) % len(numbers) for token, number in numbers.items()}
    (folders["pairs"] / "vocab.json").write_text(json.dumps(shifted), encoding="utf-8")
    (folders["packed"] / packed.name).write_bytes(packed.read_bytes())
    expected = [[START, A, CAT, END, END, END]]
    for given in (plain, packed, folders["whole"], folders["whole"] / "tokenizer.json", folders["packed"]):
        assert ClipTokenizer(given, length=6)("a cat").input_ids.tolist() == expected
    moved = [[(each + 7) % len(numbers) for each in expected[0]]]
    assert ClipTokenizer(folders["pairs"], length=6)("a cat").input_ids.tolist() == moved
    with_numbers = ClipTokenizer(merges_file=plain, vocab_file=folders["pairs"] / "vocab.json", length=6)
    assert with_numbers("a cat").input_ids.tolist() == moved


def test_a_text_is_decoded_up_to_its_end(tmp_path: Path) -> None:
    path = tiny_merges(tmp_path)
    for kind in (ClipTokenizer, OpenClipTokenizer):
        tokenizer = kind(merges_file=path, length=16)
        assert tokenizer.decode(tokenizer(["a cat", "naïve dog"]).input_ids) == ["a cat", "naïve dog"]
    assert OpenClipTokenizer(merges_file=path, length=5)("a").input_ids[0, 3:].tolist() == [0, 0]


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    path = tiny_merges(tmp_path)
    for options, message in (
        ({}, "neither was given"),
        ({"pretrained_path": path, "merges_file": path}, "both was given"),
        ({"pretrained_path": path, "vocab_file": path}, "vocab_file goes with merges_file"),
        ({"merges_file": path, "pad_token": "<none>"}, "the pad token '<none>' is no token"),
        ({"merges_file": path, "clean": "spaces"}, "clean is None, whitespace, lower or canonicalize"),
    ):
        with pytest.raises(OptionError, match=message):
            ClipTokenizer(**options)
    (tmp_path / "empty").mkdir()
    with pytest.raises(VocabularyNotFoundError, match=r"holds none of tokenizer\.json, merges\.txt"):
        ClipTokenizer(tmp_path / "empty")
    for lines, message in (
        (("c a", "cat"), "line 2: 'cat' is no pair"),
        (("c a", "", "ca t"), "line 2: '' is no pair"),
        (("ca t",), "but 'ca' is no token"),
    ):
        with pytest.raises(VocabularyError, match=message):
            ClipTokenizer(merges_file=tiny_merges(tmp_path, lines, "wrong.txt"))
    for numbers, message in (
        ({"a": "1"}, "gives the token 'a' the number '1'"),
        ({"a": 1}, r"lacks <\|startoftext\|>, <\|endoftext\|>"),
        ({"a": 1, "<|startoftext|>": 2, "<|endoftext|>": 3}, "joins 'c' and 'a', but 'c' is no token"),
        ([1], "holds a list; a mapping is needed"),
    ):
        (tmp_path / "wrong.json").write_text(json.dumps(numbers), encoding="utf-8")
        with pytest.raises(VocabularyError, match=message):
            ClipTokenizer(merges_file=path, vocab_file=tmp_path / "wrong.json")


@pytest.fixture(scope="module")
def openai() -> Path:
    """OpenAI's list of pairs, of which open_clip_torch's wheel has a copy."""
    found = importlib.util.find_spec("open_clip")
    if found is None or found.origin is None:
        pytest.skip("reads open_clip's file, and open_clip_torch is not installed")
    return Path(found.origin).parent / "bpe_simple_vocab_16e6.txt.gz"


def test_ids_are_clips(openai: Path) -> None:
    tokenizer = ClipTokenizer(openai)
    assert tokenizer.vocab_size == 49408
    ids = tokenizer("a photo of a cat").input_ids
    assert ids.tolist() == [[49406, 320, 1125, 539, 320, 2368, *[49407] * 71]]
    assert OpenClipTokenizer(openai)("Hello, World! It's 2026.").input_ids[0, :14].tolist() == [
        *(49406, 3306, 267, 1002, 256, 585, 568, 273, 271, 273, 277, 269, 49407, 0),
    ]
