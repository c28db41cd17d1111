"""Where a row stands."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from symbolic_music.rules.outlook import View, Voice


class Expect(IntEnum):
    """What comes next."""

    BAR = 0
    TIMESIG = 1
    LEFT = 2
    SECTION = 3
    CHORD = 4
    SECOND_CHORD = 5
    NOTE = 6  # between notes: a pitch, a program, a position, or the bar's end
    PART = 7  # after a position: a pitch of the part that played last, or a program
    PITCH = 8  # after a program: a pitch, or a chair
    CHAIR_PITCH = 9  # after a chair: a pitch
    VELOCITY = 10
    DURATION = 11
    NOTHING = 12


class State(NamedTuple):
    """Where a row stands.

    `part` is -1 before the bar's first note; `form` is -2 before the first section, -1 where sections have names, or
    else the last letter heard, from 0; `voices` says where each part stands in its `views` of the bar; `written` are
    the notes of bars that are repeated later: bar, part, position, pitch, length, velocity; `loud` is the velocity of
    the note that is to be one.
    """

    expect: Expect = Expect.BAR
    bar: int = -1
    position: int = -1
    part: int = -1
    program: int = -2
    pitch: int = -1
    in_chord: int = 0
    in_bar: int = 0
    form: int = -2
    voices: tuple[Voice, ...] = ()
    views: tuple[View | None, ...] = ()
    written: tuple[tuple[int, int, int, int, int, int], ...] = ()
    loud: int = 0
