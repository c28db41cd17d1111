"""Which key a score is in, and how its notes are spelled there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from symbolic_music.score import Score
from symbolic_music.theory.keys import Key
from symbolic_music.theory.pitch import NAMES, STEPS


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
        accidentals, letter = divmod(place + 1, 7)
        name = "FCGDAEB"[letter] + ("#" * accidentals or "b" * -accidentals)
        pc = (place * 7) % 12
        if pc in key.pitch_classes or len(name) < 3:
            names[pc] = name
    return tuple(names)


def note_name(pitch: int, names: tuple[str, ...]) -> str:
    """A pitch as music21 writes it: "B-3" for Bb3."""
    name = names[pitch % 12]
    alteration = name.count("#") - name[1:].count("b")
    octave = (pitch - alteration - STEPS[name[0]]) // 12 - 1
    return f"{name[0]}{name[1:].replace('b', '-')}{octave}"
