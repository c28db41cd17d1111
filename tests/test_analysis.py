"""What a score says of itself: on pieces that are known because they are written here, and on real ones."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_music.errors import BriefError, FileError
from symbolic_music.files.read_midi import load
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.chords import CHORDS, QUALITIES
from symbolic_music.theory.meters import METERS, Meter
from symbolic_music.tokens.vocabulary import vocabulary
from symbolic_music.training.analysis import (
    ROLES,
    MeterCheck,
    Swing,
    analysed,
    find_chords,
    find_feel,
    find_key,
    find_keys,
    find_roles,
    find_sections,
    is_live,
    meter_check,
    rebarred,
    swing_ratio,
)
from symbolic_music.training.analysis.content import runs
from symbolic_music.training.analysis.form import LETTERS
from symbolic_music.training.dataset import transposed

CORPUS = Path(__file__).parent / "data" / "corpus"
SHARED = Path(__file__).parents[2] / "shared" / "corpus" / "midi"
FOUR = Meter()


def score_of(rows, bars, meter=FOUR, programs=(0,)):
    """A score from (start, duration, pitch, part) in ticks."""
    notes = np.array([(start, duration, pitch, 80, part) for start, duration, pitch, part in rows], NOTE)
    return Score(tuple(Part(p) for p in programs), (meter,) * bars, sort_notes(notes))


def played(names, ticks=96, bass=True):
    """Chords one after the other, in the right hand, each over its root."""
    rows = []
    for i, name in enumerate(names):
        chord = CHORDS[[str(c) for c in CHORDS].index(name)]
        pitches = [60 + p for p in sorted(chord.pitch_classes)] + ([36 + chord.root] if bass else [])
        rows += [(i * ticks, ticks, pitch, 0) for pitch in pitches]
    return score_of(rows, -(-len(names) * ticks // 96))


def named(found):
    return [str(CHORDS[i]) if i >= 0 else "" for i in found]


@st.composite
def scores(draw):
    """Anything a score can be: meters that change, silent bars, drums, notes over bar lines."""
    meters = tuple(draw(st.lists(st.sampled_from(METERS), min_size=1, max_size=20)))
    end = sum(m.ticks for m in meters)
    programs = draw(st.lists(st.sampled_from([-1, 0, 33, 40, 73]), min_size=1, max_size=4, unique=True))
    row = st.tuples(
        st.integers(0, end - 1), st.integers(1, 400), st.integers(28, 96), st.integers(0, len(programs) - 1)
    )
    rows = draw(st.lists(row, max_size=80, unique_by=lambda r: (r[0], r[2], r[3])))
    notes = np.array([(s, min(d, end - s), p, 40 + p, part) for s, d, p, part in rows], NOTE)
    return Score(tuple(Part(p) for p in sorted(programs)), meters, sort_notes(notes))


@settings(max_examples=60, deadline=None)
@given(scores())
def test_every_score_can_be_analysed(score):
    found = analysed(score)
    assert found.chords.shape == (score.bars, 2) and found.chords.dtype == np.int16
    assert found.chords.min() >= -1 and found.chords.max() < len(CHORDS)
    assert len(found.sections) in (0, score.bars) and set(found.sections) <= {*LETTERS, ""}
    assert {f"Section_{label}" for label in found.sections if label} <= set(vocabulary().tokens)
    first = [label for label in dict.fromkeys(found.sections) if label]
    assert first == sorted(first) == list(LETTERS[: len(first)])
    roles = find_roles(score)
    assert len(roles) == len(score.parts) and set(roles) <= set(ROLES)
    assert [r == "drums" for r in roles] == [p.is_drums for p in score.parts]
    assert len(find_keys(score, found.sections)) == len(runs(found.sections or ("",) * score.bars))
    swing = swing_ratio(score)
    assert swing is None or 1 / 3 <= swing.ratio <= 2 / 3
    find_feel(score)
    moved = rebarred(score, meter_check(score))
    assert (moved.notes["pitch"] == score.notes["pitch"]).all()


@settings(max_examples=30, deadline=None)
@given(scores(), st.integers(-6, 6))
def test_chords_and_keys_move_with_the_notes(score, semitones):
    pitches = score.notes["pitch"][np.array([not p.is_drums for p in score.parts])[score.notes["part"]]]
    if len(set((pitches % 12).tolist())) < 3:
        return
    moved = transposed(replace(score, chords=find_chords(score)), semitones)
    assert (find_chords(moved) == moved.chords).mean() > 0.9  # bass notes count by height, which moves too
    before, after = find_key(score), find_key(moved)
    ties = find_key(score, whole=False), find_key(moved, whole=False)
    assert any((a.root + semitones - b.root) % 12 == 0 for a, b in ((before, after), ties))


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_chord_that_is_held_is_found(quality):
    score = played([f"D:{quality}"] * 4)
    assert set(named(find_chords(score).ravel())) == {f"D:{quality}"}


def test_chords_change_where_they_do_and_passing_notes_do_not_matter():
    row = ["C:maj", "A:min", "F:maj", "G:7"] * 2
    score = played(row, ticks=48)
    run = [(12 * i, 12, 72 + (i * 2) % 11, 0) for i in range(32)]  # a fast line through every key
    assert named(find_chords(score).ravel()) == row
    busy = score_of([*((int(n["start"]), int(n["duration"]), int(n["pitch"]), 0) for n in score.notes), *run], 4)
    assert named(find_chords(busy).ravel()) == row


def test_a_broken_chord_is_one_chord_and_silence_is_none():
    rows = [(12 * i, 12, (48, 55, 64, 60)[i % 4], 0) for i in range(16)]
    found = find_chords(score_of(rows, 4))
    assert named(found[:2].ravel()) == ["C:maj"] * 4 and (found[2:] == -1).all()


def test_the_ends_of_a_piece_tell_its_key_and_an_excerpt_has_none():
    """The notes of C major that begin and end on A: A minor as a piece, whichever of the two as an excerpt."""
    tune = [57, 60, 64, 69, 67, 65, 64, 62, 60, 59, 64, 56] * 4 + [57, 57, 57, 57]
    score = score_of([(24 * i, 24, p, 0) for i, p in enumerate(tune)], 13)
    assert str(find_key(score)) == "A minor"
    assert find_key(score_of([(0, 24, 60, 0), (24, 24, 67, 0)], 1)) is None


def test_a_modulation_is_found_and_a_short_detour_is_not():
    home, away = ["C:maj", "F:maj", "G:7", "C:maj"], ["E:maj", "A:maj", "B:7", "E:maj"]
    long = played(home * 4 + away * 4 + home * 4)
    found = find_keys(long, ["A"] * 16 + ["B"] * 16 + ["A"] * 16)
    assert [str(k) for k in found] == ["C major", "E major", "C major"]
    short = played(home * 4 + ["G:maj"] + home * 4)
    assert [str(k) for k in find_keys(short, ["A"] * 16 + ["B"] + ["A"] * 16)] == ["C major"] * 3
    assert find_keys(long) == (find_key(long),)
    with pytest.raises(BriefError, match="3 labels for 48 bars: give one a bar"):
        find_keys(long, ["A"] * 3)


def form_of(form, rng, size=8, change=0.0):
    """Sections of random notes; what comes back is the same but for a share of its pitches."""
    first = {x: rng.integers(48, 84, (size * 8, 2)) for x in sorted(set(form))}
    steps = {x: rng.choice([12, 24, 36], size * 8) for x in first}
    rows, at = [], 0
    for x in form:
        pitches = np.where(rng.random((size * 8, 2)) < change, rng.integers(48, 84, (size * 8, 2)), first[x])
        starts = np.cumsum(steps[x]) - steps[x][0]
        for start, pair in zip(starts.tolist(), pitches.tolist(), strict=True):
            rows += [(at + start, 12, pitch, 0) for pitch in set(pair) if start < size * 96]
        at += size * 96
    return score_of(rows, size * len(form))


@pytest.mark.parametrize("form", ["ABA", "ABAC", "AABA", "ABCB", "ABACABA"])
@pytest.mark.parametrize("change", [0.0, 0.1])
def test_sections_that_come_back_get_their_letter(form, change):
    for seed in range(3):
        found = find_sections(form_of(form, np.random.default_rng(seed), change=change))
        expected = [x for x in form for _ in range(8)]
        assert np.mean([a == b for a, b in zip(found, expected, strict=True)]) >= (0.8 if change else 1)


def test_without_repetition_there_are_no_sections():
    assert set(find_sections(form_of("ABCD", np.random.default_rng(1)))) == {""}
    assert find_sections(form_of("A", np.random.default_rng(1), size=4)) == ("",) * 4
    assert analysed(form_of("ABCD", np.random.default_rng(1))).sections == ()


@pytest.mark.parametrize(("offbeat", "ratio"), [(12, 0.5), (14, 0.583), (16, 0.667)])
def test_swing_of_eighths(offbeat, ratio):
    score = score_of([(24 * b + o, 6, 60 + b % 5, 0) for b in range(32) for o in (0, offbeat)], 8)
    assert swing_ratio(score) == Swing("eighth", ratio)


def test_swing_of_sixteenths_triplets_and_nothing():
    swung = [(24 * b + o, 3, 42, 0) for b in range(16) for o in (0, 8, 12, 20)]
    assert swing_ratio(score_of(swung, 4, programs=(-1,))) == Swing("sixteenth", 0.667)
    triplets = [(24 * b + o, 8, 60 + b % 5, 0) for b in range(32) for o in (0, 8, 16)]
    assert swing_ratio(score_of(triplets, 8)) is None
    assert swing_ratio(score_of([(24 * b, 24, 60, 0) for b in range(32)], 8)) is None
    assert swing_ratio(score_of([], 8)) is None


def test_players_and_programs():
    rng = np.random.default_rng(0)
    grid = score_of([(12 * i, 12, 60 + i % 7, 0) for i in range(256)], 32)
    assert find_feel(grid).velocities is False and find_feel(grid).timing is False
    live = replace(grid, notes=grid.notes.copy())
    live.notes["velocity"] = rng.integers(40, 110, 256)
    live.notes["start"] += rng.integers(0, 3, 256) * 2
    assert find_feel(live).velocities is True and find_feel(live).timing is True
    waves = replace(grid, notes=grid.notes.copy())
    waves.notes["velocity"] = 40 + 4 * (np.arange(256) // 16)  # written dynamics: sixteen of them, held
    assert is_live(waves.notes) is None
    assert is_live(grid.notes[:8]) is False


def test_bar_lines_that_stand_are_left_and_a_pickup_is_found():
    chords = played(["C:maj", "F:maj", "G:7", "C:maj"] * 4)
    assert meter_check(chords).shift == 0 and meter_check(chords).agreement > 0.9
    notes = chords.notes.copy()
    notes["start"] += 24
    pickup = np.array([(0, 24, 67, 80, 0)], NOTE)
    late = Score(chords.parts, (FOUR,) * 17, np.concatenate([pickup, notes]))
    check = meter_check(late)
    assert check.shift == 1 and check.agreement < 0.05
    back = rebarred(late, check)
    assert back.bars == 17 and back.notes["start"][0] == 72
    assert (back.notes["start"][1:] - chords.notes["start"] == 96).all()
    assert rebarred(chords, meter_check(chords)) is chords and rebarred(chords, None) is chords
    full = replace(late, notes=np.concatenate([late.notes, np.array([(0, 24, p, 80, 0) for p in (43, 59, 62)], NOTE)]))
    assert meter_check(replace(full, notes=sort_notes(full.notes))).shift == 0  # no pickup begins with everybody


def test_a_bar_cut_short_by_a_new_meter_is_completed():
    meters = (Meter(3),) * 9 + (Meter(1),) + (FOUR,) * 2
    starts = [0, *(24 + 72 * i for i in range(9)), 672, 768]
    score = Score((Part(0),), meters, np.array([(s, 12, 60, 80, 0) for s in starts], NOTE))
    moved = rebarred(score, MeterCheck(9, 0.0, 1.0))
    assert [m.beats for m in moved.meters] == [3] * 10 + [4] * 2
    assert moved.notes["start"].tolist() == [48, *moved.bar_starts[1:-1].tolist()]


def test_a_band_plays_its_roles():
    tune = [72, 74, 76, 79, 77, 76, 74, 71]
    rows = [(24 * i, 24, tune[(i * 3) % 8], 3) for i in range(128)]
    rows += [(24 * i, 24, 36 + (0, 7, 5, 7)[i // 4 % 4], 2) for i in range(128)]
    rows += [(48 * i, 24, 55 + p, 1) for i in range(64) for p in (0, 5, 9)]
    rows += [(24 * i, 12, 38, 0) for i in range(128)]
    score = score_of(rows, 32, programs=(-1, 0, 33, 73))
    assert find_roles(score) == ("drums", "comping", "bass", "melody")
    alone = score_of([(24 * i, 24, 36 + i % 5, 0) for i in range(64)], 16, programs=(42,))
    assert find_roles(alone) == ("melody",)


def readable(paths):
    """The scores of some files, without those in meters that are not ours."""
    for path in sorted(paths):
        with contextlib.suppress(FileError):
            yield load(path)


def test_songs_have_a_voice_and_a_piano():
    songs = [s for s in readable(CORPUS.glob("midi/*.mid")) if [p.program for p in s.parts] == [0, 52]]
    assert len(songs) >= 3 and all(find_roles(s) == ("comping", "melody") for s in songs)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the corpus is not here")
def test_quartets_have_their_bass_below_and_games_keep_their_bars():
    quartets = [q.cut(0, 60) for q in readable((SHARED / "quartets").glob("*haydn*.mid"))]
    quartets = [q for q in quartets if [p.program for p in q.parts] == [40, 40, 41, 42]]
    assert quartets and all(find_roles(q)[0] == "melody" and find_roles(q)[3] == "bass" for q in quartets)
    games = [meter_check(score) for score in readable((SHARED / "freedoom").glob("a*.mid"))]
    assert games and all(check is None or check.shift == 0 for check in games)
