"""Hard limits: rules narrow tables, the matcher keeps them while the model writes."""

from __future__ import annotations

from collections.abc import Iterable

from symbolic_music.brief import Brief
from symbolic_music.rules.limits import Limits, Rule
from symbolic_music.rules.matcher import Matcher
from symbolic_music.rules.musical import ExactBars, InKey, InMeter, InScale, Instruments, PitchClasses, Tempo

__all__ = [
    "ExactBars", "InKey", "InMeter", "InScale", "Instruments", "Limits", "Matcher", "PitchClasses", "Rule", "Tempo",
    "limits", "rules_of",
]  # fmt: skip


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
    return tuple(rules)


def limits(brief: Brief, more: Iterable[Rule] = ()) -> Limits:
    """The tables that a brief's rules, and more rules of your own, leave.

    Raises
    ------
    BriefError
        If the rules cannot all hold.
    """
    full = brief.filled()
    assert full.meter is not None and full.bars is not None
    found = Limits(full.parts, (full.meter,) * full.bars)
    for rule in (*rules_of(brief), *more):
        rule.narrow(found)
    return found
