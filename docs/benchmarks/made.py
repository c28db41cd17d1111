"""Scores whose truth is known because they were made so, or because somebody marked them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from symbolic_music.errors import FileError
from symbolic_music.files.read_midi import load
from symbolic_music.score import Score, sort_notes

Rows = dict[str, list[dict[str, str]]]
FORMS = (
    "AABA",
    "AABB",
    "ABAB",
    "ABAC",
    "ABACA",
    "AABAABA",
    "ABCABC",
    "ABABCB",
    "ABCB",
    "AABBA",
    "ABA",
    "ABCD",
    "ABABCAB",
)
#: Markers that name a section, less its number.
SECTION = re.compile(
    r"(re-)?(intro\w*|into\w*|(pre-?)?(verse|chorus)|interlude|bridge|break|conclusion|elision|solo|[a-f]|sabi|kansou|"
    r"[ab]mero|main\w*|main riff|riff|release/riff|build|night|day|end|fine|ending|last|tr)"
)


def pieces(corpus: Path, rows: Iterable[dict[str, str]]) -> Iterator[tuple[dict[str, str], Score]]:
    for row in rows:
        try:
            yield row, load(corpus / row["path"])
        except FileError:
            continue


def joined(cuts: list[Score], labels: list[str]) -> Score:
    """Excerpts of one piece one after the other, a label for the bars of each."""
    notes, sections, at = [], [], 0
    for cut, label in zip(cuts, labels, strict=True):
        moved = cut.notes.copy()
        moved["start"] += at
        notes.append(moved)
        sections += [label] * cut.bars
        at += int(cut.bar_starts[-1])
    meters = tuple(m for cut in cuts for m in cut.meters)
    return replace(cuts[0], meters=meters, notes=sort_notes(np.concatenate(notes)), sections=tuple(sections))


def varied(cut: Score, rng: np.random.Generator) -> Score:
    """A repetition as players play it: up to a sixth of the notes gone, an eighth changed, sometimes a part less."""
    much = float(rng.choice([0, 1, 1, 2]))
    notes = cut.notes[rng.random(len(cut.notes)) > 0.08 * much].copy()
    other = rng.random(len(notes)) < 0.06 * much
    notes["pitch"][other] = np.clip(notes["pitch"][other] + rng.choice([-12, -2, -1, 1, 2, 12], other.sum()), 28, 100)
    heard = np.unique(notes["part"])
    if much == 2 and len(heard) > 2:
        notes = notes[notes["part"] != rng.choice(heard)]
    return replace(cut, notes=notes)


def made_forms(corpus: Path, rows: Rows, count: int, seed: int) -> Iterator[tuple[Score, list[int]]]:
    """Scores put together from excerpts of a piece that share few bars, with the number of each bar's section."""
    rng = np.random.default_rng(seed)
    for source in ("polish", "mutopia", "sildra", "freedoom"):
        made, order = 0, rng.permutation(len(rows[source]))
        for _, score in pieces(corpus, (rows[source][i] for i in order)):
            if made == count // 4:
                break
            if score.bars < 40 or score.bars > 400 or len({*score.meters}) > 1:
                continue
            form = FORMS[int(rng.integers(len(FORMS)))]
            size = int(rng.choice([4, 8, 8, 12, 16]))
            blocks = rng.permutation(score.bars // size)[: len(set(form))]
            cuts = {x: score.cut(b * size, (b + 1) * size) for x, b in zip(sorted(set(form)), blocks, strict=False)}
            kinds = [{(*n,) for n in c.notes[["start", "pitch"]].tolist()} for c in cuts.values()]
            alike = [len(a & b) / max(min(len(a), len(b)), 1) for i, a in enumerate(kinds) for b in kinds[:i]]
            if len(cuts) < len(set(form)) or min(map(len, kinds)) < 4 * size or max(alike, default=0) > 0.5:
                continue
            made += 1
            played = [cuts[x] if form.index(x) == i else varied(cuts[x], rng) for i, x in enumerate(form)]
            yield joined(played, list(form)), [i for i in range(len(form)) for _ in range(size)]


def marked(path: Path) -> tuple[Score, list[int]] | None:
    """A score whose markers name at least three sections, with the number of each bar's section."""
    from symusic import Score as Midi

    file = Midi(str(path))
    score = load(path)
    found: dict[int, str] = {}
    for marker in file.markers:
        name = re.sub(r"[\d'\s-].*$", "", marker.text.strip(" []'").lower())
        if SECTION.fullmatch(name):
            bar = int(np.abs(score.bar_starts - marker.time / file.ticks_per_quarter * 24).argmin())
            found.setdefault(bar, name)
    if len(set(found.values())) < 3 or len(found) < 4:
        return None
    starts = sorted(found)
    at = np.searchsorted(starts, np.arange(score.bars), side="right") - 1
    sections = tuple(found[starts[i]] if i >= 0 else "" for i in at)
    return replace(score, sections=sections), [int(i) for i in at]


def with_pickup(score: Score, ticks: int) -> Score | None:
    """The score from some ticks before its third bar, one part alone up to there; barred from the first tick.

    None where no part has a note on that tick.
    """
    start = int(score.bar_starts[2]) - ticks
    notes = score.notes[score.notes["start"] >= start].copy()
    first = notes[notes["start"] == start]
    if not len(first):
        return None
    alone = first["part"][first["pitch"].argmax()]
    notes = notes[(notes["start"] >= start + ticks) | (notes["part"] == alone)]
    notes["start"] -= start
    bars = -(-(int(notes["start"].max()) + 1) // score.meters[0].ticks)
    return replace(score, meters=score.meters[:1] * bars, notes=notes, chords=None, sections=())
