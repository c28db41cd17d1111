"""A score as a standard MIDI file that closes its last bar, the same bytes each time."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import mido
import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.files.channels import CENTRE, VOLUME, channels, family, listing
from symbolic_music.files.export import Export
from symbolic_music.files.limits import check_score
from symbolic_music.files.names import (
    changes,
    chord_changes,
    file_name,
    readable,
    section_starts,
    signature,
    track_names,
)
from symbolic_music.files.paths import replacing
from symbolic_music.files.performance import performed
from symbolic_music.score import Score
from symbolic_music.theory import genres
from symbolic_music.theory.kit import KITS
from symbolic_music.theory.meters import TICKS, Meter

#: The endings of a MIDI file.
SUFFIXES = (".mid", ".midi")
#: The order of what falls on one tick: a note ends before the next begins, the receipt comes last.
_NAME, _SETTING, _OFF, _ON, _LAST = range(5)


class _Event(NamedTuple):
    """A message at a tick of the file, and its turn there."""

    tick: int
    turn: int
    message: Any


def _meta(kind: str, tick: int = 0, turn: int = _SETTING, **data: Any) -> _Event:
    return _Event(tick, turn, mido.MetaMessage(kind, **data))


def _track(events: list[_Event], end: int) -> mido.MidiTrack:
    """A track of events, up to the end of the last bar."""
    track, now = mido.MidiTrack(), 0
    last = _meta("end_of_track", end)
    for tick, _, message in [*sorted(events, key=lambda event: event[:2]), last]:
        track.append(message.copy(time=tick - now))
        now = tick
    return track


def _clicks(meter: Meter) -> int:
    """MIDI clocks (24 a quarter note) a beat as it is felt: dotted quarters in 6/8, 9/8 and 12/8."""
    compound = meter.unit == 8 and meter.beats % 3 == 0
    return 36 if compound else 96 // meter.unit


def _conductor(score: Score, title: str, receipt: str, export: Export) -> list[_Event]:
    scale, edges = export.resolution // TICKS, score.bar_starts.tolist()
    events = [_meta("copyright", turn=_NAME, text=readable(export.copyright))] if export.copyright else []
    events.append(_meta("track_name", turn=_NAME, name=readable(title)))
    for bar in changes(score.meters):
        beats, unit = score.meters[bar].beats, score.meters[bar].unit
        clicks = _clicks(score.meters[bar])
        events.append(
            _meta("time_signature", edges[bar] * scale, numerator=beats, denominator=unit, clocks_per_click=clicks)
        )
    events += [_meta("key_signature", edges[bar] * scale, key=signature(key)) for bar, key in score.key_map]
    events += [_meta("set_tempo", tick * scale, tempo=round(60e6 / tempo)) for tick, tempo in score.tempo_map]
    events += [_meta("marker", edges[bar] * scale, text=label) for bar, label in section_starts(score)]
    if export.chords:
        events += [_meta(export.chords, tick * scale, text=name) for tick, name in chord_changes(score)]
    if receipt:  # at the very end, where notation programs do not print it
        events.append(_meta("text", edges[-1] * scale, _LAST, text=readable(receipt)))
    return events


def _program(score: Score, index: int, export: Export) -> int:
    if not score.parts[index].is_drums:
        return score.parts[index].program
    usual = genres.table().get(score.genre)
    return KITS[export.kit or (usual.kit if usual else "") or "standard"]


def _settings(score: Score, places: dict[int, tuple[int, int]], export: Export) -> dict[int, list[_Event]]:
    """What stands at the start of each part's track: port, bank, program, volume, pan and effects."""
    names, seats = track_names(score), dict[tuple[int, int], int]()
    several = any(port for port, _ in places.values())
    found = {}
    for index in listing(score.parts):
        mix, (port, channel) = family(score.parts[index]), places[index]
        seat = seats[mix.rank, mix.pan] = seats.get((mix.rank, mix.pan), -1) + 1
        controls = {7: VOLUME, 10: mix.pan if seat % 2 == 0 else 2 * CENTRE - mix.pan, 91: mix.reverb, 93: mix.chorus}
        found[index] = [
            _meta("track_name", turn=_NAME, name=names[index]),
            *([_meta("midi_port", port=port)] if several else []),
            *(
                _Event(0, _SETTING, message)
                for message in (
                    mido.Message("control_change", control=0, value=0, channel=channel),
                    mido.Message("control_change", control=32, value=0, channel=channel),
                    mido.Message("program_change", program=_program(score, index, export), channel=channel),
                    *(mido.Message("control_change", control=c, value=v, channel=channel) for c, v in controls.items()),
                )
            ),
        ]
    return found


def _notes(notes: NDArray[Any], times: NDArray[np.int64], channel: int) -> list[_Event]:
    events = []
    for pitch, velocity, begin, stop in zip(
        notes["pitch"].tolist(), notes["velocity"].tolist(), *times.tolist(), strict=True
    ):
        on = mido.Message("note_on", note=pitch, velocity=velocity, channel=channel)
        off = mido.Message("note_off", note=pitch, velocity=0, channel=channel)
        events += [_Event(begin, _ON, on), _Event(stop, _OFF, off)]
    return events


def _tracks(
    score: Score, title: str, receipt: str, offsets: NDArray[np.float32] | None, export: Export
) -> tuple[list[_Event], dict[int, list[_Event]], frozenset[int]]:
    """The conductor's events, those of each part in score order, and the parts that sound."""
    check_score(score, export.resolution)
    places = channels(score.parts)
    settings = _settings(score, places, export)
    notes, times = performed(score, offsets, export)
    tracks = {}
    for index, events in settings.items():
        mine = notes["part"] == index
        tracks[index] = events + _notes(notes[mine], times[:, mine], places[index][1])
    return _conductor(score, title, receipt, export), tracks, frozenset(notes["part"].tolist())


def _file(tracks: list[list[_Event]], score: Score, export: Export) -> bytes:
    file = mido.MidiFile(type=export.type, ticks_per_beat=export.resolution, charset="utf-8")
    end = int(score.bar_starts[-1]) * (export.resolution // TICKS)
    file.tracks.extend(_track(events, end) for events in tracks)
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()


def midi_bytes(
    score: Score,
    *,
    title: str = "",
    receipt: str = "",
    offsets: NDArray[np.float32] | None = None,
    export: Export | None = None,
) -> bytes:
    """A score as a standard MIDI file.

    The first track conducts: copyright, title, meters, keys and tempos with their changes, a marker where a section
    starts, chords if they are asked for. Then one named track for each part, in score order, each on its own channel,
    the drums on channel 10, with its bank, program, volume, pan and effects at its start. All tracks end where the last
    bar ends. More than 15 melodic parts take further ports, see `channels.channels`. Type 0 holds all of this in one
    track, without the names of the parts.

    Parameters
    ----------
    score : Score
    title : str
        The name of the first track.
    receipt : str
        A text event at the end of the first track, for what the piece was made from.
    offsets : array of float, shape [notes] or [2, notes], optional
        How many ticks of the score each of its notes is played late, early where negative; or how late it begins, and
        how late it ends.
    export : Export, optional

    Returns
    -------
    bytes
        The same for the same arguments.

    Raises
    ------
    BriefError
        If there are more than 60 melodic parts, or 15 for type 0; if a tempo, pitch or velocity is out of range, or
        there are more notes than `limits.MOST_NOTES`; if it is to swing and no bar is counted in quarter notes.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> score = Score((Part(0),), (Meter(4, 4),), np.array([(0, 24, 60, 90, 0)], NOTE), tempo=90)
    >>> midi_bytes(score)[:4]
    b'MThd'
    """
    export = export or Export()
    conductor, tracks, _ = _tracks(score, title, receipt, offsets, export)
    if export.type == 1:
        return _file([conductor, *tracks.values()], score, export)
    if any(event.message.type == "midi_port" for events in tracks.values() for event in events[:2]):
        melodic = sum(not part.is_drums for part in score.parts)
        raise BriefError(f"{melodic} melodic parts in a file of type 0", hint="15 work; type 1 has more channels")
    return _file([[*conductor, *(e for events in tracks.values() for e in events[1:])]], score, export)


def stems(
    score: Score,
    *,
    title: str = "",
    receipt: str = "",
    offsets: NDArray[np.float32] | None = None,
    export: Export | None = None,
) -> list[tuple[str, bytes]]:
    """Each part that has notes as a file of its own, of type 1 and as long as the piece, with the same conductor.

    Parameters
    ----------
    score, title, receipt, offsets, export
        As in `midi_bytes`; each part is played as in the whole piece, on the same channel.

    Returns
    -------
    list of (str, bytes)
        A name that can be that of a file, and the file, in score order.

    Raises
    ------
    BriefError
        As in `midi_bytes`.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> notes = np.array([(0, 24, 60, 90, 0), (0, 24, 64, 90, 1)], NOTE)
    >>> [name for name, _ in stems(Score((Part(40), Part(40, 2)), (Meter(),), notes))]
    ['01 violin', '02 violin 2']
    """
    export = replace(export or Export(), type=1)
    conductor, tracks, sounding = _tracks(score, title, receipt, offsets, export)
    names, found = track_names(score), []
    for number, index in enumerate((i for i in tracks if i in sounding), 1):
        own = [event for event in tracks[index] if event.message.type != "midi_port"]
        name = file_name(names[index]) or score.parts[index].name
        found.append((f"{number:02} {name}", _file([conductor, own], score, export)))
    return found


def save_midi(
    score: Score,
    path: str | Path,
    *,
    title: str = "",
    receipt: str = "",
    offsets: NDArray[np.float32] | None = None,
    export: Export | None = None,
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
        temporary.write_bytes(midi_bytes(score, title=title, receipt=receipt, offsets=offsets, export=export))
    return Path(path).expanduser()
