"""The arranger: a style sheet, a key, a form and perhaps a tune; a labelled piece of music comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.files.read_midi import KEYBOARDS
from symbolic_music.score import NOTE, Part, Score, swung
from symbolic_music.theory.keys import Key
from symbolic_music.training.arranger.band import Band
from symbolic_music.training.arranger.chart import Note
from symbolic_music.training.arranger.chords import INDEX
from symbolic_music.training.arranger.feel import performed
from symbolic_music.training.arranger.lead import Lead
from symbolic_music.training.arranger.plan import Plan, Seat, planned
from symbolic_music.training.arranger.sheets import Sheet, sheet
from symbolic_music.training.groove import groove

#: Roles that the tune is louder than.
_BEHIND_THE_TUNE = ("comping", "pad", "riff", "counter")


@dataclass(frozen=True, eq=False)
class Arrangement:
    """An arranged piece.

    Attributes
    ----------
    score : Score
        With key, tempo, genre, chords and sections as they were written.
    roles : tuple of str
        What each part of the score plays, out of `sheets.ROLES`.
    offsets : array of float32, shape [2, notes]
        How many ticks each note begins and ends late: swing, the players' timing, articulation. The score itself is
        straight, as it is notated.
    """

    score: Score
    roles: tuple[str, ...]
    offsets: NDArray[np.float32]


def arrange(
    style: str | Sheet,
    *,
    key: Key | None = None,
    tempo: float | None = None,
    lead: Lead | None = None,
    rng: np.random.Generator,
) -> Arrangement:
    """A piece in a style.

    Parameters
    ----------
    style : str or Sheet
        The name of a style, or a sheet.
    key : Key, optional
        Else one that is usual in the style, or the tune's own.
    tempo : float, optional
        Quarter notes a minute; else one of the style's.
    lead : Lead, optional
        A tune with chords; else both are made by rule.
    rng : Generator
        The only source of chance: the same gives the same piece.

    Raises
    ------
    BriefError
        If the style is unknown.
    StyleError
        If it cannot be arranged, or the tune does not fit it.

    Examples
    --------
    >>> piece = arrange("rock", rng=np.random.default_rng(1))
    >>> str(piece.score.meters[0]), "drums" in piece.roles
    ('4/4', True)
    """
    style = sheet(style) if isinstance(style, str) else style
    plan = planned(style, rng, key=key, tempo=tempo, lead=lead)
    played = Band(style, plan, rng).played()
    return _written(style, plan, played, rng)


def _playable(notes: list[Note], voices: int) -> list[Note]:
    """The notes an instrument can start together, none over the next where it has one voice."""
    found: list[Note] = []
    at = 0
    while at < len(notes):
        end = at
        while end < len(notes) and notes[end].start - notes[at].start < 1:
            end += 1
        chord = sorted({n.pitch: n for n in notes[at:end]}.values(), key=lambda n: -n.pitch)
        kept = chord[:voices]
        if voices == 1 and end < len(notes):
            kept = [n._replace(duration=min(n.duration, notes[end].start - n.start)) for n in kept]
        found += sorted(kept, key=lambda n: n.pitch)
        at = end
    return found


def _written(style: Sheet, plan: Plan, played: list[tuple[Seat, list[Note]]], rng: np.random.Generator) -> Arrangement:
    """The score of what was played."""
    chart = plan.chart
    chairs: dict[int, int] = {}
    hands: dict[int, Part] = {}
    rows: list[tuple[Part, str, NDArray[Any], NDArray[np.float32]]] = []
    dynamics = _dynamics(plan)
    for seat, line in played:
        program, role = seat.instrument.program, seat.player.role
        if program in KEYBOARDS and program in hands and role in ("melody", "comping", "riff"):
            part = hands[program]
        else:
            chairs[program] = chairs.get(program, 0) + 1
            part = hands[program] = Part(program, chairs[program])
        alone = role in ("melody", "bass", "riff", "counter")
        notes = _playable(sorted(line, key=lambda n: (n.start, n.pitch)), 1 if alone else seat.instrument.voices)
        array = np.zeros(len(notes), NOTE)
        array["start"] = np.rint([n.start for n in notes])
        array["duration"] = np.maximum(np.rint([n.start + n.duration for n in notes]) - array["start"], 1)
        array["pitch"] = [n.pitch for n in notes]
        bent = swung(array, (chart.meter,), style.genre.feel, style.genre.swing)
        swing = np.zeros((2, len(array)), np.float32) if bent is None else bent
        loud = dynamics[np.minimum(array["start"] // chart.bar, chart.bars - 1)]
        if role == "drums":
            written = np.array([50, 84, 112])[[int(n.level) for n in notes]]
            array["velocity"] = np.rint(84 + plan.depth * (written - 84))
            heard = array.copy()
            heard["start"] += np.rint(swing[0]).astype(np.int32)
            heard, late = groove(plan.groove).humanised(heard, tempo=plan.tempo, meter=chart.meter, rng=rng)
            array["velocity"], offsets = heard["velocity"], np.stack([late, late])
            loud = loud * seat.player.level / 90
        else:
            level = seat.player.level
            if role == "melody":  # the tune is to be heard
                level = max([level, *(s.player.level + 6 for s, _ in played if s.player.role in _BEHIND_THE_TUNE)])
            array["velocity"], offsets = performed(notes, seat, level, plan, rng)
        array["velocity"] = np.clip(np.rint(array["velocity"] * loud), 12, 127)
        rows.append((part, role, array, offsets + swing))
    return _assembled(style, plan, rows)


def _assembled(
    style: Sheet, plan: Plan, rows: list[tuple[Part, str, NDArray[Any], NDArray[np.float32]]]
) -> Arrangement:
    """All parts in one score, no note over the next of its own pitch."""
    chart = plan.chart
    parts = sorted({part for part, *_ in rows})
    for part, _, array, _ in rows:
        array["part"] = parts.index(part)
    notes = np.concatenate([array for _, _, array, _ in rows])
    offsets = np.concatenate([offset for *_, offset in rows], axis=1)
    order = np.lexsort((notes["velocity"], notes["start"], notes["pitch"], notes["part"]))
    notes, offsets = notes[order], offsets[:, order]
    alike = (notes["part"][1:] == notes["part"][:-1]) & (notes["pitch"][1:] == notes["pitch"][:-1])
    gap = notes["start"][1:] - notes["start"][:-1]
    notes["duration"][:-1] = np.where(alike, np.minimum(notes["duration"][:-1], gap), notes["duration"][:-1])
    keep = notes["duration"] > 0
    notes, offsets = notes[keep], offsets[:, keep]
    order = np.lexsort((notes["pitch"], notes["part"], notes["start"]))
    notes, offsets = notes[order], offsets[:, order]
    end = chart.bars * chart.bar
    notes["duration"] = np.minimum(notes["duration"], end - notes["start"])
    halves = [chart.chord(bar * chart.bar + half * chart.bar / 2) for bar in range(chart.bars) for half in (0, 1)]
    labels = [chart.spans[0].kind] * plan.pickup
    labels += [span.kind for span in chart.spans for _ in range(span.bars)]
    labels += [chart.spans[-1].kind] * plan.closing
    score = Score(
        tuple(parts), (chart.meter,) * chart.bars, notes, tempo=plan.tempo, key=plan.key, genre=style.genre.name,
        chords=np.array([-1 if c is None else INDEX[c] for c in halves], np.int16).reshape(-1, 2),
        sections=tuple(labels), live=None if plan.groove == "machine" else True,
    )  # fmt: skip
    roles = {part: role for part, role, *_ in reversed(rows)}
    return Arrangement(score, tuple(roles[p] for p in parts), offsets)


def _dynamics(plan: Plan) -> NDArray[np.float64]:
    """Loudness of every bar: its section's, a little more towards the end of one before a louder, a fade at the end."""
    chart = plan.chart
    found = np.ones(chart.bars)
    for span, after in zip(chart.spans, [*chart.spans[1:], None], strict=True):
        found[span.start : span.start + span.bars] = span.level
        if after and after.level > span.level and span.bars >= 4:
            found[span.start + span.bars - 1] = (span.level + after.level) / 2
    found[: plan.pickup] = chart.spans[0].level
    if plan.closing:
        found[-plan.closing :] = chart.spans[-1].level
    if plan.end == "fade":
        length = min(8, chart.spans[-1].bars)
        found[-length:] *= np.linspace(1.0, 0.35, length)
    return found
