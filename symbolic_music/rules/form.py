"""What happens when: sections, repeats, who is silent and who enters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError, nearest
from symbolic_music.rules.base import Scoped, Shipped, checked_bars, heard, put, span, whole
from symbolic_music.rules.limits import Copy, Limits
from symbolic_music.rules.scope import cells, find_bars
from symbolic_music.score import Score
from symbolic_music.tokens.vocabulary import SECTIONS


@dataclass(frozen=True, repr=False)
class Form(Shipped):
    """The section of every bar.

    Parameters
    ----------
    sections : str
        "intro 4, verse 8, chorus 8" with the bars of each, or "A A B A", which share the bars equally. Names are intro,
        verse, prechorus, chorus, bridge, solo, break, interlude and outro; or letters A to H throughout, in the order
        they first come.

    Examples
    --------
    >>> Form("Verse 8, pre-chorus: 4").name, Form("A-A-B-A").name
    ('form verse 8, prechorus 4', 'form A A B A')
    """

    sections: str

    def __post_init__(self) -> None:
        text = re.sub(r"(?i)pre[- ]chorus", "prechorus", str(self.sections))
        rows = [(label.lower() if len(label) > 1 else label.upper(), count) for label, count in _ROW.findall(text)]
        if not rows or _ROW.sub("", text).strip():
            raise BriefError(f"form {self.sections!r}", hint='such as "intro 4, verse 8, chorus 8" or "A A B A"')
        for label, count in rows:
            if label not in SECTIONS:
                raise BriefError(
                    f"form {self.sections!r}: no section is called {label!r}", hint=nearest(label, SECTIONS)
                )
            if bool(count) != bool(rows[0][1]):
                raise BriefError(f"form {self.sections!r}", hint="say the bars of every section, or of none")
            if count and not int(count):
                raise BriefError(f"form {self.sections!r}: {label} has no bar", hint="at least 1")
        firsts = list(dict.fromkeys(label for label, _ in rows))
        if min(map(len, firsts)) == 1 and firsts != list("ABCDEFGH"[: len(firsts)]):
            hint = "letters come in order, A first, and no names among them"
            raise BriefError(f"form {self.sections!r}: {' '.join(firsts)}", hint=hint)
        counted = bool(rows[0][1])
        put(self, sections=", ".join(f"{a} {int(n)}" for a, n in rows) if counted else " ".join(a for a, _ in rows))

    @property
    def name(self) -> str:  # type: ignore[override]
        return f"form {self.sections}"

    def labels(self, bars: int) -> list[str]:
        """The section of each of so many bars.

        Raises
        ------
        BriefError
            If the sections do not fill them.

        Examples
        --------
        >>> Form("A B A").labels(6)
        ['A', 'A', 'B', 'B', 'A', 'A']
        """
        rows = _ROW.findall(self.sections)
        share = bars // len(rows)
        found = [label for label, count in rows for _ in range(int(count or share))]
        if len(found) != bars:
            hint = f"they have {len(found)}" if rows[0][1] else f"{bars} do not make {len(rows)} of one length"
            raise BriefError(f"{self.name}: the piece has {bars} bar{'' if bars == 1 else 's'}", hint=hint)
        return found

    def narrow(self, limits: Limits) -> None:
        for bar, label in enumerate(self.labels(len(limits.meters))):
            limits.name_section(bar, label)

    def found(self, score: Score) -> tuple[str, bool] | None:
        if not any(score.sections):
            return None
        runs = ", ".join(f"{label or '?'} {len(list(bars))}" for label, bars in groupby(score.sections))
        try:
            return runs, self.labels(score.bars) == list(score.sections)
        except BriefError:
            return runs, False


#: A label, and the bars it has.
_ROW = re.compile(r"([A-Za-z]+)[\s:]*(\d*)[\s,;|-]*")


@dataclass(frozen=True, repr=False)
class Repeats(Scoped):
    """Some bars repeat earlier ones, over again if they are more.

    Nothing is held into or out of the repeat, nor into or out of what is repeated.

    Parameters
    ----------
    of : int or (int, int)
        The bars that are repeated; they come before `bars` and are as long, or go into them a whole number of times.
    how : str
        "exact": the same onsets, pitches and lengths, and velocities where the bars' dynamics allow them. "rhythm": the
        same onsets, each note as long as one that starts at the same place; pitches are free.
    transposed : int
        Semitones higher, where exact; the drums stay.

    Examples
    --------
    >>> Repeats((1, 4), bars=(5, 8), transposed=2).name
    'repeat of bars 1-4, 2 semitones higher (bars 5-8)'
    """

    of: int | tuple[int, int]
    how: str = "exact"
    transposed: int = 0
    _drums: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        put(self, of=checked_bars(self.of), transposed=whole("transposed by", self.transposed, -127, 127))
        if self.how not in ("exact", "rhythm"):
            raise BriefError(f"repeats {self.how!r}", hint="exact or rhythm")
        if self.how == "rhythm" and self.transposed:
            raise BriefError("a rhythm transposed", hint="leave transposed out: the pitches are free")
        if self.bars is None and self.section is None:
            raise BriefError(self.said, hint="say where, as bars=(5, 8)")

    @property
    def said(self) -> str:
        rhythm = "rhythm of " if self.how == "rhythm" else ""
        number = abs(self.transposed)
        way = f"semitone{'' if number == 1 else 's'} {'higher' if self.transposed > 0 else 'lower'}"
        return f"repeat of {rhythm}{span(self.of)}" + (f", {number} {way}" if number else "")

    def pairs(self, piece: Limits | Score) -> list[tuple[int, int]]:
        """Each bar that is repeated and the bar that repeats it, from 0.

        Raises
        ------
        BriefError
            If the bars do not fit.
        """
        try:
            sources = find_bars(len(piece.meters), self.of)
        except BriefError as error:
            raise BriefError(f"{self.name}: {error.what}", hint=error.hint) from error
        targets = self.where(piece)[0]
        if targets != list(range(targets[0], targets[-1] + 1)):
            raise BriefError(f"{self.name}: the bars are not in one run", hint="a rule for each run, by bars=")
        if sources[-1] >= targets[0]:
            raise BriefError(f"{self.name}: what is repeated comes first", hint="bars before, that do not overlap")
        if len(targets) % len(sources):
            hint = f"{len(sources)} bars fill {len(sources)}, {2 * len(sources)}, {3 * len(sources)} ... bars"
            raise BriefError(f"{self.name}: {len(targets)} bars", hint=hint)
        found = [(sources[i % len(sources)], target) for i, target in enumerate(targets)]
        for source, target in found:
            if piece.meters[source] != piece.meters[target]:
                words = f"bar {source + 1} is in {piece.meters[source]}, bar {target + 1} in {piece.meters[target]}"
                raise BriefError(f"{self.name}: {words}", hint="only bars of one meter repeat each other")
        return found

    def repeated(self, score: Score) -> set[tuple[int, int]]:
        """The (bar, part)s, from 0, that repeat others exactly."""
        try:
            bars, parts = self.where(score)
        except BriefError:
            return set()
        return {(bar, part) for bar in bars for part in parts} if self.how == "exact" else set()

    def narrow(self, limits: Limits) -> None:
        parts = self.where(limits)[1]
        pairs = self.pairs(limits)
        last = max(source for source, _ in pairs)
        for part in parts:
            shift = None if self.how == "rhythm" else 0 if limits.parts[part].is_drums else self.transposed
            known = {copy.target: copy for copy in limits.copies if copy.part == part}
            for source, target in pairs:
                copy = Copy(part, source, target, shift, target == pairs[-1][1])
                other = known.get(target, copy)
                if (other.source, other.shift) != (source, shift):
                    which = f"both bar {other.source + 1} and bar {source + 1}"
                    same = f"bar {source + 1} in two ways"
                    raise BriefError(
                        f"bar {target + 1} of {limits.parts[part].name} repeats "
                        + (same if other.source == source else which),
                        hint="a bar repeats one other",
                    )
                if target not in known:
                    limits.copies.append(copy)
            if not limits.silent[last, part]:
                limits.least[last, part] = max(limits.least[last, part], 1)
        for seam in self._seams(pairs):
            if seam < len(limits.meters):
                limits.ties[seam, parts] = False

    @staticmethod
    def _seams(pairs: list[tuple[int, int]]) -> list[int]:
        """The bars that no note is held into: at both ends of what is repeated and of each round."""
        first, last = pairs[0][0], max(source for source, _ in pairs)
        return sorted({first, last + 1, *(target for source, target in pairs if source == first), pairs[-1][1] + 1})

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:  # noqa: ARG002
        try:
            pairs = self.pairs(score)
        except BriefError as error:
            return error.what.removeprefix(f"{self.name}: "), False
        for part in parts:
            name, drums = score.parts[part].name, score.parts[part].is_drums
            for source, target in pairs:
                one, other = (_bar(score, bar, part) for bar in (source, target))
                if not self._same(one, other, drums):
                    return f"{name} otherwise in bar {target + 1}", False
            notes = score.notes[score.notes["part"] == part]
            for seam in () if drums else self._seams(pairs):
                tick = score.bar_starts[seam]
                if ((notes["start"] < tick) & (notes["start"] + notes["duration"] > tick)).any():
                    return f"{name} held out of bar {seam}", False
        return f"{len(pairs)} bars again", True

    def _same(self, one: NDArray[Any], other: NDArray[Any], drums: bool) -> bool:
        """Whether a bar repeats another."""
        if self.how == "rhythm":
            known = set(one[["start", "duration"]].tolist())
            starts = [set(bar["start"].tolist()) for bar in (one, other)]
            fits = drums or all(note in known for note in other[["start", "duration"]].tolist())
            return starts[0] == starts[1] and fits
        fields = ["start", "pitch"] if drums else ["start", "pitch", "duration"]
        higher = one.copy()
        higher["pitch"] += 0 if drums else self.transposed
        return sorted(higher[fields].tolist()) == sorted(other[fields].tolist())


def _bar(score: Score, bar: int, part: int) -> NDArray[Any]:
    """The notes that start in a bar, from its start."""
    notes = heard(score, [bar], [part], held=False)[0].copy()
    notes["start"] -= score.bar_starts[bar]
    return notes


@dataclass(frozen=True, repr=False)
class Silence(Scoped):
    """Nothing of the tracks is heard in the bars; notes held from before end there.

    >>> Silence(tracks="drums", bars=(1, 4)).name
    'silence (drums, bars 1-4)'
    """

    _drums: ClassVar[bool] = True

    @property
    def said(self) -> str:
        return "silence"

    def narrow(self, limits: Limits) -> None:
        keep_silent(limits, *self.where(limits))

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        return silent(score, bars, parts)


def keep_silent(limits: Limits, bars: list[int], parts: list[int]) -> None:
    """Let nothing of some parts be heard in some bars."""
    where = cells(bars, parts)
    limits.silent[where] = True
    limits.pitches[where] = False
    for bar in bars:
        for part in parts:
            limits.keep_starts(bar, part, np.zeros(limits.meters[bar].positions, bool))


def silent(score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
    """Whether nothing of some parts is heard in some bars."""
    for part in parts:
        drums = score.parts[part].is_drums  # their notes have no length
        _, at = heard(score, bars, [part], held=not drums)
        if len(at):
            return f"{score.parts[part].name} in bar {at[0] + 1}", False
    return "silent", True


@dataclass(frozen=True, repr=False)
class Enters(Scoped):
    """The tracks are silent before a bar and have an onset in it.

    >>> Enters(5, tracks="drums").name
    'enters in bar 5 (drums)'
    """

    bar: int
    _drums: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.bars is not None or self.section is not None:
            raise BriefError(f"{self.said} in some bars", hint="leave bars and section out")
        if not isinstance(checked_bars(self.bar), int):
            raise BriefError(f"enters in bars {self.bar!r}", hint="one bar, such as 5")

    @property
    def said(self) -> str:
        return f"enters in {span(self.bar)}"

    def where(self, piece: Limits | Score) -> tuple[list[int], list[int]]:
        """The bars up to the one of entry."""
        parts = super().where(piece)[1]
        try:
            return find_bars(len(piece.meters), (1, self.bar)), parts
        except BriefError as error:
            raise BriefError(f"{self.name}: {error.what}", hint=error.hint) from error

    def narrow(self, limits: Limits) -> None:
        (*before, entry), parts = self.where(limits)
        keep_silent(limits, before, parts)
        limits.least[entry, parts] = np.maximum(limits.least[entry, parts], 1)

    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool]:
        words, kept = silent(score, bars[:-1], parts)
        if not kept:
            return words, False
        for part in parts:
            if not len(heard(score, bars[-1:], [part], held=False)[0]):
                return f"{score.parts[part].name} is silent in bar {bars[-1] + 1}", False
        return f"in bar {bars[-1] + 1}", True
