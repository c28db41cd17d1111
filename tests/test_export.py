"""The options of a MIDI file: chords, swing, humanising, kits; stems; and scores that no file can hold."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scores import EXPORTS, MANY, QUIET, at, heard, scores, song, suited

from symbolic_music.errors import BriefError
from symbolic_music.files.channels import listing
from symbolic_music.files.export import Export
from symbolic_music.files.limits import MOST_NOTES
from symbolic_music.files.performance import playable
from symbolic_music.files.write_midi import midi_bytes, stems
from symbolic_music.score import NOTE, Part, Score, sort_notes, straight, swung
from symbolic_music.theory.chords import CHORDS, Chord
from symbolic_music.theory.genres import FEELS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import Meter

# options


def test_chords_stand_at_their_half_bars_as_the_key_spells_them() -> None:
    def index(root: int, quality: str) -> int:
        return CHORDS.index(Chord(root, quality))

    halves = [[index(2, "min7"), index(2, "min7")], [-2, index(8, "hdim7")], [-1, index(8, "maj")]]
    score = song(meters=(Meter(), Meter(3, 4), Meter()), key=Key("D", "minor"), chords=np.array(halves, np.int16))
    score = replace(score, keys=((2, Key("E")),))
    for kind in ("text", "lyrics"):
        track = mido.MidiFile(file=BytesIO(midi_bytes(score, export=Export(chords=kind)))).tracks[0]
        found = [(tick / 480, m.text) for tick, m in at(track, kind)]
        assert found == [(0, "Dm7"), (5.5, "G#m7b5"), (7, "N.C."), (9, "G#")]
    assert b"Dm7" not in midi_bytes(score)


def straight_eighths(parts: tuple[Part, ...] = (Part(0),), bars: int = 1, **more: Any) -> Score:
    rows = [(tick, 12, 60 + i, 80, i) for tick in range(0, 96 * bars, 12) for i in range(len(parts))]
    return Score(parts, (Meter(),) * bars, sort_notes(np.array(rows, NOTE)), **more)


def onsets(score: Score, export: Export, offsets: Any = None) -> list[int]:
    return [start for start, *_ in heard(midi_bytes(score, offsets=offsets, export=export))[1][0][2]]


def test_swing_takes_the_place_of_the_timing() -> None:
    late = np.full(8, 3.0, np.float32)
    score = straight_eighths()
    assert onsets(score, Export(resolution=24), late) == [3, 15, 27, 39, 51, 63, 75, 87]
    assert onsets(score, Export(resolution=24, swing=0.5), late) == list(range(0, 96, 12))
    assert onsets(score, Export(resolution=24, swing=2 / 3), late) == [0, 16, 24, 40, 48, 64, 72, 88]
    assert onsets(score, Export(swing=0.6)) == [0, 288, 480, 768, 960, 1248, 1440, 1728]


def test_only_bars_in_quarters_swing_and_the_others_keep_their_timing() -> None:
    score = replace(straight_eighths(), meters=(Meter(1, 4), Meter(5, 8), Meter(1, 4)))  # beats from 0, and from 84
    assert onsets(score, Export(swing=2 / 3)) == [0, 320, 480, 720, 960, 1200, 1440, 1680]
    late = np.full(8, 3.0, np.float32)
    assert onsets(score, Export(resolution=24, swing=2 / 3), late) == [0, 16, 27, 39, 51, 63, 75, 84]
    after = replace(score, meters=(Meter(5, 8), Meter(2, 4)))
    assert onsets(after, Export(resolution=24, swing=2 / 3))[5:] == [60, 76, 84]


@pytest.mark.parametrize("meters", [(Meter(6, 8),), (Meter(3, 8), Meter(7, 8))])
def test_a_piece_without_quarters_cannot_swing(meters: tuple[Meter, ...]) -> None:
    with pytest.raises(BriefError, match=r"a swing of 0\.6 in .+/8: bars that are counted in quarter notes swing"):
        midi_bytes(song(meters=meters), export=Export(swing=0.6))


@QUIET
@given(MANY, st.floats(0.5, 0.75), st.sampled_from(FEELS))
def test_what_is_swung_is_found_straight_again(score: Score, share: float, feel: str) -> None:
    # on eighths of a beat, no line over a note of its own pitch
    notes = score.notes.copy()
    edges = score.bar_starts[np.searchsorted(score.bar_starts, notes["start"], side="right") - 1]
    notes["start"] -= (notes["start"] - edges) % 3
    notes["duration"] = 3
    notes = sort_notes(np.unique(notes))
    late = swung(notes, score.meters, feel, share)
    assert (late is None) == (feel == "straight" or all(meter.unit == 8 for meter in score.meters))
    played = notes.copy()
    if late is not None:
        begin, end = np.rint(np.stack([notes["start"], notes["start"] + 3]) + late).astype(int)
        played["start"], played["duration"] = begin, end - begin
    back = straight(played, score.meters, feel, share)
    assert back[["start", "pitch", "part"]].tolist() == notes[["start", "pitch", "part"]].tolist()
    inside = notes["start"] + 3 < score.bar_starts[-1]
    assert back["duration"][inside].tolist() == notes["duration"][inside].tolist()


def test_notes_whose_offsets_cross_keep_their_order_and_stay_inside() -> None:
    notes = np.array([(0, 12, 60, 80, 0), (12, 12, 60, 80, 0), (84, 6, 60, 80, 0), (90, 6, 60, 80, 0)], NOTE)
    score = Score((Part(0),), (Meter(),), notes)
    late = np.array([[20, -10, 30, 30], [0, 0, 30, 30]], np.float32)
    assert heard(midi_bytes(score, offsets=late, export=Export(resolution=24)))[1][0][2] == [
        (0, 2, 60, 80), (2, 22, 60, 80), (94, 1, 60, 80), (95, 1, 60, 80),
    ]  # fmt: skip


def test_a_swung_eighth_does_not_fall_on_a_triplet_of_its_pitch() -> None:
    notes = np.array([(0, 12, 60, 80, 0), (12, 4, 60, 80, 0), (16, 8, 60, 80, 0)], NOTE)
    score = Score((Part(0),), (Meter(),), notes)
    rows = heard(midi_bytes(score, export=Export(resolution=24, swing=2 / 3)))[1][0][2]
    assert rows == [(0, 14, 60, 80), (14, 2, 60, 80), (16, 8, 60, 80)]


def test_drum_parts_share_a_channel_and_never_clash_when_moved() -> None:
    notes = sort_notes(np.array([(t, 6, 36, 90, t // 3 % 2) for t in range(0, 96, 3)], NOTE))
    score = Score((Part(-1), Part(-1, 2)), (Meter(),), notes, 200.0)
    rng = np.random.default_rng(1)
    for _ in range(20):
        late = rng.normal(0, 4, (2, len(notes))).astype(np.float32)
        _, tracks = heard(midi_bytes(score, offsets=late, export=Export(resolution=24, humanise=1.0)))
        assert sum(len(rows) for *_, rows in tracks) == len(notes)


@QUIET
@given(MANY, st.integers(0, 9), st.floats(0.1, 8))
def test_any_offsets_leave_every_note_whole(score: Score, seed: int, spread: float) -> None:
    late = np.random.default_rng(seed).normal(0, spread, (2, len(score.notes))).astype(np.float32)
    for resolution in (24, 480):
        _, tracks = heard(midi_bytes(score, offsets=late, export=Export(resolution=resolution)))
        assert sum(len(rows) for *_, rows in tracks) == len(playable(score))


def test_humanising_varies_as_much_as_it_says_and_keeps_chords_together() -> None:
    rows = [(tick, 24, pitch, 80, part) for tick in range(0, 96 * 160, 24) for part in (0, 1) for pitch in (40, 60, 64)]
    score = Score(
        (Part(-1), Part(0)), (Meter(),) * 160, sort_notes(np.array(rows, NOTE)), 120.0, tempos=((96 * 80, 60.0),)
    )
    spread = {}
    for amount in (0.5, 1.0):
        _, tracks = heard(midi_bytes(score, export=Export(humanise=amount, seed=3, resolution=9600)))
        for name, _, notes in tracks:
            chords = np.array(sorted(notes, key=lambda n: (round(n[0] / 9600), n[2])))[:, [0, 3]].reshape(-1, 3, 2)
            ms = (chords[..., 0] - 9600 * np.arange(640)[:, None]) / 9600 * np.repeat([500, 1000], 320)[:, None]
            spread[name, amount] = (ms[1:].std(), chords[..., 1].std(), (ms.max(1) - ms.min(1)).max())
            assert abs(np.corrcoef(ms[1:-1, 0], ms[2:, 0])[0, 1] - 0.67) < 0.1
    for amount in (0.5, 1.0):
        assert spread["acoustic grand piano", amount][:2] == pytest.approx((12 * amount, 8 * amount), rel=0.15)
        assert spread["drums", amount][:2] == pytest.approx((6 * amount, 8 * amount), rel=0.15)
        assert spread["acoustic grand piano", amount][2] < 16 * amount
    assert midi_bytes(score, export=Export(humanise=1.0, seed=1)) != midi_bytes(
        score, export=Export(humanise=1.0, seed=2)
    )
    assert midi_bytes(score, export=Export(seed=1)) == midi_bytes(score)


@QUIET
@given(scores(), st.integers(0, 5), st.sampled_from((24, 480)))
def test_humanising_keeps_the_order_of_a_part(score: Score, seed: int, resolution: int) -> None:
    _, tracks = heard(midi_bytes(score, export=Export(humanise=1.0, seed=seed, resolution=resolution)))
    notes = playable(score)
    for index, (*_, rows) in zip(listing(score.parts), tracks, strict=True):
        own = notes[notes["part"] == index]
        place = {tick: i for i, tick in enumerate(np.unique(own["start"]).tolist())}
        by_pitch: dict[int, list[int]] = defaultdict(list)
        for start, pitch in own[["start", "pitch"]].tolist():
            by_pitch[pitch].append(place[start])
        played = sorted((start, by_pitch[pitch].pop(0)) for start, _, pitch, _ in rows)
        assert [i for _, i in played] == sorted(i for _, i in played)


def test_the_kit_is_the_genres_or_the_one_asked() -> None:
    def program(score: Score, **options: Any) -> int | None:
        found: dict[str, int | None] = {t[0]: t[1] for t in heard(midi_bytes(score, export=Export(**options)))[1]}
        return found["drums"]

    assert program(song()) == program(song(genre="no such genre")) == 0
    assert program(song(genre="jazz")) == 32 and program(song(genre="trap")) == 25 and program(song(genre="rock")) == 16
    assert program(song(genre="jazz"), kit="standard") == 0
    assert program(song(), kit="808") == 25


# stems


@QUIET
@given(MANY, EXPORTS)
def test_stems_are_the_parts_of_the_whole(score: Score, export: Export) -> None:
    export = suited(export, score)
    whole, tracks = heard(midi_bytes(score, title="T", export=export))
    made = stems(score, title="T", export=replace(export, type=0))
    sounding = [(i, track) for i, track in enumerate(tracks, 1) if track[2]]
    assert len(made) == len(sounding) == len({name for name, _ in made})
    for number, ((name, data), (index, track)) in enumerate(zip(made, sounding, strict=True), 1):
        file, own = heard(data)
        assert own == [track] and (file.type, len(file.tracks)) == (1, 2)
        assert file.tracks[0] == whole.tracks[0]
        assert {m.channel for m in file.tracks[1] if not m.is_meta} == {
            m.channel for m in whole.tracks[index] if not m.is_meta
        }
        assert name.startswith(f"{number:02} ")


def test_the_name_of_a_stem_can_be_that_of_a_file(tmp_path: Path) -> None:
    bad = song(names=('a/b\\c:*?"<>|\x01..', "."))
    for name, data in stems(bad):
        (tmp_path / f"{name}.mid").write_bytes(data)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["01 flute.mid", "02 a b c.mid"]


# bad input


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"type": 2}, "MIDI of type 2: 1 works"),
        ({"resolution": 100}, "a resolution of 100: a multiple of 24"),
        ({"resolution": 0}, "a resolution of 0"),
        ({"resolution": 480.0}, "a resolution of 480.0"),
        ({"resolution": 9624}, "up to 9600"),
        ({"chords": "words"}, "text or lyrics"),
        ({"swing": 0.8}, "0.5 \\(straight\\) to 0.75"),
        ({"swing": float("nan")}, "a swing of nan"),
        ({"swing": "some"}, "a swing of 'some'"),
        ({"humanise": 1.1}, "humanise 1.1"),
        ({"humanise": -0.1}, "humanise"),
        ({"seed": -1}, "seed -1"),
        ({"seed": True}, "seed True"),
        ({"kit": "jaz"}, "did you mean jazz"),
        ({"kit": "bongo"}, "unknown drum kit 'bongo'"),
        ({"copyright": 5}, "a text works"),
    ],
)
def test_an_option_that_there_is_not(options: dict[str, Any], words: str) -> None:
    with pytest.raises(BriefError, match=words):
        Export(**options)


@pytest.mark.parametrize("tempo", [float("nan"), float("inf"), -float("inf"), 0.0, -120.0, 3.5, 1e9])
def test_a_tempo_that_is_none_is_named_with_its_bar(tempo: float) -> None:
    with pytest.raises(BriefError, match=r"a tempo of .+ in bar 1: 4 to 1000 quarter notes a minute work"):
        midi_bytes(song(tempo=tempo))
    with pytest.raises(BriefError, match="in bar 2"):
        midi_bytes(song(tempos=((100, tempo),)))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ((100, 24, 128, 80, 1), "pitch 128 in bar 2: 0 to 127"),
        ((0, 24, -1, 80, 1), "pitch -1 in bar 1"),
        ((0, 24, 60, 0, 1), "velocity 0 in bar 1: 1 to 127"),
        ((0, 24, 60, 128, 1), "velocity 128"),
        ((0, 24, 60, 80, 2), "part 2 in bar 1: 0 to 1"),
        ((0, 24, 60, 80, -1), "part -1"),
    ],
)
def test_a_note_that_there_is_not_is_named_with_its_bar(row: tuple[int, ...], words: str) -> None:
    with pytest.raises(BriefError, match=words):
        midi_bytes(song(notes=np.array([row], NOTE)))


def test_too_many_notes_and_too_long_a_time_are_refused() -> None:
    with pytest.raises(BriefError, match="300,001 notes: up to 300,000 work"):
        midi_bytes(song(notes=np.zeros(MOST_NOTES + 1, NOTE)))
    with pytest.raises(BriefError, match="8000 bars at 9600 ticks a quarter note"):
        midi_bytes(song(meters=(Meter(),) * 8000), export=Export(resolution=9600))
