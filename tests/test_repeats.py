"""Repeats of repeats, and what they carry along: worked out by hand, judged by the independent checker."""

from __future__ import annotations

import numpy as np
import pytest
from independent import broken

import symbolic_music as sm
from symbolic_music.composer import Composer
from symbolic_music.tokens.vocabulary import vocabulary

SIZE = len(vocabulary())
CASES = {
    "a rhythm of a repeat, over notes that pass": (
        "violin", 5, "2/4",
        ["Repeats(1, bars=2)", "Repeats(2, 'rhythm', bars=4)", "InKey('C major', passing='eighth', bars=4)",
         "PitchClasses('C# D#', bars=4)"],
    ),
    "held into bars where notes pass, a semitone higher": (
        "flute", 5, "2/4",
        ["Repeats((1, 2), transposed=1, bars=(3, 4))", "InKey('C major', passing='quarter', bars=4)"],
    ),
    "one line up to the seam": ("viola", 8, "3/4", ["Repeats((1, 2), transposed=-2, bars=(5, 6))", "Monophonic()"]),
    "a rhythm under other chords": (
        "piano, bass", 8, "4/4", ["Repeats((1, 2), 'rhythm', bars=(5, 6))", "Chords('Am F C G')"],
    ),
    "closing twice removed": (
        "violin, piano", 3, "3/4",
        ["Closes('C')", "Repeats(1, bars=2, transposed=2)", "Repeats(2, bars=3, transposed=2)"],
    ),
    "closing by steps": (
        "violin, piano", 3, "3/4",
        ["Closes('C')", "Leaps(5)", "Repeats(1, bars=2, transposed=2)", "Repeats(2, bars=3, transposed=-1)"],
    ),
    "over and over": ("drums, piano", 9, "4/4", ["Repeats((1, 2), bars=(3, 8))", "Density(2, 6)", "Closes('C E G')"]),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_repeats_keep_what_they_stand_under(case: str) -> None:
    instruments, bars, meter, rules = CASES[case]
    brief = sm.Brief(instruments=instruments, bars=bars, meter=meter)
    for seed in range(8):
        for engine in (sm.UniformEngine(SIZE), sm.AdversarialEngine(SIZE, np.random.default_rng(seed))):
            piece = Composer(engine, sampling=sm.Sampling(top_p=1.0)).compose(brief, seed=seed, rules=rules)
            assert broken(piece.midi, rules, brief) == []
            assert piece.report.ok
