"""The token language: what is written reads back, and MidiTok reads it too."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic_music.resources import resource
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import METERS
from symbolic_music.tokens.layout import DRUM_TICKS, FUTURE, Hole, control_ids, read, tables, write
from symbolic_music.tokens.vocabulary import LEFT, SECTIONS, Kind, vocabulary


@st.composite
def scores(draw: st.DrawFn, *, chairs: bool = True) -> Score:
    """Scores on the grid, with values that have a token of their own."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    programs = draw(st.lists(st.integers(-1, 127), min_size=1, max_size=5, unique=True))
    parts = [Part(p, c) for p in programs for c in range(1, 1 + (draw(st.integers(1, 3)) if chairs and p >= 0 else 1))]
    meters = tuple(METERS[i] for i in draw(st.lists(st.integers(0, len(METERS) - 1), min_size=1, max_size=12)))
    v = vocabulary()
    velocities, durations = v.value[v.ids(Kind.VELOCITY)], v.value[v.ids(Kind.DURATION)]
    edges = np.concatenate([[0], np.cumsum([m.ticks for m in meters])])
    rows = []
    for i, part in enumerate(sorted(parts)):
        for _ in range(draw(st.integers(1, 12))):  # every part plays, so that reading finds it
            bar = int(rng.integers(len(meters)))
            step = meters[bar].step
            start = edges[bar] + rng.integers(meters[bar].positions) * step
            pitch = rng.integers(27, 89) if part.is_drums else rng.integers(0, 128)
            duration = DRUM_TICKS if part.is_drums else rng.choice(durations) * step
            rows.append((start, duration, pitch, rng.choice(velocities), i))
    notes = np.array(rows, NOTE)
    _, first = np.unique(notes[["start", "part", "pitch"]], return_index=True)
    chords = rng.integers(-1, len(CHORDS), (len(meters), 2)).astype(np.int16)
    return Score(
        tuple(sorted(parts)),
        meters,
        sort_notes(notes[first]),
        chords=chords if draw(st.booleans()) else None,
        sections=tuple(rng.choice(SECTIONS, len(meters)).tolist()) if draw(st.booleans()) else (),
    )


def same(a: Score, b: Score) -> bool:
    chords = (a.chords is None and b.chords is None) or np.array_equal(a.chords, b.chords)  # type: ignore[arg-type]
    return (a.parts, a.meters, a.sections) == (b.parts, b.meters, b.sections) and chords and (a.notes == b.notes).all()


@given(scores())
def test_a_score_reads_back(score: Score) -> None:
    assert same(read(write(score, control_ids())), score)


@given(scores(), st.data())
def test_a_score_with_a_hole_reads_back(score: Score, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, score.bars - 1))
    stop = data.draw(st.integers(start + 1, score.bars))
    some = data.draw(st.none() | st.frozensets(st.integers(0, len(score.parts) - 1), min_size=1))
    ids = write(score, control_ids(), hole=Hole(start, stop, some))
    back, held = read(ids), score.cut(0, min(score.bars, stop + FUTURE))
    assert back.meters == held.meters
    named = {(p.program, p.chair) for p in back.parts}
    assert named == {(score.parts[i].program, score.parts[i].chair) for i in np.unique(held.notes["part"])}
    for column in ("start", "pitch", "velocity"):
        assert (back.notes[column] == held.notes[column]).all()


@given(scores())
def test_positions_rise_and_the_end_is_counted(score: Score) -> None:
    v, ids = vocabulary(), write(score, control_ids())
    kind, value = v.kind[ids], v.value[ids]
    assert (kind == Kind.BAR).sum() == score.bars
    assert kind[-1] == Kind.EOS
    assert value[kind == Kind.LEFT].tolist() == list(range(min(score.bars, LEFT), 0, -1))
    bar = np.cumsum(kind == Kind.BAR)
    for b in range(1, score.bars + 1):
        assert (np.diff(value[(kind == Kind.POSITION) & (bar == b)]) > 0).all()


def test_controls_are_said_and_read_back() -> None:
    controls = control_ids(
        genre="jazz", live=True, key=Key("D", "minor"), tempo=132, meter=METERS[3], bars=16, density=3.0, velocity=80,
        has={2, 5, 9}, uses=[Part(40), Part(40, 2), Part(-1)],
    )  # fmt: skip
    v = vocabulary()
    assert [v.tokens[i] for i in controls] == [
        "BOS_None", "Genre_jazz", "Feel_live", "Key_D:min", "Tempo_131", "TimeSig_4/4", "Bars_16", "Density_4",
        "Dynamics_mf", "Has_D", "Has_F", "Has_A", "Uses_-1", "Uses_40", "Uses_40", "Chair_2",
    ]  # fmt: skip
    score = Score((Part(0),), (METERS[3],), np.array([(0, 24, 60, 63, 0)], NOTE))
    back = read(write(score, controls))
    assert (back.genre, back.live, back.key, back.tempo) == ("jazz", True, Key("D", "minor"), 131)


def test_every_id_has_one_kind_and_value() -> None:
    v = vocabulary()
    assert len(v) == len(set(v.tokens))
    assert all(v.id(Kind(k), int(x)) == i for i, (k, x) in enumerate(zip(v.kind, v.value, strict=True)))
    for kind, low, high in ((Kind.PITCH, 0, 127), (Kind.POSITION, 0, 143), (Kind.PITCHDRUM, 27, 88)):
        ids = v.ids(kind)  # the matcher takes slices
        assert (np.diff(ids) == 1).all()
        assert v.value[ids].tolist() == list(range(low, high + 1))
    assert (np.diff(v.value[v.ids(Kind.DURATION)]) > 0).all()
    assert (tables().velocity >= 0).all()


def test_miditok_rebuilds_the_vocabulary() -> None:
    miditok = pytest.importorskip("miditok", reason="MidiTok is not installed")
    tokenizer = miditok.REMI(params=resource("tokenizers/remi.json"))
    assert sorted(tokenizer.vocab, key=tokenizer.vocab.__getitem__) == list(vocabulary().tokens)


@given(scores(chairs=False))
def test_miditok_decodes_our_ids(score: Score) -> None:
    """Without our own tokens the stream is REMI: MidiTok hears the same notes. (Here in one meter.)"""
    miditok = pytest.importorskip("miditok", reason="MidiTok is not installed")
    tokenizer = miditok.REMI(params=resource("tokenizers/remi.json"))
    score = replace(score, meters=(score.meters[0],) * score.bars)
    inside = score.notes["start"] < score.bar_starts[-1]
    step = score.meters[0].step
    notes = score.notes[inside]
    notes = notes[(notes["start"] % step == 0) & (notes["duration"] % step == 0)]
    if not len(notes):
        return
    v, ids = vocabulary(), write(replace(score, notes=notes), control_ids())
    first = int(np.argmax(v.kind[ids] == Kind.BAR))
    remi = [int(i) for i in ids[first:] if v.kind[i] >= Kind.BAR]
    decoded = tokenizer.decode(remi)
    heard = set()
    for track in decoded.tracks:
        program = -1 if track.is_drum else track.program
        heard |= {(n.time * 24 // decoded.ticks_per_quarter, n.pitch, n.velocity, program) for n in track.notes}
    written = read(ids)
    programs = [p.program for p in written.parts]
    assert heard == {(int(n["start"]), int(n["pitch"]), int(n["velocity"]), programs[n["part"]]) for n in written.notes}
