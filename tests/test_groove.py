"""Drum feel: the shipped table, drum parts played after it, and comparing them with performances."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic_music.errors import BriefError, FileError
from symbolic_music.score import NOTE
from symbolic_music.theory.meters import METERS
from symbolic_music.training.groove import ACCENT, TABLE, USUAL, VOICES, groove, is_swung, names
from symbolic_music.training.groove_table import measure, text
from symbolic_music.training.groove_takes import distance, onsets, profile, take, takes

DATA = Path(__file__).parents[2] / "shared" / "corpus" / "groove"
STYLES = [name for name in names() if name not in ("neutral", "machine")]
KICK, SNARE, HAT, RIDE = VOICES["kick"][1], VOICES["snare"][0], VOICES["closed hat"][0], VOICES["ride"][0]


def part(bars: int = 8, **lines: str) -> np.ndarray:
    """A part from grids such as kick="x...x...": o soft, x usual, X accented."""
    pitches = {"kick": KICK, "snare": SNARE, "hat": HAT, "ride": RIDE}
    rows = [
        (bar * 96 + i * 96 // len(line), 6, pitches[name], {"o": 50, "x": 84, "X": 112}[step], 0)
        for bar in range(bars)
        for name, line in lines.items()
        for i, step in enumerate(line)
        if step != "."
    ]
    return np.sort(np.array(rows, NOTE), order=["start", "pitch"])


BEAT = {"kick": "x.......x.x.....", "snare": "....X..o.o..X...", "hat": "x.x.x.x.x.x.x.x."}


def performed(beats: list[float], pitch: int, velocity: int | list[int] = 80) -> np.ndarray:
    """Strokes as the data set holds them."""
    notes = np.zeros(len(beats), [("time", "i4"), ("pitch", "i1"), ("velocity", "i1")])
    notes["time"], notes["pitch"], notes["velocity"] = np.round(np.array(beats) * 480), pitch, velocity
    return notes


def test_the_table_is_small_credited_and_sane() -> None:
    said = TABLE.read_text("utf-8")
    assert len(said.encode()) < 120_000
    assert "CC BY 4.0" in said[:600] and "Groove MIDI Dataset" in said[:600]
    assert len(STYLES) == 18
    for name in names():
        feel = groove(name)
        assert feel.performances >= 1 and feel.bars >= 32
        assert 0 <= feel.swung <= 100 and 56 <= feel.swing <= 80 and 45 <= feel.sixteenths <= 66
        assert feel.ghosts[0] < 50 < feel.ghosts[2]
        assert all(5 <= value <= 95 for value in feel.drift + feel.swell)
        assert 10 <= feel.fill[0] <= 40, "fills get louder"
        for key, template in feel.templates.items():
            bar, which = key.split()
            assert template.steps == (3 if which == "swung" else 4)
            slots = round(4 * int(bar[0]) / int(bar[2])) * template.steps if bar != "5/8" else 10
            for array in (template.onsets, template.velocity, template.spread, template.offset, template.jitter):
                assert array.shape == (len(VOICES), slots)
            assert template.onsets.min() >= 0 and template.onsets.max() <= 100
            assert np.abs(template.offset).max() <= 50 and template.jitter.max() <= 40
            if name != "machine":
                assert template.jitter.min() > 5 and template.velocity.min() > 5 and template.velocity.max() <= 127


def test_the_table_holds_what_drummers_of_the_styles_play() -> None:
    kick, snare, hat = 0, 1, 3
    rock = groove("rock").template()
    assert rock.onsets[kick, 0] > 60 and rock.onsets[snare, [4, 12]].min() > 60, "kick on one, snare on two and four"
    assert rock.ghosts[[4, 12]].max() < 10 < rock.ghosts[[7, 9]].min()
    assert rock.stress[hat, 0] > 0 > rock.stress[hat, 2], "the hat is louder on the beat"
    ride, pedal = 6, 5
    jazz = groove("jazz").template(swung=True)
    assert jazz.onsets[ride, [0, 3, 5, 6, 9, 11]].min() > 35 > jazz.onsets[ride, [1, 4, 7, 10]].max()
    assert jazz.onsets[pedal, [3, 9]].min() > 50 > jazz.onsets[pedal, [0, 6]].max()
    assert groove("blues").swung > 50 > groove("funk").swung


def test_an_unknown_groove_is_refused_with_near_names() -> None:
    with pytest.raises(BriefError, match="no groove 'bluse': did you mean blues"):
        groove("bluse")
    with pytest.raises(BriefError, match="tempo 0"):
        groove("").humanised(part(**BEAT), tempo=0, rng=np.random.default_rng(0))


@given(
    st.lists(st.tuples(st.integers(0, 960), st.integers(27, 88), st.integers(1, 127)), max_size=60),
    st.sampled_from(names()),
    st.sampled_from(METERS),
    st.floats(20, 320),
    st.integers(0, 99),
)
def test_any_part_stays_the_same_part(rows, name, meter, tempo, seed) -> None:
    notes = np.array([(start, 6, pitch, velocity, 0) for start, pitch, velocity in rows], NOTE)
    before = notes.copy()
    fills = [(0, 96)] if seed % 2 else []
    played, offsets = groove(name).humanised(
        notes, tempo=tempo, meter=meter, rng=np.random.default_rng(seed), fills=fills
    )
    again = groove(name).humanised(notes, tempo=tempo, meter=meter, rng=np.random.default_rng(seed), fills=fills)
    assert (again[0] == played).all() and (again[1] == offsets).all()
    assert (notes == before).all()
    for field in ("start", "duration", "pitch", "part"):
        assert (played[field] == notes[field]).all()
    assert offsets.dtype == np.float32 and offsets.shape == notes.shape
    assert (np.abs(offsets) <= 2.7001).all() and (notes["start"] + offsets >= 0).all()
    order = np.argsort(notes["start"], kind="stable")
    late = (notes["start"] + offsets)[order]
    apart = np.diff(notes["start"][order]) > 0
    assert (np.diff(late)[apart] > 0).all(), "strokes stay in order"
    assert ((played["velocity"] >= 1) & (played["velocity"] <= 127)).all()
    if name == "machine":
        assert (offsets == 0).all()


@given(st.sampled_from(names()), st.integers(0, 999))
def test_levels_of_a_voice_stay_in_order(name, seed) -> None:
    notes = part(4, kick="X.o.x.o.", snare="o.o.X.ox", hat="XoxoXoxx")
    played, _ = groove(name).humanised(notes, tempo=110, rng=np.random.default_rng(seed))
    for pitch in (KICK, SNARE, HAT):
        mine = notes["pitch"] == pitch
        soft, usual, loud = (played["velocity"][mine & (notes["velocity"] == v)] for v in (50, 84, 112))
        assert soft.max() < USUAL <= usual.min() and usual.max() < ACCENT <= loud.min()


def test_strokes_vary_as_the_players_do() -> None:
    notes = part(400, **BEAT)
    feel, template = groove("funk"), groove("funk").template()
    played, offsets = feel.humanised(notes, tempo=100, rng=np.random.default_rng(3))
    ms = offsets / 24 * 600
    slot = notes["start"] // 6 % 16
    for pitch, voice in ((KICK, 0), (SNARE, 1), (HAT, 3)):
        for s in np.unique(slot[notes["pitch"] == pitch]):
            mine = (notes["pitch"] == pitch) & (slot == s)
            assert ms[mine].mean() == pytest.approx(template.offset[voice, s], abs=5)
            assert ms[mine].std() == pytest.approx(template.jitter[voice, s], rel=0.25)
    first, second = (ms[(notes["pitch"] == p) & (slot == 4)] for p in (SNARE, HAT))
    assert np.corrcoef(first, second)[0, 1] == pytest.approx(feel.drift[0] / 100, abs=0.12)
    hat = notes["pitch"] == HAT
    assert played["velocity"][hat].mean() == pytest.approx(84, abs=4), "as loud as written"
    assert 8 < played["velocity"][hat].std() < 25
    assert played["velocity"][hat & (slot == 4)].mean() > played["velocity"][hat & (slot == 2)].mean() + 8
    ghosts = played["velocity"][(notes["pitch"] == SNARE) & (notes["velocity"] == 50)]
    assert ghosts.mean() == pytest.approx(84 * feel.ghosts[0] / feel.ghosts[2], abs=4)


def test_a_fill_gets_louder() -> None:
    notes = part(40, snare="xxxxxxxxxxxxxxxx")
    fills = [(bar * 96, bar * 96 + 96) for bar in range(40)]
    played, _ = groove("rock").humanised(notes, tempo=120, rng=np.random.default_rng(0), fills=fills)
    quarters = [played["velocity"][notes["start"] // 24 % 4 == q].mean() for q in range(4)]
    assert quarters == sorted(quarters) and quarters[3] > quarters[0] + 10


@pytest.mark.parametrize(("line", "swung"), [("x..x.xx..x.x", True), ("x.x.x.x.x.x.x.x.", False), ("x.x.x.x.", False)])
def test_swing_is_seen_in_a_part(line: str, swung: bool) -> None:
    assert is_swung(part(2, ride=line)) is swung


def test_profiles_and_distances_are_as_counted_by_hand() -> None:
    found = profile(part(3, kick="x...x...", snare="....x..."))
    assert found.shape == (9, 16) and found.sum() == 3
    assert found[0, 0] == found[0, 8] == found[1, 8] == 1
    assert profile(part(2, ride="x..x.xx..x.x"))[6].tolist() == [1, 0, 0, 1, 0, 1, 1, 0, 0, 1, 0, 1]
    one, two = np.array([[1.0, 0], [0, 0]]), np.array([[1.0, 0], [0, 1]])
    # a half of the strokes in common: 0.5 (log2 4/3) + 0.25 (log2 2/3) + 0.25 (log2 2)
    assert distance(one, two) == pytest.approx(np.sqrt(0.5 * np.log2(4 / 3) + 0.25 * np.log2(2 / 3) + 0.25))
    assert distance(one, 7 * one) == 0
    with pytest.raises(ValueError, match="without a stroke"):
        distance(one, 0 * one)


def test_a_performance_ahead_of_the_click_is_resolved() -> None:
    """At 125 a minute a beat is 480 ms, so a tick of the file is 1 ms."""
    beats = [bar * 4 + i / 2 for bar in range(4) for i in range(8)]
    found = take(performed([b + 1 - 0.05 for b in beats], 42), style="rock", bar="4/4", bpm=125)
    assert not found.swung and found.ahead == pytest.approx(24) and found.bars == 5
    assert found.slot.tolist() == [round(4 * b) + 4 for b in beats]
    assert np.abs(found.offset).max() < 1


def test_a_swung_performance_is_resolved() -> None:
    beats = sorted(b + s for b in range(32) for s in (0, 0.64))
    found = take(performed(beats, 51), style="jazz", bar="4/4", bpm=125)
    assert found.swung and found.swing == pytest.approx(0.64, abs=0.005)
    assert found.slot[:4].tolist() == [0, 2, 3, 5] and np.abs(found.offset).max() < 1
    assert onsets([found])[6].tolist() == [1, 0, 1] * 4


def test_ghosts_and_the_louder_of_two_strokes_are_told() -> None:
    beats = list(range(32)) + [b + 0.01 for b in range(32)]
    velocity = [110 if b % 2 else 30 for b in range(32)] + [20] * 32
    found = take(performed(beats, 40, velocity), style="funk", bar="4/4", bpm=100)
    assert found.velocity.tolist() == velocity[:32]
    assert found.loud.tolist() == [v == 110 for v in velocity[:32]]


def test_a_folder_without_the_data_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"info\.csv"):
        takes(tmp_path)


@pytest.mark.skipif(not DATA.is_dir(), reason="needs the Groove MIDI Dataset in shared/corpus/groove")
@pytest.mark.parametrize("style", ["punk", "reggae", "jazz"])
def test_the_table_is_what_the_data_set_gives(style: str) -> None:
    shipped = tomllib.loads(TABLE.read_text("utf-8"))
    row = measure(takes(DATA, [style]), groove("neutral"))
    assert tomllib.loads(text({style: row}))[style] == shipped[style]
