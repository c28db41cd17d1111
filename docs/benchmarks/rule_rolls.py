"""A small piano roll for every rule, of a piece that the shipped weights composed under it; the limit is marked.

python docs/benchmarks/rule_rolls.py -o docs/pictures/rules
"""

from __future__ import annotations

import argparse
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

import symbolic_music as sm
from symbolic_music.composer import Composer, brief_of
from symbolic_music.plot import COLOURS, drum_rows, roll
from symbolic_music.rules import Cadence, Chords, Novel, rule
from symbolic_music.rules.base import Scoped
from symbolic_music.rules.novel import lines
from symbolic_music.rules.texture import at_once
from symbolic_music.score import Score, sort_notes
from symbolic_music.theory.keys import scale
from symbolic_music.theory.kit import KIT
from symbolic_music.theory.meters import TICKS
from symbolic_music.theory.pitch import NAMES, pitch, pitch_classes

Mark = Callable[[Axes, Score], None]
_LIMIT, _OTHERS, _DRUMS, _PALETTE = "gold", "0.80", "0.35", 24


@dataclass(frozen=True)
class Roll:
    """A picture: what is asked, the limit, and its marks.

    `loud` draws velocities in place of pitches; `whole` draws every part in colour, whatever the rule is about;
    `novel` composes the same piece first without the limit, draws it pale and keeps away from it.
    """

    words: str
    rules: tuple[str, ...]
    marks: tuple[Mark, ...] = ()
    seed: int = 0
    loud: bool = False
    whole: bool = False
    novel: int = 0


def said(axes: Axes, x: float, text: str, *, left: bool = False) -> None:
    """Words over the roll."""
    place = axes.get_xaxis_transform()
    axes.text(x, 1.01, text, transform=place, ha="left" if left else "center", va="bottom", fontsize=8)


def stripes(classes: Iterable[int]) -> Mark:
    """Pitch classes."""

    def mark(axes: Axes, score: Score) -> None:
        for n in range(128):
            if n % 12 in classes:
                band(n, n)(axes, score)

    return mark


def band(low: str | int, high: str | int) -> Mark:
    """Everything from one pitch, or velocity, to another."""
    bottom, top = (end if isinstance(end, int) else pitch(end) for end in (low, high))

    def mark(axes: Axes, score: Score) -> None:  # noqa: ARG001
        axes.axhspan(bottom - 0.5, top + 0.5, color=_LIMIT, alpha=0.3, lw=0, zorder=0)

    return mark


def stroke(name: str) -> Mark:
    """A drum."""

    def mark(axes: Axes, score: Score) -> None:
        at = drum_rows(score)[KIT[name]]
        axes.axhspan(at - 0.85, at + 0.85, color=_LIMIT, alpha=0.3, lw=0, zorder=0)

    return mark


def bars(first: int, last: int, label: str = "") -> Mark:
    """Some bars, from 1."""

    def mark(axes: Axes, score: Score) -> None:
        start, stop = score.bar_starts[[first - 1, last]] / TICKS
        axes.axvspan(start, stop, color=_LIMIT, alpha=0.3, lw=0, zorder=0)
        said(axes, (start + stop) / 2, label)

    return mark


def grid(*ticks: int, where: Iterable[int] | None = None) -> Mark:
    """Lines at some ticks of every bar, or of those from 1 that are named."""

    def mark(axes: Axes, score: Score) -> None:
        for bar in range(score.bars) if where is None else [bar - 1 for bar in where]:
            for tick in ticks:
                axes.axvline((score.bar_starts[bar] + tick) / TICKS, color=_LIMIT, lw=1.2, zorder=0)

    return mark


def chords(asked: Chords | Cadence) -> Mark:
    """The names of chords where they start, and their tones as long as they hold."""

    def mark(axes: Axes, score: Score) -> None:
        for one in asked.stretches(score):
            step = score.meters[one.bar].step
            start, stop = ((score.bar_starts[one.bar] + at * step) / TICKS for at in (one.start, one.stop))
            said(axes, start, str(one.chord), left=True)
            for n in range(128):
                if one.chord and n % 12 in one.chord.pitch_classes:
                    axes.fill_between([start, stop], n - 0.5, n + 0.5, color=_LIMIT, alpha=0.3, lw=0, zorder=0)

    return mark


def labels(*words: str) -> Mark:
    """A word over every bar."""

    def mark(axes: Axes, score: Score) -> None:
        for start, stop, word in zip(score.bar_starts, score.bar_starts[1:], words, strict=False):
            said(axes, (start + stop) / 2 / TICKS, word)

    return mark


def counts(part: str) -> Mark:
    """The onsets of a part over every bar."""

    def mark(axes: Axes, score: Score) -> None:
        starts = np.unique(score.notes["start"][score.notes["part"] == named(score, part)])
        found = np.histogram(starts, score.bar_starts)[0]
        labels(*map(str, found))(axes, score)

    return mark


def line(first: float, last: float) -> Mark:
    """The line of a crescendo, and how far from it a note may lie."""

    def mark(axes: Axes, score: Score) -> None:
        for start, stop, middle in zip(
            score.bar_starts, score.bar_starts[1:], np.linspace(first, last, score.bars), strict=False
        ):
            axes.fill_between([start / TICKS, stop / TICKS], middle - 12, middle + 12, color=_LIMIT, alpha=0.3, lw=0)

    return mark


def steps(part: str, most: int) -> Mark:
    """How far the next note of a part may lie from each."""

    def mark(axes: Axes, score: Score) -> None:
        mine = score.notes[score.notes["part"] == named(score, part)]
        for note, following in pairwise(mine):
            span = [following["start"] / TICKS, (following["start"] + following["duration"]) / TICKS]
            axes.fill_between(
                span, note["pitch"] - most - 0.5, note["pitch"] + most + 0.5, color=_LIMIT, alpha=0.3, lw=0
            )

    return mark


def outside(classes: Iterable[int]) -> Mark:
    """Notes outside some pitch classes, in black."""

    def mark(axes: Axes, score: Score) -> None:
        for note in score.notes[~np.isin(score.notes["pitch"] % 12, list(classes))]:
            axes.barh(note["pitch"], note["duration"] / TICKS, left=note["start"] / TICKS, color="black", zorder=3)

    return mark


def edges(part: str) -> Mark:
    """A ring around the first and the last notes of a part."""

    def mark(axes: Axes, score: Score) -> None:
        mine = score.notes[score.notes["part"] == named(score, part)]
        for note in mine[(mine["start"] == mine["start"].min()) | (mine["start"] == mine["start"].max())]:
            x, y = (note["start"] + note["duration"] / 2) / TICKS, int(note["pitch"])
            axes.plot([x], [y], "o", ms=14, mfc="none", mec="goldenrod", mew=2, zorder=4)
            axes.annotate(NAMES[y % 12], (x, y), (x, y + 3), fontsize=8, ha="center")

    return mark


def voices() -> Mark:
    """The most notes that sound at once, over every bar."""

    def mark(axes: Axes, score: Score) -> None:
        found = at_once(score, list(range(score.bars)), list(range(len(score.parts))))
        labels(*(str(count) for _, count in found))(axes, score)

    return mark


def named(score: Score, part: str) -> int:
    """The part of a name."""
    return next(i for i, one in enumerate(score.parts) if one.name == part)


_HARMONIC = {2, 4, 5, 7, 9, 10, 1}
ROLLS = {
    "notes": Roll(
        "folk for flute, guitar and bass, 8 bars",
        ('PitchClasses("A B C# F# G")',),
        (stripes(pitch_classes("A B C# F# G")),),
    ),
    "scale": Roll("blues for piano, 8 bars", ('InScale("E blues")',), (stripes(scale("E blues").pitch_classes),)),
    "key": Roll(
        "classical music in D minor for violin and piano, 4 bars",
        ('InKey("D minor", "harmonic", passing="quarter")',),
        (stripes(_HARMONIC), outside(_HARMONIC)),
    ),
    "range": Roll(
        "folk for violin, guitar and bass, 8 bars",
        ('Range("C4", "G5", tracks="melody")', 'Range(high="B2", tracks="bass")'),
        (band("C4", "G5"), band("C1", "B2")),
    ),
    "polyphony": Roll("a hymn in F major for church organ, 8 bars", ("Polyphony(3)",), (voices(),)),
    "monophonic": Roll("ragtime in C major for piano, 8 bars", ("Monophonic(bars=(5, 8))",), (bars(5, 8),), seed=1),
    "chords": Roll(
        "pop for piano, bass and drums, 8 bars",
        ('Chords("Am F C G")',),
        (chords(Chords("Am F C G")), grid(0, 48)),
    ),
    "cadence": Roll(
        "a hymn in F major for church organ and cello, 6 bars",
        ('Cadence("F major")',),
        (chords(Cadence("F major")),),
    ),
    "grid": Roll("funk in E minor, 4 bars", ('Grid("eighth")',), (grid(*range(0, 96, 12)),)),
    "lengths": Roll("classical music in G major for violin and cello, 8 bars", ('Lengths(only=["quarter", "half"])',)),
    "rhythm": Roll(
        "pop in G major for piano, bass and drums, 4 bars",
        ('Rhythm("x..x..x.", tracks="bass")',),
        (grid(0, 36, 72),),
    ),
    "density": Roll(
        "folk in G major for flute and guitar, 8 bars",
        ('Density(2, 4, tracks="melody")',),
        (counts("flute"),),
    ),
    "kit": Roll(
        "rock in E minor, 4 bars",
        ('Kit("kick, snare, hat")',),
        tuple(map(stroke, ("kick", "snare", "hat"))),
    ),
    "silence": Roll("funk in E minor, 8 bars", ('Silence(tracks="drums", bars=(5, 6))',), (bars(5, 6),)),
    "enters": Roll(
        "pop in G major for flute, piano, bass and drums, 8 bars",
        ('Enters(3, tracks="drums")', 'Enters(5, tracks="flute")'),
        (bars(3, 3, "drums"), bars(5, 5, "flute")),
    ),
    "form": Roll(
        "pop in C major for piano, bass and drums, 8 bars",
        ('Form("A A B A")', 'Silence(tracks="drums", section="B")'),
        (labels("A", "A", "A", "A", "B", "B", "A", "A"), bars(5, 6)),
        whole=True,
    ),
    "repeats": Roll(
        "folk in G major for violin and piano, 8 bars",
        ("Repeats((1, 2), bars=(3, 4))", "Repeats((1, 2), bars=(5, 6), transposed=5)"),
        (bars(1, 2, "1-2"), bars(3, 4, "again"), bars(5, 6, "a fourth higher")),
    ),
    "repeats-rhythm": Roll(
        "folk for flute, 4 bars",
        ('Repeats((1, 2), bars=(3, 4), how="rhythm")',),
        (bars(1, 2, "1-2"), bars(3, 4, "the same rhythm")),
    ),
    "leaps": Roll("folk in G major for flute and guitar, 8 bars", ('Leaps("third")',), (steps("flute", 4),), seed=2),
    "contour": Roll(
        "folk in G major for flute and guitar, 8 bars",
        ('Contour("rising", bars=(1, 4))', 'Contour("falling", bars=(5, 8))'),
        (labels(*["rising"] * 4, *["falling"] * 4), bars(5, 8)),
        seed=2,
    ),
    "edges": Roll(
        "folk in D major for violin and guitar, 8 bars", ('Opens("A")', 'Closes("D")'), (edges("violin"),), seed=2
    ),
    "dynamics": Roll("a calm piano piece, 8 bars", ('Dynamics("p", "mp")',), (band(40, 71),), loud=True),
    "crescendo": Roll("a hymn for organ, 8 bars", ('Crescendo("p", "ff")',), (line(49, 112),), loud=True),
    "novel": Roll("folk in G major for flute and guitar, 8 bars", (), seed=2, novel=4),
    "frame": Roll(
        "folk in A minor for flute, guitar and bass, 7/8, 6 bars", (), (grid(*range(0, 84, 12), where=[1]),), whole=True
    ),
}


def only(score: Score, shown: set[int], *, others: bool) -> Score:
    """The parts that are shown, over the others where they are asked for."""
    kept = sorted((n for n in range(len(score.parts)) if n in shown or (others and not score.parts[n].is_drums)),
                  key=shown.__contains__)  # fmt: skip
    place = np.full(len(score.parts), -1)
    place[kept] = np.arange(len(kept))
    notes = score.notes[np.isin(score.notes["part"], kept)].copy()
    notes["part"] = place[notes["part"]]
    names = tuple(score.names[n] for n in kept) if score.names else ()
    parts = tuple(score.parts[n] for n in kept)
    return replace(score, parts=parts, names=names, notes=sort_notes(notes), chords=None, sections=())


def velocities(axes: Axes, score: Score) -> None:
    """How loud every note is."""
    axes.plot(score.notes["start"] / TICKS, score.notes["velocity"], "o", ms=3, color=COLOURS[0], zorder=2)
    edges = score.bar_starts / TICKS
    axes.vlines(edges, 0, 127, color="0.75", lw=0.6, zorder=0.5)
    axes.set_xticks(edges[:-1], map(str, range(1, score.bars + 1)), ha="left")
    axes.tick_params(length=0, labelsize=7)
    axes.set(xlim=(0, edges[-1]), ylim=(0, 127))
    axes.set_ylabel("velocity", fontsize=7)
    axes.spines[:].set_visible(False)


def draw(score: Score, picture: Roll, shown: set[int], path: Path, *, under: Score | None = None) -> None:
    """Write a picture: parts that the rule is about in colour, others pale."""
    drums = all(score.parts[number].is_drums for number in shown)
    some = only(score, shown, others=not drums and under is None)
    strip = 0 if drums else 0.25 * len(drum_rows(some))
    figure = Figure(figsize=(7.2, 2.2 + strip), dpi=100, layout="constrained")
    axes = figure.subplots()
    pale = len(some.parts) - len(shown)
    faces = [_OTHERS] * pale + [_DRUMS if part.is_drums else COLOURS[n] for n, part in enumerate(some.parts[pale:])]
    if picture.loud:
        velocities(axes, some)
    else:
        roll(some, ax=axes, colours=faces)
    if under is not None:
        mine = under.notes[np.isin(under.notes["part"], list(shown))]
        axes.barh(mine["pitch"], mine["duration"] / TICKS - 0.04, left=mine["start"] / TICKS, height=0.85, color=_LIMIT,
                  alpha=0.8, zorder=1.5)  # fmt: skip
        low, high = axes.get_ylim()
        axes.set_ylim(min(low, mine["pitch"].min() - 1.5), max(high, mine["pitch"].max() + 1.5))
    for mark in picture.marks:
        mark(axes, some)
    data = io.BytesIO()
    figure.savefig(data, format="png")
    with Image.open(data) as image:
        image.convert("RGB").quantize(_PALETTE).save(path, optimize=True)


def main() -> None:
    """Compose the pieces and draw them."""
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", "--out", type=Path, default=Path("docs/pictures/rules"))
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name, one in ROLLS.items():
        if args.names and name not in args.names:
            continue
        texts, under = one.rules, None
        if one.novel:
            under = sm.compose(one.words, seed=one.seed).score
            texts = (repr(Novel(lines([under]), most=one.novel)),)
        piece = Composer().compose(brief_of(one.words, rules=texts), seed=one.seed)
        asked = [rule(text) for text in texts]
        score = piece.score
        parts = {part for limit in asked if isinstance(limit, Scoped) for part in limit.where(score)[1]}
        draw(score, one, set(range(len(score.parts))) if one.whole else parts, args.out / f"{name}.png", under=under)
        print(name, [(row.asked, row.realised, row.kept) for row in piece.report.rows if row.wish == "rule"])


if __name__ == "__main__":
    main()
