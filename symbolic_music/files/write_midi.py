"""A score as a standard MIDI file that closes its last bar, the same bytes each time."""

from __future__ import annotations

import re
from io import BytesIO
from pathlib import Path
from typing import Any

import mido
import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.files.paths import replacing
from symbolic_music.score import Part, Score, sort_notes
from symbolic_music.theory.instruments import MELODIC_CHANNELS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import TICKS, Meter

#: Ticks a quarter note in the file.
RESOLUTION = 480
#: The endings of a MIDI file.
SUFFIXES = (".mid", ".midi")
#: Quarter notes a minute where a score states none, MIDI's own default.
DEFAULT_TEMPO = 120.0
VOLUME = 100
CENTRE = 64
_DRUM_CHANNEL = 9
_CHANNELS = tuple(c for c in range(16) if c != _DRUM_CHANNEL)
#: Runs of General MIDI programs: the last of the run, its place in the listing from the top, its pan (0 to 127).
_FAMILIES = (
    (7, 4, 56),  # pianos
    (15, 3, 76),  # bells, mallets
    (23, 4, 52),  # organs, accordions
    (31, 5, 80),  # guitars
    (39, 9, CENTRE),  # basses
    (40, 8, 44),  # violin
    (41, 8, 76),  # viola
    (42, 8, 84),  # cello
    (43, 9, CENTRE),  # contrabass
    (45, 8, 52),  # strings, tremolo and plucked
    (46, 4, 44),  # harp
    (47, 3, 76),  # timpani
    (51, 8, 52),  # string ensembles
    (54, 7, CENTRE),  # voices
    (55, 2, CENTRE),  # orchestra hit
    (63, 2, 80),  # brass
    (71, 1, 76),  # reeds
    (79, 0, 52),  # flutes
    (103, 6, 52),  # synthesizers
    (108, 5, 80),  # sitar to kalimba
    (109, 1, 76),  # bag pipe
    (110, 8, 44),  # fiddle
    (111, 1, 76),  # shanai
    (127, 10, 76),  # percussion and effects
)
_LAST = 11
#: What XML 1.0 has no place for: control characters, lone surrogates and two that are none.
_NO_TEXT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SIGNATURES = {
    "major": ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"),
    "minor": ("Abm", "Ebm", "Bbm", "Fm", "Cm", "Gm", "Dm", "Am", "Em", "Bm", "F#m", "C#m", "G#m", "D#m", "A#m"),
}


def _family(part: Part) -> tuple[int, int]:
    """The place of a part in the listing, and its pan."""
    if part.is_drums:
        return _LAST, CENTRE
    return next((rank, pan) for last, rank, pan in _FAMILIES if part.program <= last)


def listing(parts: tuple[Part, ...]) -> list[int]:
    """Indices of parts from the top of a score to the bottom: winds, brass, keys, voices, strings, bass, drums.

    >>> listing((Part(-1), Part(32), Part(40), Part(73)))
    [3, 2, 1, 0]
    """
    return sorted(range(len(parts)), key=lambda i: (_family(parts[i])[0], parts[i].program, parts[i].chair, i))


def track_names(score: Score) -> tuple[str, ...]:
    """The name of each part: the score's own where it has some."""
    own = (*score.names, *[""] * len(score.parts))
    return tuple(readable(own[i]) or part.name for i, part in enumerate(score.parts))


def playable(score: Score) -> NDArray[Any]:
    """The notes that a file holds: all within the bars, none empty, none over another of its part and pitch.

    Parameters
    ----------
    score : Score

    Returns
    -------
    array of `NOTE`
        Sorted as in a score. A note that its pitch's next onset cuts is shortened;
        of two that start together the longer stays.

    Examples
    --------
    >>> from symbolic_music.score import NOTE
    >>> notes = np.array([(0, 24, 60, 90, 0), (12, 999, 60, 90, 0)], NOTE)
    >>> playable(Score((Part(0),), (Meter(),), notes))["duration"].tolist()
    [12, 84]
    """
    end = int(score.bar_starts[-1])
    notes = score.notes[(score.notes["start"] >= 0) & (score.notes["start"] < end)].copy()
    notes["duration"] = np.clip(notes["duration"], 1, end - notes["start"])
    notes["velocity"] = np.clip(notes["velocity"], 1, 127)
    # all drum parts share a channel
    lanes = np.array([-1 if part.is_drums else i for i, part in enumerate(score.parts)], np.int64)[notes["part"]]
    order = np.lexsort((-notes["duration"], notes["start"], notes["pitch"], lanes))
    notes, lanes = notes[order], lanes[order]
    line = lanes * 128 + notes["pitch"]
    first = np.ones(len(notes), bool)
    first[1:] = (line[1:] != line[:-1]) | (notes["start"][1:] != notes["start"][:-1])
    notes, line = notes[first], line[first]
    until_next = np.where(line[1:] == line[:-1], notes["start"][1:] - notes["start"][:-1], end)
    notes["duration"][:-1] = np.minimum(notes["duration"][:-1], until_next)
    return sort_notes(notes)


def channels(parts: tuple[Part, ...]) -> dict[int, int]:
    """The channel (0 to 15) of each part by its index: 9 for drums, one for each other part.

    Raises
    ------
    BriefError
        If there are more than 15 melodic parts.
    """
    melodic = [i for i in listing(parts) if not parts[i].is_drums]
    if len(melodic) > MELODIC_CHANNELS:
        raise BriefError(
            f"{len(melodic)} melodic parts in one MIDI file",
            hint=f"MIDI has channels for {MELODIC_CHANNELS} beside the drums",
        )
    return dict.fromkeys(range(len(parts)), _DRUM_CHANNEL) | dict(zip(melodic, _CHANNELS, strict=False))


def signature(key: Key) -> str:
    """The key signature as mido names it.

    >>> signature(Key("D", "minor")), signature(Key("G#", "major"))
    ('Dm', 'Ab')
    """
    return _SIGNATURES[key.mode][key.fifths + 7]


def changes(meters: tuple[Meter, ...]) -> list[int]:
    """The bars, from 0, that have another meter than the bar before.

    >>> changes((Meter(4, 4), Meter(4, 4), Meter(3, 4)))
    [0, 2]
    """
    return [i for i, meter in enumerate(meters) if i == 0 or meter != meters[i - 1]]


def section_starts(score: Score) -> list[tuple[int, str]]:
    """The bars, from 0, at which a section starts, and its label."""
    labels = [readable(label) for label in score.sections]
    return [(i, s) for i, s in enumerate(labels) if s and (i == 0 or s != labels[i - 1])]


def readable(text: str) -> str:
    r"""Text without the characters that XML cannot hold, so that MIDI and MusicXML say the same.

    >>> readable("F\x01♯ \udcff小曲")
    'F♯ 小曲'
    """
    return _NO_TEXT.sub("", text)


def _track(name: str, events: list[tuple[int, Any]], end: int) -> mido.MidiTrack:
    """A track out of messages with their absolute ticks, in order."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=readable(name), time=0)])
    now = 0
    for tick, message in [*events, (end, mido.MetaMessage("end_of_track"))]:
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _clicks(meter: Meter) -> int:
    """MIDI clocks (24 a quarter note) a beat as it is felt: dotted quarters in 6/8, 9/8 and 12/8."""
    compound = meter.unit == 8 and meter.beats % 3 == 0
    return 36 if compound else 96 // meter.unit


def _conductor(score: Score, title: str, receipt: str, scale: int) -> mido.MidiTrack:
    edges = score.bar_starts
    start = [mido.MetaMessage("set_tempo", tempo=round(60_000_000 / (score.tempo or DEFAULT_TEMPO)))]
    if score.key is not None:
        start.append(mido.MetaMessage("key_signature", key=signature(score.key)))
    events = [(0, message) for message in start]
    for bar in changes(score.meters):
        meter = score.meters[bar]
        message = mido.MetaMessage(
            "time_signature", numerator=meter.beats, denominator=meter.unit, clocks_per_click=_clicks(meter)
        )
        events.append((int(edges[bar]) * scale, message))
    for bar, label in section_starts(score):
        events.append((int(edges[bar]) * scale, mido.MetaMessage("marker", text=label)))
    events.sort(key=lambda event: event[0])
    if receipt:  # at the very end, where notation programs do not print it
        events.append((int(edges[-1]) * scale, mido.MetaMessage("text", text=readable(receipt))))
    return _track(title, events, int(edges[-1]) * scale)


def _timed(notes: NDArray[Any], score: Score, offsets: NDArray[Any] | None, scale: int) -> NDArray[np.int64]:
    """Where each note begins and ends in ticks of the file, shape [2, n]; a late note ends before its pitch's next."""
    begin, end = notes["start"] * scale, (notes["start"] + notes["duration"]) * scale
    if offsets is not None:
        keys = ["part", "pitch", "start"]
        late = np.rint(np.broadcast_to(offsets, (2, len(score.notes))) * scale).astype(np.int64)
        place = {key: i for i, key in enumerate(map(tuple, score.notes[keys].tolist()))}
        moved = late[:, [place[key] for key in map(tuple, notes[keys].tolist())]]
        last = int(score.bar_starts[-1]) * scale
        begin = np.clip(begin + moved[0], 0, last - 1)
        order = np.lexsort((begin, notes["pitch"], notes["part"]))
        line = (notes["part"].astype(np.int64) * 128 + notes["pitch"])[order]
        following = np.append(np.where(line[1:] == line[:-1], begin[order][1:], last), last)
        end[order] = np.clip(np.minimum((end + moved[1])[order], following), begin[order] + 1, last)
    return np.stack([begin, end])


def midi_bytes(
    score: Score, *, title: str = "", receipt: str = "", offsets: NDArray[np.float32] | None = None
) -> bytes:
    """A score as a standard MIDI file, type 1, 480 ticks a quarter note.

    The first track conducts: title, tempo, meters, key signature, a marker
    where a section starts. Then one named track for each part, each on its own
    channel, the drums on channel 10. All tracks end where the last bar ends.

    Parameters
    ----------
    score : Score
    title : str
        The name of the first track.
    receipt : str
        A text event in the first track, for what the piece was made from.
    offsets : array of float, shape [notes] or [2, notes], optional
        How many ticks of the score each of its notes is played late, early where negative; or how late it begins, and
        how late it ends.

    Returns
    -------
    bytes
        The same for the same arguments.

    Raises
    ------
    BriefError
        If there are more than 15 melodic parts: MIDI has no more channels.

    Examples
    --------
    >>> from symbolic_music.score import NOTE
    >>> score = Score((Part(0),), (Meter(4, 4),), np.array([(0, 24, 60, 90, 0)], NOTE), tempo=90)
    >>> midi_bytes(score)[:4]
    b'MThd'
    """
    scale = RESOLUTION // TICKS
    end = int(score.bar_starts[-1]) * scale
    channel, names, notes = channels(score.parts), track_names(score), playable(score)
    times = _timed(notes, score, offsets, scale)
    file = mido.MidiFile(type=1, ticks_per_beat=RESOLUTION, charset="utf-8")
    file.tracks.append(_conductor(score, title, receipt, scale))
    seats: dict[tuple[int, int], int] = {}
    for index in listing(score.parts):
        part, where = score.parts[index], {"channel": channel[index]}
        family = _family(part)
        seat = seats[family] = seats.get(family, -1) + 1
        pan = family[1] if seat % 2 == 0 else 2 * CENTRE - family[1]
        program = max(part.program, 0)
        setup = [
            mido.Message("program_change", program=program, **where),
            mido.Message("control_change", control=7, value=VOLUME, **where),
            mido.Message("control_change", control=10, value=pan, **where),
        ]
        sounding: list[tuple[int, int, int, int]] = []
        mine = notes["part"] == index
        for (_, _, pitch, velocity, _), begin, stop in zip(notes[mine].tolist(), *times[:, mine].tolist(), strict=True):
            sounding.append((begin, 1, pitch, velocity))
            sounding.append((stop, 0, pitch, 0))
        events = [(0, message) for message in setup]
        for tick, on, pitch, velocity in sorted(sounding):
            kind = "note_on" if on else "note_off"
            events.append((tick, mido.Message(kind, note=pitch, velocity=velocity, **where)))
        file.tracks.append(_track(names[index], events, end))
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()


def save_midi(
    score: Score, path: str | Path, *, title: str = "", receipt: str = "", offsets: NDArray[np.float32] | None = None
) -> Path:
    """Write `midi_bytes` to a file.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    BriefError
        As in `midi_bytes`.
    FileError
        If the path cannot be written; nothing is left there then.
    """
    with replacing(path, SUFFIXES) as temporary:
        temporary.write_bytes(midi_bytes(score, title=title, receipt=receipt, offsets=offsets))
    return Path(path).expanduser()
