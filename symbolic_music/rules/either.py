"""One rule or another."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from symbolic_music.errors import BriefError
from symbolic_music.rules.base import Rule
from symbolic_music.rules.limits import Limits
from symbolic_music.score import Score


@dataclass(frozen=True, repr=False)
class Either(Rule):
    """At least one of some rules holds; written ``a | b``.

    Which one is chosen before generation: the first that can hold beside the others.

    Parameters
    ----------
    rules : tuple of Rule
        At least two; those of another `Either` are taken out of it.

    Examples
    --------
    >>> from symbolic_music.rules.notes import InKey, InScale
    >>> either = InKey("C") | InScale("D dorian") | InKey("G")
    >>> len(either.rules), either.name
    (3, 'key C major or scale D dorian or key G major')
    >>> either
    InKey('C major') | InScale('D dorian') | InKey('G major')
    """

    rules: tuple[Rule, ...]

    def __post_init__(self) -> None:
        flat = tuple(inner for rule in self.rules for inner in (rule.rules if isinstance(rule, Either) else (rule,)))
        if len(flat) < 2:
            raise BriefError(f"{len(flat)} rules to choose from", hint="at least two, as a | b")
        object.__setattr__(self, "rules", flat)

    def __repr__(self) -> str:
        return " | ".join(map(repr, self.rules))

    @property
    def name(self) -> str:  # type: ignore[override]
        """The names of the rules."""
        return " or ".join(rule.name for rule in self.rules)

    def narrow(self, limits: Limits) -> None:
        """As the first of the rules does."""
        self.rules[0].narrow(limits)

    def found(self, score: Score) -> tuple[str, bool] | None:
        """What keeps the first rule that is kept, or else what breaks each."""
        return self.judged(score, ())

    def judged(self, score: Score, repeated: Container[tuple[int, int]]) -> tuple[str, bool] | None:
        """The same beside exact repeats."""
        told = [rule.judged(score, repeated) for rule in self.rules]
        for outcome in told:
            if outcome is not None and outcome[1]:
                return outcome
        known = [outcome[0] for outcome in told if outcome is not None]
        return ("; ".join(dict.fromkeys(known)), False) if len(known) == len(told) else None
