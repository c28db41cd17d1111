"""The music format of Doom and Heretic as MIDI: 140 ticks a second, no metre, percussion on channel 15.

After the description of the format by Vladimir Arnost, "MUS File Format", 1996. Pitch bends and the controllers that
have no MIDI equivalent are left out.
"""

from __future__ import annotations

import struct
from io import BytesIO

import mido

#: Ticks a quarter note, at MIDI's own 120 quarter notes a minute: 140 ticks a second.
RESOLUTION = 70
#: The format's controllers, from 3, as MIDI's: volume, pan, expression, reverb, chorus, sustain, soft pedal.
_CONTROLLERS = dict(zip(range(3, 10), (7, 10, 11, 91, 93, 64, 67), strict=True))
_PERCUSSION, _DRUM_CHANNEL = 15, 9


def midi_of_mus(data: bytes) -> bytes:
    """Convert a file event by event.

    Parameters
    ----------
    data : bytes
        A MUS file.

    Returns
    -------
    bytes
        A MIDI file of type 1 with a track for each channel; its tempo is nominal.

    Raises
    ------
    ValueError
        If it is none, or is cut off.

    Examples
    --------
    >>> midi_of_mus(b"no music")
    Traceback (most recent call last):
    ...
    ValueError: no MUS file
    """
    if data[:4] != b"MUS\x1a" or len(data) < 16:
        raise ValueError("no MUS file")
    at = struct.unpack_from("<H", data, 6)[0]
    file = mido.MidiFile(type=1, ticks_per_beat=RESOLUTION)
    tracks: dict[int, list[tuple[int, mido.Message]]] = {}
    volumes = [127] * 16
    now = 0

    def byte() -> int:
        nonlocal at
        if at >= len(data):
            raise ValueError("the MUS file is cut off")
        at += 1
        return data[at - 1]

    while True:
        event = byte()
        kind, number = event >> 4 & 7, event & 15
        if kind == 6:  # the end
            break
        # percussion changes places with the channel that MIDI keeps for it
        where = {_PERCUSSION: _DRUM_CHANNEL, _DRUM_CHANNEL: _PERCUSSION}.get(number, number)
        message = None
        if kind == 0:
            message = mido.Message("note_off", note=byte() & 127, channel=where)
        elif kind == 1:
            pitch = byte()
            if pitch & 128:
                volumes[number] = byte() & 127
            message = mido.Message("note_on", note=pitch & 127, velocity=max(volumes[number], 1), channel=where)
        elif kind in (2, 3):  # bend, system event
            byte()
        elif kind == 4:
            control, value = byte(), byte() & 127
            if control == 0:
                message = mido.Message("program_change", program=value, channel=where)
            elif control in _CONTROLLERS:
                message = mido.Message("control_change", control=_CONTROLLERS[control], value=value, channel=where)
        if message is not None:
            tracks.setdefault(where, []).append((now, message))
        if event & 128:  # a delay follows, seven bits a byte
            delay = 0
            while (more := byte()) & 128:
                delay = delay << 7 | more & 127
            now += delay << 7 | more
    for channel in sorted(tracks):
        track, last = mido.MidiTrack(), 0
        for tick, message in tracks[channel]:
            track.append(message.copy(time=tick - last))
            last = tick
        file.tracks.append(track)
    out = BytesIO()
    file.save(file=out)
    return out.getvalue()
