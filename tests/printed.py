"""What other people's readers find in a MusicXML file of ours: the notes, ties joined, against what was written."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import warnings
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest

from symbolic_music.files.channels import listing
from symbolic_music.files.drum_staff import place
from symbolic_music.files.performance import playable
from symbolic_music.files.read_midi import HIGHEST_DRUM, LOWEST_DRUM
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import METERS, TICKS, Meter

MUSESCORE = next(filter(None, map(shutil.which, ("mscore3", "musescore3", "mscore"))), None)
needs_musescore = pytest.mark.skipif(MUSESCORE is None, reason="mscore3 (musescore3) is not installed")
#: Drums by where they stand and their note heads: music21 does not say which instrument a stroke names.
_DRUMS = {place(drum): drum for drum in range(LOWEST_DRUM, HIGHEST_DRUM + 1)}
_KEYS = [Key.of(root, mode) for root in range(12) for mode in ("major", "minor")]
#: (onset, length, pitch) in ticks; a drum's length is 0.
Notes = Counter[tuple[int, int, int]]


def wild(seed: int) -> Score:
    """Any meters, keys, tempos, sections and chords; notes of a player with no regard to beats."""
    rng = np.random.default_rng(seed)
    meters = tuple(METERS[i] for i in rng.integers(len(METERS), size=6))
    end, count, step = sum(m.ticks for m in meters), int(rng.integers(40, 120)), int(rng.choice([1, 1, 2, 3, 4, 8]))
    programs = sorted({-1, 0, *rng.integers(0, 128, 3).tolist()})
    rows = np.zeros(count, NOTE)
    rows["start"], rows["duration"] = (
        rng.integers(0, end // step, count) * step,
        rng.integers(1, 200 // step, count) * step,
    )
    rows["pitch"], rows["velocity"] = rng.integers(27, 89, count), rng.integers(1, 128, count)
    rows["part"] = rng.integers(0, len(programs), count)
    return Score(
        tuple(Part(p) for p in programs),
        meters,
        sort_notes(rows),
        120.0,
        _KEYS[rng.integers(24)],
        chords=rng.integers(-2, len(CHORDS), (6, 2)).astype(np.int16),
        sections=("", "A", "A", "B", "B", ""),
        tempos=((int(rng.integers(1, end)), 61.5),),
        keys=((3, _KEYS[rng.integers(24)]),),
    )


def made(rows: list[tuple[int, int, int, int, int]], *programs: int, **fields: Any) -> Score:
    """A score of (start, ticks, pitch, velocity, part) in 4/4 and C major, if nothing else is said."""
    end = max((start + ticks for start, ticks, *_ in rows), default=1)
    chosen = {"meters": (Meter(),) * -(-end // 96), "key": Key("C"), **fields}
    return Score(tuple(Part(p) for p in programs or (0,)), notes=sort_notes(np.array(rows, NOTE)), **chosen)


@cache
def schema() -> Any:
    """The schema of MusicXML 4 as the package musicxml carries it, None where that or xmlschema is not installed."""
    package = find_spec("musicxml")
    if package is None or not package.submodule_search_locations or find_spec("xmlschema") is None:
        return None
    import xmlschema

    folder = Path(package.submodule_search_locations[0]) / "generate_classes"
    local = {"http://www.w3.org/XML/1998/namespace": str(folder / "xml.xsd")}
    return xmlschema.XMLSchema(str(folder / "musicxml_4_0.xsd"), allow="local", locations=local)


def validate(content: bytes) -> None:
    """Hold MusicXML against the schema; skip the test where there is none."""
    found = schema()
    if found is None:
        pytest.skip("xmlschema, or musicxml, which carries the schema, is not installed")
    found.validate(ElementTree.fromstring(content))


def wanted(score: Score) -> list[Notes]:
    """The notes of each part, from the top."""
    own = playable(score)
    found = []
    for i in listing(score.parts):
        drums = score.parts[i].is_drums
        rows = own[own["part"] == i].tolist()
        found.append(Counter((start, 0 if drums else ticks, pitch) for start, ticks, pitch, _, _ in rows))
    return found


def parsed(content: bytes) -> Any:
    """MusicXML as music21 reads it."""
    import music21

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says which programs it has no class for
        return music21.converter.parseData(content.decode(), format="musicxml")


def staves(read: Any) -> list[list[Any]]:
    """music21's parts, those that are staves of one part together."""
    found: dict[str, list[Any]] = {}
    for part in read.parts:
        found.setdefault(re.sub("-Staff.*", "", str(part.id)), []).append(part)
    return list(found.values())


def notes(read: Any) -> list[Notes]:
    """The notes of each part that music21 has read, from the top."""
    return [_joined(part) for part in staves(read)]


def _joined(part: Sequence[Any]) -> Notes:
    heads = []
    for staff in part:
        staff.toSoundingPitch(inPlace=True)
        for element in staff.recurse().notes:
            if "ChordSymbol" in element.classes:
                continue
            for note in getattr(element, "notes", [element]):
                start = float(element.getOffsetInHierarchy(staff)) * TICKS
                end = start + float(element.quarterLength) * TICKS
                assert abs(start - round(start)) < 1e-3 and abs(end - round(end)) < 1e-3, (start, end)
                drum = not hasattr(note, "pitch")
                pitch = _DRUMS[note.displayStep, note.displayOctave, note.notehead] if drum else note.pitch.midi
                heads.append((round(start), round(end), pitch, note.tie and note.tie.type, drum))
    found: Notes = Counter()
    sounding: dict[int, tuple[int, int]] = {}
    for start, end, pitch, tie, drum in sorted(heads, key=lambda head: head[0]):
        first = start
        if tie in ("stop", "continue"):
            first, until = sounding.pop(pitch, (-1, -1))
            assert until == start, f"a tie of {pitch} into {start} comes from nowhere"
        if tie in ("start", "continue"):
            sounding[pitch] = (first, end)
        else:
            found[first, 0 if drum else end - first, pitch] += 1
    assert not sounding, f"ties from {sounding} lead nowhere"
    return found


def musescore(files: Sequence[Path]) -> list[Path]:
    """What MuseScore makes of MusicXML files, each as FILE.back.musicxml."""
    outs = [file.with_suffix(".back.musicxml") for file in files]
    job = files[0].with_name("job.json")
    job.write_text(json.dumps([{"in": str(a), "out": str(b)} for a, b in zip(files, outs, strict=True)]))
    quiet = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(job.parent)}
    subprocess.run([str(MUSESCORE), "-j", str(job)], capture_output=True, timeout=300, check=True, env=quiet)
    return outs


def difference(found: list[Notes], want: list[Notes]) -> str:
    """What is missing and what is new, "" where nothing is."""
    if len(found) != len(want):
        return f"{len(found)} parts instead of {len(want)}"
    wrong = [
        f"part {i}: lost {sorted(w - f)[:4]}, new {sorted(f - w)[:4]}"
        for i, (f, w) in enumerate(zip(found, want, strict=True))
        if f != w
    ]
    return "; ".join(wrong[:3])
