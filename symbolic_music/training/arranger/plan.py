"""What is decided before a note is played: key, tempo, band, form, chords."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from symbolic_music.errors import StyleError
from symbolic_music.theory.chords import Chord
from symbolic_music.theory.instruments import CHAIRS, Instrument
from symbolic_music.theory.keys import Key, Scale, scales
from symbolic_music.theory.pitch import pitch_class
from symbolic_music.training.arranger.chart import Chart, Span
from symbolic_music.training.arranger.lead import Lead
from symbolic_music.training.arranger.sheets import Player, Progression, Sheet, progressions

_T = TypeVar("_T")
#: The share of pieces that are programmed: exact, with few loudnesses, as many files of bands are.
PROGRAMMED = 0.35
#: Which section kinds may take over the chords of another, so that an intro sounds like its song.
_BORROWS = {
    "intro": ("verse", "A", "chorus"),
    "outro": ("chorus", "A", "verse"),
    "solo": ("verse", "A"),
    "interlude": ("intro",),
}


@dataclass(frozen=True)
class Seat:
    """A player of the piece: instrument, and the range that player and instrument share."""

    player: Player
    instrument: Instrument
    low: int
    high: int


@dataclass(frozen=True)
class Plan:
    """All decisions.

    Attributes
    ----------
    start, end : str
        How the piece begins and closes, out of `STARTS` and `ENDS`.
    pickup, closing : int
        Bars before the first section, with a drum fill or the tune's upbeat, and after the last one, with the closing
        chord.
    groove : str
        The style's drum feel, or "machine" where the piece is programmed rather than played.
    depth : float
        How much of the written accents is played: 1 all, 0 none.
    lead : Lead or None
        The lead sheet in the piece's meter and key.
    themes : mapping of int to int
        For sections over a lead sheet's chords, by their first bar: the bar of the tune they begin at.
    """

    chart: Chart
    seats: tuple[Seat, ...]
    tempo: float
    key: Key
    start: str
    end: str
    pickup: int
    closing: int
    groove: str
    depth: float
    lead: Lead | None
    themes: Mapping[int, int]


def pick(items: Sequence[_T], rng: np.random.Generator, weights: Sequence[float] | None = None) -> _T:
    """One item at random."""
    if weights is None:
        return items[int(rng.integers(len(items)))]
    odds = np.array(weights, float)
    return items[int(rng.choice(len(items), p=odds / odds.sum()))]


def cast(sheet: Sheet, rng: np.random.Generator, *, sung: bool = False) -> tuple[Seat, ...]:
    """Who plays what; the first instrument of a list twice as often as any other.

    Somebody plays in every section; where there is a tune to sing, a melody in all that have one.
    """
    here = {player.name for player in sheet.band if rng.random() < player.share}
    for section in sheet.sections.values():
        playing = [p for p in sheet.band if p.name in section.players]
        for able in (
            [p.name for p in playing if p.role != "counter"],
            [p.name for p in playing if p.role == "melody" and sung],
        ):
            if not here.intersection(able):
                here.update(able[:1])
    seats: list[Seat] = []
    taken: dict[int, int] = {}
    for player in sheet.band:
        if player.name not in here:
            continue
        free = [i for i in player.play if taken.get(i.program, 0) < (1 if i.program < 0 else CHAIRS)]
        if not free:
            continue
        one = pick(free, rng, [2.0 if i is player.play[0] else 1.0 for i in free])
        taken[one.program] = taken.get(one.program, 0) + 1
        seats.append(Seat(player, one, max(player.low, one.low), min(player.high, one.high)))
    return tuple(seats)


def tempo_of(sheet: Sheet, rng: np.random.Generator) -> float:
    """A tempo of the style, mostly near its usual one."""
    low, usual, high = sheet.genre.tempo
    return float(round(usual if low == high else rng.triangular(low, usual, high)))


def _third(mode: str) -> str:
    """Whether a mode is major or minor."""
    return Scale("C", mode).key.mode


def key_of(sheet: Sheet, key: Key | None, rng: np.random.Generator) -> tuple[int, str]:
    """A tonic and a mode of the style; an asked key leaves the modes of its own third."""
    modes = sheet.genre.modes
    if key is not None:
        fits = {m: w for m, w in modes.items() if _third(m) == key.mode}
        if not fits:
            raise StyleError(
                f"{sheet.genre} in {key}: the style has no {key.mode} mode", hint=f"its modes: {', '.join(modes)}"
            )
        return key.root, pick(list(fits), rng, list(fits.values()))
    mode = pick(list(modes), rng, list(modes.values()))
    usual = sheet.genre.keys
    flats = [Scale(name, mode).key.fifths for name in usual]
    odds = [1 / (i + 1.5) / (1 + max(0, abs(f) - 4)) for i, f in enumerate(flats)]
    return pitch_class(pick(usual, rng, odds)), mode


def _progression(
    sheet: Sheet, mode: str, kind: str, bars: int, known: dict[str, Progression], rng: np.random.Generator
) -> Progression:
    if kind not in known:
        fits = progressions(sheet, mode, kind)
        borrowed = [known[k] for k in _BORROWS.get(kind, ()) if k in known and known[k] in fits]
        if borrowed and rng.random() < 0.6:
            known[kind] = borrowed[0]
        else:
            used = {id(p) for p in known.values()}
            weights = [
                p.weight * (6.0 if bars % len(p.bars) == 0 else 0.1) * (0.4 if id(p) in used else 1.0)
                * (3.0 if p.sections else 1.0)
                for p in fits
            ]  # fmt: skip
            known[kind] = pick(fits, rng, weights)
    return known[kind]


def _spans(sheet: Sheet, plan: Sequence[tuple[str, int]], first: int) -> list[Span]:
    spans = []
    for kind, bars in plan:
        section = sheet.sections[kind]
        spans.append(Span(kind, first, bars, section.level, section.players))
        first += bars
    return spans


def planned(
    sheet: Sheet,
    rng: np.random.Generator,
    *,
    key: Key | None = None,
    tempo: float | None = None,
    lead: Lead | None = None,
) -> Plan:
    """All decisions for one piece.

    Raises
    ------
    StyleError
        If the key or the lead sheet does not fit the style.
    """
    meter = sheet.genre.meter
    start, end = pick(sheet.start, rng), pick(sheet.end, rng)
    seats = cast(sheet, rng, sung=lead is not None)
    form = pick(sheet.forms, rng, [f.weight for f in sheet.forms]).plan
    themes: dict[int, int] = {}
    if lead is None:
        tonic, mode = key_of(sheet, key, rng)
        start, pickup = _started(sheet, start, form[0][0], seats)
        spans = _spans(sheet, form, pickup)
        chords = _chords(sheet, mode, tonic, spans, rng)
    else:
        if key is not None and key.mode != lead.key.mode:
            raise StyleError(f"{lead.title} is in {lead.key}, {key} is asked", hint=f"ask for a {lead.key.mode} key")
        lead = lead.in_meter(meter).moved((key.root - lead.key.root) if key else 0)
        tonic, mode = lead.key.root, lead.key.mode
        own_mode = any(_third(m) == mode for m in sheet.genre.modes)
        plan, at = lead.form(sheet, form if own_mode else ())  # no major intro to a minor tune
        start, pickup = _started(sheet, start, plan[0][0], seats)
        pickup = max(pickup, lead.first if 0 in at else 0)
        spans = _spans(sheet, plan, pickup)
        themes = {spans[i].start: begin for i, begin in at.items()}
        own = _chords(sheet, _near_mode(sheet, lead.key), tonic, spans, rng)
        chords = []
        for span in spans:
            begin, here = themes.get(span.start), span.start - pickup
            chords += own[here : here + span.bars] if begin is None else lead.chords[begin : begin + span.bars]
    chords = [(None,) * meter.beats] * pickup + chords
    home = _home(chords, tonic, mode)
    last = spans[-1]
    if end == "tag" and last.bars >= 4:
        spans.append(replace(last, start=last.start + last.bars, bars=2))
        chords += chords[-2:]
        if last.start in themes:
            themes[spans[-1].start] = themes[last.start] + last.bars - 2
    closing = 0 if end == "fade" else 1
    chords += [(home,) * meter.beats] * closing
    chart = Chart(meter, tonic, mode, tuple(spans), tuple(c for bar in chords for c in bar))
    name = Key.of(tonic, _third(mode))
    tempo = tempo or tempo_of(sheet, rng)
    groove = "machine" if rng.random() < PROGRAMMED else sheet.genre.groove
    depth = float(rng.uniform(0.1, 0.5) if groove == "machine" else rng.uniform(0.45, 1.0))
    return Plan(chart, seats, tempo, name, start, end, pickup, closing, groove, depth, lead, themes)


def _started(sheet: Sheet, start: str, first: str, seats: tuple[Seat, ...]) -> tuple[str, int]:
    """How the piece starts, and the bars before its first section: a drum fill needs drums that play there."""
    drums = any(s.player.role == "drums" and s.player.name in sheet.sections[first].players for s in seats)
    return ("all", 0) if start == "pickup" and not drums else (start, int(start == "pickup"))


def _chords(
    sheet: Sheet, mode: str, tonic: int, spans: list[Span], rng: np.random.Generator
) -> list[tuple[Chord | None, ...]]:
    known: dict[str, Progression] = {}
    order = sorted(spans, key=lambda s: s.kind in _BORROWS)  # songs before their intros
    for span in order:
        _progression(sheet, mode, span.kind, span.bars, known, rng)
    return [
        tuple(d.on(tonic) for d in known[span.kind].bars[i % len(known[span.kind].bars)])
        for span in spans
        for i in range(span.bars)
    ]


def _near_mode(sheet: Sheet, key: Key) -> str:
    """The style's mode nearest to a key."""
    wanted = set(scales()[key.mode])
    return max(sheet.genre.modes, key=lambda m: (len(wanted & set(scales()[m])), sheet.genre.modes[m]))


def _home(chords: Sequence[tuple[Chord | None, ...]], tonic: int, mode: str) -> Chord:
    """The tonic chord as the piece has it most often, but no dominant seventh unless it is a blues."""
    heard = [c for bar in chords for c in bar if c is not None and c.root == tonic]
    if heard:
        best = max(set(heard), key=lambda c: (heard.count(c), c.quality))
        if best.quality not in ("sus2", "sus4", "dim", "aug", "hdim7", "dim7"):
            return best
    return Chord(tonic, "maj" if 4 in scales()[mode] else "min")
