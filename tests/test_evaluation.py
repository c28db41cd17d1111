"""Measures on music counted by hand, and the two-sample test on music made to be alike or not."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic_music.errors import SymbolicMusicError
from symbolic_music.evaluation import metrics
from symbolic_music.evaluation.features import FAMILIES, excerpts, features, names, programs
from symbolic_music.evaluation.lines import Lines
from symbolic_music.evaluation.metrics import MEASURES, distances, measured, overlapping_area
from symbolic_music.evaluation.twosample import PER_PIECE, Table, balanced, joined, table, two_sample
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.meters import Meter

DRUMS, PIANO, BASS, FLUTE = Part(-1), Part(0), Part(33), Part(73)


def score(notes: list[tuple[int, ...]], parts: tuple[Part, ...] = (PIANO,), bars: int = 1, beats: int = 4) -> Score:
    """Notes as (start, duration, pitch[, velocity[, part]]) in ticks."""
    rows = np.array([(*n, *(80, 0)[len(n) - 3 :]) for n in notes], NOTE)
    return Score(parts, (Meter(beats, 4),) * bars, sort_notes(rows))


def song(rng: np.random.Generator, *, bars: int = 16, swing: bool = False, flat: bool = False) -> Score:
    """Drums, a bass that follows four roots, and a wandering tune."""
    rows = []
    roots, pitch = rng.choice([36, 38, 40, 41, 43, 45], 4), 72
    for bar in range(bars):
        start = bar * 96
        for eighth in range(8):
            late = start + eighth * 12 + (4 if swing and eighth % 2 else 0)
            loud = 80 if flat else int(rng.integers(60, 100))
            rows.append((late, 6, 42, loud, 0))
            if rng.random() < 0.7:
                rows.append((late, 12, int(roots[bar % 4]), loud, 2))
            if rng.random() < 0.5:
                pitch = int(np.clip(pitch + rng.integers(-4, 5), 60, 84))
                rows.append((late, 12, pitch, loud, 1))
        rows += [(start + beat * 24, 6, 36 + 2 * (beat % 2), 90, 0) for beat in range(4)]
    return Score((DRUMS, PIANO, BASS), (Meter(),) * bars, sort_notes(np.array(rows, NOTE)))


# One score, counted by hand.


def test_pitch_class_entropy_is_taken_in_windows() -> None:
    two = score([(0, 24, 60), (24, 24, 67), (96, 24, 62)], bars=2)  # a bar of two classes, a bar of one
    assert metrics.pitch_class_entropy(two) == pytest.approx(0.5)
    assert metrics.pitch_class_entropy(two, 2) == pytest.approx(np.log2(3))
    assert np.isnan(metrics.pitch_class_entropy(two, 3))


def test_scale_consistency_is_that_of_the_best_scale() -> None:
    chromatic = score([(i * 8, 8, 60 + i) for i in range(12)])
    assert metrics.scale_consistency(chromatic) == pytest.approx(7 / 12)
    assert metrics.scale_consistency(score([(0, 9, p) for p in (57, 59, 60, 62, 64, 65, 67)])) == 1  # A minor


def test_polyphony_counts_pitches_that_sound() -> None:
    found = score([(0, 48, 60), (24, 24, 64), (24, 24, 64, 80, 1)], parts=(PIANO, FLUTE))  # the flute doubles
    assert metrics.polyphony(found) == pytest.approx(1.5)
    assert metrics.polyphony_rate(found) == pytest.approx(0.25)
    assert metrics.polyphony_rate(found, 1) == pytest.approx(0.5)


def test_a_beat_is_empty_where_nothing_sounds() -> None:
    assert metrics.empty_beat_rate(score([(0, 25, 60)])) == pytest.approx(0.5)
    assert metrics.empty_beat_rate(score([(0, 24, 60)])) == pytest.approx(0.75)
    assert metrics.empty_beat_rate(score([(0, 96, 60)])) == 0
    assert metrics.empty_beat_rate(score([(95, 200, 60)])) == pytest.approx(0.75)


def test_pitches_are_counted_without_drums() -> None:
    found = score([(0, 6, 40, 80, 0), (0, 6, 60, 80, 1), (0, 6, 72, 80, 1), (0, 6, 67, 80, 1)], parts=(DRUMS, PIANO))
    assert metrics.pitch_range(found) == 12
    assert metrics.pitches_used(found) == 3
    assert metrics.pitch_classes_used(found) == 2


def test_drums_keep_to_the_better_of_two_grids() -> None:
    triplets = score([(t, 6, 42) for t in (0, 8, 16, 24, 30)], parts=(DRUMS,))
    assert metrics.drum_pattern_consistency(triplets) == pytest.approx(4 / 5)
    assert np.isnan(metrics.drum_pattern_consistency(score([(0, 6, 42)])))


def test_groove_compares_bars_of_one_length() -> None:
    three = score([(0, 6, 60), (96, 6, 60), (120, 6, 60), (192, 6, 60)], bars=3)  # the middle bar has one more
    assert metrics.groove_consistency(three) == pytest.approx(1 - 1 / 48)
    assert metrics.groove_consistency(three, all_pairs=True) == pytest.approx(1 - 2 / 3 / 48)
    mixed = replace(three, meters=(Meter(4, 4), Meter(3, 4)), notes=three.notes[:2])
    assert np.isnan(metrics.groove_consistency(mixed))


def test_times_and_velocities() -> None:
    two = score([(0, 12, 60, 60), (24, 24, 60, 80), (0, 6, 72, 100, 1), (48, 6, 72, 100, 1)], parts=(PIANO, FLUTE))
    assert metrics.mean_duration(two) == pytest.approx(0.5)
    assert metrics.mean_onset_interval(two) == pytest.approx(1.5)
    assert metrics.mean_velocity(two) == pytest.approx(85)
    assert metrics.velocity_spread(two) == pytest.approx(np.std([60, 80, 100, 100]))


def test_a_bar_repeats_an_earlier_one() -> None:
    a, b = [(0, 24, 60), (24, 24, 64)], [(0, 24, 60), (24, 24, 65)]
    bars = [a, b, a, []]
    four = score([(96 * i + start, *rest) for i, bar in enumerate(bars) for start, *rest in bar], bars=4)
    assert metrics.bars_repeated(four) == pytest.approx(1 / 2)  # of b and the second a
    assert metrics.bars_recalled(four) == pytest.approx((1 / 3 + 1) / 2)


def test_nothing_to_measure_is_no_number() -> None:
    empty = measured(score([], bars=2))
    assert {name for name, value in empty.items() if not np.isnan(value)} == {
        "polyphony rate", "empty beat rate", "pitches", "pitch classes", "notes a beat", "groove consistency",
        "groove similarity",
    }  # fmt: skip
    assert list(empty) == list(MEASURES)


# Two sets of values.


def test_densities_are_those_of_scipy() -> None:
    from scipy.stats import gaussian_kde

    rng = np.random.default_rng(0)
    a, b = rng.normal(0, 1, 80), rng.normal(1, 2, 60)
    grid = np.linspace(-12, 14, 4000)
    expected = np.minimum(gaussian_kde(a)(grid), gaussian_kde(b)(grid)).sum() * (grid[1] - grid[0])
    assert overlapping_area(a, b) == pytest.approx(expected, abs=0.005)


def test_overlap_of_extremes() -> None:
    assert overlapping_area([3, 3], [3]) == 1
    assert overlapping_area([0, 0], [1, 1]) < 0.01
    assert overlapping_area([1, 2, np.nan], [1, 2]) == pytest.approx(overlapping_area([1, 2], [1, 2]))
    with pytest.raises(SymbolicMusicError, match="a set of 0 values"):
        overlapping_area([np.nan], [1])


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=20), st.lists(st.floats(-50, 50), min_size=1, max_size=20))
def test_overlap_is_a_share_and_has_no_direction(a: list[float], b: list[float]) -> None:
    assert 0 <= overlapping_area(a, b) <= 1.001
    assert overlapping_area(a, b) == pytest.approx(overlapping_area(b, a))


def test_sets_that_lie_apart_diverge() -> None:
    rng = np.random.default_rng(1)
    a = rng.normal(0, 1, 60)
    near, far = distances(a, rng.normal(0, 1, 60)), distances(a, rng.normal(6, 1, 60))
    assert near.divergence < 0.1 and near.overlap > 0.8
    assert far.divergence > 1 and far.overlap < 0.1
    assert distances([2, 2], [2]) == metrics.Distances(0.0, 1.0)


# Excerpts and their features.


def test_excerpts_are_whole_bars_in_order() -> None:
    waltz = score([(t, 24, 60 + t // 24 % 12) for t in range(0, 72 * 50, 24)], bars=50, beats=3)
    cuts = excerpts(waltz)
    assert [cut.bars for cut in cuts] == [21, 21]  # 63 beats; the last 8 bars are too few
    assert np.array_equal(cuts[1].notes["pitch"], waltz.notes["pitch"][63:126])
    assert excerpts(waltz.cut(0, 15)) == []
    assert len(excerpts(waltz.cut(0, 16))) == 1  # three quarters of 64 beats
    assert excerpts(score([(0, 24, 60)] * 15, bars=16)) == []


def test_lines_are_found_without_programs() -> None:
    found = Lines(
        score(
            [(0, 24, 36, 80, 0), (0, 24, 64, 80, 1), (0, 24, 67, 80, 1), (24, 24, 60, 80, 1), (0, 24, 40, 80, 2),
             (0, 24, 52, 80, 2)],
            parts=(DRUMS, PIANO, BASS),
        )
    )  # fmt: skip
    pitch = found.score.notes["pitch"]
    assert {name: pitch[mine].tolist() for name, mine in found.groups.items()} == {
        "drums": [36], "bass": [40], "others": [64, 67, 52, 60],
    }  # fmt: skip
    assert pitch[found.top].tolist() == [67, 60]


def test_features_say_what_is_there() -> None:
    notes = []
    for bar in range(4):
        notes += [(bar * 96 + 24 * beat, 6, 38 if beat % 2 else 36, 100 - 10 * beat, 0) for beat in range(4)]
        notes += [(bar * 96 + 12 * i, 12, 40, 80, 1) for i in range(8)]
        notes += [(bar * 96, 96, p, 70, 2) for p in (64, 68, 71)]  # E major
    row = dict(zip(names(), features(score(notes, parts=(DRUMS, BASS, PIANO), bars=4)), strict=True))
    expected = {
        "density/drums: notes a beat": 1,
        "density/bass: notes a beat": 2,
        "density/others: onsets a beat": 0.25,
        "density/parts": 3,
        "onsets/bass: onset on sixteenth 3": 1,
        "onsets/bass: onset on sixteenth 4": 0,
        "onsets/bass: syncopated": 0,
        "grid/drums: onset on beat": 1,
        "grid/pitched: onset on 16th 3": 4 / 11,
        "kit/kick: hits a beat": 0.5,
        "kit/snare: on sixteenth 5": 1,
        "kit/snare: on sixteenth 9": 0,
        "times/bass: next onset after an 8th": 1,
        "times/bass: legato": 1,
        "times/others: lasts more": 1,
        "intervals/bass: moves by 0": 1,
        "pitches/all: semitones above tonic 0": 9 / 11,
        "harmony/chord major": 1,
        "harmony/bass on root": 1,
        "harmony/chord changes a beat": 0,
        "texture/polyphony": 4,
        "texture/notes at once 3": 4 / 36,
        "register/bass: pitch": 40,
        "velocity/drums: velocity": 85,
        "velocity/bass: velocity spread": 0,
        "repetition/bass: notes repeat": 1,
        "repetition/drums: like 2 bars before": 1,
        "form/pitched: spread of notes a bar": 0,
    }
    assert {name: row[name] for name in expected} == pytest.approx(expected)


def test_features_are_finite_and_blind_to_programs_and_key() -> None:
    rng = np.random.default_rng(3)
    first = song(rng)
    assert len(names()) == len(set(names())) == len(features(first))
    assert {name.split("/")[0] for name in names()} == set(FAMILIES)
    assert np.isfinite(features(first)).all()
    assert not features(score([], bars=4)).all()
    other = replace(first, parts=(DRUMS, Part(80), Part(38)), tempo=90.0, genre="jazz")
    assert np.array_equal(features(first), features(other))
    assert not np.array_equal(programs(first), programs(other))
    assert programs(first).sum() == pytest.approx(1)
    notes = first.notes.copy()
    notes["pitch"] += np.where(notes["part"] > 0, 1, 0)
    moved = dict(zip(names(), features(replace(first, notes=notes)) - features(first), strict=True))
    assert {name for name, change in moved.items() if abs(change) > 1e-9} <= {
        f"register/{line}: pitch" for line in ("bass", "top", "others")
    }


@given(st.integers(0, 2**32 - 1))
def test_any_score_has_features(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = np.zeros(rng.integers(0, 60), NOTE)
    rows["start"], rows["duration"] = rng.integers(0, 4 * 72, len(rows)), rng.integers(1, 200, len(rows))
    rows["pitch"], rows["velocity"] = rng.integers(27, 89, len(rows)), rng.integers(1, 128, len(rows))
    rows["part"] = rng.integers(0, 3, len(rows))
    found = Score((DRUMS, PIANO, BASS), (Meter(6, 8),) * 4, sort_notes(rows))
    assert np.isfinite(features(found)).all()
    assert list(measured(found)) == list(MEASURES)


# The test itself.


@pytest.fixture(scope="module")
def alike() -> list[Score]:
    rng = np.random.default_rng(0)
    return [song(rng, bars=32) for _ in range(48)]


def test_music_of_one_maker_cannot_be_told_apart(alike: list[Score]) -> None:
    pytest.importorskip("sklearn", reason="comes with the extra [evaluation]")
    found = two_sample(alike[:24], alike[24:], rng=np.random.default_rng(1), rounds=1, labellings=4)
    assert 0.3 < found.accuracy < 0.7
    assert found.accuracy == max(found.accuracies.values())
    assert found.pieces == (24, 24) and found.excerpts == 48
    assert 0.03 < found.error < 0.12
    assert 0.45 < found.chance < 0.8


def test_what_is_different_is_told_and_named(alike: list[Score]) -> None:
    pytest.importorskip("sklearn", reason="comes with the extra [evaluation]")
    rng = np.random.default_rng(2)
    flat = [song(rng, flat=True) for _ in range(10)]
    found = two_sample(alike[:10], flat, rng=np.random.default_rng(1), rounds=1)
    assert found.accuracy > 0.95
    assert found.telling[0].name.startswith("velocity/") and found.telling[0].area in (0, 1)
    assert found.alone["velocity"] > 0.95 and found.alone["programs"] < 0.75
    blind = two_sample(alike[:10], flat, rng=np.random.default_rng(1), rounds=1, without=["velocity"])
    assert blind.accuracy < 0.8 and "velocity" not in blind.alone
    assert not any(t.name.startswith("velocity/") for t in blind.telling)


def test_one_seed_one_answer(alike: list[Score]) -> None:
    pytest.importorskip("sklearn", reason="comes with the extra [evaluation]")
    real, other = table(alike[:6]), table(alike[6:12])
    first, again = (two_sample(real, other, rng=np.random.default_rng(5), rounds=1) for _ in range(2))
    assert first == again


def test_a_piece_is_never_in_two_folds() -> None:
    """Every piece has a mark of its own and no piece is like another: only a leak could tell the sides."""
    pytest.importorskip("sklearn", reason="comes with the extra [evaluation]")
    rng = np.random.default_rng(0)
    marks = rng.normal(size=(24, len(names())))
    piece = np.repeat(np.arange(24), 4)
    all_rows = marks[piece] + 0.01 * rng.normal(size=(96, len(names())))
    sides = [Table(all_rows[piece % 2 == k], np.zeros((48, 129)), piece[piece % 2 == k]) for k in (0, 1)]
    assert two_sample(*sides, rng=rng, rounds=1).accuracy < 0.75


def test_sides_are_balanced(alike: list[Score]) -> None:
    rng = np.random.default_rng(0)
    long, short = table([song(rng, bars=160)] * 2), table(alike[:3])
    assert len(long.rows) == 20
    real, other = balanced(long, short, rng)
    assert len(real.rows) == len(other.rows) == 6
    assert np.unique(real.piece, return_counts=True)[1].tolist() == [3, 3]
    assert not set(real.piece) & set(other.piece)
    assert len(balanced(long, table(alike), rng)[0].rows) == 2 * PER_PIECE
    assert np.array_equal(joined([short, short]).piece, [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5])


def test_too_little_music_is_refused(alike: list[Score]) -> None:
    pytest.importorskip("sklearn", reason="comes with the extra [evaluation]")
    rng = np.random.default_rng(0)
    with pytest.raises(SymbolicMusicError, match="`other` has 4 pieces") as error:
        two_sample(alike[:5], [*alike[5:9], alike[9].cut(0, 3)], rng=rng)
    assert "at least 5" in error.value.hint
    with pytest.raises(SymbolicMusicError, match="unknown family 'loudness'"):
        two_sample(alike[:5], alike[5:10], rng=rng, without=["loudness"])


# The benchmark script.


@pytest.fixture(scope="module")
def script() -> ModuleType:
    path = Path(__file__).parents[1] / "docs" / "benchmarks" / "arranged.py"
    spec = importlib.util.spec_from_file_location("arranged", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["arranged"] = module  # its dataclasses look themselves up there
    spec.loader.exec_module(module)
    return module


def test_files_are_sorted_by_the_longest_style(script: ModuleType) -> None:
    styles = {name: script.style_of(Path(f"x/{name}")) for name in ("jazz-waltz-3.mid", "jazz-3.mid", "jazzy-3.mid")}
    assert styles == {"jazz-waltz-3.mid": "jazz-waltz", "jazz-3.mid": "jazz", "jazzy-3.mid": ""}


def test_real_pieces_stand_against_their_like(script: ModuleType, alike: list[Score]) -> None:
    bare = [script.without_drums(s) for s in alike[:8]]
    real = [("rock", "a", s) for s in alike[:8]] + [("polka", "a", s) for s in bare]
    made = alike[10:12]
    assert script.opposite(made, "rock", real)[:2] == ("rock", alike[:8])
    assert script.opposite(made, "punk", real)[0] == "rock"
    name, against, left = script.opposite(made, "polka", real)
    assert name == "polka, drums left out" and against == bare
    assert not any(script.has_drums(s) for s in left)
    assert script.opposite(made, "jazz", real)[:2] == ("all bands", alike[:8])
    assert script.opposite(bare[:1], "jazz", real)[1] == []
    leads = [("jazz", "a", script.kept(s, [1])) for s in alike[:8]]  # one instrument: not what a trio is compared with
    assert script.opposite(made, "jazz", real + leads)[0] == "all bands"
    assert script.opposite([leads[0][2]], "jazz", real + leads)[0] == "jazz"


def test_both_sides_pass_through_the_tokens(script: ModuleType) -> None:
    rng = np.random.default_rng(0)
    first = song(rng)
    notes = first.notes.copy()
    notes["velocity"] += 1  # between two velocity tokens
    once = script.through_tokens(replace(first, notes=notes, tempo=93.4), "rock")
    again = script.through_tokens(once, "rock")
    assert len(np.unique(once.notes["velocity"])) < len(np.unique(notes["velocity"]))
    assert np.array_equal(once.notes, again.notes) and once.tempo == again.tempo
    assert script.through_tokens(first.cut(0, 1), "rock") is None
