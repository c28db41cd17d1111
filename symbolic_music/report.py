"""What was asked of a piece against what its MIDI file holds, read back by other libraries.

See `files.heard` for the readers; the key is music21's analysis. Nothing here looks at how the file was made.
"""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from symbolic_music.brief import Brief
from symbolic_music.errors import BriefError
from symbolic_music.files.heard import Heard, hear
from symbolic_music.files.read_midi import KEYBOARDS
from symbolic_music.files.spelling import analysed_key
from symbolic_music.rules import Repeats, Rule, rule
from symbolic_music.score import straight
from symbolic_music.theory.instruments import of_program
from symbolic_music.theory.meters import EQUAL
from symbolic_music.theory.pitch import spell

GUARANTEED, LEARNED, DEFAULT = "guaranteed", "learned", "default"
_MARKS = {True: "✓", False: "✗", None: "·"}
_HEADERS = ("", "wish", "asked", "in the file", "promise")
_CELL = 35


@dataclass(frozen=True)
class Row:
    """One wish.

    Attributes
    ----------
    wish : str
        Its name.
    asked, realised : str
        In words.
    promise : str
        "guaranteed", "learned" (the model tends to it), or "default" (not asked, filled in).
    kept : bool or None
        None where the file cannot tell.
    """

    wish: str
    asked: str
    realised: str
    promise: str
    kept: bool | None


@dataclass(frozen=True)
class Report:
    """All wishes of a brief, each with what the file holds. As text, a table of at most 100 columns.

    >>> print(Report((Row("tempo", "90 BPM", "90 BPM", "guaranteed", True),)))
       wish   asked   in the file  promise
    ✓  tempo  90 BPM  90 BPM       guaranteed
    """

    rows: tuple[Row, ...]

    @property
    def ok(self) -> bool:
        """Whether every guaranteed wish is kept."""
        return all(row.kept is not False for row in self.rows if row.promise == GUARANTEED)

    def to_dict(self) -> dict[str, Any]:
        """The report as plain values, for JSON."""
        return {"ok": self.ok, "rows": [asdict(row) for row in self.rows]}

    def __str__(self) -> str:
        cells = [_HEADERS, *((_MARKS[r.kept], r.wish, r.asked, r.realised, r.promise) for r in self.rows)]
        wrapped = [[textwrap.wrap(cell, _CELL) or [""] for cell in row] for row in cells]
        widths = [max(len(line) for row in wrapped for line in row[i]) for i in range(len(_HEADERS))]
        lines = []
        for row in wrapped:
            for i in range(max(map(len, row))):
                parts = (cell[i] if i < len(cell) else "" for cell in row)
                lines.append("  ".join(p.ljust(w) for p, w in zip(parts, widths, strict=True)).rstrip())
        return "\n".join(lines)


def _names(programs: Counter[int]) -> str:
    names = [(of_program(p).name, n) for p, n in sorted(programs.items()) if n > 0]
    return ", ".join(name if n == 1 else f"{name} x{n}" for name, n in names) or "none"


def _notes(wish: str, asked: str, allowed: frozenset[int], file: Heard) -> Row:
    outside = file.pitch_classes - allowed
    realised = spell(file.pitch_classes) or "no notes"
    if outside:
        realised += f"; outside: {spell(outside)}"
    return Row(wish, asked, realised, GUARANTEED, not outside)


def _instruments(brief: Brief, file: Heard, promise: str) -> Row:
    asked = Counter(part.program for part in brief.parts)
    realised = _names(file.programs)
    missing, extra = asked - file.programs, file.programs - asked
    for program in KEYBOARDS & asked.keys():
        extra.pop(program, None)  # the hands of a player, a track each
    for word, difference in (("missing", missing), ("not asked", extra)):
        if difference:
            realised += f"; {word}: {_names(difference)}"
    return Row("instruments", _names(asked), realised, promise, not missing and not extra)


def _decimal(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


def _tempo(tempo: float, file: Heard, promise: str) -> Row:
    # a tempo is stored as whole microseconds a quarter note
    kept = all(abs(60e6 / found - 60e6 / tempo) <= 1 for found in file.tempos)
    realised = ", ".join(dict.fromkeys(_decimal(tempo if kept else found) for found in file.tempos))
    return Row("tempo", f"{_decimal(tempo)} BPM", f"{realised} BPM", promise, kept)


def _unknown(words: str) -> tuple[str, ...]:
    """Those of the words that are not understood."""
    from symbolic_music.prompt import read

    try:
        return read(words).unknown
    except BriefError:
        return ()


def _of_rules(rules: Sequence[Rule], brief: Brief, file: Heard) -> Iterable[Row]:
    """A row for each rule: what the written notes hold."""
    score, genre = file.score, brief.filled().genre if rules else None
    if genre is not None:
        score = replace(score, notes=straight(score.notes, score.meters, genre.feel, genre.swing))
    repeated = frozenset(bar for one in rules if isinstance(one, Repeats) for bar in one.repeated(score))
    for one in rules:
        found = one.judged(score, repeated)
        realised, kept = found if found is not None else ("not measured", None)
        yield Row("rule", one.name, realised, GUARANTEED, kept)


def _rows(brief: Brief, file: Heard, rules: Sequence[Rule], defaults: bool) -> Iterable[Row]:
    full = brief.filled() if defaults else brief

    def wanted(asked: object) -> str | None:
        """The promise of a wish, None where it was not asked and defaults are left out."""
        return GUARANTEED if asked else DEFAULT if defaults else None

    if brief.only is not None:
        yield _notes("notes", f"only {spell(brief.only)}", brief.only, file)
    if brief.scale is not None:
        yield _notes("scale", str(brief.scale), brief.scale.pitch_classes, file)
    if brief.key is not None:
        yield _notes("key", str(brief.key), brief.key.pitch_classes, file)
        found = analysed_key(file.weights)
        kept = found and (found[0].root, found[0].mode) == (brief.key.root, brief.key.mode)
        realised = f"{found[0]} (fits {found[1]:.2f} of 1)" if found else "no notes"
        if found and kept:
            realised = realised.replace(str(found[0]), str(brief.key))
        yield Row("tonic", str(brief.key), realised, LEARNED, kept)
    if promise := wanted(brief.parts):
        yield _instruments(full, file, promise)
    if (promise := wanted(brief.meter)) and full.meter is not None:
        asked = (full.meter.beats, full.meter.unit)
        signatures = ", ".join(f"{beats}/{unit}" for beats, unit in file.meters)
        kept = all(EQUAL.get(found, found) == asked for found in file.meters)
        yield Row("meter", str(full.meter), signatures, promise, kept)
    if brief.seconds is not None:
        # the nearest whole number of bars, at least one
        near = abs(file.seconds - brief.seconds) <= file.bar_seconds / 2 + 0.001
        kept = near or (file.bars == 1 and brief.seconds < file.seconds)
        yield Row("seconds", f"{brief.seconds:g} s", f"{file.seconds:.1f} s", GUARANTEED, kept)
    elif promise := wanted(brief.bars):
        realised = f"{file.bars}" if file.filled else f"{file.bars}, the last one not filled"
        # a file of this library's fills its last bar; another's may end with its last note
        kept = file.bars == full.bars and (file.filled or not defaults)
        yield Row("bars", str(full.bars), realised, promise, kept)
    if (promise := wanted(brief.tempo)) and full.tempo is not None:
        yield _tempo(full.tempo, file, promise)
    yield from _of_rules(rules, brief, file)
    if defaults and not rules:  # bars that are told to be silent do not count
        realised = f"{file.rest} bar{'' if file.rest == 1 else 's'} running"
        yield Row("rests", "at most 1 bar running", realised, DEFAULT, file.rest <= 1)
    if brief.genre is not None:
        yield Row("genre", str(brief.genre), "not measured", LEARNED, None)
    if brief.moods:
        yield Row("moods", ", ".join(brief.moods), "not measured", LEARNED, None)
    if brief.text and (unknown := _unknown(brief.text)):
        yield Row("words", ", ".join(unknown), "not understood", LEARNED, None)


def report(brief: Brief, midi: bytes | str | Path, rules: Sequence[Rule] = (), *, defaults: bool = True) -> Report:
    """What a brief asks against what a MIDI file holds.

    Parameters
    ----------
    brief : Brief
        As it was asked; what it leaves open is taken from `Brief.filled`.
    midi : bytes or path
        A MIDI file, this library's or any other's of type 0 or 1.
    rules : sequence of Rule
        Limits beside the brief's own.
    defaults : bool
        Whether what was not asked but filled in has rows too, as for this library's own files:
        the last bar is filled then, and no part rests for more than one bar running.

    Returns
    -------
    Report
        Tempo is compared within MIDI's microseconds, seconds within half a
        bar. The file ends with its last track; a bar that is begun counts.
        Several tracks of one keyboard or harp may be one player's.

    Raises
    ------
    BriefError
        If `defaults` make the seconds asked too many bars.
    FileError
        If the file cannot be read or is damaged; the message says how.

    Examples
    --------
    >>> from symbolic_music.files.write_midi import midi_bytes
    >>> from symbolic_music.score import NOTE, Part, Score
    >>> from symbolic_music.theory.meters import Meter
    >>> import numpy as np
    >>> score = Score((Part(0),), (Meter(4, 4),), np.array([(0, 96, 61, 90, 0)], NOTE), tempo=90)
    >>> print(report(Brief(only="C E G", tempo=90), midi_bytes(score), defaults=False))
       wish   asked       in the file      promise
    ✗  notes  only C E G  C#; outside: C#  guaranteed
    ✓  tempo  90 BPM      90 BPM           guaranteed
    """
    return Report(tuple(_rows(brief, hear(midi), (*map(rule, brief.rules), *rules), defaults)))


def check(midi: bytes | str | Path, brief: Brief, *, defaults: bool = False) -> Report:
    """`report` for any MIDI file: only what was asked, unless `defaults`."""
    return report(brief, midi, defaults=defaults)
