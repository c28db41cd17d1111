"""The command: what it writes, what it says, how it fails."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import mido
import pytest

from symbolic_music import cli
from symbolic_music.resources import resource
from symbolic_music.theory.instruments import of_program

DATA = Path(__file__).parent / "data" / "corpus" / "midi"
pytestmark = pytest.mark.skipif(not resource("weights/model.onnx").is_file(), reason="the weights are not here")


def run(*args: str | Path) -> int:
    try:
        return cli.main([str(a) for a in args])
    except SystemExit as left:  # argparse
        return int(left.code or 0)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_words_become_files(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = "a short calm waltz in D minor for violin and piano, 2 bars, with gongs"
    assert run("compose", words, "-o", "a.mid", "-o", "a.musicxml", "--seed", 3) == 0
    said = capsys.readouterr()
    assert "'in D minor': key D minor" in said.err.replace('"', "'")
    assert "not understood  'gongs'" in said.err
    promised = [line for line in said.out.splitlines() if "guaranteed" in line]
    assert len(promised) == 3 and all(line.startswith("✓") for line in promised)
    assert {p.name for p in here.iterdir()} == {"a.mid", "a.musicxml"}
    receipt = next(m.text for m in mido.MidiFile("a.mid").tracks[0] if m.type == "text" and m.text.startswith("{"))
    assert json.loads(receipt)["seed"] == 3


def test_options_win_over_words(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compose", "a jazz trio, 120 bpm, 1 minute", "--bars", 1, "--tempo", 90.5, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    rows = {row["wish"]: row for row in report["rows"]}
    assert report["ok"] and rows["bars"]["realised"] == "1" and rows["tempo"]["realised"] == "90.5 BPM"
    assert (here / "song.mid").exists()


def test_check_finds_what_is_broken(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compose", "--instruments", "piano, cello", "--only", "A B C#", "--bars", 2, "-o", "a.mid") == 0
    assert run("check", "a.mid", "--only", "A B C# E", "--instruments", "cello and piano", "--bars", 2) == 0
    assert run("check", "a.mid", "--only", "C D") == 1
    assert run("check", "a.mid", "--instruments", "piano") == 1
    assert run("check", "a.mid", "--bars", 3) == 1
    assert "✗" in capsys.readouterr().out


def test_rules_come_as_options() -> None:
    args = ["compose", "jazz", "--rule", "Leaps(7)", "--rule", "Range(high='C5') | Monophonic()"]
    assert cli._wishes(cli._parser().parse_args(args)) == {"rules": ["Leaps(7)", "Range(high='C5') | Monophonic()"]}
    assert "rules" not in cli._wishes(cli._parser().parse_args(["check", "a.mid", "--bars", "4"]))


def test_a_file_is_converted_with_stems(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    song = next(p for p in sorted(DATA.glob("*.mid")) if "cello" in p.name)
    options = ["--humanise", "0.5", "--seed", "3", "--copyright", "CC0", "--stems"]
    assert run("convert", song, "-o", "a.mid", "-o", "a.musicxml", *options) == 0
    assert len(mido.MidiFile(here / "a.mid").tracks) == 1 + len(list((here / "a stems").glob("*.mid")))
    assert [m.text for m in mido.MidiFile(here / "a.mid").tracks[0] if m.type == "copyright"] == ["CC0"]
    assert run("convert", song, "-o", "b.mid", *options) == 0
    assert (here / "a.mid").read_bytes() == (here / "b.mid").read_bytes()
    assert run("convert", song, "-o", "b.mid", *options, "--seed", "4") == 0
    assert (here / "a.mid").read_bytes() != (here / "b.mid").read_bytes()
    assert "a stems/01" in capsys.readouterr().err


def test_without_an_engraver_the_file_that_was_there_stays(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    song = next(p for p in sorted(DATA.glob("*.mid")) if "cello" in p.name).read_bytes()
    (here / "song.mid").write_bytes(song)
    monkeypatch.setenv("PATH", str(here))
    monkeypatch.setattr(sys, "platform", "linux")
    assert run("convert", "song.mid", "-o", "song.pdf") == 3
    assert (here / "song.mid").read_bytes() == song
    assert run("convert", "song.mid", "-o", "other.pdf", "-o", "other.musicxml") == 3
    assert sorted(p.name for p in here.iterdir()) == ["other.mid", "other.musicxml", "song.mid"]


@pytest.mark.skipif(sys.platform == "win32", reason="a script with #! is a Unix thing")
def test_an_engraver_that_fails_does_not_stop_the_others(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "mscore").write_text("#!/bin/sh\necho out of ink; exit 4\n")
    (here / "mscore").chmod(0o755)
    monkeypatch.setenv("PATH", f"{here}:/bin:/usr/bin")
    monkeypatch.setattr("symbolic_music.files.engrave.MUSESCORES", ("mscore",))
    song = next(p for p in sorted(DATA.glob("*.mid")) if "cello" in p.name)
    assert run("convert", song, "-o", "a.pdf", "-o", "a.mid", "-o", "a.musicxml") == 2
    said = capsys.readouterr().err
    assert "out of ink" in said and "wrote       a.mid" in said and "wrote       a.musicxml" in said
    assert sorted(p.name for p in here.iterdir()) == ["a.mid", "a.musicxml", "mscore"]


def test_chords_that_were_asked_are_named_though_a_key_forbids_their_notes(here: Path) -> None:
    words = "pop in C for piano and bass over C - E7 - Am - F, 4 bars"
    assert run("compose", words, "--chords", "lyrics") == 0
    lyrics = [m.text for m in mido.MidiFile(here / "song.mid").tracks[0] if m.type == "lyrics"]
    assert lyrics == ["C", "E7", "Am", "F"]


def test_the_receipt_tells_how_it_was_exported(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compose", "--instruments", "flute", "--bars", 1, "--swing", "0.6", "--type", 0) == 0
    capsys.readouterr()
    assert run("info", "song.mid") == 0
    assert '"export": {"type": 0, "swing": 0.6}' in capsys.readouterr().out


@pytest.mark.skipif(importlib.util.find_spec("tinysoundfont") is None, reason="pip install --no-deps tinysoundfont")
def test_a_preview_says_that_it_is_one(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compose", "--instruments", "flute", "--bars", 1, "-o", "a.wav", "--synth", "preview") == 0
    assert "preview     simpler than FluidSynth" in capsys.readouterr().err
    assert (here / "a.wav").is_file()


def test_presets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("soundfonts") == 0
    assert "timgm6mb" in capsys.readouterr().out
    assert run("soundfonts", "timgm6mb") == 0
    assert "128:32 Jazz" in capsys.readouterr().out.splitlines()
    assert run("soundfonts", "timgm6mbb") == 2


def test_info_says_what_is_there(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("info", next(p for p in sorted(DATA.glob("*.mid")) if "cello" in p.name)) == 0
    said = capsys.readouterr().out
    assert "cello" in said and "6/4" in said and "96 BPM" in said


BAD = {
    "an empty prompt": (["compose", ""], "an empty prompt"),
    "an unknown instrument": (["compose", "jazz", "--instruments", "pianno"], "did you mean piano"),
    "an unknown key": (["compose", "jazz", "--key", "D minr"], "did you mean minor"),
    "no tempo": (["compose", "jazz", "--tempo", "0"], "20 to 320"),
    "a wild tempo": (["compose", "jazz at 10000 bpm"], "20 to 320"),
    "no bars": (["compose", "jazz", "--bars", "0"], "1 to 512"),
    "too many bars": (["compose", "jazz, 100000 bars"], "1 to 512"),
    "an empty set": (["compose", "jazz", "--only", ""], "an empty set of notes"),
    "H": (["compose", "a song in H minor"], "H is not guessed"),
    "a seed below 0": (["compose", "jazz", "--seed", "-1"], "a whole number from 0"),
    "a cold temperature": (["compose", "jazz", "--temperature", "-1"], "0 to 10"),
    "no top-p": (["compose", "jazz", "--top-p", "nan"], "above 0"),
    "no instruments": (["compose", "jazz", "--instruments", ""], "no instruments"),
    "two lengths": (["compose", "jazz", "--bars", "4", "--seconds", "20"], "ask for one of the two"),
    "a second output that is wrong": (["compose", "jazz", "-o", "a.mid", "-o", "b.abc"], "ends in '.abc'"),
    "a render with a wrong output": (["render", "broken.mid", "-o", "a.wav", "-o", "b.abc"], "ends in '.abc'"),
    "a clash": (["compose", "a song in D minor that only uses C, E and G"], "the tonic D is not among"),
    "61 melodic instruments": (
        ["compose", "--instruments", ",".join(of_program(i).name for i in range(61))],
        "MIDI has channels for 60",
    ),
    "a folder": (["compose", "jazz", "-o", "."], "is a folder"),
    "no such folder": (["compose", "jazz", "-o", "nowhere/a.mid"], "does not exist"),
    "an unknown ending": (["compose", "jazz", "-o", "a.abc"], "ends in '.abc'"),
    "a soundfont that is missing": (
        ["compose", "jazz", "-o", "a.mid", "-o", "a.wav", "--soundfont", "no.sf2"],
        "no.sf2",
    ),
    "no soundfont": (["compose", "jazz", "-o", "a.wav", "--soundfont", "broken.mid"], "soundfont"),
    "check without a file": (["check", "none.mid", "--bars", "4"], "none.mid"),
    "check of nothing": (["check", "broken.mid", "--genre", "jazz"], "nothing to check"),
    "check of a broken file": (["check", "broken.mid", "--only", "C"], "broken.mid"),
    "render of a broken file": (["render", "broken.mid", "-o", "a.wav"], "broken.mid"),
    "render without a file": (["render", "none.mid", "-o", "a.wav"], "none.mid"),
    "info of a broken file": (["info", "broken.mid"], "broken.mid"),
    "convert of a broken file": (["convert", "broken.mid", "-o", "a.musicxml"], "broken.mid"),
    "too much swing": (["compose", "jazz", "--swing", "0.9"], "0.5 (straight) to 0.75"),
    "too human": (["compose", "jazz", "--humanise", "2"], "0.0 (not at all) to 1.0"),
    "an odd resolution": (["compose", "jazz", "--resolution", "100"], "a multiple of 24"),
    "an unknown kit": (["compose", "jazz", "--kit", "jaz"], "did you mean jazz"),
    "MIDI of type 2": (["compose", "jazz", "--type", "2"], "1 works"),
    "an unknown loudness": (["compose", "jazz", "-o", "a.wav", "--loudness", "spotfy"], "did you mean spotify"),
    "a loudness that is none": (["compose", "jazz", "-o", "a.wav", "--loudness", "nan"], "-60 to -5"),
    "an unknown finish": (["compose", "jazz", "-o", "a.wav", "--finish", "clasical"], "did you mean classical"),
    "an unknown reverb": (["compose", "jazz", "-o", "a.mid", "-o", "a.wav", "--reverb", "hal"], "did you mean hall"),
    "an unknown preset": (["compose", "jazz", "-o", "a.wav", "--sound", "piano=#Steinwey"], "no preset 'Steinwey'"),
    "half a sound": (["compose", "jazz", "-o", "a.wav", "--sound", "piano"], "TRACK=FONT#PRESET"),
    "a loop that fades": (["compose", "jazz", "-o", "a.wav", "--loop", "--fade", "2"], "leave one of the two out"),
    "a loop as MP3": (["compose", "jazz", "-o", "a.mid", "-o", "a.mp3", "--loop"], "adds silence"),
    "32 bits of FLAC": (["compose", "jazz", "-o", "a.mid", "-o", "a.flac", "--depth", "32"], "takes 16 or 24"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_one_line_and_nothing_written(case: str, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = next(iter(sorted(DATA.glob("*.mid")))).read_bytes()
    (here / "broken.mid").write_bytes(whole[: len(whole) // 2])
    args, words = BAD[case]
    assert run(*args) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert "Traceback" not in said.err
    assert sum(line.startswith("symbolic-music: ") for line in said.err.splitlines()) == 1
    assert [p.name for p in here.iterdir()] == ["broken.mid"]


def test_without_fluidsynth_the_midi_is_written(here: Path) -> None:
    """The library really cannot be found here: its name resolves to nothing in this process."""
    code = (
        "import ctypes.util, sys; ctypes.util.find_library = lambda name: None\n"
        "from symbolic_music import cli\n"
        "sys.exit(cli.main(['compose', '--instruments', 'flute', '--bars', '1', '-o', 'a.mid', '-o', 'a.wav']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=here)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
    assert "install" in done.stderr
    assert [p.name for p in here.iterdir()] == ["a.mid"]
    alone = code.replace("'-o', 'a.mid', ", "").replace("a.wav", "b.wav")
    (here / "b.wav").write_text("old")
    done = subprocess.run([sys.executable, "-c", alone], capture_output=True, text=True, cwd=here)
    assert done.returncode == 3
    assert "wrote       b.mid" in done.stderr
    assert "b.wav" not in done.stderr.split("wrote")[1]
    assert (here / "b.wav").read_text() == "old"


def test_it_is_quiet_in_a_pipe_and_helps(here: Path) -> None:
    command = [sys.executable, "-m", "symbolic_music.cli"]
    done = subprocess.run([*command, "compose", "a piano piece, 1 bar"], capture_output=True, text=True, cwd=here)
    assert done.returncode == 0
    assert "\r" not in done.stderr
    for name in ("compose", "render", "check", "info", "soundfonts"):
        assert "example:" in subprocess.run([*command, name, "--help"], capture_output=True, text=True).stdout
    assert "Exit statuses" in subprocess.run([*command, "--help"], capture_output=True, text=True).stdout
