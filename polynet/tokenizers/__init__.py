"""Tokenizers: from texts to the numbers of their tokens, over the library `tokenizers`, imported when one is made.

All have one face: `tokenize(texts)`, which is also what a call does, gives an `Encoding` with token ids, attention
mask, token type ids and position ids, padded and truncated to one length.
"""

from __future__ import annotations

from polynet.tokenizers.bert_tokenizer import BaseBertTokenizer, BertTokenizer
from polynet.tokenizers.clip_tokenizer import ClipTokenizer, OpenClipTokenizer
from polynet.tokenizers.encoding import Encoding
from polynet.tokenizers.file_tokenizer import HuggingfaceTokenizer, Tokenizer
from polynet.tokenizers.library_tokenizer import LibraryTokenizer

__all__ = [
    "BaseBertTokenizer",
    "BertTokenizer",
    "ClipTokenizer",
    "Encoding",
    "HuggingfaceTokenizer",
    "LibraryTokenizer",
    "OpenClipTokenizer",
    "Tokenizer",
]
