"""The judge of rules is judged: by hand-made pieces, kept and broken, and by notes that are moved until they break."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from brute import agrees, piece, possible, tracks
from independent import INTERVALS, NOTE, Judge, Song, broken, judge, named, parse, read, roles, texts, ticks
from storms import random_brief, random_rules, small

import symbolic_music as sm
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.score import NOTE as WRITTEN
from symbolic_music.score import Score

Q, E, S, BAR = 24, 12, 6, 96  # ticks
BAND = (("drums", -1), ("acoustic grand piano", 0), ("acoustic bass", 32), ("violin", 40))
DRUMS, PIANO, BASS, VIOLIN = range(4)


def line(part: int, text: str, start: int = 0, velocity: int = 80) -> list[tuple[int, ...]]:
    """Notes from "60:24 62+64:12 -:12": pitches, a colon, ticks; "-" rests."""
    notes: list[tuple[int, ...]] = []
    now = start
    for word in text.split():
        pitches, last = word.split(":")
        notes += [(part, now, now + int(last), int(p), velocity) for p in pitches.split("+") if p != "-"]
        now += int(last)
    return notes


def song(*lines: list[tuple[int, ...]], bars: int = 2, meter: tuple[int, int] = (4, 4), sections: str = "") -> Song:
    """A band's song, in which the parts that are not written play something harmless on every downbeat."""
    length = meter[0] * 96 // meter[1]
    notes = [n for one in lines for n in one]
    for part, pitch in ((DRUMS, 36), (PIANO, 60), (BASS, 36), (VIOLIN, 72)):
        if not any(n[0] == part for n in notes):
            notes += [(part, bar * length, bar * length + S, pitch, 80) for bar in range(bars)]
    return Song(BAND, meter, bars, np.array(notes, NOTE), tuple(sections.split()))


SCALE = "60:24 62:24 64:24 65:24 67:24 69:24 71:24 72:24"
HELD = "60:24 -:48 62:48 64:72"  # the second note is held into bar 2
CASES: list[tuple[str, Any, Any]] = [
    # a rule, a piece that keeps it, and pieces that break it: violin lines, but where a tuple says otherwise
    ("PitchClasses('C D E F G A B', tracks='violin')", SCALE, ["60:96 61:96"]),
    ("PitchClasses('C', tracks='violin', bars=2)", "62:96 60:96", [HELD, SCALE]),
    ("InScale('D dorian', tracks='melody')", SCALE, ["60:96 66:96"]),
    ("InKey('A minor', tracks='violin')", "68:96 66:96", ["70:96 69:96"]),
    ("InKey('A minor', forms='natural', tracks='violin')", SCALE, ["68:96 69:96"]),
    ("InKey('A minor', forms='harmonic', tracks='violin')", "68:96 65:96", ["67:96 69:96", "66:96 69:96"]),
    ("InKey('A minor', forms='melodic', tracks='violin')", "68:96 66:96", ["67:96 69:96", "65:96 69:96"]),
    ("InKey('C major', passing='eighth', tracks='violin')", "61:6 -:90 60:96", ["61:12 -:84 60:96"]),
    ("Chords('C | F G', tracks='violin')", "60:24 62:24 64:48 65:24 66:24 67:48", ["60:48 65:48 65:48 67:48", HELD]),
    ("Chords('C F', on='beats', tracks='violin')", "60:12 61:12 64:72 65:96", ["60:24 62:24 64:48 65:96"]),
    ("Chords('C F', on='always', tracks='violin')", "60:24 67:72 65:96", ["60:12 61:12 64:72 65:96"]),
    ("Chords('C N.C.', tracks='violin', on='always')", "60:96 61:96", ["61:96 60:96"]),
    ("Chords('C F', tracks='bass')", (BASS, "36:96 41:96"),
     [(BASS, "40:96 41:96"), (BASS, "36:192"), (BASS, "36:96 -:12 41:84")]),
    ("Chords('C F', bass=False, tracks='bass')", (BASS, "40:96 41:96"), [(BASS, "38:96 41:96")]),
    ("Chords('C C', tracks='bass')", (BASS, "36:96 40:96"), [(BASS, "-:12 36:84 36:96")]),
    ("Chords('C/E C', tracks='bass')", (BASS, "40:96 36:96"), [(BASS, "40:96 40:96")]),
    ("Chords('C N.C. | C', tracks='bass')", (BASS, "36:48 37:48 36:96"), [(BASS, "36:48 37:48 40:96")]),
    ("Range('C4', 'C5', tracks='violin')", SCALE, ["59:96 60:96", "73:96 60:96"]),
    ("Range(voice='alto', tracks='violin', bars=2)", "40:96 60:96", ["60:96 76:96", "80:120 60:72"]),
    ("Polyphony(2, tracks='violin')", "60+64:96 60+64:96", ["60+64+67:96 60:96"]),
    ("Polyphony(2, tracks='violin', bars=2)", "60+64+67:96 60+64:96", ["60+64+67:192", "60:120 64:72"]),
    ("Monophonic(tracks='violin')", SCALE, ["60+64:96 60:96"]),
    ("Grid('eighth', tracks='violin')", "60:12 60:84 60:96", ["60:6 60:90 60:96"]),
    ("Grid('eighth triplet', tracks='violin')", "60:8 60:88 60:96", ["60:12 60:84 60:96"]),
    ("Lengths(shortest='eighth', longest='half', tracks='violin')", "60:48 -:48 60:12",
     ["60:6 -:90 60:12", "60:72 -:24 60:24"]),
    ("Lengths(only=['quarter', 'eighth'], tracks='violin')", "60:24 -:72 60:12", ["60:36 -:60 60:12"]),
    ("Rhythm('x.?.', tracks='violin')", "60:24 -:24 60:48 60:96", ["60:24 60:72 60:96", "-:24 60:72 60:96"]),
    ("Rhythm('x..|xx', tracks='violin')", "60:96 60:48 60:48", ["60:96 60:96", "60:96 60:24 60:24 60:48"]),
    ("Kit(['kick', 'snare'])", (DRUMS, "36:6 38:6 -:84 38:6"), [(DRUMS, "36:6 42:6 -:84 38:6")]),
    ("Density(1, 2, tracks='violin')", "60+64:24 60:72 60:96", ["60:24 60:24 60:48 60:96", "60:96"]),
    ("Silence(tracks='violin', bars=2)", "60:96", ["60:97", "60:96 -:12 60:12"]),
    ("Silence(tracks='drums', bars=2)", (DRUMS, "36:6 -:86 36:6"), [(DRUMS, "36:6 -:90 36:6")]),
    ("Enters(2, tracks='violin')", "-:108 60:12", ["-:84 60:12 60:12", "-:192 60:6"]),
    ("Repeats(1, bars=2, tracks='violin')", "60:24 64:72 60:24 64:72",
     ["60:24 64:72 60:24 65:72", "60:24 64:72 60:24 64:24", HELD]),
    ("Repeats(1, bars=2, transposed=2, tracks='violin')", "60:24 64:72 62:24 66:72", ["60:24 64:72 60:24 64:72"]),
    ("Repeats(1, 'rhythm', bars=2, tracks='violin')", "60:24 64:72 67:24 60:72",
     ["60:24 64:72 60:48 64:48", "60:24 64:72 60:24 64:48"]),
    ("Leaps('fifth')", SCALE, ["60:96 68:96", "60+64:96 60:96"]),
    ("Leaps(2, bars=2)", "60:48 72:48 71:96", ["60:96 63:96"]),
    ("Contour('rising')", "60:96 60:48 62:48", ["60:96 62:48 61:48"]),
    ("Contour('falling')", "62:96 62:48 60:48", ["60:96 61:96"]),
    ("Opens('C E')", "60+64:96 61:96", ["61:96 60:96", "60+61:96 60:96"]),
    ("Closes('C')", "61:96 62:48 60:48", ["60:96 62:96", "62:96 60+62:96"]),
    ("Cadence('C major', tracks='bass')", (BASS, "38:48 43:48 36:96"),
     [(BASS, "43:48 50:48 36:96"), (BASS, "43:96 36:96"), (BASS, "43:48 43:48 40:96")]),
    ("Cadence('C major', 'plagal', tracks='violin')", "61:48 65:48 64:96",
     ["61:48 67:48 64:96", "61:48 65:48 65:96", "61:96 64:96"]),
    ("Cadence('A minor', 'deceptive', tracks='violin')", "61:48 68:48 65:96",
     ["61:48 67:48 65:96", "61:48 68:48 64:96"]),
    ("Cadence('A minor', 'half', tracks='violin')", "61:48 72:48 68:96", ["61:48 73:48 68:96", "61:48 72:48 67:96"]),
    ("PitchClasses('C', tracks='violin') | Grid('quarter', tracks='violin')", "61:96 61:96", ["61:12 61:84 60:96"]),
    ("Enters(2, tracks='violin') | Silence(tracks='violin', bars=1)", "-:96 60:96", ["60:96 60:96"]),
]  # fmt: skip


def of(what: Any) -> Song:
    part, text = what if isinstance(what, tuple) else (VIOLIN, what)
    return song(line(part, text))


@pytest.mark.parametrize(("rule", "kept", "breaks"), CASES, ids=[c[0] for c in CASES])
def test_every_rule_is_seen_kept_and_seen_broken(rule: str, kept: Any, breaks: list[Any]) -> None:
    assert judge(of(kept), [rule]) == []
    for wrong in breaks:
        words = judge(of(wrong), [rule])
        assert words and any("bar" in w for w in words), wrong


def test_rules_of_loudness() -> None:
    soft, loud = line(VIOLIN, "60:96", velocity=40), line(VIOLIN, "60:96", BAR, velocity=104)
    both = song(soft, loud)
    assert judge(both, ["Dynamics('pp', 'ff', tracks='violin')", "Dynamics('pp', 'pp', tracks='violin', bars=1)"]) == []
    assert judge(both, ["Dynamics('p', 'f', tracks='violin')"])[1:] == [
        "Dynamics('p', 'f', tracks='violin'): bar 2 tick 0, violin: velocity 104"
    ]
    assert judge(both, ["Crescendo('p', 'f', tracks='violin')"]) == []  # 49 and 96, give or take 12
    assert len(judge(both, ["Crescendo('f', 'p', tracks='violin')"])) == 2
    assert judge(both, ["Crescendo(28, 92, tracks='violin')"]) == []
    assert judge(both, ["Crescendo(27, 92, tracks='violin')"]) != []


def test_sections_are_the_forms_or_the_files() -> None:
    chorus = song(line(VIOLIN, "60:96 61:96"), sections="verse chorus")
    assert judge(chorus, ["Form('verse 1, chorus 1')", "PitchClasses('C', tracks='violin', section='verse')"]) == []
    assert judge(chorus, ["PitchClasses('C', tracks='violin', section='verse')"]) == []
    assert judge(chorus, ["PitchClasses('C', tracks='violin', section='chorus')"]) != []
    assert judge(chorus, ["Form('A B')"]) != []
    with pytest.raises(AssertionError, match="no section"):
        judge(chorus, ["Silence(section='bridge')"])


def test_rests_count_but_for_silent_and_repeated_bars() -> None:
    first, last = line(VIOLIN, "60:96"), line(VIOLIN, "60:96", 3 * BAR)
    rests = song(first, last, bars=4)
    assert judge(rests, []) == ["default: bar 3, violin: 2 bars without an onset"]
    assert judge(rests, ["Silence(tracks='violin', bars=2)"]) == []
    assert judge(rests, ["Silence(tracks='violin', bars=-2)"]) == []
    assert judge(song(first, bars=2), ["Instruments((Part(-1, 1),), rest=0)"])[-1].startswith("default: bar 2")
    assert "never sounds" in judge(replace(rests, notes=rests.notes[rests.notes["part"] != BASS]), [])[0]
    again = song(line(VIOLIN, "-:96 60:96 -:96 60:96"), bars=6)
    assert len(judge(again, [])) == 1
    assert judge(again, ["Repeats((1, 2), bars=(5, 6), tracks='violin')"])[-1].startswith("Repeats")


def test_a_step_into_a_bar_that_repeats_is_not_counted() -> None:
    piece = song(line(VIOLIN, "60:96 72:96 60:96 60:96"), bars=4)
    assert len(judge(piece, ["Leaps(7)"])) == 2
    assert len(judge(piece, ["Leaps(7)", "Repeats(1, bars=3, tracks='violin')"])) == 1


def test_strong_beats_and_halves_of_other_meters() -> None:
    line_ = line(VIOLIN, "60:12 61:12 61:12 60:36 60:72")
    assert judge(song(line_, meter=(6, 8)), ["Chords('C', tracks='violin')"]) == []
    assert judge(song(line_, meter=(3, 4)), ["Chords('C', tracks='violin')"]) == []
    assert judge(song(line_, meter=(3, 4)), ["Chords('C', on='beats', tracks='violin')"]) != []
    cadence = "Cadence('C major', 'plagal', tracks='violin')"
    assert judge(song(line(VIOLIN, "61:48 65:24 60:72"), meter=(3, 4)), [cadence]) == []
    assert judge(song(line(VIOLIN, "61:48 65:24 60:72"), meter=(6, 8)), [cadence]) != []


def test_novel_looks_for_runs_in_other_keys(tmp_path: Path) -> None:
    given, rule = tmp_path / "given.mid", f"Novel({str(tmp_path / 'given.mid')!r}, most=4, tracks='violin')"
    file, track = mido.MidiFile(), mido.MidiTrack()
    file.tracks.append(track)
    for pitch in (50, 52, 54, 55, 57):
        track.append(mido.Message("note_on", note=pitch, velocity=80, time=0))
        track.append(mido.Message("note_off", note=pitch, time=480))
    file.save(given)
    assert judge(of(SCALE), [rule]) != []
    assert judge(of(SCALE.replace("67:24", "68:24")), [rule]) == []
    assert judge(of(SCALE), [rule.replace("most=4", "most=5")]) == []


def test_names_values_and_texts() -> None:
    assert [ticks(v) for v in ("dotted quarter", "1/8.", "1/8t", "quarter triplet", "double dotted half")] == [
        36, 18, 8, 16, 84,
    ]  # fmt: skip
    assert INTERVALS.index("fifth") == 7 and INTERVALS[12] == "octave"
    assert [roles(BAND)[r] for r in ("melody", "bass", "accompaniment", "drums")] == [[3], [2], [1], [0]]
    assert roles((("cello", 42), ("bassoon", 70))) == {"melody": [0], "bass": [1], "accompaniment": [], "drums": []}
    two = (("violin", 40), ("violin 2", 40))
    assert (named(two, "violin"), named(two, "violins"), named(two, "violin 2")) == ([0], [0, 1], [1])
    first, second = parse("InKey(Key(tonic='D', mode='minor')) | PitchClasses(frozenset({0, 4}), bars=-1)")
    assert (first.args, second.args, second.options) == (["D minor"], [(0, 4)], {"bars": -1})


def written(notes: Any, brief: sm.Brief, sections: tuple[str, ...] = ()) -> bytes:
    full = brief.filled()
    rows = [(s, e - s, p, v, part) for part, s, e, p, v in notes.tolist()]
    bars = (full.meter,) * full.bars
    score = Score(full.parts, bars, np.array(rows, WRITTEN), tempo=full.tempo, sections=sections, key=full.home)
    return midi_bytes(score)


def test_a_file_is_read_as_it_was_written_and_its_frame_is_checked() -> None:
    brief = sm.Brief(instruments="drums, piano, bass, violin", bars=2, tempo=93.4, meter="4/4", key="C major")
    names = tuple((p.name, p.program) for p in brief.parts)
    piece = song(line(VIOLIN, SCALE))
    midi = written(piece.notes, brief, ("A", "B"))
    back, found = read(midi, brief)
    assert found == [] and back.parts == names and back.sections == ("A", "B")
    assert np.array_equal(np.sort(back.notes), np.sort(piece.notes))
    assert broken(midi, ["Closes('C', tracks='violin')"], brief) == []
    for other in ({"meter": "3/4"}, {"tempo": 93.5}, {"bars": 3}, {"instruments": "piano, violin"}, {"key": "D major"}):
        assert broken(midi, [], brief.replace(**other)), other
    file = mido.MidiFile(file=io.BytesIO(midi))
    file.tracks[1].insert(1, mido.Message("note_on", note=60, velocity=9, time=0))  # never ends as it should
    spoilt = io.BytesIO()
    file.save(file=spoilt)
    assert broken(spoilt.getvalue(), [], brief)


def pieces(count: int, rng: np.random.Generator) -> Any:
    """Small pieces, with the rules they were listed for and whether the arrays say that they keep them."""
    for seed in range(count):
        brief, rules = small(np.random.default_rng(seed))
        for choice, found in zip(product(*map(parse, [*texts(brief), *rules])), tracks(brief, rules), strict=True):
            if found is None or any(not len(t.lasts) for t in found):
                continue
            kept = [t.kept() for t in found]
            for _ in range(6):
                best = [np.flatnonzero(k) if k.any() and rng.random() < 0.6 else np.arange(len(k)) for k in kept]
                picked = [int(rng.choice(b)) for b in best]
                notes = np.concatenate([piece(t, i) for t, i in zip(found, picked, strict=True)])
                judged = found[0].judge
                whole = replace(judged.song, notes=notes, sections=tuple(judged.sections))
                yield whole, choice, all(k[i] for k, i in zip(kept, picked, strict=True))


def shape(notes: Any) -> tuple[Any, ...]:
    return tuple(map(tuple, notes[["start", "end", "pitch"]].tolist()))


def test_the_judge_and_the_arrays_agree() -> None:
    told = [(Judge(whole, choice).found(), kept) for whole, choice, kept in pieces(150, np.random.default_rng(1))]
    assert all(kept == (not words) for words, kept in told)
    assert 200 < sum(kept for _, kept in told) < len(told) - 200


def test_a_moved_note_is_seen_wherever_the_arrays_know_of_no_such_piece() -> None:
    """A kept piece with one note moved is either another kept piece or is seen to be broken."""
    rng, seen, moved = np.random.default_rng(2), 0, 0
    for seed in range(150):
        brief, rules = small(np.random.default_rng(seed))
        found = next(iter(tracks(brief, rules)))
        if len(brief.parts) > 1 or any("|" in r for r in rules) or found is None or not found[0].kept().any():
            continue
        track, choice = found[0], [parse(r)[0] for r in rules]
        rows = {shape(piece(track, i)) for i in np.flatnonzero(track.kept())[:2000]}
        notes = piece(track, int(rng.choice(np.flatnonzero(track.kept()))))
        for field, by in (("pitch", 1), ("pitch", -12), ("start", 2), ("end", 2)):
            other = notes.copy()
            which = int(rng.integers(len(other)))
            other[field][which] += by
            if field == "start":
                other["end"][which] += by
            whole = replace(track.judge.song, notes=other, sections=tuple(track.judge.sections))
            words = Judge(whole, choice).found()
            drums = brief.parts[0].is_drums and field == "end"  # the length of a stroke means nothing
            known = shape(other) in rows or len(rows) == 2000 or drums
            moved, seen = moved + 1, seen + bool(words)
            assert words or known, (rules, notes, other)
    assert seen > moved / 2 > 20


@pytest.mark.parametrize(
    ("rules", "can"),
    [
        (["Density(least=2)"], True),
        (["Density(least=3)"], False),
        (["Density(least=2)", "Rhythm('x.')"], False),
        (["Rhythm('x.')", "Leaps(1)", "Opens('C')", "Closes('D')"], False),
        (["Rhythm('x.')", "Leaps(2)", "Opens('C')", "Closes('D')"], True),
        (["Rhythm('x.')", "Repeats(1, bars=2)", "Opens('C')", "Closes('D')"], False),
        (["Rhythm('x.')", "Repeats(1, bars=2, transposed=2)", "Opens('C')", "Closes('D')"], True),
        (["Contour('rising')", "Opens('D')", "Closes('C')"], False),
        (["Silence(bars=1)"], True),
        (["Silence()"], False),
        (["PitchClasses('E', bars=1)"], False),
        (["PitchClasses('E', bars=1)", "Silence(bars=1)"], True),
        (["PitchClasses('E', bars=1) | Density(most=1)"], True),
        (["Dynamics('ff', 'ff', bars=1)", "Dynamics('p', 'p')"], False),  # though bar 1 might rest
        (["Dynamics('ff', 'ff')", "Dynamics('p', 'p')"], False),
        (["Chords('C Dm')"], True),
        (["Chords('C Dm')", "Contour('falling')"], False),
    ],
)
def test_trying_all_knows_what_is_possible(rules: list[str], can: bool) -> None:
    brief = sm.Brief(instruments="flute", bars=2, meter="1/4", tempo=120)
    base = ["Grid('eighth')", "Lengths(only='eighth')", "Range('C4', 'D4')", "PitchClasses('C D')"]
    assert possible(brief, [*base, *rules]) is can


def test_random_rules_can_be_read_and_judged() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        brief = random_brief(rng)
        rules = random_rules(rng, brief, int(rng.integers(1, 9)))
        full = brief.filled()
        parts = tuple((p.name, p.program) for p in full.parts)
        empty = Song(parts, (full.meter.beats, full.meter.unit), full.bars, np.zeros(0, NOTE))
        assert "never sounds" in judge(empty, rules)[-1] or judge(empty, rules)


# This one needs the compiler of rules; the tests above do not.
@pytest.mark.parametrize("seed", range(40))
def test_the_compiler_refuses_just_what_is_impossible(seed: int) -> None:
    assert agrees(*small(np.random.default_rng([7, seed]))) == ""
