"""Merges learned from rows: which events come together most often."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.tokens.merges import EVENTS, FIRST, Merges, words
from symbolic_music.tokens.vocabulary import vocabulary


def learned(rows: Iterable[NDArray[np.integer[Any]]], size: int) -> Merges:
    """The most useful merges over some rows, until there are `size` ids in all."""
    from tokenizers import Tokenizer
    from tokenizers.models import BPE
    from tokenizers.pre_tokenizers import WhitespaceSplit
    from tokenizers.trainers import BpeTrainer

    base = len(vocabulary())
    events = np.flatnonzero(np.isin(vocabulary().kind, EVENTS)).tolist()
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = WhitespaceSplit()
    trainer = BpeTrainer(
        vocab_size=size - base + len(events), initial_alphabet=[chr(FIRST + i) for i in events], show_progress=False
    )
    tokenizer.train_from_iterator((" ".join(word for _, word in words(row)) for row in rows), trainer)
    merges: Sequence[Any] = json.loads(tokenizer.to_str())["model"]["merges"]
    known = {chr(FIRST + i): i for i in events}
    pairs = []
    for one, two in merges:
        pairs.append((known[one], known[two]))
        known[one + two] = base + len(pairs) - 1
    return Merges(tuple(pairs))
