"""What a rule is, and what the shipped ones have in common: where they hold, and how they are written down."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Container, Iterable
from dataclasses import MISSING, dataclass, field, fields
from operator import index
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.rules.limits import Limits
from symbolic_music.rules.scope import Bars, Tracks, find_bars, find_parts
from symbolic_music.score import Score

if TYPE_CHECKING:
    from symbolic_music.rules.either import Either

_NEVER = 10**9


class Rule:
    """A limit; a rule of your own says its name and narrows the tables.

    Examples
    --------
    >>> from symbolic_music.score import Part
    >>> from symbolic_music.theory.meters import Meter
    >>> class BelowMiddleC(Rule):
    ...     name = "below middle C"
    ...     def narrow(self, limits):
    ...         limits.keep_pitches(self.name, np.arange(128) < 60, tracks=["acoustic bass"])
    >>> limits = Limits((Part(32),), (Meter(),))
    >>> BelowMiddleC().narrow(limits)
    >>> np.flatnonzero(limits.pitches[0, 0]).max()
    np.int64(59)
    """

    name: str = ""

    def narrow(self, limits: Limits) -> None:
        """Take away what this rule forbids.

        Raises
        ------
        BriefError
            If the rule means nothing in this piece: there is no such track or bar.
        """
        raise NotImplementedError

    def found(self, score: Score) -> tuple[str, bool] | None:  # noqa: ARG002 - a rule of one's own need not look
        """What a file holds, in a few words, and whether that keeps this rule.

        Parameters
        ----------
        score : Score
            Read back from the file; its notes alone are looked at.

        Returns
        -------
        tuple of str and bool, or None
            None where the file cannot tell.
        """
        return None

    def judged(self, score: Score, repeated: Container[tuple[int, int]]) -> tuple[str, bool] | None:
        """`found`, beside exact repeats of (bar, part): a step into one or out of it does not count."""
        del repeated  # to most rules it makes no difference
        return self.found(score)

    def __or__(self, other: Rule) -> Either:
        """A rule that holds where at least one of the two does."""
        from symbolic_music.rules.either import Either

        return Either((self, other)) if isinstance(other, Rule) else NotImplemented


def put(rule: Rule, **values: object) -> None:
    """Set fields of a frozen rule while it is made."""
    for name, value in values.items():
        object.__setattr__(rule, name, value)


@dataclass(frozen=True, repr=False)
class Shipped(Rule):
    """A rule that is a value: equal to another of the same meaning, and `rules.rule` reads what `repr` writes.

    A field with "written" in its metadata, a function, is written as what that makes of it.
    """

    def __repr__(self) -> str:
        words = []
        for f in sorted(fields(self), key=lambda f: bool(f.kw_only)):
            value = getattr(self, f.name)
            if value != f.default:
                how = f.metadata.get("written", lambda value: value)
                words.append(("" if f.default is MISSING else f"{f.name}=") + repr(value and how(value)))
        return f"{type(self).__name__}({', '.join(words)})"


@dataclass(frozen=True, repr=False)
class Scoped(Shipped, ABC):
    """A rule for some tracks in some bars; without a word, for every track that it can be about in every bar.

    Parameters
    ----------
    tracks : str or tuple of str, optional
        Names of parts ("violin 2"), of instruments ("violins") or of roles ("melody", "bass", "accompaniment",
        "drums").
    bars : int or (int, int), optional
        A bar, or the first and the last, from 1; -1 is the last one.
    section : str, optional
        A label of the piece's form, such as "chorus".
    """

    tracks: Tracks | Iterable[str] = field(default=None, kw_only=True)
    bars: Bars = field(default=None, kw_only=True)
    section: str | None = field(default=None, kw_only=True)

    #: Whether the drums are meant, too, where no track is named.
    _drums: ClassVar[bool] = False

    def __post_init__(self) -> None:
        tracks = self.tracks
        if tracks is not None and not isinstance(tracks, str):
            tracks = tuple(tracks) if isinstance(tracks, Iterable) else (tracks,)
            if not tracks or not all(isinstance(track, str) for track in tracks):
                raise BriefError(f"tracks {self.tracks!r}", hint='names of parts or roles, such as "melody"')
        if self.section is not None and not isinstance(self.section, str):
            raise BriefError(f"section {self.section!r}", hint='a label, such as "chorus"')
        put(self, tracks=tracks, bars=None if self.bars is None else checked_bars(self.bars))

    @property
    @abstractmethod
    def said(self) -> str:
        """What the rule asks, without where."""

    @property
    def name(self) -> str:  # type: ignore[override]
        """What the rule asks, and where."""
        tracks = (self.tracks,) if isinstance(self.tracks, str) else self.tracks
        where = [*(tracks or ()), *([self.section] if self.section else [])]
        where += [] if self.bars is None else [span(self.bars)]
        return f"{self.said} ({', '.join(where)})" if where else self.said

    def where(self, piece: Limits | Score) -> tuple[list[int], list[int]]:
        """The bars and the parts of a piece, from 0, that are meant.

        Raises
        ------
        BriefError
            If there is no such track, bar or section; or if none of the tracks named is one that the rule can be about.
        """
        tracks = None if self.tracks is None else tuple([self.tracks] if isinstance(self.tracks, str) else self.tracks)
        try:
            bars = find_bars(len(piece.meters), self.bars, self.section, piece.sections)
            parts = find_parts(piece.parts, tracks, drums=self._drums)
            if tracks and not parts:
                raise BriefError("the drums are exempt", hint="name another track")
        except BriefError as error:
            raise BriefError(f"{self.name}: {error.what}", hint=error.hint) from error
        return bars, parts

    def found(self, score: Score) -> tuple[str, bool] | None:
        """As in `Rule`; a track or bar that the file has not is not kept, a section it does not name cannot be told."""
        return self._look(score, self._found)

    def _look(
        self, score: Score, found: Callable[[Score, list[int], list[int]], tuple[str, bool] | None]
    ) -> tuple[str, bool] | None:
        if self.section is not None and not any(score.sections):
            return None
        try:
            where = self.where(score)
        except BriefError as error:
            return error.what.removeprefix(f"{self.name}: "), False
        return found(score, *where) if where[1] else ("no such track", True)

    @abstractmethod
    def _found(self, score: Score, bars: list[int], parts: list[int]) -> tuple[str, bool] | None:
        """`found` in the bars and for the parts meant, of which there is at least one."""


def checked_bars(bars: Any) -> int | tuple[int, int]:
    """A bar or the first and the last of some: one where they are the same.

    >>> checked_bars((8, 8)), checked_bars([5, -1])
    (8, (5, -1))
    """
    try:
        first, last = map(index, bars) if isinstance(bars, tuple | list) else (index(bars),) * 2
    except (TypeError, ValueError):
        first = last = 0
    if not first or not last or (first > last and (first > 0) == (last > 0)):
        raise BriefError(f"bars {bars!r}", hint="a bar from 1, or the first and the last, as (5, 8); -1 is the last")
    return first if first == last else (first, last)


def span(bars: int | tuple[int, int]) -> str:
    """Bars in words.

    >>> span(3), span((5, 8)), span((-4, -1)), span((3, -1))
    ('bar 3', 'bars 5-8', 'last 4 bars', 'from bar 3')
    """
    first, last = (bars, bars) if isinstance(bars, int) else bars
    if last == -1:
        return "last bar" if first == -1 else f"last {-first} bars" if first < 0 else f"from bar {first}"
    if first == last:
        return f"bar {first}"
    return f"bars {first}-{last}" if first > 0 < last else f"bars {first} to {last}"


def whole(what: str, number: Any, low: int, high: int) -> int:
    """A whole number within bounds.

    Raises
    ------
    BriefError
        If it is none, or outside.
    """
    try:
        found = None if isinstance(number, bool) else index(number)
    except TypeError:
        found = None
    if found is None or not low <= found <= high:
        raise BriefError(f"{what} {number!r}", hint=f"a whole number, {low} to {high}")
    return found


def listed(values: Any) -> list[Any]:
    """ "kick, snare" as a list, one value as a list of one, several as they come.

    >>> listed("kick, snare"), listed(36), listed(("kick", 38))
    (['kick', 'snare'], [36], ['kick', 38])
    """
    if isinstance(values, str):
        return [word.strip() for word in values.split(",") if word.strip()]
    return list(values) if isinstance(values, Iterable) else [values]


def bar_of(score: Score, tick: NDArray[Any]) -> NDArray[np.int64]:
    """The bars, from 0, in which ticks lie."""
    return np.searchsorted(score.bar_starts, tick, side="right") - 1


def heard(
    score: Score, bars: list[int], parts: Iterable[int], *, held: bool = True
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The notes of some parts that sound in some bars, or that start there unless `held`.

    Returns
    -------
    tuple of arrays, shape [notes]
        The notes, and the first of those bars in which each is heard.
    """
    notes = score.notes[np.isin(score.notes["part"], list(parts))]
    first = last = bar_of(score, notes["start"])
    if held:
        last = np.maximum(first, np.searchsorted(score.bar_starts, notes["start"] + notes["duration"]) - 1)
    here = np.append(np.asarray(bars, np.int64), _NEVER)[np.searchsorted(bars, first)]
    return notes[here <= last], here[here <= last]


def verdict(good: str, bad: NDArray[np.bool_], bars: NDArray[np.int64], what: Callable[[int], str]) -> tuple[str, bool]:
    """`good`, or where something is bad what the first such note is, and its bar."""
    if not bad.any():
        return (good if len(bad) else "no notes"), True
    first = int(bad.argmax())
    return f"{what(first)} in bar {bars[first] + 1}", False
