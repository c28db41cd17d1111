"""The arranger: every piece is valid, labelled and repeatable; every fault of a sheet is named."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from symbolic_music import cli
from symbolic_music.errors import FileError, StyleError
from symbolic_music.files.performance import playable
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.score import Score
from symbolic_music.theory.chords import CHORDS, Chord
from symbolic_music.theory.genres import STYLES
from symbolic_music.theory.instruments import of_program
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import Meter
from symbolic_music.tokens.layout import control_ids, read, write
from symbolic_music.training.arranger import Arrangement, arrange, arrangeable, read_lead, read_sheet, sheet
from symbolic_music.training.arranger.chart import Chart, Span, interval
from symbolic_music.training.arranger.lines import Line
from symbolic_music.training.arranger.patterns import VOICINGS, Pattern, Step
from symbolic_music.training.arranger.sheets import ENDS, ROLES
from symbolic_music.training.arranger.voicings import Voices

STYLES_ASKED = {
    "pop", "rock", "punk", "metal", "funk", "soul", "disco", "rnb", "hip-hop", "trap", "lo-fi", "house", "techno",
    "trance", "drum-and-bass", "synthwave", "ambient", "reggae", "ska", "dub", "country", "bluegrass", "folk",
    "blues", "boogie", "ragtime", "swing", "bebop", "jazz-ballad", "jazz-waltz", "bossa-nova", "samba", "salsa",
    "tango", "flamenco", "cumbia", "afrobeat", "waltz", "polka", "march", "klezmer", "gospel", "hymn", "chamber",
    "film-score", "chiptune",
}  # fmt: skip

TUNE = """<?xml version="1.0"?><score-partwise version="3.1"><part-list><score-part id="P1"><part-name>Tune</part-name>
</score-part></part-list><part id="P1">{bars}</part></score-partwise>"""
CHORD = "<harmony><root><root-step>{0}</root-step></root><kind>{1}</kind></harmony>"
NOTE = "<note><pitch><step>{0}</step><octave>4</octave></pitch><duration>{1}</duration></note>"
START = (
    "<attributes><divisions>1</divisions><key><fifths>0</fifths></key>"
    "<time><beats>{0}</beats><beat-type>4</beat-type></time></attributes>"
)


def arranged(style: str, seed: int) -> Arrangement:
    return arrange(style, rng=np.random.default_rng(seed))


def tune(path: Path, bars: int = 8, beats: int = 4, chords: bool = True, upbeat: bool = False) -> Path:
    """A lead sheet in C: a note a beat, a chord a bar, and perhaps a B before it all."""
    made = [f'<measure number="0" implicit="yes">{START.format(beats)}{NOTE.format("B", 1)}</measure>'] * upbeat
    for i in range(bars):
        head = START.format(beats) if i == 0 and not upbeat else ""
        chord = CHORD.format("CFGC"[i % 4], ("major", "major-seventh", "dominant", "major")[i % 4]) if chords else ""
        notes = "".join(NOTE.format("CDEFGAB"[(i + b) % 7], 1) for b in range(beats))
        made.append(f'<measure number="{i + 1}">{head}{chord}{notes}</measure>')
    path.write_text(TUNE.format(bars="".join(made)))
    return path


def test_the_styles_are_there() -> None:
    assert set(arrangeable()) >= STYLES_ASKED


@pytest.mark.parametrize("style", arrangeable())
def test_pieces_are_valid(style: str) -> None:
    for seed in range(6):
        check(arranged(style, seed), style)


def check(made: Arrangement, style: str) -> None:
    score, notes = made.score, made.score.notes
    assert score.genre == style
    assert len(made.roles) == len(score.parts) and set(made.roles) <= set(ROLES)
    assert len(score.sections) == score.bars == len(score.chords if score.chords is not None else [])
    assert made.offsets.shape == (2, len(notes)) and len(notes) > 100
    assert np.isfinite(made.offsets).all() and np.abs(made.offsets).max() < 12
    end = int(score.bar_starts[-1])
    assert notes["start"].min() >= 0 and (notes["start"] + notes["duration"]).max() <= end
    assert notes["duration"].min() > 0 and notes["velocity"].min() >= 1 and notes["velocity"].max() <= 127
    assert len(playable(score)) == len(notes)  # nothing doubled, nothing over its own pitch
    for i, part in enumerate(score.parts):
        mine, one = notes[notes["part"] == i], of_program(part.program)
        assert len(mine), f"{part.name} never plays"
        assert one.low <= mine["pitch"].min() and mine["pitch"].max() <= one.high, part.name
        _, together = np.unique(mine["start"], return_counts=True)
        assert part.is_drums or together.max() <= max(one.voices, 2), part.name
    low, _, high = sheet(style).genre.tempo
    assert score.tempo is not None and low <= score.tempo <= high
    assert Score.cut(score, 0, score.bars).bars == score.bars
    # the last bar sounds, and the piece ends on its tonic unless it fades
    assert notes["start"].max() >= score.bar_starts[-3]


@pytest.mark.parametrize("style", arrangeable()[::4])
def test_the_same_seed_makes_the_same_piece(style: str) -> None:
    one, two, other = arranged(style, 7), arranged(style, 7), arranged(style, 8)
    assert np.array_equal(one.score.notes, two.score.notes) and np.array_equal(one.offsets, two.offsets)
    assert not np.array_equal(one.score.notes, other.score.notes)


@pytest.mark.parametrize("style", arrangeable()[::3])
def test_pieces_go_through_tokens_and_files(style: str) -> None:
    made = arranged(style, 11)
    again = read(write(made.score, control_ids(genre=style)))
    assert again.bars == made.score.bars and again.parts == made.score.parts
    assert again.sections == made.score.sections
    assert len(again.notes) >= 0.97 * len(made.score.notes)
    file = mido.MidiFile(file=io.BytesIO(midi_bytes(made.score, offsets=made.offsets)))
    sounding: dict[tuple[int, int], int] = {}
    for track in file.tracks:
        for message in track:
            if message.type == "note_on" and message.velocity:
                sounding[message.channel, message.note] = sounding.get((message.channel, message.note), 0) + 1
            elif message.type in ("note_off", "note_on"):
                sounding[message.channel, message.note] -= 1
    assert set(sounding.values()) == {0}
    assert any(m.type == "marker" for m in file.tracks[0])


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(arrangeable()), st.integers(0, 2**32), st.integers(0, 11), st.integers(40, 240))
def test_key_and_tempo_are_kept(style: str, seed: int, tonic: int, tempo: int) -> None:
    modes = sheet(style).genre.modes
    mode = "minor" if "minor" in modes or "dorian" in modes or "phrygian" in modes else "major"
    made = arrange(style, key=Key.of(tonic, mode), tempo=float(tempo), rng=np.random.default_rng(seed))
    assert made.score.key == Key.of(tonic, mode) and made.score.tempo == tempo
    ends = sheet(style).end
    assert set(ends) <= set(ENDS)
    if "fade" not in ends:
        chord = CHORDS[made.score.chords[-1, 0]] if made.score.chords is not None else None
        assert chord is not None and chord.root == tonic
        last = made.score.notes[made.score.notes["start"] >= made.score.bar_starts[-2]]
        pitched = last[~np.array([p.is_drums for p in made.score.parts])[last["part"]]]
        assert {int(p) % 12 for p in pitched["pitch"]} <= chord.pitch_classes | {(tonic + 2) % 12, (tonic + 5) % 12}


def test_sections_that_come_back_keep_their_chords() -> None:
    made = arranged("rock", 4)
    sections = np.array(made.score.sections)
    assert made.score.chords is not None
    bars = np.flatnonzero(sections == "chorus")
    runs = np.split(bars, np.flatnonzero(np.diff(bars) > 1) + 1)
    assert len(runs) > 1
    length = min(map(len, runs))
    for run in runs[1:]:
        assert np.array_equal(made.score.chords[runs[0][:length]], made.score.chords[run[:length]])


def test_a_lead_sheet_is_arranged(tmp_path: Path) -> None:
    lead = read_lead(tune(tmp_path / "tune.musicxml", bars=16))
    assert (lead.meter, lead.key, len(lead.chords)) == (Meter(4, 4), Key("C"), 16)
    assert [str(c) for c in (lead.chords[0][0], lead.chords[1][0], lead.chords[2][0])] == ["C:maj", "F:maj7", "G:7"]
    made = arrange("pop", lead=lead, key=Key("D"), rng=np.random.default_rng(2))
    melody = made.roles.index("melody")
    classes = made.score.notes[made.score.notes["part"] == melody]["pitch"] % 12
    asked = [(n.pitch + 2) % 12 for n in lead.notes]
    text = bytes(classes.astype(np.uint8))
    assert bytes(asked[:32]) in text  # the tune, note for note, a tone higher
    assert made.score.key == Key("D")


@pytest.mark.parametrize("style", ["techno", "trance", "dub"])
def test_a_tune_is_always_sung(tmp_path: Path, style: str) -> None:
    lead = read_lead(tune(tmp_path / "tune.musicxml", bars=16))
    asked = bytes(n.pitch % 12 for n in lead.notes[:32])
    for seed in range(8):  # though its player takes part in seven pieces of ten, and not in a verse
        made = arrange(style, lead=lead, rng=np.random.default_rng(seed))
        mine = made.score.notes[made.score.notes["part"] == made.roles.index("melody")]
        assert asked in bytes((mine["pitch"] % 12).astype(np.uint8))


def test_a_tag_is_the_last_two_bars_of_the_tune_again(tmp_path: Path) -> None:
    lead = read_lead(tune(tmp_path / "tune.musicxml", bars=16))
    style = replace(sheet("jazz"), end=("tag",))
    made = arrange(style, lead=lead, rng=np.random.default_rng(0))
    mine = made.score.notes[made.score.notes["part"] == made.roles.index("melody")]["pitch"] % 12
    assert mine[-9:-1].tolist() == mine[-17:-9].tolist() == [n.pitch % 12 for n in lead.notes[-8:]]


def test_two_bars_of_two_are_one_of_four(tmp_path: Path) -> None:
    lead = read_lead(tune(tmp_path / "tune.musicxml", bars=16, beats=2))
    assert len(lead.in_meter(Meter(4, 4)).chords) == 8
    with pytest.raises(StyleError, match="tune in 2/4 for a style in 3/4: choose a style in the tune's meter"):
        arrange("waltz", lead=lead, rng=np.random.default_rng(0))


@pytest.mark.parametrize("style", ["bebop", "march"])
@pytest.mark.parametrize("beats", [2, 4])
def test_an_upbeat_leads_into_the_first_bar(tmp_path: Path, style: str, beats: int) -> None:
    lead = read_lead(tune(tmp_path / "tune.musicxml", bars=16, beats=beats, upbeat=True))
    here = lead.in_meter(sheet(style).genre.meter)
    assert here.first == 1 and here.notes[0].start == here.meter.ticks - 24
    assert here.chords[1][0] == lead.chords[1][0]
    for seed in range(4):  # with an intro before it, or none
        made = arrange(style, lead=lead, rng=np.random.default_rng(seed))
        mine = made.score.notes[made.score.notes["part"] == made.roles.index("melody")]
        at = bytes((mine["pitch"] % 12).astype(np.uint8)).index(bytes(n.pitch % 12 for n in lead.notes[:6]))
        assert (mine["start"][at] + 24) % here.meter.ticks == 0


def test_swing_is_played_and_not_written(tmp_path: Path) -> None:
    path = tune(tmp_path / "tune.musicxml", bars=16)
    path.write_text(path.read_text().replace("<divisions>1<", "<divisions>4<"))  # sixteenths
    lead = read_lead(path)
    for style in ("lo-fi", "jazz"):
        made = arrange(style, lead=lead, rng=np.random.default_rng(1))
        off = made.score.notes["start"] % 24
        assert set(np.unique(off[off % 6 == 0])) == {0, 6, 12, 18}
        genre = sheet(style).genre
        tune_part = made.score.notes["part"] == made.roles.index("melody")
        for place in (6, 12, 18):
            here = made.offsets[0, (off == place) & tune_part]
            assert len(here) and abs(float(np.median(here)) - (genre.swung(place) - place)) < 1


def test_a_key_of_the_other_mode_is_refused(tmp_path: Path) -> None:
    lead = read_lead(tune(tmp_path / "tune.musicxml", bars=16))
    with pytest.raises(StyleError, match="tune is in C major, E minor is asked: ask for a major key"):
        arrange("jazz", lead=lead, key=Key("E", "minor"), rng=np.random.default_rng(0))


def test_a_bass_line_over_changing_chords() -> None:
    line = "1 w w a"
    two = (Chord(2, "min7"),) * 2 + (Chord(7, "7"),) * 2
    chart = Chart(Meter(), 0, "major", (Span("A", 0, 2, 1.0, ()),), two + (Chord(0, "maj7"),) * 4)
    bass = next(p for p in sheet("jazz").band if p.role == "bass")
    walk, key = (
        Pattern(1, tuple(Step(24 * i, 24, w) for i, w in enumerate(words.split()) if w != "-"), of=of)
        for words, of in ((line, "chord"), ("1 - - -", "key"))
    )
    for seed in range(8):
        pitches = [n.pitch for n in Line(chart, bass, 28, 50, np.random.default_rng(seed)).play(walk, 0, 1)]
        assert [pitches[0] % 12, pitches[2] % 12] == [2, 7]  # the root of the new chord too
        assert abs(pitches[3] % 12 - 0) in (1, 2, 10, 11)  # an approach to C
    held = replace(key, steps=(Step(0, 96, "1"),))
    player = Line(chart, bass, 28, 50, np.random.default_rng(0))
    assert [n.duration for n in player.play(held, 0, 1)] == [96]  # a riff in the key stays put


def test_degrees_and_voicings_follow_the_chord() -> None:
    white = frozenset({0, 2, 4, 5, 7, 9, 11})
    assert [interval(Chord(5, "maj"), d, white) for d in (2, 3, 4, 6, 7)] == [2, 4, 6, 9, 11]  # B over F, no Bb
    chart = Chart(Meter(), 0, "major", (Span("A", 0, 1, 1.0, ()),), (Chord(7, "sus4"),) * 4)
    for voicing in set(VOICINGS) - {"quartal"}:
        heard = Voices(chart, 40, 76, np.random.default_rng(3)).voiced(Chord(7, "sus4"), voicing, 0, 58)
        assert {p % 12 for p in heard} <= {7, 0, 2}, voicing  # no third


def test_a_lead_sheet_needs_chords(tmp_path: Path) -> None:
    path = tune(tmp_path / "bare.musicxml", chords=False)
    with pytest.raises(StyleError, match=r"bare.musicxml: a lead sheet without chords: write chord symbols"):
        read_lead(path)
    (tmp_path / "broken.musicxml").write_text("<score")
    with pytest.raises(FileError, match=r"broken.musicxml: not MusicXML"):
        read_lead(tmp_path / "broken.musicxml")
    with pytest.raises(FileError, match="no such file"):
        read_lead(tmp_path / "none.musicxml")


FAULTS = [
    (
        'play = ["bass", "picked bass"]',
        'play = ["bas"]',
        r"\[\[band\]\] 5: play: unknown instrument 'bas': did you mean",
    ),
    ('kick = "x... .... x.x. ...."', 'kick = "x... .... x.x. .... ."', r"\[\[drums\]\] 1: kick: bar 1 has 17 steps"),
    ('chords = "I | V | VIm | IV"', 'chords = "I V IV | V"', r"\[\[progressions\]\] 1: chords: bar 1 has 3 chords"),
    ('chords = "I | V | VIm | IV"', 'chords = "I | V13 | IV"', r"chords: 'V13' has an unknown quality"),
    ('line = "1! 1 1 1 1 1 1 1"', 'line = "1! 1 q 1 1 1 1 1"', r"\[\[bass\]\] 1: line: bar 1: 'q' is no step"),
    ('plan = "intro:4 verse:8', 'plan = "intro:4 refrain:8', r"\[\[forms\]\] 1: plan: 'refrain:8' is no section"),
    ("tempo = [100, 124, 150]", "tempo = [100, 124]", r"tempo: \[100, 124\]: \[slowest, usual, fastest\]"),
    ('meter = "4/4"', 'meter = "4/5"', "meter: meter 4/5 is not known"),
    ("[sections.solo]", "[sections.sole]", r"\[sections.sole\]: name: unknown section 'sole': did you mean solo"),
    ('range = ["E1", "D3"]', 'range = ["E1"]', r"\[\[band\]\] 5: range: \['E1'\]: two notes such as"),
    ("[[fills]]", "[[fill]]", r"\[fill\]: unknown table: did you mean fills"),
    ('voicing = "power"', 'voicing = "powr"', r"voicing: unknown 'powr': did you mean power"),
    ('about = "', 'abut = "', "rock.toml: abut: unknown key"),
    ('feel = "straight"', 'feel = "swing eighths"', "swing: 0.5 with feel"),
    ("share = 9", "share = true", "share: True is of the wrong type"),
    ("tempo = [100, 124, 150]", 'tempo = ["slow", "usual", "fast"]', r"tempo: \['slow', 'usual', 'fast'\]: "),
    ("[[drums]]", "[[drums]", r"Expected '\]\]' at the end of an array declaration \(at line"),
    ('line = "1! 1 1 1 1 1 1 1"', 'line = "1! 1 a, 1 1 1 1 1"', r"\[\[bass\]\] 1: line: bar 1: 'a,' is no step"),
    ("weight = ", "weight = 0 #", r"weight: 0: 0.01 to 100"),
    ("modes = {", "modes = { lydian = 0,", "modes: lydian = 0: a weight is a number above 0"),
    ("start = [", "start = [] # [", r"\[shape\]: start: empty: name at least one, such as all"),
    ("[sections.solo]", "[[sections.solo]]", r"\[sections.solo\]: not a table"),
    ("intro:4 verse:8", "intro:² verse:8", r"\[\[forms\]\] 1: plan: 'intro:²' is no section"),
    ('groove = "rock"', 'groove = "rok"', "groove: no groove 'rok': did you mean rock"),
]


@pytest.mark.parametrize(("old", "new", "message"), FAULTS, ids=[new for _, new, _ in FAULTS])
def test_faults_of_a_sheet_are_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    text = (STYLES / "rock.toml").read_text("utf-8")
    assert old in text
    path = tmp_path / "rock.toml"
    path.write_text(text.replace(old, new, 1) if new != "[[fill]]" else text.replace(old, new))
    with pytest.raises(StyleError, match=message) as error:
        read_sheet(path)
    assert str(error.value).startswith("rock.toml: ")


def test_too_few_patterns_are_named(tmp_path: Path) -> None:
    text = (STYLES / "rock.toml").read_text("utf-8")
    path = tmp_path / "rock.toml"
    path.write_text(text[: text.index("[[fills]]")])
    with pytest.raises(StyleError, match=r"\[\[fills\]\]: 0 for drums in intro: write at least 2"):
        read_sheet(path)


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tune(tmp_path / "tune.musicxml", bars=16)
    out = tmp_path / "out.mid"
    assert cli.main(["arrange", str(path), "--style", "bossa nova", "-o", str(out), "--seed", "3"]) == 0
    assert out.is_file() and "✗" not in capsys.readouterr().out
    assert cli.main(["arrange", str(path), "--style", "waltz", "-o", str(tmp_path / "no.mid")]) == 2
    assert not (tmp_path / "no.mid").exists()
    assert cli.main(["arrange", "--style", "polkka", "-o", str(out)]) == 2
    assert "did you mean polka" in capsys.readouterr().err
    assert cli.main(["styles"]) == 0
    assert "bossa-nova" in capsys.readouterr().out


def test_files_that_are_no_sheets(tmp_path: Path) -> None:
    with pytest.raises(StyleError, match=r"none.toml cannot be read: No such file"):
        read_sheet(tmp_path / "none.toml")
    with pytest.raises(StyleError, match="cannot be read: Is a directory"):
        read_sheet(tmp_path)
    text = (STYLES / "rock.toml").read_text("utf-8")
    for at in (0, len(text)):  # in the head, and after it
        path = tmp_path / "latin.toml"
        path.write_bytes(text[:at].encode() + "# caf\xe9\n".encode("latin-1") + text[at:].encode())
        with pytest.raises(StyleError, match=r"latin.toml: not UTF-8: save the sheet as UTF-8"):
            read_sheet(path)
