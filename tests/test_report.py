"""The report: right for files that keep their brief, wrong in exactly the row that a file breaks."""

from __future__ import annotations

import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_music.brief import Brief, parts_of
from symbolic_music.errors import BriefError, FileError
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.report import Report, Row, check, report
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import METERS, Meter

QUIET = settings(max_examples=25, deadline=None, derandomize=True)


def piece(
    pitches: tuple[int, ...] = (62, 65, 69, 62, 73, 74),
    parts: tuple[Part, ...] = (Part(-1), Part(40), Part(40, 2), Part(42)),
    meter: Meter = METERS[3],
    bars: int = 4,
    tempo: float = 97.0,
) -> Score:
    """All parts play the pitches, a quarter each, to the end; the drums play what is in no key."""
    rows = []
    for part, player in enumerate(parts):
        for i, start in enumerate(range(0, bars * meter.ticks, 24)):
            pitch = 35 + i % 12 if player.is_drums else pitches[i % len(pitches)]
            rows.append((start, 24, pitch, 80, part))
    return Score(parts, (meter,) * bars, sort_notes(np.array(rows, NOTE)), tempo)


ASKED = Brief(
    only="C# D F A",
    scale="D harmonic minor",
    key="D minor",
    instruments=("violin", "violin", "cello", "drums"),
    meter="4/4",
    bars=4,
    tempo=97,
    genre="folk",
    moods=("sad",),
)


def kept(found: Report) -> dict[str, bool | None]:
    return {row.wish: row.kept for row in found.rows}


def broken(found: Report) -> set[str]:
    return {row.wish for row in found.rows if row.kept is False}


def test_a_file_that_keeps_its_brief() -> None:
    found = report(ASKED, midi_bytes(piece()))
    names = ["notes", "scale", "key", "tonic", "instruments", "meter", "bars", "tempo", "rests", "genre", "moods"]
    assert [row.wish for row in found.rows] == names
    assert kept(found) == dict.fromkeys(names, True) | {"genre": None, "moods": None}
    assert found.ok
    learned = {row.wish for row in found.rows if row.promise == "learned"}
    assert learned == {"tonic", "genre", "moods"}


# what breaks which row

VIOLATIONS: list[tuple[dict[str, Any], set[str]]] = [
    ({"pitches": (62, 65, 69, 62, 73, 74, 62, 65, 69, 62, 63)}, {"notes", "scale", "key"}),
    ({"pitches": (62, 65, 69, 62, 73, 74, 67)}, {"notes"}),
    ({"pitches": (62, 65, 69, 62, 73, 74, 71)}, {"notes", "scale"}),
    ({"pitches": (69, 73, 69, 69, 73)}, {"tonic"}),
    ({"parts": parts_of(("violin", "violin", "drums"))}, {"instruments"}),
    ({"parts": parts_of(("violin", "cello", "drums"))}, {"instruments"}),
    ({"parts": parts_of(("violin", "violin", "cello"))}, {"instruments"}),
    ({"parts": parts_of(("violin", "violin", "cello", "drums", "flute"))}, {"instruments"}),
    ({"parts": parts_of(("violin", "violin", "cello", "cello", "drums"))}, {"instruments"}),
    ({"tempo": 97.1}, {"tempo"}),
    ({"meter": Meter(3, 4)}, {"meter"}),
    ({"bars": 3}, {"bars"}),
    ({"bars": 5}, {"bars"}),
]


@pytest.mark.parametrize(("change", "rows"), VIOLATIONS, ids=[str(next(iter(c.items()))) for c, _ in VIOLATIONS])
def test_a_violation_breaks_its_rows_and_no_other(change: dict[str, Any], rows: set[str]) -> None:
    found = report(ASKED, midi_bytes(piece(**change)))
    assert broken(found) == rows
    assert found.ok is (rows == {"tonic"})


def test_a_part_without_notes_does_not_sound() -> None:
    score = piece()
    silent = replace(score, notes=score.notes[score.notes["part"] != 3])
    (row,) = (row for row in report(ASKED, midi_bytes(silent)).rows if row.wish == "instruments")
    assert row.kept is False
    assert row.realised == "drums, violin x2; missing: cello"


def test_one_bar_of_another_meter_is_seen() -> None:
    score = piece(meter=Meter(4, 4))
    mixed = replace(score, meters=(*score.meters[:3], Meter(7, 8)))
    found = report(ASKED, midi_bytes(mixed))
    assert broken(found) == {"meter"}
    assert "4/4, 7/8" in str(found)


def edited(data: bytes, *, track: int, message: Any, ticks: int = 0) -> bytes:
    """A file with a message put into a track at a tick."""
    file = mido.MidiFile(file=BytesIO(data))
    now = [0]
    for m in file.tracks[track]:
        now.append(now[-1] + m.time)
    at = next(i for i, t in enumerate(now[1:]) if t > ticks)
    file.tracks[track].insert(at, message.copy(time=ticks - now[at]))
    file.tracks[track][at + 1].time -= ticks - now[at]
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()


@pytest.mark.parametrize("track", [0, 2])
def test_a_second_tempo_is_seen_on_any_track(track: int) -> None:
    data = edited(midi_bytes(piece()), track=track, message=mido.MetaMessage("set_tempo", tempo=500_000), ticks=960)
    assert broken(report(ASKED, data)) == {"tempo"}
    assert "97, 120" in str(report(ASKED.replace(tempo=98), data)).replace("96.999", "97")


def test_a_second_meter_is_seen_on_any_track() -> None:
    message = mido.MetaMessage("time_signature", numerator=3, denominator=4)
    data = edited(midi_bytes(piece()), track=2, message=message, ticks=1920)
    assert "meter" in broken(report(ASKED, data))


def test_a_file_that_states_nothing_has_the_defaults_of_midi() -> None:
    file = mido.MidiFile(ticks_per_beat=480)
    events = [mido.Message("note_on", note=60, velocity=9), mido.Message("note_off", note=60, time=3 * 1920 - 10)]
    file.tracks.append(mido.MidiTrack(events))
    out = BytesIO()
    file.save(file=out)
    brief = Brief(instruments=("piano",), meter="4/4", tempo=120, bars=3)
    found = check(out.getvalue(), brief)
    assert found.ok
    assert "3, the last one not filled" in str(found)
    ours = report(brief, out.getvalue())
    assert broken(ours) == {"bars", "rests"} and not ours.ok


def foreign(*tracks: list[Any]) -> bytes:
    """A file of 480 ticks a quarter note out of messages with delta times."""
    out = BytesIO()
    mido.MidiFile(ticks_per_beat=480, tracks=[mido.MidiTrack(track) for track in tracks]).save(file=out)
    return out.getvalue()


def sounding(*pitches: int, channel: int = 0, hanging: bool = False) -> list[Any]:
    messages = []
    for pitch in pitches:
        messages.append(mido.Message("note_on", note=pitch, channel=channel))
        messages.append(mido.Message("note_on", note=pitch, velocity=0, channel=channel, time=1920))
        if hanging:
            messages[-1] = mido.MetaMessage("text", time=1920)
    return messages


def program(number: int, channel: int = 0) -> Any:
    return mido.Message("program_change", program=number, channel=channel)


def test_a_note_that_never_ends_is_heard() -> None:
    hanging = sounding(61, hanging=True)
    found = check(foreign([*sounding(60), *hanging]), Brief(only="C"))
    assert not found.ok and found.rows[0].realised == "C C#; outside: C#"
    # on a drum channel it has no pitch class, and a velocity of 0 starts nothing
    drums = sounding(61, channel=9, hanging=True)
    assert check(foreign([*sounding(60), *drums]), Brief(only="C", instruments=("piano", "drums"))).ok
    assert check(foreign([*sounding(60), mido.Message("note_on", note=61, velocity=0)]), Brief(only="C")).ok


def test_the_program_in_force_plays_the_note_that_never_ends() -> None:
    data = foreign([program(40), program(56, 1)], sounding(60, hanging=True), sounding(64, channel=2))
    found = check(data, Brief(instruments=("violin", "piano")))
    assert found.ok, str(found)
    changed = foreign([program(73), *sounding(60, hanging=True), program(40), *sounding(62, hanging=True)])
    assert check(changed, Brief(instruments=("flute", "violin"))).ok
    assert not check(changed, Brief(instruments=("flute",))).ok


def test_the_hands_of_a_keyboard_are_one_player() -> None:
    two = foreign([program(0), *sounding(72)], [program(0), *sounding(48)])
    asked = Brief(instruments=("piano",))
    assert check(two, asked).ok and "not asked" not in str(check(two, asked))
    assert check(two, Brief(instruments=("piano", "piano"))).ok
    three = check(two, Brief(instruments=("piano", "piano", "piano")))
    assert not three.ok and three.rows[0].realised.endswith("x2; missing: acoustic grand piano")
    assert "not asked: acoustic" in str(check(two, Brief(instruments=("violin",))))
    violins = foreign([program(40), *sounding(72)], [program(40), *sounding(60)])
    assert not check(violins, Brief(instruments=("violin",))).ok


def test_seconds_need_no_default() -> None:
    asked = Brief(seconds=1500)
    assert [row.wish for row in check(midi_bytes(piece()), asked).rows] == ["seconds"]
    with pytest.raises(BriefError, match="at most 512"):
        report(asked, midi_bytes(piece()))


@pytest.mark.parametrize(
    ("bars", "longest"),
    [((0, 1, 2, 3), 0), ((1, 3), 1), ((0, 2), 1), ((2, 3), 2), ((0, 3), 2), ((0, 1), 2), ((), 4)],
)
def test_the_longest_rest_of_any_part(bars: tuple[int, ...], longest: int) -> None:
    meters = (Meter(4, 4), Meter(3, 4), Meter(3, 4), Meter(7, 8))
    starts = (0, 96, 168, 240)
    rows = [(start, 12, 60, 80, 0) for start in starts] + [(starts[bar], 200, 72, 80, 1) for bar in bars]
    score = Score(parts_of(("violin", "violin")), meters, sort_notes(np.array(rows, NOTE)), 90)
    (row,) = (row for row in report(Brief(), midi_bytes(score)).rows if row.wish == "rests")
    words = "1 bar running" if longest == 1 else f"{longest} bars running"
    assert row == Row("rests", "at most 1 bar running", words, "default", longest <= 1)


def test_words_that_were_not_understood_are_named() -> None:
    data = midi_bytes(piece())
    found = check(data, Brief(text="a folk song with glorbs and zing"))
    assert found.rows == (Row("words", "glorbs, zing", "not understood", "learned", None),)
    assert found.ok
    assert check(data, Brief(text="a folk song")) == check(data, Brief(text="1000 bars")) == Report(())


def test_two_two_is_four_four() -> None:
    data = midi_bytes(piece())
    # track name, tempo, then the signature: 4 / 2**2 becomes 2 / 2**1
    assert data.count(b"\xff\x58\x04\x04\x02") == 1
    other = data.replace(b"\xff\x58\x04\x04\x02", b"\xff\x58\x04\x02\x01")
    assert report(ASKED, other).ok


# lengths


@QUIET
@given(
    st.sampled_from(METERS),
    st.integers(1, 40),
    st.floats(20, 320).filter(lambda t: abs(t - 100) > 1),
    st.sampled_from([(62,), (60, 64, 67)]),
)
def test_bars_meter_and_tempo_of_any_file(meter: Meter, bars: int, tempo: float, pitches: tuple[int, ...]) -> None:
    data = midi_bytes(piece(pitches, (Part(0),), meter, bars, tempo))
    asked = Brief(instruments=("piano",), meter=meter, bars=bars, tempo=tempo)
    assert report(asked, data).ok
    assert broken(report(asked.replace(bars=bars + 1), data)) == {"bars"}
    assert broken(report(asked.replace(tempo=100), data)) == {"tempo"}


@QUIET
@given(st.floats(1, 90), st.sampled_from(METERS), st.floats(40, 320))
def test_seconds_are_kept_by_the_bars_that_a_brief_makes_of_them(seconds: float, meter: Meter, tempo: float) -> None:
    asked = Brief(seconds=seconds, meter=meter, tempo=tempo, instruments=("piano",))
    bars = asked.filled().bars
    assert bars is not None
    for count, right in ((bars, True), (bars + 2, False)):
        found = report(asked, midi_bytes(piece((60,), (Part(0),), meter, count, tempo)))
        assert kept(found) == {"instruments": True, "meter": True, "seconds": right, "tempo": True, "rests": True}


# rows that are shown


def test_defaults_are_shown_and_checked_but_promise_nothing() -> None:
    data = midi_bytes(piece((60, 64), parts_of(("piano",))))
    found = report(Brief(only="C E"), data)
    assert {r.wish: r.promise for r in found.rows} == {
        "notes": "guaranteed",
        "instruments": "default",
        "meter": "default",
        "bars": "default",
        "tempo": "default",
        "rests": "default",
    }
    assert broken(found) == {"instruments", "bars", "tempo"}
    assert found.ok
    assert [row.wish for row in check(data, Brief(only="C E")).rows] == ["notes"]
    assert len(check(data, Brief(only="C E"), defaults=True).rows) == 6
    assert check(data, Brief()) == Report(())


def test_silence_has_no_tonic() -> None:
    score = Score((Part(0),), (Meter(),), np.zeros(0, NOTE), 90)
    found = check(midi_bytes(score), Brief(key=Key("D"), instruments=("piano",)))
    assert kept(found) == {"key": True, "tonic": None, "instruments": False}


@QUIET
@given(
    st.lists(
        st.builds(
            Row,
            st.sampled_from(["notes", "instruments"]),
            st.text(),
            st.text(),
            st.sampled_from(["guaranteed", "learned"]),
            st.sampled_from([True, False, None]),
        )
    )
)
def test_the_table_fits_in_100_columns(rows: list[Row]) -> None:
    assert all(len(line) <= 100 for line in str(Report(tuple(rows))).split("\n"))


def test_the_table_is_aligned_and_the_dictionary_is_json() -> None:
    found = report(ASKED, midi_bytes(piece(parts=parts_of(("violin", "flute", "tuba", "organ", "harp", "cello")))))
    lines = str(found).split("\n")
    column = lines[0].index("promise")
    assert {line[column:] for line in lines} <= {"promise", "guaranteed", "learned", "default", ""}
    assert lines[1].startswith("✓  notes")
    assert "✗  instruments" in str(found)
    assert "·  moods" in str(found)
    values = json.loads(json.dumps(found.to_dict()))
    assert values["ok"] is False
    assert values["rows"][0] == {
        "wish": "notes",
        "asked": "only C# D F A",
        "realised": "C# D F A",
        "promise": "guaranteed",
        "kept": True,
    }


# files that are none


def test_a_path_is_read_and_a_missing_one_named(tmp_path: Path) -> None:
    path = tmp_path / "a.mid"
    with pytest.raises(FileError, match=r"a\.mid cannot be read"):
        report(ASKED, path)
    path.write_bytes(midi_bytes(piece()))
    assert report(ASKED, path) == report(ASKED, str(path)) == report(ASKED, path.read_bytes())


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"RIFF....WAVE", "not a MIDI file"),
        (b"MThd", "cut short"),
        (b"MThd\x00\x00\x00\x06\x00\x02\x00\x00\x01\xe0", "independent tracks"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x00\xe7\x28", "film time"),
        (b"MThd\x00\x00\x00\x06\x00\x01\x00\x01\x01\xe0JUNK\x00\x00\x00\x00", "damaged"),
    ],
)
def test_broken_files_say_what_is_wrong(data: bytes, words: str) -> None:
    with pytest.raises(FileError, match=words):
        check(data, Brief())


def test_a_file_cut_anywhere_is_refused() -> None:
    data = midi_bytes(piece(bars=1), receipt="x")
    for length in range(len(data)):
        with pytest.raises(FileError):
            report(ASKED, data[:length])


@QUIET
@given(st.data())
def test_a_damaged_file_is_read_or_refused_but_nothing_else(data: st.DataObject) -> None:
    whole = bytearray(midi_bytes(piece(bars=1)))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        assert str(check(bytes(whole), ASKED))
    except FileError as error:
        assert str(error)
