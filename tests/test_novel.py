"""No long run of given music, even for a writer that knows nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import symbolic_music as sm
from symbolic_music.composer import Composer
from symbolic_music.rules import Closes, Density, Leaps, Lengths, Monophonic, Novel, Repeats, Rhythm, rule
from symbolic_music.rules.novel import line_of, lines
from symbolic_music.tokens.vocabulary import vocabulary

SIZE = len(vocabulary())
BRIEF = sm.Brief(instruments=["flute", "piano"], bars=6, meter="3/4", only="C D E G A")
FLUTE = 1  # parts go by program


class Copycat:
    """Likes what is written in a row best, in its order, and where it cannot go on anything at random."""

    window, vocabulary_size = 4096, SIZE

    def __init__(self, row: list[int], seed: int) -> None:
        self.row, self.rng, self.at = row, np.random.default_rng(seed), 0

    def open(self) -> Copycat:
        return self

    def restart(self) -> None: ...

    def feed(self, ids: list[int]) -> np.ndarray:
        for one in ids:
            found = [i for i in range(len(self.row)) if self.row[i] == one]
            self.at = min(found, key=lambda i: (abs(i - self.at - 1), i), default=self.at)
        logits = self.rng.random(SIZE).astype(np.float32)
        for ahead, one in enumerate(self.row[self.at + 1 : self.at + 8]):
            logits[one] = max(logits[one], 50 - ahead)
        return logits


def longest(piece: sm.Piece, known: tuple[tuple[tuple[int, int], ...], ...], part: int) -> int:
    """The most notes running that a part shares with the lines."""
    _, steps = line_of(piece.score, part)
    best = 0
    for line in known:
        run = np.zeros((len(steps) + 1, len(line) + 1), int)
        for i, mine in enumerate(steps):
            for j, theirs in enumerate(line):
                run[i + 1, j + 1] = run[i, j] + 1 if mine == theirs else 0
        best = max(best, int(run.max()))
    return best + 1 if best else 0


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("most", [3, 5])
def test_a_copycat_is_kept_from_copying(seed: int, most: int) -> None:
    composer = Composer(sm.UniformEngine(SIZE), sampling=sm.Sampling(top_p=1.0))
    rules = [Monophonic(tracks="flute"), Density(3, tracks="flute"), Lengths("eighth", tracks="flute")]
    theirs = composer.compose(BRIEF, seed=seed, rules=rules)
    known = lines([theirs.score])
    cold = sm.Sampling(temperature=0)
    row = theirs_row(theirs)
    free = Composer(Copycat(row, seed), sampling=cold).compose(BRIEF, rules=[Monophonic(tracks="flute")])
    kept = Composer(Copycat(row, seed), sampling=cold).compose(
        BRIEF, rules=[Novel(known, most=most, tracks="flute"), Monophonic(tracks="flute")]
    )
    assert longest(free, known, FLUTE) > 8
    assert longest(kept, known, FLUTE) <= most
    assert kept.report.ok
    assert next(r for r in kept.report.rows if r.asked.startswith("at most")).kept


def theirs_row(piece: sm.Piece) -> list[int]:
    """The ids of a piece."""
    from symbolic_music.tokens import layout

    return [int(i) for i in layout.write(piece.score, [])]


@given(st.integers(0, 2**32), st.integers(3, 6))
def test_tiny_worlds_leave_a_way_or_are_refused(seed: int, most: int) -> None:
    rng = np.random.default_rng(seed)
    known = [tuple((int(a), 24 * int(b)) for a, b in rng.integers(0, 3, (20, 2)) - [1, -1]) for _ in range(3)]
    brief = sm.Brief(instruments=["flute"], bars=5, meter="2/4")
    closes = Closes("C D", tracks="flute")
    rules = [Novel(known, most, tracks="flute"), rule("Range(60, 62)"), rule("Grid('quarter')"), closes]
    try:
        piece = Composer(sm.UniformEngine(SIZE), sampling=sm.Sampling(top_p=1.0)).compose(brief, seed=seed, rules=rules)
    except sm.BriefError as error:
        assert "clash" in str(error)
    else:
        assert longest(piece, tuple(known), 0) <= most


@pytest.mark.parametrize("other", [Leaps(5), Density(least=2), Repeats(1, bars=2), Rhythm("x.x.")])
def test_what_leaves_no_way_around_is_refused(other: sm.Rule) -> None:
    brief = sm.Brief(instruments=["flute"], bars=4)
    with pytest.raises(sm.BriefError, match="clash"):
        Composer(sm.UniformEngine(SIZE)).compose(brief, rules=[Novel([((2, 24),) * 9], tracks="flute"), other])


def test_reading_back() -> None:
    one = Novel([((2, 24), (-2, 12), (2, 24))], most=3, tracks="flute")
    assert rule(repr(one)) == one
    with pytest.raises(sm.BriefError, match="semitones, ticks"):
        Novel([(1, 2)])  # type: ignore[list-item]
    with pytest.raises(sm.BriefError, match="3 to 64"):
        Novel([((1, 2),)], most=1)
