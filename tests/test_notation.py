"""Rhythm, voices, hands and marks as an engraver writes them."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic_music.files.drum_staff import strokes
from symbolic_music.files.rhythm import Value, beams, groups, written
from symbolic_music.files.staves import VOICES, clefs, hands, steadiest, voices
from symbolic_music.theory.meters import METERS, Meter

#: Quarters as "4", dots, ties as "~", tuplets in brackets with their span's half; rests as "r4".
SHORT = {"whole": "1", "half": "2", "quarter": "4", "eighth": "8", "16th": "16", "32nd": "32", "64th": "64"}


def line(meter: Meter, bounds: tuple[int, ...], rests: tuple[int, ...] = ()) -> str:
    """What a row of events, those of `rests` silent, looks like."""
    silent = tuple(i in rests for i in range(len(bounds) - 1))
    found = []
    for event, rest in zip(written(bounds, silent, groups(meter)), silent, strict=True):
        values = ["[" * v.first + "r" * rest + SHORT[v.name] + "." * v.dots + "]" * v.last for v in event]
        found.append((" " if rest else "~").join(values))
    return " ".join(found)


@pytest.mark.parametrize(
    ("meter", "bounds", "rests", "text"),
    [
        ("4/4", (0, 96), (), "1"),
        ("4/4", (0, 24, 72, 96), (), "4 2 4"),
        ("4/4", (0, 36, 48, 84, 96), (), "4. 8 4. 8"),
        ("4/4", (0, 12, 36, 60, 84, 96), (), "8 4 8~8 4 8"),
        ("4/4", (0, 60, 96), (), "2~8 4."),
        ("4/4", (0, 12, 96), (), "8 4.~2"),
        ("4/4", (0, 6, 18, 24, 42, 96), (), "16 8 16 8. 16~2"),
        ("4/4", (0, 24, 72, 96), (1,), "4 r4 r4 4"),
        ("4/4", (0, 24, 96), (1,), "4 r4 r2"),
        ("4/4", (0, 12, 96), (1,), "8 r8 r4 r2"),
        ("3/4", (0, 72), (), "2."),
        ("3/4", (0, 36, 72), (), "4. 4."),
        ("3/4", (0, 24, 72), (1,), "4 r4 r4"),
        ("2/4", (0, 12, 36, 48), (), "8 4 8"),
        ("6/8", (0, 24, 36, 48, 72), (), "4 8 8 4"),
        ("6/8", (0, 48, 72), (), "4.~8 4"),
        ("6/8", (0, 36, 72), (1,), "4. r4."),
        ("6/8", (0, 12, 72), (1,), "8 r8 r8 r4."),
        ("12/8", (0, 108, 144), (), "2.~4. 4."),
        ("9/8", (0, 108), (), "2.~4."),
        ("5/4", (0, 120), (), "2.~2"),
        ("5/8", (0, 60), (), "4.~4"),
        ("7/8", (0, 84), (), "2~4."),
        # triplets: of eighths, swung, of 16ths in half a beat, of quarters and of halves
        ("2/4", (0, 8, 16, 24, 40, 48), (), "[8 8 8] [4 8]"),
        ("1/4", (0, 12, 16, 20, 24), (), "8 [16 16 16]"),
        ("1/4", (0, 4, 12, 24), (), "[16 8] 8"),
        ("4/4", (0, 16, 32, 48, 96), (), "[4 4 4] 2"),
        ("4/4", (0, 32, 64, 96), (), "[2 2 2]"),
        ("3/4", (0, 24, 40, 56, 72), (), "4 [4 4 4]"),
        ("4/4", (0, 40, 48, 96), (), "4~[4 8] 2"),
        ("1/4", (0, 8, 24), (1,), "[8 r4]"),
        # a player's: as few notes as the grid allows, in the smallest triplet
        ("1/4", (0, 1, 24), (), "[64 64~16]~8."),
    ],
)
def test_notes_are_cut_as_an_engraver_does(
    meter: str, bounds: tuple[int, ...], rests: tuple[int, ...], text: str
) -> None:
    beats, unit = map(int, meter.split("/"))
    assert line(Meter(beats, unit), bounds, rests) == text


@st.composite
def rows(draw: st.DrawFn) -> tuple[Meter, tuple[int, ...], tuple[bool, ...]]:
    """A bar of events on any ticks."""
    meter, step = draw(st.sampled_from(METERS)), draw(st.sampled_from((1, 2, 3, 4, 6, 8, 12)))
    inner = draw(st.sets(st.integers(1, meter.ticks // step - 1).map(lambda i: i * step), max_size=10))
    bounds = (0, *sorted(inner), meter.ticks)
    rests = draw(st.lists(st.booleans(), min_size=len(bounds) - 1, max_size=len(bounds) - 1))
    return meter, bounds, tuple(rests)


NOMINAL = {"whole": 192, "half": 96, "quarter": 48, "eighth": 24, "16th": 12, "32nd": 6, "64th": 3}


@given(rows())
def test_every_bar_is_written_whole(row: tuple[Meter, tuple[int, ...], tuple[bool, ...]]) -> None:
    meter, bounds, rests = row
    events = written(bounds, rests, groups(meter))
    assert [event[0].start for event in events] == list(bounds[:-1])
    values = [value for event in events for value in event]
    assert [v.start + v.ticks for v in values] == [*(v.start for v in values[1:]), meter.ticks]
    inside: list[Value] = []
    for value in values:
        half_ticks = NOMINAL[value.name] * (3 if value.dots else 2) // 2
        assert half_ticks == value.ticks * (3 if value.tuplet else 2)
        assert bool(value.tuplet) == bool(inside or value.first)
        assert value.first == (bool(value.tuplet) and not inside)
        if value.tuplet:  # complete: three of its unit in the time of two
            inside.append(value)
            if value.last:
                span = NOMINAL[value.tuplet]
                assert sum(v.ticks for v in inside) == span
                assert inside[0].start % span in (0, 24)  # 24: two beats of three
                assert {v.tuplet for v in inside} == {value.tuplet}
                inside = []
    assert not inside


@given(rows())
def test_beams_join_what_has_flags_and_never_cross_a_beat(row: tuple[Meter, tuple[int, ...], tuple[bool, ...]]) -> None:
    meter, bounds, rests = row
    events = written(bounds, rests, groups(meter))
    values = [value for event in events for value in event]
    silent = [rest for event, rest in zip(events, rests, strict=True) for _ in event]
    found = beams(values, silent, groups(meter))
    opened: list[int] = []  # levels
    for value, rest, beam in zip(values, silent, found, strict=True):
        assert len(beam) == (value.flags if beam else 0)
        assert not (beam and rest)
        if not beam:
            assert not opened
        for level, what in enumerate(beam, 1):
            assert (level in opened) == (what in ("continue", "end"))
            if what == "begin":
                opened.append(level)
            if what == "end":
                opened.remove(level)
        if beam and beam[0] == "begin":
            start = value.start
        if beam and beam[0] == "end":
            size = 36 if meter.unit == 8 and meter.beats % 3 == 0 else 48 if meter.unit == 4 else 36
            assert value.start + value.ticks - start <= max(size, 72 if meter.beats in (3, 5, 6, 7) else 0)
            assert not opened
    assert not opened


def beam_text(meter: Meter, bounds: tuple[int, ...]) -> str:
    events = written(bounds, (False,) * (len(bounds) - 1), groups(meter))
    values = [value for event in events for value in event]
    found = beams(values, [False] * len(values), groups(meter))
    return " ".join("/".join(b[0] for b in beam) or "-" for beam in found)


@pytest.mark.parametrize(
    ("meter", "bounds", "text"),
    [
        (Meter(4, 4), tuple(range(0, 97, 12)), "b c c e b c c e"),
        (Meter(4, 4), (0, 12, 24, 36, 48, 60, 66, 72, 96), "b c c e b c/b e/e -"),
        (Meter(3, 4), tuple(range(0, 73, 12)), "b c c c c e"),
        (Meter(6, 8), tuple(range(0, 73, 12)), "b c e b c e"),
        (Meter(5, 8), tuple(range(0, 61, 12)), "b c e b e"),
        (Meter(7, 8), tuple(range(0, 85, 12)), "b e b e b c e"),
        (Meter(1, 4), (0, 18, 24), "b e/b"),
        (Meter(1, 4), (0, 6, 18, 24), "b/f c e/b"),
        (Meter(2, 4), (0, 8, 16, 24, 48), "b c e -"),
        (Meter(2, 4), (0, 12, 36, 48), "- - -"),
    ],
)
def test_beams_follow_the_meter(meter: Meter, bounds: tuple[int, ...], text: str) -> None:
    assert beam_text(meter, bounds) == text


def test_seven_eighths_are_grouped_as_they_are_played() -> None:
    assert groups(Meter(7, 8), [0, 36, 60] * 3 + [24]) == (36, 24, 24)
    assert groups(Meter(7, 8), [0, 24, 48] * 3 + [36]) == (24, 24, 36)


def test_a_line_stays_in_one_voice() -> None:
    melody = [(start, start + 12, 60 + start // 12) for start in range(0, 96, 12)]
    assert voices(melody) == [melody, [], [], []]
    held = [(0, 48, 50), (48, 96, 52)]
    assert voices([*melody, *held]) == [melody, held, [], []]
    # crossing lines go on where they are nearest
    up, down = [(i * 24, i * 24 + 30, 60 + i) for i in range(4)], [(i * 24 + 12, i * 24 + 42, 72 - i) for i in range(4)]
    found = voices([*up, *down])
    assert [sorted(notes) for notes in found[:2]] != [[], []]
    assert sorted(n for notes in found for n in notes) == sorted([*up, *down])


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30), st.integers(40, 80)), max_size=40))
def test_voices_keep_every_note_and_overlap_only_where_four_do_not_suffice(chosen: list[tuple[int, int, int]]) -> None:
    notes = sorted({(start, start + ticks, pitch) for start, ticks, pitch in chosen})
    found = voices(notes)
    assert len(found) == VOICES
    assert sorted(n for line_ in found for n in line_) == notes
    spans = {n[:2] for n in notes}
    most = max((sum(a <= t < b for a, b in spans) for t in range(80)), default=0)
    for line_ in found:
        chords = sorted({n[:2] for n in line_})
        if most <= VOICES:
            assert all(a[1] <= b[0] for a, b in pairwise(chords))


def test_hands_share_a_keyboard() -> None:
    # a melody over chords that come close to it and go: no hand reaches further than it can
    notes = [(i * 24, i * 24 + 24, 72 + i % 5) for i in range(16)]
    notes += [(i * 48, i * 48 + 48, pitch) for i in range(8) for pitch in (43 + i, 55, 59, 62)]
    right = hands(notes).tolist()
    assert all(r for (_, _, pitch), r in zip(notes, right, strict=True) if pitch >= 72)
    assert not any(r for (_, _, pitch), r in zip(notes, right, strict=True) if pitch <= 52)
    for tick in range(0, 16 * 24, 12):
        for hand in (True, False):
            held = [p for (a, b, p), r in zip(notes, right, strict=True) if a <= tick < b and r is hand]
            assert not held or max(held) - min(held) <= 16
    # a scale through middle C stays in the hand it begins in
    for scale in ([60 + step for step in (4, 2, 0, -1, -3, -1, 0, 2)], [52, 53, 55, 57, 59, 60, 59, 57]):
        played = hands([(i * 12, i * 12 + 12, pitch) for i, pitch in enumerate(scale)])
        assert played.all() or not played.any()
    assert hands([]).tolist() == []


def test_marks_stay_for_a_while() -> None:
    costs = np.array([[0.0, 5], [0, 5], [5, 0], [0, 5], [5, 0], [5, 0], [5, 0]])
    assert steadiest(costs, 6) == [0, 0, 0, 0, 1, 1, 1]
    assert steadiest(costs, 0) == [0, 0, 1, 0, 1, 1, 1]
    assert set(clefs([[60, 64]] * 3 + [[52]] + [[72]] * 4, 73)) == {"treble"}


def test_strokes_last_to_the_next_beat() -> None:
    assert strokes([(6, 36), (0, 42)], (0, 24, 36)) == [(0, 6, 42), (6, 24, 36)]
    assert strokes([], (0, 24)) == []
