"""What midi2abc, TiMidity++ and MuseScore find in a MIDI file of ours, against what was written."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import warnings
import wave
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pretty_midi
from readers import Checks, Content, Event, Track, assembled, compare, first_difference, named

MUSESCORE, MIDI2ABC, TIMIDITY = shutil.which("mscore3"), shutil.which("midi2abc"), shutil.which("timidity")
FONT = Path(pretty_midi.__file__).with_name("TimGM6mb.sf2")
RATE, LOUD = 44_100, 20
#: MuseScore reads no key signature from a track without notes, such as the first of ours; it guesses from the notes.
GUESS = "keys, which it guesses"
FIFTHS = {named(fifths, minor): fifths for fifths in range(-7, 8) for minor in (0, 1)}
#: How MuseScore is to import, in place of what it does by itself: each onset and end to the nearest 1/128, whatever
#: stands around it, and no note longer than it sounds; nothing split between hands; no guess at a pickup.
OPERATIONS = {
    "QuantValue": "5",
    **dict.fromkeys(
        ("SimplifyDurations", "ShowStaccato", "SplitStaff", "RecognizePickupBar", "HumanPerformance"), "false"
    ),
    **dict.fromkeys(("Triplets", "Quadruplets", "Quintuplets", "Septuplets", "Nonuplets"), "false"),
}


def _run(*command: str | Path, timeout: float = 60) -> subprocess.CompletedProcess[bytes]:
    quiet = os.environ | {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": "/tmp", "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, capture_output=True, timeout=timeout, check=True, env=quiet)


# midi2abc

_LISTED = {
    "on": r"Note on +(\d+) +(\d+) \([^)]*\) +(\d+)",
    "off": r"Note off +(\d+) +(\d+) ",
    "program": r"Program +(\d+) +(\d+) ",
    "name": r"Metatext \(Seqnce/Track Name\) (.*)",
    "tempo": r"Metatext tempo = +([\d.]+) bpm",
    "meter": r"Metatext time signature=(\d+)/(\d+)",
    "key": r"Metatext key signature [^(]*\((-?\d+)/(\d)\)",
    "marker": r"Metatext \(Marker\) (.*)",
}


def _listed(line: str) -> Event | None:
    """An event of midi2abc's listing."""
    if not (place := re.match(r" *(\d+)  (?=\D)", line)):
        return None
    for kind, pattern in _LISTED.items():
        if not (found := re.match(pattern, line[place.end() :])):
            continue
        if kind in ("name", "marker"):
            hexadecimal = re.sub(rb"\\0x(..)", lambda m: bytes.fromhex(m[1].decode()), found[1].encode())
            return int(place[1]), kind, hexadecimal.decode(errors="ignore")
        numbers = [float(v) if "." in v else int(v) for v in found.groups()]
        if kind == "meter":
            return int(place[1]), kind, tuple(numbers)
        if kind in ("on", "off", "program"):
            numbers[0] -= 1  # channels from 0
        return int(place[1]), kind, *([named(*map(int, numbers))] if kind == "key" else numbers)
    return int(place[1]), ""


def read_midi2abc(path: Path) -> Content:
    """As midi2abc lists it in pulses; names are cut to 16 characters, and end in "..." then."""
    done = _run(str(MIDI2ABC), path, "-mftextpulses")
    assert not done.stderr, done.stderr
    text = done.stdout.decode()
    tracks = [[e for line in t.split("\n") if (e := _listed(line))] for t in re.split(r"(?m)^Track \d+ ", text)[1:]]
    return assembled(tracks, "format=1" in text)


def check_midi2abc(path: Path, want: Content) -> Checks:
    """The listing as by `compare`; of the ABC the first meter, tempo and key, the voices and their programs."""
    found = read_midi2abc(path)
    whole = [
        replace(a, name=b.name) if a.name is not None and str(b.name).startswith(a.name.removesuffix("...")) else a
        for a, b in zip(found.tracks, want.tracks, strict=False)
    ]
    checks = compare(replace(found, tracks=(*whole, *found.tracks[len(whole) :])), want)
    assert want.tempos and want.meters
    abc = _run(str(MIDI2ABC), path).stdout.decode()
    programs = [int(p) for p in re.findall(r"(?m)^%%MIDI program (\d+)", abc)]
    fields = {
        "M": re.search(r"(?m)^M: *(\S+)", abc),
        "Q": re.search(r"(?m)^Q: *1/4=(\d+)", abc),
    }
    said = {
        "M": "{}/{}".format(*want.meters[0][1]),
        "Q": str(round(want.tempos[0][1])),
    }
    wrong = [f"{n}: {m and m[1]} instead of {said[n]}" for n, m in fields.items() if m is None or m[1] != said[n]]
    voices = len(re.findall(r"(?m)^V:\d+", abc))
    if voices != len(want.tracks):
        wrong.append(f"{voices} voices instead of {len(want.tracks)}")
    if difference := first_difference(programs, [t.program for t in want.tracks if not t.drums]):
        wrong.append(f"programs {difference}")
    return checks | {"ABC": "; ".join(wrong)}


# TiMidity++


def check_timidity(path: Path, want: Content) -> Checks:
    """That it plays every note, warns of nothing, and takes from the first onset to the last note, or tempo."""
    sound = path.with_suffix(".wav")
    done = _run(str(TIMIDITY), "-idv", "-p", "512", "-x", f"soundfont {FONT}", path, "-Ow", "-o", sound)
    said = done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    with wave.open(str(sound)) as file:
        frames = np.frombuffer(file.readframes(file.getnframes()), np.int16)
        seconds = file.getnframes() / file.getframerate()
    sound.unlink()
    played = re.search(r"(\d+) supported events, (\d+) samples", said)
    length = int(played[2]) / RATE if played else 0.0
    notes = [n for t in want.tracks for n in t.notes]
    first, onset, end = (
        want.seconds(tick)
        for tick in (
            min((n[0] for n in notes), default=0),
            max((n[0] for n in notes), default=0),
            max([n[0] + n[1] for n in notes] + [tick for tick, _ in want.tempos or ()], default=0),
        )
    )
    names = iter(re.findall(r"(?m)^Track name: (.*)$", said))
    lost = [f"{count} {name}" for name, count in re.findall(r"Notes (cut|lost totally): (\d+)", said) if count != "0"]
    # it leaves out a rest at the start, but not always
    good = (onset - first) * 0.998 - 0.02 < length < end * 1.002 + 0.02 and seconds > onset - first
    return {
        "notes": "; ".join(lost) if "Notes lost totally" in said else "it does not say how many notes are lost",
        "warnings": "; ".join(re.findall(r"(?mi)^.*(?:warning|error|unknown|can't|short).*$", said))[:200],
        "length": "" if good else f"{length:.2f} s instead of {onset - first:.2f} to {end:.2f}",
        "sound": "" if not want.tracks or np.abs(frames.astype(np.int32)).max() > LOUD else "silence",
        "names": ", ".join(f"no {t.name}" for t in want.tracks if t.name and t.name not in names),  # in this order
    }


# MuseScore


@dataclass(frozen=True)
class Printed:
    """A part of a MusicXML file, as music21 reads it: drums have no pitches."""

    name: str
    program: int | None
    staves: int
    pitches: Counter[int]
    onsets: tuple[float, ...]  # quarter notes
    meters: tuple[str, ...]
    fifths: int | None
    tempos: tuple[float, ...]


def musescore(files: Sequence[Path], operations: dict[str, str] | None = OPERATIONS) -> None:
    """Convert each FILE.mid to FILE.musicxml and FILE.back.mid, and the former to FILE.again.mid; what is there stays.

    Raises
    ------
    CalledProcessError
        If MuseScore refuses one.
    """
    for ending, outs in ((".mid", (".musicxml", ".back.mid")), (".musicxml", (".again.mid",))):
        jobs = []
        for file in files:
            out = [str(file.with_suffix(o)) for o in outs if not file.with_suffix(o).exists()]
            if out:
                jobs.append({"in": str(file.with_suffix(ending)), "out": out})
        if not jobs:
            continue
        job, rules = files[0].with_name("job.json"), files[0].with_name("operations.xml")
        job.write_text(json.dumps(jobs))
        xml = "".join(f"<{name}>{value}</{name}>" for name, value in (operations or {}).items())
        rules.write_text(f'<?xml version="1.0" encoding="UTF-8"?><MidiOptions>{xml}</MidiOptions>')
        _run(str(MUSESCORE), "-M", rules, "-j", job, timeout=300)


def read_musicxml(path: Path) -> list[Printed]:
    """The parts of a MusicXML file, as music21 reads them."""
    import music21

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it says which programs it has no class for
        read = music21.converter.parse(path, format="musicxml", forceSource=True)
    staves: dict[str, list[Any]] = {}
    for part in read.parts:
        staves.setdefault(re.sub("-Staff.*", "", str(part.id)), []).append(part)
    found = []
    for parts in staves.values():
        pitches, onsets = Counter[int](), list[float]()
        for part in parts:
            for element in part.recurse().notes:
                for note in getattr(element, "notes", [element]):
                    if note.tie is None or note.tie.type == "start":
                        onsets.append(float(element.getOffsetInHierarchy(part)))
                        pitches[note.pitch.midi if hasattr(note, "pitch") else -1] += 1
        top = parts[0]
        keys = [k.sharps for k in top.recurse().getElementsByClass("KeySignature")]
        found.append(
            Printed(
                html.unescape(top.partName or ""),  # MuseScore escapes it twice
                getattr(top.getInstrument(), "midiProgram", None),
                len(parts),
                pitches,
                tuple(sorted(onsets)),
                tuple(t.ratioString for t in top.recurse().getElementsByClass("TimeSignature")),
                keys[0] if keys else None,
                tuple(m.number for m in top.recurse().getElementsByClass("MetronomeMark") if m.number),
            )
        )
    return found


def played(want: Content) -> bool:
    """Whether MuseScore takes a file for a performance, and then puts guesses in place of meters, tempos and keys.

    It does where less than 60 % of the beats that have an onset within a 1/32 have it within a 1/128 (its source,
    importmidi_quant.cpp, `isHumanPerformance`).
    """
    assert want.meters is not None and want.end is not None
    unit = want.resolution
    onsets = sorted({n[0] for t in want.tracks for n in t.notes})
    beats = dict[int, bool]()
    for (start, (count, lower)), stop in zip(want.meters, [*(m[0] for m in want.meters[1:]), want.end], strict=True):
        beat = unit * 4 * (3 if lower == 8 and count % 3 == 0 else 1) // lower
        for onset in (o for o in onsets if start <= o + unit // 8 and o < stop):
            near = start + (onset - start + beat // 2) // beat * beat
            if -unit / 8 <= onset - near < unit / 8 and near not in beats:
                beats[near] = abs(onset - near) < unit / 32
    return sum(beats.values()) < 0.6 * len(beats)


def check_musescore(file: Path, want: Content) -> Checks:
    """What `musescore` made of FILE.mid: the notes of each part, by pitch, in all three files; and what it prints.

    Meters and tempos are compared up to the last note, where its score ends, and tempos to the whole number that it
    prints; neither, nor keys, where it takes a file for a performance.
    """
    parts = read_musicxml(file.with_suffix(".musicxml"))
    groups: list[list[Track]] = []  # tracks that follow one another on one channel may become the staves of a part
    waiting = list(want.tracks)
    for left, part in zip(range(len(parts) - 1, -1, -1), parts, strict=True):
        group = waiting[:1]
        waiting = waiting[1:]
        while len(waiting) > left and sum(part.pitches.values()) > sum(len(t.notes) for t in group):
            group.append(waiting.pop(0))
        groups.append(group)
    if waiting or not all(groups):
        return {"parts": f"{len(parts)} instead of {len(want.tracks)}"}
    checks = {"parts": ""}
    wanted = [Counter(n[2] for t in group for n in t.notes) for group in groups]
    drums = [Counter({-1: w.total()}) if g[0].drums else w for w, g in zip(wanted, groups, strict=True)]
    checks["notes in MusicXML"] = _lost([p.pitches for p in parts], drums, groups)
    for ending, check in ((".back.mid", "notes back in MIDI"), (".again.mid", "notes from MusicXML to MIDI")):
        staves = iter(_struck(file.with_suffix(ending)))
        found = [sum((next(staves, Counter()) for _ in range(p.staves)), Counter[int]()) for p in parts]
        checks[check] = _lost(found, wanted, groups)
    pairs = [(p, g[0]) for p, g in zip(parts, groups, strict=True) if len(g) == 1]
    named_ = [f"{p.name!r} without {t.name!r}" for p, t in pairs if not p.name.endswith(t.name or "")]
    melodic = [(p, t) for p, t in pairs if not t.drums]
    checks["names"] = "; ".join(named_[:3])
    checks["programs"] = first_difference([p.program for p, _ in melodic], [t.program for _, t in melodic])
    if played(want) or not want.tracks:
        return checks
    assert want.meters is not None and want.keys is not None and want.tempos is not None
    last = max(n[0] + n[1] for t in want.tracks for n in t.notes)
    checks["meters"] = first_difference(parts[0].meters, ["{}/{}".format(*m) for tick, m in want.meters if tick < last])
    if want.keys and want.keys[0][0] == 0:
        wrong = [p.fifths for p, _ in melodic if p.fifths != FIFTHS[str(want.keys[0][1])]]
        checks[GUESS] = f"{wrong[0]} instead of {want.keys[0][1]} in {len(wrong)} parts" if wrong else ""
    back = mido.MidiFile(file.with_suffix(".back.mid"), charset="utf-8")
    ticks = np.cumsum([m.time for m in back.tracks[0]]) * want.resolution / back.ticks_per_beat
    tempos = [(round(t), 60e6 / m.tempo) for t, m in zip(ticks, back.tracks[0], strict=True) if m.type == "set_tempo"]
    before = [t for t in want.tempos if t[0] < last]
    near = len(tempos) == len(before) and all(
        abs(a - b) <= want.resolution / 32 and abs(x - y) < 0.51 for (a, x), (b, y) in zip(tempos, before, strict=True)
    )
    checks["tempos"] = "" if near else f"{tempos} instead of {before}"[:200]
    return checks


def _lost(found: list[Counter[int]], wanted: list[Counter[int]], groups: list[list[Track]]) -> str:
    wrong = [
        f"{g[0].name}: lost {dict(w - f)}, new {dict(f - w)}"
        for f, w, g in zip(found, wanted, groups, strict=True)
        if f != w
    ]
    return "; ".join(wrong[:3])


def _struck(path: Path) -> list[Counter[int]]:
    """How often each pitch is struck in each track but the first, which holds none."""
    file = mido.MidiFile(path, charset="utf-8")
    return [Counter(m.note for m in t if m.type == "note_on" and m.velocity) for t in file.tracks[1:]]
