"""A dozen MIDI files of every kind, as other people's libraries and programs read them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import programs
import pytest
import readers
from scores import song

from symbolic_music.files.export import Export
from symbolic_music.files.write_midi import midi_bytes
from symbolic_music.score import Score

ODD = {f"odd-{kind}": readers.random_score(np.random.default_rng(kind), kind) for kind in (0, 1, 2, 4, 5, 6, 7, 9)}
SCORES: dict[str, tuple[Score, Export]] = {
    "song": (song(sections=("A", "B")), Export(kit="brush", chords="text", copyright="© 2026")),
    "one-track": (song(), Export(type=0)),
    "coarse": (song(), Export(resolution=24)),
    "fine": (song(), Export(resolution=9600)),
    "tempo after the last note": (song(notes=song().notes[:4], tempos=((150, 60.0),)), Export()),
    **{name: (score, Export()) for name, score in ODD.items()},
}
LIBRARIES = (readers.read_mido, readers.read_symusic, readers.read_pretty_midi, readers.read_music21)


def want(name: str) -> readers.Content:
    score, export = SCORES[name]
    return readers.expected(score, export)


def wrong(checks: readers.Checks) -> dict[str, str]:
    return {check: what for check, what in checks.items() if what and check != programs.GUESS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("midi")
    for name, (score, export) in SCORES.items():
        (folder / f"{name}.mid").write_bytes(midi_bytes(score, title=name, receipt="{}", export=export))
    return folder


@pytest.mark.parametrize("read", LIBRARIES, ids=lambda read: read.__name__)
@pytest.mark.parametrize("name", SCORES)
def test_a_library_reads_what_was_written(folder: Path, name: str, read: Any) -> None:
    checks = readers.compare(read((folder / f"{name}.mid").read_bytes()), want(name))
    assert not wrong(checks)
    assert {"notes", "programs", "tempos", "meters", "keys"} <= checks.keys()


@pytest.mark.skipif(programs.MIDI2ABC is None, reason="midi2abc (Debian package abcmidi) is not installed")
@pytest.mark.parametrize("name", SCORES)
def test_midi2abc_reads_what_was_written(folder: Path, name: str) -> None:
    assert not wrong(programs.check_midi2abc(folder / f"{name}.mid", want(name)))


@pytest.mark.skipif(programs.TIMIDITY is None, reason="timidity (Debian package timidity) is not installed")
@pytest.mark.parametrize("name", SCORES)
def test_timidity_plays_every_note(folder: Path, name: str) -> None:
    assert not wrong(programs.check_timidity(folder / f"{name}.mid", want(name)))


@pytest.mark.skipif(programs.MUSESCORE is None, reason="mscore3 (Debian package musescore3) is not installed")
def test_musescore_loses_no_note(folder: Path) -> None:
    files = sorted(folder.glob("*.mid"))
    programs.musescore(files)
    found = {file.stem: wrong(programs.check_musescore(file, want(file.stem))) for file in files}
    assert not {name: checks for name, checks in found.items() if checks}


def test_a_lost_note_a_wrong_name_and_a_late_tempo_are_noticed() -> None:
    score = song()
    for other, check in (
        (replace(score, notes=score.notes[1:]), "notes"),
        (replace(score, names=("x", "y")), "names"),
        (replace(score, tempo=98.0), "tempos"),
        (replace(score, meters=(score.meters[0],) * 3), "end"),
    ):
        assert wrong(readers.compare(readers.read_mido(midi_bytes(other)), readers.expected(score))).keys() == {check}
