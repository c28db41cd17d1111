"""From a brief to a matcher, or to a refusal that names the fewest rules that clash."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence

from symbolic_music.brief import Brief
from symbolic_music.errors import BriefError, ConflictError
from symbolic_music.rules.base import Rule
from symbolic_music.rules.either import Either
from symbolic_music.rules.form import Form, Repeats
from symbolic_music.rules.frame import ExactBars, InMeter, Instruments, Tempo
from symbolic_music.rules.limits import Limits
from symbolic_music.rules.matcher import Matcher
from symbolic_music.rules.notes import InKey, InScale, PitchClasses
from symbolic_music.rules.read import rule
from symbolic_music.tokens.vocabulary import vocabulary

#: Ways to choose among alternatives that are tried at most.
CHOICES = 64


def rules_of(brief: Brief) -> tuple[Rule, ...]:
    """The rules of a brief, what it left open filled in.

    >>> [rule.name for rule in rules_of(Brief(genre="waltz", key="D minor", instruments=["piano"], bars=8))]
    ['instruments acoustic grand piano', 'meter 3/4', '8 bars', 'tempo 160', 'key D minor']
    """
    full = brief.filled()
    assert full.meter is not None and full.bars is not None and full.tempo is not None
    rules: list[Rule] = [Instruments(full.parts), InMeter(full.meter), ExactBars(full.bars), Tempo(full.tempo)]
    if full.only is not None:
        rules.append(PitchClasses(full.only))
    if full.scale is not None:
        rules.append(InScale(full.scale))
    if full.key is not None:
        rules.append(InKey(full.key))
    more = tuple(map(rule, full.rules))
    if any(isinstance(one, InKey) and one.passing and one.key == full.key for one in more):
        rules.pop()  # passing notes were asked for
    return (*rules, *more)


def limits(brief: Brief, more: Iterable[Rule] = ()) -> Limits:
    """The tables that a brief's rules, and more rules of your own, leave.

    Raises
    ------
    ConflictError
        If the rules cannot all hold.
    """
    return compiled(brief, more).limits


def compiled(brief: Brief, more: Iterable[Rule] = (), *, plan: bool = True) -> Matcher:
    """A matcher for a brief's rules, and more rules of your own.

    Parameters
    ----------
    brief : Brief
    more : iterable of Rule
    plan : bool
        See `Matcher`.

    Raises
    ------
    BriefError
        If a rule means nothing here: there is no such track, bar or section.
    ConflictError
        If the rules cannot all hold; it names the fewest that clash, and the bars.

    Examples
    --------
    >>> from symbolic_music.rules import Range
    >>> compiled(Brief(instruments=["flute"], bars=8, only="C E G"), [Range("D5", "Eb5", bars=(5, 6))])
    Traceback (most recent call last):
    ...
    symbolic_music.errors.ConflictError: bars 5-6: only C E G and range D5-Eb5 (bars 5-6) clash: flute is left ...
    """
    full, rules = brief.filled(), (*rules_of(brief), *more)
    try:
        return _chosen(full, rules, plan)
    except ConflictError as clash:
        raise _named(full, rules, clash) from None


def _chosen(full: Brief, rules: Sequence[Rule], plan: bool = True) -> Matcher:
    """A matcher under the first choice among alternatives that can hold; if none can, how the last one clashes."""
    choices = [one.rules if isinstance(one, Either) else (one,) for one in rules]
    if (count := math.prod(map(len, choices))) > CHOICES:
        raise BriefError(f"{count} ways to choose among alternatives", hint=f"at most {CHOICES}")
    errors: list[BriefError] = []
    for chosen in itertools.product(*choices):
        try:
            return _compiled(full, chosen, plan)
        except BriefError as error:
            errors.append(error)
    raise next((error for error in reversed(errors) if isinstance(error, ConflictError)), errors[-1])


def _compiled(full: Brief, rules: Sequence[Rule], plan: bool) -> Matcher:
    assert full.meter is not None and full.bars is not None
    found = Limits(full.parts, (full.meter,) * full.bars)
    for one in sorted(rules, key=lambda r: isinstance(r, Repeats) - isinstance(r, Form)):
        one.narrow(found)
    return Matcher(found, vocabulary(), plan=plan, ends=not full.loop)


def _named(full: Brief, rules: Sequence[Rule], clash: ConflictError) -> ConflictError:
    """A clash with the fewest rules that make it: each is left out in turn, and stays out if they clash without it."""
    if clash.rules:
        return clash
    left = list(rules)
    for one in sorted(rules, key=lambda r: isinstance(r, Form)):
        fewer = [other for other in left if other is not one]
        try:
            _chosen(full, fewer)
        except ConflictError as error:
            left, clash = fewer, error
        except BriefError:  # a section is named that the rule left out had made
            continue
    names = tuple(one.name for one in left)
    where, _, why = clash.what.partition(": ")
    if len(names) == 1 and why.endswith("is left without a note"):
        names = (*names, f"the range of {why.removesuffix(' is left without a note')}")
    said = f"{' and '.join(names)} clash" if len(names) > 1 else f"{names[0]} cannot hold" if names else "no piece"
    return ConflictError(f"{where}: {said}: {why}", hint="leave one out or widen it", rules=names, bars=clash.bars)
