"""What a staff holds: voices, the two hands of a keyboard, clefs, and marks that stay for a while."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations, groupby

import numpy as np
from numpy.typing import NDArray

#: Voices on one staff, as many as notation programs read.
VOICES = 4
#: (start, end, pitch), in ticks.
Note = tuple[int, int, int]
#: Voices from the top line to the lowest, by how many lines there are: 0 and 2 with stems up, 1 and 3 down.
_ORDER = ((), (0,), (0, 1), (0, 2, 1), (0, 2, 3, 1))
#: Clefs: sign, line, octave change; and the pitch on the middle line.
CLEFS = {
    "treble": ("G", 2, 0, 71), "bass": ("F", 4, 0, 50), "alto": ("C", 3, 0, 60), "tenor": ("C", 4, 0, 57),
    "treble 8vb": ("G", 2, -1, 59), "treble 8va": ("G", 2, 1, 83), "bass 8vb": ("F", 4, -1, 38),
}  # fmt: skip
#: Semitones from the middle line to the outer ones.
_STAFF = 7
#: Last programs of runs, and the clefs that their players read; others read treble and bass.
_READ = (
    (8, ()), (10, ("treble 8va", "treble")), (12, ()), (13, ("treble 8va", "treble")), (23, ()),
    (31, ("treble 8vb",)), (39, ("bass 8vb",)), (40, ("treble",)), (41, ("alto", "treble")), (42, ("bass", "tenor")),
    (43, ("bass 8vb",)), (46, ()), (47, ("bass",)), (55, ()), (56, ("treble",)), (57, ("bass", "tenor")),
    (58, ("bass",)), (59, ("treble",)), (63, ()), (65, ("treble",)), (67, ()), (69, ("treble",)),
    (70, ("bass", "tenor")), (71, ("treble",)), (72, ("treble 8va", "treble")), (74, ("treble",)),
)  # fmt: skip
_OTHERS = ("treble", "bass")
#: What reading a player's other clef costs for each note, one that is not the instrument's, and a change of clef, in
#: semitones of leger lines.
_OTHER, _STRANGE, _CHANGE = 5.0, 14.0, 50.0
#: Splits of a keyboard between the hands: the lowest pitch of the right.
_SPLITS = np.arange(40, 85)
_SPAN = 14


@dataclass
class _Line:
    """Notes that make one voice while several sound."""

    end: int = 0
    centre: float = 0.0
    notes: list[Note] = field(default_factory=list)

    @property
    def height(self) -> float:
        """The mean of the highest notes of its chords."""
        tops = [max(pitch for _, _, pitch in chord) for _, chord in groupby(self.notes, key=lambda note: note[0])]
        return sum(tops) / len(tops)

    def add(self, chord: Sequence[Note]) -> None:
        self.end = max(self.end, chord[0][1])
        self.centre = _mean(chord)
        self.notes += chord


def _mean(notes: Sequence[Note]) -> float:
    return sum(pitch for _, _, pitch in notes) / len(notes)


def voices(notes: Iterable[Note]) -> list[list[Note]]:
    """The notes of a staff in four voices, those that start and end together in one.

    The top line is in the first voice and the lowest in the second while two
    and more sound, and a line goes on in the voice nearest to it. What four
    voices do not hold joins the nearest of them, there to be tied: nothing is cut.

    Examples
    --------
    >>> melody, held = [(0, 12, 72), (12, 24, 74)], [(0, 24, 60)]
    >>> voices([*melody, *held]) == [melody, held, [], []]
    True
    """
    found: list[list[Note]] = [[] for _ in range(VOICES)]
    lines: list[_Line] = []

    def close() -> None:
        for voice, line in zip(_ORDER[len(lines)], sorted(lines, key=lambda line: -line.height), strict=True):
            found[voice] += line.notes
        lines.clear()

    ordered = sorted(notes, key=lambda note: (note[0], note[1], note[2]))
    for start, together in groupby(ordered, key=lambda note: note[0]):
        if all(line.end <= start for line in lines):
            close()
        chords = sorted((list(chord) for _, chord in groupby(together, key=lambda n: n[1])), key=_mean, reverse=True)
        free = sorted((line for line in lines if line.end <= start), key=lambda line: -line.centre)
        fewer = min(len(free), len(chords))
        ways = (
            (some, taken) for some in combinations(free, fewer) for taken in combinations(range(len(chords)), fewer)
        )
        chosen, taken = min(
            ways, key=lambda way: sum(abs(a.centre - _mean(chords[b])) for a, b in zip(*way, strict=True))
        )
        for place, chord in enumerate(chords):
            if place in taken:
                line = chosen[taken.index(place)]
            elif len(lines) < VOICES:
                lines.append(line := _Line())
            else:
                line = min(lines, key=lambda line: abs(line.centre - _mean(chord)))
            line.add(chord)
    close()
    return found


def hands(notes: Sequence[Note]) -> NDArray[np.bool_]:
    """Which notes of a keyboard the right hand plays.

    The path of least cost (Viterbi) through the splits, from onset to onset:
    no hand reaches further than a ninth, a split lies in a gap, near middle C
    and moves little, and a line does not change hands.

    Examples
    --------
    >>> hands([(0, 48, 40), (0, 24, 64), (24, 48, 57), (24, 48, 62)]).tolist()
    [False, True, True, True]
    """
    onsets = sorted({start for start, _, _ in notes})
    place = {tick: i for i, tick in enumerate(onsets)}
    new: list[list[int]] = [[] for _ in onsets]
    held: list[list[int]] = [[] for _ in onsets]
    for start, end, pitch in notes:
        first = place[start]
        new[first].append(pitch)
        for i in range(first, len(onsets)):
            if onsets[i] >= end:
                break
            held[i].append(pitch)
    total = np.zeros(len(_SPLITS))
    back = []
    for i, sounding in enumerate(held):
        moved = 0.3 * np.abs(_SPLITS[:, None] - _SPLITS[None, :])  # from, to
        for pitch in new[i]:
            near = min(new[i - 1], key=lambda before: abs(before - pitch)) if i else pitch
            if 0 < abs(near - pitch) <= 4:
                moved = moved + 3.0 * ((near >= _SPLITS)[:, None] != (pitch >= _SPLITS)[None, :])
        paths = total[:, None] + moved
        back.append(paths.argmin(0))
        total = paths.min(0) + _strain(np.array(sorted(sounding)))
    split = np.zeros(len(onsets), np.int64)
    at = int(total.argmin())
    for i in range(len(onsets) - 1, -1, -1):
        split[i] = _SPLITS[at]
        at = int(back[i][at])
    return np.array([pitch >= split[place[start]] for start, _, pitch in notes], bool)


def _strain(pitches: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each split costs the hands while these pitches sound, lowest first, shape [splits]."""
    count = np.searchsorted(pitches, _SPLITS)  # notes of the left hand
    left, right = count > 0, count < len(pitches)
    last, first = pitches[np.maximum(count - 1, 0)], pitches[np.minimum(count, len(pitches) - 1)]
    reach = np.maximum(np.where(left, last - pitches[0], 0) - _SPAN, 0)
    reach = reach + np.maximum(np.where(right, pitches[-1] - first, 0) - _SPAN, 0)
    gap = np.where(left & right, np.clip(first - last - 4, 0, 8), 0)
    leger = np.where(left, np.maximum(last - 64, 0), 0) + np.where(right, np.maximum(56 - first, 0), 0)
    return np.asarray(reach - 0.3 * gap + 0.5 * leger + 0.05 * np.abs(_SPLITS - 60), np.float64)


def steadiest(costs: NDArray[np.float64], change: float) -> list[int]:
    """The choice for each bar that costs least in all, where a change of choice costs, too.

    Parameters
    ----------
    costs : array of float, shape [bars, choices]
    change : float

    Examples
    --------
    >>> steadiest(np.array([[0, 9], [5, 4], [9, 0], [9, 0]]), 3)
    [0, 1, 1, 1]
    """
    total, back = np.zeros(costs.shape[1]), []
    for row in costs:
        paths = total[:, None] + change * (1 - np.eye(len(total)))
        back.append(paths.argmin(0))
        total = paths.min(0) + row
    chosen = [int(total.argmin())]
    for step in back[:0:-1]:
        chosen.append(int(step[chosen[-1]]))
    return chosen[::-1]


def clefs(bars: Sequence[Sequence[int]], program: int, hand: str = "") -> list[str]:
    """The clef of each bar, out of `CLEFS`.

    Parameters
    ----------
    bars : sequence of sequence of int
        The pitches in each bar.
    program : int
    hand : str
        "left" or "right" on a keyboard.

    Examples
    --------
    >>> clefs([[48, 52], [50], [60, 62]], 41), clefs([[40], [43]], 32), clefs([[60]] * 2, 0, "left")
    (['alto', 'alto', 'alto'], ['bass 8vb', 'bass 8vb'], ['bass', 'bass'])
    """
    own = next((own for last, own in _READ if program <= last), ()) or _OTHERS
    if hand:
        own = _OTHERS if hand == "right" else _OTHERS[::-1]
    names = [*own, *(clef for clef in CLEFS if clef not in own)]
    middle = np.array([CLEFS[name][3] for name in names])
    strange = np.array([0.0] + [_OTHER if name in own else _STRANGE for name in names[1:]])
    costs = np.zeros((len(bars), len(names)))
    for bar, pitches in enumerate(bars):
        away = np.abs(np.array(pitches)[:, None] - middle) - _STAFF
        costs[bar] = (np.maximum(away, 0) + strange).sum(0) if pitches else 0
    chosen = steadiest(costs, _CHANGE)
    return [names[i] for i in chosen]
