"""The head of a MusicXML score: parts with their names, instruments and brackets."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from xml.etree.ElementTree import Element

from symbolic_music.files.channels import CENTRE, VOLUME, channels, family
from symbolic_music.files.drum_staff import drum_name
from symbolic_music.files.element import add
from symbolic_music.files.part_names import printed_names
from symbolic_music.score import Part

#: Runs of programs whose neighbours in a score share a bracket.
_BRACKETS = ((40, 45), (48, 51), (52, 54), (56, 63), (64, 79))


def _bracket(part: Part) -> int:
    return next((i for i, (low, high) in enumerate(_BRACKETS) if low <= part.program <= high), -1)


def add_part_list(root: Element, parts: Sequence[Part], names: Sequence[str], drums: Sequence[Sequence[int]]) -> None:
    """Append the list of parts to a score.

    Parameters
    ----------
    root : Element
    parts : sequence of Part
        From the top.
    names : sequence of str
        The names of their tracks.
    drums : sequence of sequence of int
        The drums that each part strikes.
    """
    listed = add(root, "part-list")
    seats, printed = channels(tuple(parts)), printed_names(parts, names)
    number = 0
    for bracket, group in groupby(range(len(parts)), key=lambda i: _bracket(parts[i])):
        members = list(group)
        joined = bracket >= 0 and len(members) > 1
        if joined:
            number += 1
            start = add(listed, "part-group", type="start", number=number)
            add(start, "group-symbol", "bracket")
            add(start, "group-barline", "yes")
        for i in members:
            entry = add(listed, "score-part", id=f"P{i + 1}")
            add(entry, "part-name", printed[i][0])
            add(entry, "part-abbreviation", printed[i][1])
            _add_players(entry, parts[i], names[i], drums[i], seats[i][1])
        if joined:
            add(listed, "part-group", type="stop", number=number)


def _add_players(entry: Element, part: Part, track: str, drums: Sequence[int], channel: int) -> None:
    """Append what sounds in a part: one instrument, or each drum."""
    name = entry.get("id")
    players = {f"{name}-I{drum}": drum_name(drum) for drum in drums} or {f"{name}-I1": track}
    for player, label in players.items():
        add(add(entry, "score-instrument", id=player), "instrument-name", label)
    for player, drum in zip(players, drums or [-1], strict=True):
        midi = add(entry, "midi-instrument", id=player)
        add(midi, "midi-channel", channel + 1)
        add(midi, "midi-program", max(part.program, 0) + 1)
        if drum >= 0:
            add(midi, "midi-unpitched", drum + 1)
        add(midi, "volume", round(100 * VOLUME / 127))
        add(midi, "pan", round(90 * (family(part).pan - CENTRE) / CENTRE))
