"""Drum feel: where drummers of a style play early or late, loud or soft, and drum parts played that way.

`grooves.toml` is measured from the Groove MIDI Dataset (J. Gillick, A. Roberts, J. Engel, D. Eck and D. Bamman,
"Learning to Groove with Inverse Sequence Transformations", ICML 2019, CC BY 4.0), 1,093 performances to a click on an
electronic kit. Made again by

    python -m symbolic_music.training.groove_table CORPUS

where CORPUS is a folder with the data set in `groove`.

Timing is modelled as the mean of a kit voice at a position in the bar, plus a drift that all limbs share and that
decays from beat to beat, plus noise of each stroke; loudness the same way, with a drift for each voice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError, nearest
from symbolic_music.theory.meters import TICKS, Meter, meter

Matrix = NDArray[np.float64]

TABLE = Path(__file__).parent / "grooves.toml"
#: The classes of kit pieces that are kept apart, and the General MIDI pitches of each.
VOICES = {
    "kick": (35, 36), "snare": (38, 40), "side stick": (37,), "closed hat": (42,), "open hat": (46,),
    "pedal hat": (44,), "ride": (51, 53, 59), "crash": (49, 52, 55, 57), "toms": (41, 43, 45, 47, 48, 50),
}  # fmt: skip
#: Pieces that the data set does not hold, played like a class that has a like part.
_LIKE = {
    "snare": (39,), "side stick": (31, 33, 34, 56, 67, 68, *range(73, 82)),
    "toms": (*range(60, 67), 27, 28, 29, 30),
}  # fmt: skip
SNARE, TOMS = 1, 8
#: How loud patterns write soft and usual strokes, and the velocities from which a stroke is usual, is accented.
WRITTEN_SOFT, WRITTEN_USUAL = 50, 84
USUAL, ACCENT = 67, 98
#: Positions a quarter note: sixteenths, or triplet eighths where eighths swing.
STRAIGHT, SWUNG = 4, 3
#: The shortest step in ticks, and the share of it, or of the way to the next stroke, that a stroke may be off.
_STEP, _REACH = TICKS // 4, 0.45


def _classes(extra: Mapping[str, tuple[int, ...]], rest: int) -> NDArray[np.int64]:
    found = np.full(128, rest)
    for i, (name, pitches) in enumerate(VOICES.items()):
        found[[*pitches, *extra.get(name, ())]] = i
    return found


#: The class of each pitch, -1 for none; and the one that is nearest in playing, time-keeping where nothing else fits.
VOICE_OF, _NEAREST = _classes({}, -1), _classes(_LIKE, 3)


@dataclass(frozen=True, eq=False)
class Template:
    """What a style's drummers play in a bar; every array has the shape [voices, positions] but `ghosts`.

    Attributes
    ----------
    bars : int
        Bars measured.
    steps : int
        Positions a quarter note.
    onsets : array
        In how many bars of a hundred the voice is struck there.
    velocity, spread : array
        Mean of the velocities and their standard deviation within one performance; of the snare's loud strokes alone.
    offset, jitter : array
        Mean milliseconds after the grid, and their standard deviation within one performance. The grid is that of the
        performance: its own mean on the beats and its own swing are taken off.
    ghosts : array of shape [positions]
        How many of a hundred snare strokes there are ghost notes.
    """

    bars: int
    steps: int
    onsets: Matrix
    velocity: Matrix
    spread: Matrix
    offset: Matrix
    jitter: Matrix
    ghosts: Matrix

    @property
    def stress(self) -> Matrix:
        """How much louder a voice is at a position than on average, shape [voices, positions]."""
        weights = self.onsets + 0.01
        return self.velocity - (weights * self.velocity).sum(1, keepdims=True) / weights.sum(1, keepdims=True)


@dataclass(frozen=True, eq=False)
class Groove:
    """The drum feel of a style.

    Attributes
    ----------
    name : str
    performances, bars : int
        How much was measured.
    swung : int
        Performances of a hundred whose eighths swing.
    swing, sixteenths : int
        Of a hundred: the share of a pair of eighths that the first takes in those, and of a pair of sixteenths in the
        others.
    ahead : int
        Milliseconds that performances are before the click on the beat, on average. It holds the delay of the
        equipment, so `humanised` does not play it.
    ghosts : tuple of int
        Mean velocity of the snare's ghost notes, their standard deviation, mean velocity of its other strokes.
    drift, swell : tuple of int
        Of a hundred: the share of the timing's variance that simultaneous strokes have in common, and what is left of
        it a quarter note later; the same for the velocities of one voice.
    fill : tuple of int
        What snare and toms gain in velocity from the start of a fill to its end; how much louder they are in fills on
        the beat, half way through it, elsewhere.
    templates : mapping of str to Template
        By meter and feel, such as "4/4 straight".
    """

    name: str
    performances: int
    bars: int
    swung: int
    swing: int
    sixteenths: int
    ahead: int
    ghosts: tuple[int, ...]
    drift: tuple[int, ...]
    swell: tuple[int, ...]
    fill: tuple[int, ...]
    templates: Mapping[str, Template]

    def template(self, bar: Meter | str = "4/4", *, swung: bool = False) -> Template:
        """The template for a meter and feel; where the style has none, the one of all styles, then that of 4/4.

        >>> groove("jazz").template("3/4", swung=True).onsets.shape
        (9, 9)
        """
        known = {**groove("").templates, **self.templates}
        feel = "swung" if swung else "straight"
        return known.get(f"{meter(bar)} {feel}") or known[f"4/4 {feel}"]

    def humanised(
        self,
        notes: NDArray[Any],
        *,
        tempo: float,
        rng: np.random.Generator,
        meter: Meter | str = "4/4",
        fills: Iterable[tuple[int, int]] = (),
    ) -> tuple[NDArray[Any], NDArray[np.float32]]:
        """A drum part as a player of the style would strike it.

        Velocities go round the written ones: on average each voice is as loud as its pattern says, since levels
        between voices are a setting of the kit (the median of the kick is 31 for one drummer, 123 for another). What
        is measured is how a voice's strokes differ from position to position and from bar to bar. Ghost notes of the
        snare come down to the measured level. Within a voice, every accented stroke (98 and up) stays louder than
        every usual one, and those louder than every soft one (66 and below).

        Parameters
        ----------
        notes : array of `NOTE`, shape [n]
            Start in ticks from the start of a bar, swung where the style swings; General MIDI pitches; velocity as
            patterns write it (50 soft, 84 usual, 112 accented), before the dynamics of sections.
        tempo : float
            Quarter notes a minute.
        rng : numpy Generator
        meter : Meter or str
            The meter of all its bars.
        fills : iterable of (start, end) in ticks
            Where fills are: snare and toms follow the style's fills there.

        Returns
        -------
        notes : array of `NOTE`, shape [n]
            The same with other velocities, in the same order.
        offsets : array of float32, shape [n]
            Ticks to play later (earlier where negative): at most 0.45 of a sixteenth or of the way to the next stroke,
            and never before 0.

        Raises
        ------
        BriefError
            If the tempo is not positive.

        Examples
        --------
        >>> from symbolic_music.score import NOTE
        >>> beat = [(t, 6, p, 84, 0) for t in range(0, 96, 12) for p in ([42, 36] if t % 48 == 0 else [42])]
        >>> notes, offsets = groove("funk").humanised(np.array(beat, NOTE), tempo=96, rng=np.random.default_rng(1))
        >>> len(set(notes["velocity"])) > 5, bool(np.abs(offsets).max() < 2.7)
        (True, True)
        """
        if not tempo > 0:
            raise BriefError(f"tempo {tempo} is not positive", hint="quarter notes a minute, such as 120")
        played = notes.copy()
        if not len(notes):
            return played, np.zeros(0, np.float32)
        template, slot = self._place(notes, meter)
        voice = _NEAREST[np.clip(notes["pitch"], 0, 127)]
        times, when = np.unique(notes["start"], return_inverse=True)

        own = rng.standard_normal((2, len(notes)))
        common = drifting(times, self.drift[1], rng)[when]
        noise = np.sqrt(self.drift[0] / 100) * common + np.sqrt(1 - self.drift[0] / 100) * own[0]
        late = (template.offset[voice, slot] + template.jitter[voice, slot] * noise) / 1000 * tempo / 60 * TICKS
        gap = np.diff(times, prepend=times[0] - _STEP, append=times[-1] + _STEP)
        room = _REACH * np.minimum(_STEP, np.minimum(gap[:-1], gap[1:]))[when]
        offsets = np.maximum(np.clip(late, -room, room), -notes["start"])

        common = np.empty(len(notes))
        for v in np.unique(voice):
            strokes, which = np.unique(notes["start"][voice == v], return_inverse=True)
            common[voice == v] = drifting(strokes, self.swell[1], rng)[which]
        noise = np.sqrt(self.swell[0] / 100) * common + np.sqrt(1 - self.swell[0] / 100) * own[1]
        level = notes["velocity"].astype(float)
        ghost = (voice == SNARE) & (level < USUAL)
        _, alike, size = np.unique(voice * 3 + _kind(level), return_inverse=True, return_counts=True)
        stress = template.stress[voice, slot]
        stress = stress - (np.bincount(alike, stress) / size)[alike]
        for start, end in fills:
            inside = (notes["start"] >= start) & (notes["start"] < end) & np.isin(voice, (SNARE, TOMS))
            part = np.where(notes["start"] % TICKS == 0, 1, np.where(notes["start"] % (TICKS // 2) == 0, 2, 3))
            rise = self.fill[0] * ((notes["start"] - start) / max(end - start, 1) - 0.5)
            stress = np.where(inside, rise + np.array(self.fill)[part], stress)
        soft, loud = self.ghosts[0], self.ghosts[2]
        level = np.where(ghost, level * soft / loud * WRITTEN_USUAL / WRITTEN_SOFT, level)
        spread = np.where(ghost, self.ghosts[1] * WRITTEN_USUAL / loud, template.spread[voice, slot])
        played["velocity"] = _within(level, stress + spread * noise, notes["velocity"], voice)
        return played, offsets.astype(np.float32)

    def _place(self, notes: NDArray[Any], bar: Meter | str) -> tuple[Template, NDArray[np.int64]]:
        """The template, and the position in it of each note: that of the nearest part of the beat."""
        bar = meter(bar)
        tick = notes["start"] % bar.ticks
        if bar.unit == 8 and bar.beats % 3 == 0 and f"{bar} straight" not in self.templates:  # eighths as triplets
            tick, template = tick * 2 / 3, self.template(swung=True)
        else:
            template = self.template(bar, swung=bar.unit == 4 and is_swung(notes))
        return template, np.round(tick * template.steps / TICKS).astype(np.int64) % template.onsets.shape[1]


def drifting(times: NDArray[Any], keep: int, rng: np.random.Generator) -> Matrix:
    """A first-order process of variance 1 at rising ticks, of which `keep` of a hundred is left a quarter later."""
    steps = rng.standard_normal(len(times))
    kept = (keep / 100) ** (np.diff(times) / TICKS)
    for i, k in enumerate(kept, 1):
        steps[i] = k * steps[i - 1] + np.sqrt(1 - k * k) * steps[i]
    return steps


def _kind(velocity: NDArray[Any]) -> NDArray[np.int64]:
    """0 for a soft stroke, 1 for a usual one, 2 for an accented one."""
    return np.digitize(velocity, (USUAL, ACCENT))


def _within(level: Matrix, change: Matrix, written: NDArray[Any], voice: NDArray[Any]) -> NDArray[np.int16]:
    """Velocities `level` + `change`, bent smoothly into what the other written levels of the voice leave."""
    kind = _kind(written)
    low, high = np.ones(len(level)), np.full(len(level), 127.0)
    for v in np.unique(voice):
        for k, edge in ((0, USUAL), (1, ACCENT)):
            below, above = (voice == v) & (kind <= k), (voice == v) & (kind > k)
            if below.any() and above.any():
                high[below] = np.minimum(high[below], edge - 1)
                low[above] = np.maximum(low[above], edge)
    level = np.clip(level, low, high)
    room = np.maximum(np.where(change > 0, high - level, level - low), 0.5)
    return np.clip(np.round(level + room * np.tanh(change / room)), low, high).astype(np.int16)


def is_swung(notes: NDArray[Any]) -> bool:
    """Whether the eighths of a part swing: strokes late in the beat outnumber those on even sixteenths.

    >>> from symbolic_music.score import NOTE
    >>> is_swung(np.array([(t, 6, 51, 84, 0) for t in (0, 24, 40, 48, 72, 88)], NOTE))
    True
    """
    beat = notes["start"] % TICKS
    late = (beat > TICKS // 2) & (beat < TICKS * 3 // 4)
    return bool(late.sum() > np.isin(beat, (_STEP, 2 * _STEP, 3 * _STEP)).sum())


def parsed(name: str, row: Mapping[str, Any]) -> Groove:
    """A groove from its table in `grooves.toml`."""
    plain: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in row.items() if not isinstance(v, dict)
    }
    templates = {}
    for key, table in row.items():
        if isinstance(table, dict):
            arrays = {k: np.array(v, np.float64) for k, v in table.items() if k != "bars"}
            templates[key] = Template(table["bars"], SWUNG if key.endswith("swung") else STRAIGHT, **arrays)
    return Groove(name=name, templates=templates, **plain)


@cache
def _table() -> dict[str, Groove]:
    found = {name: parsed(name, row) for name, row in tomllib.loads(TABLE.read_text("utf-8")).items()}
    exact = {
        key: replace(t, offset=0 * t.offset, jitter=0 * t.jitter, velocity=t.velocity / 4, spread=t.spread / 4)
        for key, t in found["neutral"].templates.items()
    }
    soft, spread, loud = found["neutral"].ghosts
    found["machine"] = replace(found["neutral"], name="machine", ghosts=(soft, spread // 4, loud), templates=exact)
    return found


def names() -> tuple[str, ...]:
    """Every groove: the measured styles, "neutral" (all of them), "machine" (exact, a quarter of their dynamics).

    >>> "afro-cuban" in names()
    True
    """
    return tuple(_table())


@cache
def groove(name: str) -> Groove:
    """The drum feel of a style; "" for the neutral one.

    Raises
    ------
    BriefError
        If there is none of that name.

    Examples
    --------
    >>> groove("Hip Hop").performances
    33
    >>> groove("rok")
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: no groove 'rok': did you mean rock?
    """
    wanted = "-".join(str(name).lower().split()) or "neutral"
    if wanted not in _table():
        raise BriefError(f"no groove {name!r}", hint=nearest(wanted, names()))
    return _table()[wanted]
