"""Scales have the notes that music21 and their parents give them; anybody may bring their own."""

from __future__ import annotations

import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_music.brief import Brief
from symbolic_music.errors import BriefError
from symbolic_music.theory import keys
from symbolic_music.theory.keys import Scale, key, scale, scales
from symbolic_music.theory.pitch import pitch_class, pitch_classes


def test_scales_are_those_of_music21() -> None:
    """Every concrete scale that music21 names and whose notes are fixed, by its own name and up and down."""
    from music21 import scale as theirs

    # their notes are arguments, or are those of no scale
    free = {"ConcreteScale", "DiatonicScale", "CyclicalScale", "OctaveRepeatingScale", "SieveScale", "ScalaScale"}
    named = [c for c in vars(theirs).values() if isinstance(c, type) and issubclass(c, theirs.ConcreteScale)]
    seen = 0
    for kind in named:
        if kind.__name__ in free:
            continue
        for tonic in ("C", "F#", "E-"):
            found = kind(tonic)
            ways = [theirs.Direction.ASCENDING, theirs.Direction.DESCENDING]
            if kind is theirs.MelodicMinorScale:
                ways.pop()  # down it is the natural minor
            ways *= 40 if kind is theirs.WeightedHexatonicBlues else 1  # it takes one of its ways by chance
            notes = {p.pitchClass for way in ways for p in found.getPitches(f"{tonic}3", f"{tonic}5", direction=way)}
            assert Scale(tonic.replace("-", "b"), found.type.lower()).pitch_classes == notes, found.type
        seen += 1
    assert seen == 21
    half_whole = theirs.OctatonicScale("C", 1).getPitches("C4", "C5")
    assert Scale("C", "half whole").pitch_classes == {p.pitchClass for p in half_whole}


def test_the_table_of_scales_holds_each_set_once() -> None:
    rows = tomllib.loads((Path(keys.__file__).parent / "scales.toml").read_text("utf-8"))
    sets = [tuple(row["semitones"]) for row in rows.values()]
    assert len(set(sets)) == len(sets)
    names = [name for title, row in rows.items() for name in (title, *row.get("aliases", ()))]
    assert len(set(names)) == len(names)
    for steps in sets:
        assert steps[0] == 0 and steps[-1] < 12 and all(a < b for a, b in pairwise(steps))


@pytest.mark.parametrize(
    ("mode", "of", "degree"),
    [
        ("lydian dominant", "melodic minor", 4), ("altered", "melodic minor", 7),
        ("mixolydian b6", "melodic minor", 5), ("half diminished", "melodic minor", 6),
        ("lydian augmented", "melodic minor", 3), ("dorian b2", "melodic minor", 2),
        ("phrygian dominant", "harmonic minor", 5), ("ukrainian dorian", "harmonic minor", 4),
        ("lydian #2", "harmonic minor", 6), ("locrian natural sixth", "harmonic minor", 2),
        ("ionian augmented", "harmonic minor", 3), ("ultralocrian", "harmonic minor", 7),
        ("dorian b5", "harmonic major", 2), ("phrygian b4", "harmonic major", 3),
        ("lydian diminished", "harmonic major", 4), ("mixolydian b2", "harmonic major", 5),
        ("locrian bb7", "harmonic major", 7), ("lydian augmented #2", "harmonic major", 6),
        ("hungarian minor", "double harmonic", 4), ("suspended pentatonic", "major pentatonic", 2),
        ("man gong", "major pentatonic", 3), ("ritusen", "major pentatonic", 4),
        ("minor pentatonic", "major pentatonic", 5), ("major blues", "blues", 2),
        ("half whole", "octatonic", 2), ("kumoi", "in sen", 5), ("hirajoshi", "miyako bushi", 3),
        ("iwato", "miyako bushi", 4), ("chinese scale", "miyako bushi", 2), ("pelog", "ryukyu", 2),
    ],
)  # fmt: skip
def test_a_mode_is_its_parent_from_another_degree(mode: str, of: str, degree: int) -> None:
    parent = scales()[of]
    assert {(s - parent[degree - 1]) % 12 for s in parent} == set(scales()[mode])


@pytest.mark.parametrize("number", range(2, 8))
def test_messiaens_modes_come_round_before_the_octave(number: int) -> None:
    name = f"messiaen {['second', 'third', 'fourth', 'fifth', 'sixth', 'seventh'][number - 2]}"
    found = set(scales()[name])
    period = {2: 3, 3: 4}.get(number, 6)
    assert {(s + period) % 12 for s in found} == found
    assert len(found) == {2: 8, 3: 9, 4: 8, 5: 6, 6: 8, 7: 10}[number]


def test_a_scale_of_ones_own() -> None:
    own = scale("D 1 1 3 2 5")
    assert own == Scale("D", "1,1,3,2,5") and hash(own) == hash(Scale("D", "1 1 3 2 5"))
    assert own.pitch_classes == pitch_classes("D Eb E G A")
    assert own.semitones == (0, 1, 2, 5, 7)
    brief = Brief(scale="D 1 1 3 2 5")
    assert Brief.from_json(brief.to_json()) == brief and brief.pitch_classes == own.pitch_classes
    assert scale("D 2 1 2 2 2 1 2") == Scale("D", "dorian") == scale(str(Scale("D", "hypodorian")))
    assert Scale("C", "3 4 5").key == key("C minor") and Scale("C", "4 3 5").key == key("C major")


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(1, 11)), st.sampled_from(["C", "F#", "Bb"]))
def test_every_set_of_notes_is_a_scale(above: set[int], tonic: str) -> None:
    edges = [0, *sorted(above), 12]
    found = Scale(tonic, " ".join(str(b - a) for a, b in pairwise(edges)))
    assert found.pitch_classes == {(pitch_class(tonic) + s) % 12 for s in edges}
    assert scale(str(found)) == found


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("D 2 1 2", "the intervals sum to 5: an octave is 12"),
        ("D 2.5 9.5", "'2.5' is no interval: whole semitones"),
        ("D 0 12", "'0' is no interval"),
        ("D 2 -1 11", "'-1' is no interval"),
        ("D 2 1 x", "'x' is no interval"),
        ("D dorain", "unknown key or scale 'D dorain': did you mean dorian"),
    ],
)
def test_what_is_no_scale(text: str, words: str) -> None:
    with pytest.raises(BriefError, match=words):
        scale(text)


def test_a_scale_may_be_called_one() -> None:
    assert scale("D dorian scale") == scale("D dorian")
    assert scale("D persian") == Scale("D", "persian scale") == scale("D persian scale")
