"""What is written in words: the names of tracks, sections, keys and chords, the same in MIDI and in notation."""

from __future__ import annotations

import re
from collections.abc import Iterator

from symbolic_music.files.spelling import chord_spelling
from symbolic_music.score import Score
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import Meter

NO_CHORD = "N.C."
#: What XML 1.0 has no place for: control characters, lone surrogates and two that are none.
_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
#: What no file system or shell takes for plain in a name.
_NO_FILE = re.compile(r"[^\w+#,()&' -]+")
_SIGNATURES = {
    "major": ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"),
    "minor": ("Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m"),
}
#: What is written after a chord's root where the quality's own name is not.
_SUFFIXES = {
    "maj": "", "min": "m", "min7": "m7", "minmaj7": "mMaj7", "hdim7": "m7b5", "maj6": "6", "min6": "m6",
}  # fmt: skip


def readable(text: str) -> str:
    r"""Text without the characters that XML cannot hold, so that MIDI and MusicXML say the same.

    >>> readable("F\x01♯ \udcff小曲")
    'F♯ 小曲'
    """
    return _NO_TEXT.sub("", text)


def file_name(text: str) -> str:
    """Text as a part of a file name: what a system may not take becomes a space.

    >>> file_name("Flöte 1/2: a.mid"), file_name("../..")
    ('Flöte 1 2 a mid', '')
    """
    return " ".join(_NO_FILE.sub(" ", text).split())[:60].strip()


def track_names(score: Score) -> tuple[str, ...]:
    """The name of each part in one line: the score's own where it has some."""
    own = (*score.names, *[""] * len(score.parts))
    return tuple(" ".join(readable(own[i]).split()) or part.name for i, part in enumerate(score.parts))


def signature(key: Key) -> str:
    """The key signature as mido names it.

    >>> signature(Key("D", "minor")), signature(Key("G#", "major"))
    ('Dm', 'Ab')
    """
    return _SIGNATURES[key.mode][key.fifths + 7]


def key_of_signature(fifths: int, minor: int) -> Key | None:
    """The key of a signature in a MIDI file, None where it is none.

    >>> key_of_signature(-7, 0), key_of_signature(1, 1), key_of_signature(8, 0)
    (Key(tonic='Cb', mode='major'), Key(tonic='E', mode='minor'), None)
    """
    if not -7 <= fifths <= 7 or minor not in (0, 1):
        return None
    mode = "minor" if minor else "major"
    return Key(_SIGNATURES[mode][fifths + 7].removesuffix("m"), mode)


def changes(meters: tuple[Meter, ...]) -> list[int]:
    """The bars, from 0, that have another meter than the bar before.

    >>> changes((Meter(4, 4), Meter(4, 4), Meter(3, 4)))
    [0, 2]
    """
    return [i for i, meter in enumerate(meters) if i == 0 or meter != meters[i - 1]]


def section_starts(score: Score) -> list[tuple[int, str]]:
    """The bars, from 0, at which a section starts, and its label."""
    labels = [readable(label) for label in score.sections]
    return [(i, s) for i, s in enumerate(labels) if s and (i == 0 or s != labels[i - 1])]


def chord_suffix(quality: str) -> str:
    """What is written after the root of a chord.

    >>> chord_suffix("maj"), chord_suffix("minmaj7"), chord_suffix("sus4")
    ('', 'mMaj7', 'sus4')
    """
    return _SUFFIXES.get(quality, quality)


def chord_name(index: int, key: Key | None = None) -> str:
    """The name of one of `theory.chords.CHORDS`, its root as the key spells it; "N.C." for -1.

    >>> chord_name(3, Key("Ab")), chord_name(CHORDS.index(CHORDS[20]), Key("Db")), chord_name(-1)
    ('Caug', 'Db7', 'N.C.')
    """
    if index < 0:
        return NO_CHORD
    chord = CHORDS[index]
    return chord_spelling(chord, key)[chord.root] + chord_suffix(chord.quality)


def chord_changes(score: Score) -> Iterator[tuple[int, str]]:
    """Where the score's chords change, in ticks, and their names; a half bar not known is passed over."""
    before, edges, keys = -1, score.bar_starts.tolist(), dict(score.key_map)
    key = None
    for bar, halves in enumerate([] if score.chords is None else score.chords[: score.bars].tolist()):
        key = keys.get(bar, key)
        for half, index in enumerate(halves):
            if index > -2 and index != before:
                yield edges[bar] + half * score.meters[bar].ticks // 2, chord_name(index, key)
                before = index
