"""What other people's libraries find in a MIDI file of ours, against what was written.

Each `read_*` gives what one reader finds as `Content`, with None for what it cannot say. `compare` gives, for each
thing that is said, the first difference, "" where there is none.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from itertools import pairwise
from typing import Any

import mido
import numpy as np
import pretty_midi

from symbolic_music.files.channels import listing
from symbolic_music.files.export import RESOLUTION, Export
from symbolic_music.files.names import signature, track_names
from symbolic_music.files.performance import playable
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory import genres
from symbolic_music.theory.keys import Key
from symbolic_music.theory.kit import KITS
from symbolic_music.theory.meters import METERS, TICKS

#: (onset, length, pitch, velocity) in ticks of the file.
Note = tuple[int, int, int, int]
#: (tick, kind, values...)
Event = tuple[Any, ...]
Checks = dict[str, str]
DRUMS = 9
#: Quarter notes a minute that a reader may be off: midi2abc prints two digits, others round microseconds.
BPM = 0.006
NAMES = ("Flöte", "小さな笛", "Гитара", "גיטרה", "Vl. I & II", "🎹", "a" * 40)


@dataclass(frozen=True)
class Track:
    """One part that sounds."""

    name: str | None
    program: int
    drums: bool
    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Content:
    """What a file holds: each of tempos, meters, keys and markers as (tick, value)."""

    tracks: tuple[Track, ...]
    tempos: tuple[tuple[int, float], ...] | None = None  # quarter notes a minute
    meters: tuple[tuple[int, tuple[int, int]], ...] | None = None
    keys: tuple[tuple[int, str | int], ...] | None = None  # as mido names them, or as pretty_midi numbers them
    markers: tuple[tuple[int, str], ...] | None = None
    end: int | None = None
    resolution: int = field(default=RESOLUTION, compare=False)

    def seconds(self, tick: int) -> float:
        """How long it takes to a tick, by the tempos."""
        assert self.tempos is not None
        edges = [*((t, tempo) for t, tempo in self.tempos if t < tick), (tick, 0.0)]
        return sum((b[0] - a[0]) / self.resolution * 60 / a[1] for a, b in pairwise(edges))


def expected(score: Score, export: Export | None = None) -> Content:
    """What a file of a score has to hold, if nothing is played early or late."""
    export = export or Export()
    scale, notes = export.resolution // TICKS, playable(score)
    names = track_names(score) if export.type else (None,) * len(score.parts)
    usual = genres.table().get(score.genre)
    kit = KITS[export.kit or (usual.kit if usual else "") or "standard"]
    edges = (score.bar_starts * scale).tolist()
    tracks = []
    for index in listing(score.parts):
        rows = sorted((s * scale, d * scale, p, v) for s, d, p, v, i in notes.tolist() if i == index)
        part = score.parts[index]
        if rows:
            tracks.append(Track(names[index], kit if part.is_drums else part.program, part.is_drums, tuple(rows)))
    labels, meters = score.sections, score.meters
    return Content(
        tuple(tracks),
        tempos=tuple((tick * scale, tempo) for tick, tempo in score.tempo_map),
        meters=tuple((edges[i], (m.beats, m.unit)) for i, m in enumerate(meters) if i == 0 or m != meters[i - 1]),
        keys=tuple((edges[bar], signature(key)) for bar, key in score.key_map),
        markers=tuple((edges[i], s) for i, s in enumerate(labels) if s and (i == 0 or s != labels[i - 1])),
        end=edges[-1],
        resolution=export.resolution,
    )


def first_difference(found: Sequence[Any], want: Sequence[Any]) -> str:
    """The first place at which two rows differ, in words; "" if they are the same."""
    for i, (a, b) in enumerate(zip(found, want, strict=False)):
        if a != b:
            return f"at {i} {a!r} instead of {b!r}"
    return "" if len(found) == len(want) else f"{len(found)} instead of {len(want)}"


def compare(found: Content, want: Content) -> Checks:
    """What a reader says, and the first difference of each."""
    if any(t.name is None for t in found.tracks):  # all in one track: the parts have no order of their own
        found, want = (replace(c, tracks=tuple(sorted(c.tracks, key=_sound))) for c in (found, want))
    pairs = list(zip(found.tracks, want.tracks, strict=False))
    wrong = [f"{b.name}: {first_difference(a.notes, b.notes)}" for a, b in pairs if a.notes != b.notes]
    if len(found.tracks) != len(want.tracks):
        wrong.insert(0, f"{len(found.tracks)} parts that sound instead of {len(want.tracks)}")
    checks = {
        "notes": "; ".join(wrong[:2]),
        "programs": first_difference(*([(t.program, t.drums) for t in c.tracks] for c in (found, want))),
    }
    if all(t.name is not None for t in found.tracks):
        checks["names"] = first_difference([t.name for t in found.tracks], [t.name for t in want.tracks])
    for check in ("tempos", "meters", "keys", "markers", "end"):
        said, wanted = getattr(found, check), getattr(want, check)
        if check == "keys" and said and isinstance(said[0][1], int):
            wanted = tuple((tick, pretty_midi.key_name_to_key_number(_long(key))) for tick, key in wanted)
        if said is not None:
            same = _near(said, wanted) if check == "tempos" else said == wanted
            checks[check] = "" if same else f"{said!r} instead of {wanted!r}"[:300]
    return checks


def _long(key: str) -> str:
    """A key as pretty_midi names it."""
    return f"{key[:-1]} minor" if key.endswith("m") else f"{key} Major"


def _sound(track: Track) -> tuple[Any, ...]:
    return track.drums, track.program, track.notes


def _near(found: Sequence[tuple[int, float]], want: Sequence[tuple[int, float]]) -> bool:
    return len(found) == len(want) and all(
        a == b and abs(x - y) < BPM for (a, x), (b, y) in zip(found, want, strict=True)
    )


def _once(events: Iterable[Any]) -> tuple[Any, ...]:
    """In order of time, each once: a key signature may stand in several tracks."""
    return tuple(dict.fromkeys(sorted(events, key=lambda event: event[0])))


def assembled(tracks: Iterable[Iterable[Event]], one_name_each: bool) -> Content:
    """Content out of the events of each track. A note that starts twice or never ends is an error."""
    found, ends = [], set()
    known: dict[str, list[Any]] = {"tempo": [], "meter": [], "key": [], "marker": []}
    for events in tracks:
        name, programs, now = "", dict[int, int](), 0
        on: dict[tuple[int, int], tuple[int, int]] = {}
        notes: dict[int, list[Note]] = {}
        for now, kind, *values in events:
            if kind == "on" and values[2]:
                channel, pitch, velocity = values
                assert (channel, pitch) not in on, f"{pitch} starts twice at {now}"
                on[channel, pitch] = now, velocity
            elif kind in ("on", "off"):
                channel, pitch = values[:2]
                begin, velocity = on.pop((channel, pitch))
                notes.setdefault(channel, []).append((begin, now - begin, pitch, velocity))
            elif kind == "program":
                assert now == 0 or values[0] not in programs
                programs[values[0]] = values[1]
            elif kind == "name":
                name = values[0]
            elif kind in known:
                known[kind].append((now, *values))
        assert not on, f"never end: {on}"
        ends.add(now)
        found += [
            Track(name if one_name_each else None, programs[c], c == DRUMS, tuple(sorted(rows)))
            for c, rows in sorted(notes.items())
        ]
    tempos, meters, keys, markers = map(_once, known.values())
    return Content(tuple(found), tempos, meters, keys, markers, end=ends.pop() if len(ends) == 1 else -1)


def named(fifths: int, minor: int) -> str:
    """A key signature as mido names it."""
    return str(mido.midifiles.meta.build_meta_message(0x59, [fifths % 256, minor]).key)


def read_mido(data: bytes) -> Content:
    """As mido reads it."""
    file = mido.MidiFile(file=BytesIO(data), charset="utf-8")

    def event(now: int, m: Any) -> Event:
        kinds = {
            "note_on": lambda: ("on", m.channel, m.note, m.velocity),
            "note_off": lambda: ("off", m.channel, m.note),
            "program_change": lambda: ("program", m.channel, m.program),
            "track_name": lambda: ("name", m.name),
            "set_tempo": lambda: ("tempo", 60e6 / m.tempo),
            "time_signature": lambda: ("meter", (m.numerator, m.denominator)),
            "key_signature": lambda: ("key", m.key),
            "marker": lambda: ("marker", m.text),
        }
        return (now, *kinds.get(m.type, lambda: (m.type,))())

    tracks = [map(event, np.cumsum([m.time for m in t]).tolist(), t) for t in file.tracks]
    return assembled(tracks, file.type == 1)


def read_music21(data: bytes) -> Content:
    """As music21's `midi.MidiFile` reads it, below its quantiser."""
    from music21 import midi

    file = midi.MidiFile()
    file.readstr(data)

    def event(now: int, e: Any) -> Event:
        if e.isNoteOn() or e.isNoteOff():
            return (now, "on" if e.isNoteOn() else "off", e.channel - 1, e.pitch, e.velocity)
        kinds = {
            "PROGRAM_CHANGE": lambda: ("program", e.channel - 1, e.data),
            "SEQUENCE_TRACK_NAME": lambda: ("name", e.data.decode()),
            "SET_TEMPO": lambda: ("tempo", 60e6 / int.from_bytes(e.data, "big")),
            "TIME_SIGNATURE": lambda: ("meter", (e.data[0], 2 ** e.data[1])),
            "KEY_SIGNATURE": lambda: ("key", named(int.from_bytes(e.data[:1], "big", signed=True), e.data[1])),
            "MARKER": lambda: ("marker", e.data.decode()),
        }
        return (now, *kinds.get(e.type.name, lambda: (e.type.name,))())

    tracks = [[event(*pair) for pair in midi.translate.getTimeForEvents(track)] for track in file.tracks]
    return assembled(tracks, file.format == 1)


def read_symusic(data: bytes) -> Content:
    """As symusic reads it; it does not say where a file ends."""
    import symusic

    file: Any = symusic.Score.from_midi(data)
    one_track = int.from_bytes(data[8:10], "big") == 0
    return Content(
        tuple(
            Track(
                None if one_track else t.name,
                t.program,
                t.is_drum,
                tuple(sorted((n.time, n.duration, n.pitch, n.velocity) for n in t.notes)),
            )
            for t in file.tracks
            if len(t.notes)
        ),
        _once((t.time, 60e6 / t.mspq) for t in file.tempos),
        _once((s.time, (s.numerator, s.denominator)) for s in file.time_signatures),
        _once((k.time, named(k.key, k.tonality)) for k in file.key_signatures),
        _once((m.time, m.text) for m in file.markers),
    )


def read_pretty_midi(data: bytes) -> Content:
    """As pretty_midi reads it, which knows no markers; a warning of its is an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        file = pretty_midi.PrettyMIDI(BytesIO(data), charset="utf-8")
    one_track, tick = int.from_bytes(data[8:10], "big") == 0, file.time_to_tick
    return Content(
        tuple(
            Track(
                None if one_track else i.name,
                i.program,
                i.is_drum,
                tuple(sorted((tick(n.start), tick(n.end) - tick(n.start), n.pitch, n.velocity) for n in i.notes)),
            )
            for i in file.instruments
            if i.notes
        ),
        tuple((tick(time), float(bpm)) for time, bpm in zip(*file.get_tempo_changes(), strict=True)),
        tuple((tick(s.time), (s.numerator, s.denominator)) for s in file.time_signature_changes),
        tuple((tick(k.time), k.key_number) for k in file.key_signature_changes),
    )


def random_score(rng: np.random.Generator, kind: int) -> Score:
    """A score that no composer would write: any meters, parts, names, tempos and keys."""
    meters = tuple(METERS[i] for i in rng.integers(len(METERS), size=4) for _ in range(int(rng.integers(1, 4))))
    most = (1, 4, 15, 40)[kind % 4]
    programs = sorted(
        {(int(p), int(c)) for p, c in zip(rng.integers(128, size=most), rng.integers(1, 5, most), strict=True)}
    )
    parts = tuple(Part(*p) for p in programs)
    if kind % 5 == 4:
        parts = (Part(-1), *(parts if kind % 10 == 4 else ()))
    end, step = sum(m.ticks for m in meters), (1, 2, 3, 6, 12)[int(rng.integers(5))]
    count = 1 if kind % 8 == 7 else int(rng.integers(20, 300))
    notes = np.zeros(count, NOTE)
    notes["start"] = rng.integers(0, end // step, count) * step
    notes["duration"] = end if kind % 8 == 6 else rng.integers(0, 120 // step, count) * step
    notes["pitch"] = rng.integers(36, (40, 60, 84)[int(rng.integers(3))], count)
    notes["velocity"] = rng.integers(1, 128, count)
    notes["part"] = rng.integers(0, max(1, len(parts) - (kind % 3 == 2)), count)  # the last part may be empty
    modes = ("major", "minor")
    keys = [Key.of(int(root), modes[int(mode)]) for root, mode in rng.integers((12, 2), size=(3, 2))]
    places = sorted({int(b) for b in rng.integers(1, len(meters), 2)})
    ticks = sorted({int(t) for t in rng.integers(1, end, 3)})
    return Score(
        parts,
        meters,
        sort_notes(notes),
        tempo=float(rng.uniform(20, 320)),
        key=keys[0] if kind % 3 else None,
        sections=tuple("AB"[i * 2 // len(meters)] for i in range(len(meters))) if kind % 2 else (),
        names=tuple(str(rng.choice(NAMES)) for _ in parts) if kind % 4 == 1 else (),
        tempos=tuple((t, float(rng.uniform(20, 320))) for t in ticks) if kind % 2 else (),
        keys=tuple(zip(places, keys[1:], strict=False)) if kind % 3 == 1 else (),
    )
