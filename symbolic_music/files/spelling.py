"""Which key a score is in, and how its notes are spelled there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from symbolic_music.score import Score
from symbolic_music.theory.chords import QUALITIES, Chord
from symbolic_music.theory.keys import Key
from symbolic_music.theory.pitch import NAMES, STEPS

#: Fifths up to the note of a chord that lies this many semitones above the root.
_FIFTHS = {0: 0, 2: 2, 3: -3, 4: 4, 5: -1, 6: -6, 7: 1, 8: 8, 9: 3, 10: -2, 11: 5}


def music21_package() -> Any:
    """The package, imported where it is first needed: that takes a second."""
    import music21

    return music21


def analysed_key(weights: Sequence[float]) -> tuple[Key, float] | None:
    """The key that music21 finds, and how well it fits (1 is best).

    Parameters
    ----------
    weights : sequence of 12 float
        How long each pitch class sounds, in any unit. music21's analysis rests on these sums alone.

    Returns
    -------
    tuple of Key and float, or None
        None for silence.

    Examples
    --------
    >>> analysed_key([4, 0, 2, 0, 3, 2, 0, 3, 0, 2, 0, 1])[0]
    Key(tonic='C', mode='major')
    """
    total = float(sum(weights))
    if total <= 0:
        return None
    m21 = music21_package()
    # in whole quarter notes, so that lengths stay plain
    lengths = [round(1000 * weight / total) for weight in weights]
    sounding = [(60 + pc, length) for pc, length in enumerate(lengths) if length]
    sample = m21.stream.Stream([m21.note.Note(pitch, quarterLength=length) for pitch, length in sounding])
    found = sample.analyze("key")
    return Key.of(found.tonic.pitchClass, found.mode), float(found.correlationCoefficient)


def key_of(score: Score) -> Key | None:
    """The score's key, or music21's analysis of its pitched notes where it states none."""
    if score.key is not None:
        return score.key
    melodic = [i for i, part in enumerate(score.parts) if not part.is_drums]
    notes = score.notes[np.isin(score.notes["part"], melodic)]
    weights = np.bincount(notes["pitch"] % 12, notes["duration"], minlength=12)
    found = analysed_key(weights.tolist())
    return found and found[0]


@cache
def spelling(key: Key | None) -> tuple[str, ...]:
    """A name for each pitch class in a key.

    Notes of the key as its signature and its leading tone spell them, others on
    the key's side of sharps or flats and never with two accidentals.

    >>> spelling(Key("D", "minor"))[1], spelling(Key("D", "major"))[6], spelling(Key("F", "major"))[10]
    ('C#', 'F#', 'Bb')
    >>> " ".join(spelling(Key("G#", "minor")))
    'B# C# D D# E E# F# F## G# A A# B'
    """
    if key is None:
        return NAMES
    fifths = key.fifths
    # twelve neighbours on the line of fifths, F C G D A E B, around the key's own seven
    if key.mode == "minor":
        low = fifths - 2
    elif fifths < 0:
        low = fifths - 4
    else:
        low = fifths - 3
    names = list(NAMES)
    for place in range(low, low + 12):
        name = _fifth(place)
        pc = (place * 7) % 12
        if pc in key.pitch_classes or len(name) < 3:
            names[pc] = name
    return tuple(names)


@cache
def chord_spelling(chord: Chord, key: Key | None) -> dict[int, str]:
    """A name for each note of a chord in a key, in thirds from the root.

    The root is spelled so that all of them lie nearest to the key on the line of
    fifths, and none has two accidentals if that can be.

    >>> chord_spelling(Chord(4, "7"), Key("A", "minor"))
    {4: 'E', 8: 'G#', 11: 'B', 2: 'D'}
    >>> chord_spelling(Chord(8, "maj"), Key("C")), chord_spelling(Chord(6, "dim7"), Key("C", "minor"))
    ({8: 'Ab', 0: 'C', 3: 'Eb'}, {6: 'F#', 9: 'A', 0: 'C', 3: 'Eb'})
    """
    centre = (0 if key is None else key.fifths) + 2  # of the key's own seven
    ways = []
    for root in (fifth for fifth in range(-9, 14) if fifth * 7 % 12 == chord.root):  # C is 0, G 1
        steps = [-9 if (step, chord.quality) == (9, "dim7") else _FIFTHS[step] for step in QUALITIES[chord.quality]]
        fifths = [root + step for step in steps]
        double = sum(not -8 <= fifth <= 12 for fifth in fifths)
        ways.append((double, sum(abs(fifth - centre) for fifth in fifths), fifths))
    *_, best = min(ways)
    return {fifth * 7 % 12: _fifth(fifth) for fifth in best}


def _fifth(fifths: int) -> str:
    """The name of a note by its fifths above C."""
    accidentals, letter = divmod(fifths + 1, 7)
    return "FCGDAEB"[letter] + ("#" * accidentals or "b" * -accidentals)


def spelled(pitch: int, name: str) -> tuple[str, int, int]:
    """The step, alteration and octave of a pitch under a name of its pitch class; C0 and C-1 are never B#.

    >>> spelled(60, "C"), spelled(60, "B#"), spelled(59, "Cb")
    (('C', 0, 4), ('B', 1, 3), ('C', -1, 4))
    """
    if pitch in (0, 12):
        name = "C"
    alteration = name.count("#") - name[1:].count("b")
    return name[0], alteration, (pitch - alteration - STEPS[name[0]]) // 12 - 1
