"""The drummer: beats, fills where phrases end, crashes where sections begin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from symbolic_music.theory.kit import KIT
from symbolic_music.training.arranger.chart import Note, Span
from symbolic_music.training.arranger.patterns import Pattern, Step
from symbolic_music.training.arranger.plan import Plan, pick
from symbolic_music.training.arranger.sheets import Sheet


class Drummer:
    """Plays through a piece; each section kind has its beat, with a second one now and then.

    Parameters
    ----------
    sheet : Sheet
    plan : Plan
    name : str
        The player's.
    rng : Generator
    """

    def __init__(self, sheet: Sheet, plan: Plan, name: str, rng: np.random.Generator) -> None:
        self.sheet, self.plan, self.name, self.rng = sheet, plan, name, rng
        self.bar = plan.chart.bar
        self.beats: dict[str, tuple[Pattern, Pattern]] = {}
        self.used: list[Pattern] = []
        pieces = {s.word for kind in ("drums", "fills") for p in sheet.patterns[kind] for s in p.steps}
        self.crashes = "crash" in pieces or (sheet.genre.groove != "machine" and rng.random() < 0.5)
        self.busy = rng.random()

    def _beats(self, kind: str) -> tuple[Pattern, Pattern]:
        if kind not in self.beats:
            fits = self.sheet.of("drums", kind, self.name)
            weights = [p.weight * (0.35 if p in self.used else 1.0) for p in fits]
            main = pick(fits, self.rng, weights)
            rest = [p for p in fits if p is not main]
            second = pick(rest, self.rng, [p.weight for p in rest])
            self.used += main, second
            self.beats[kind] = self._own(main), self._own(second)
        return self.beats[kind]

    def _own(self, pattern: Pattern) -> Pattern:
        """A beat with this drummer's small changes: an off-beat kick or a soft stroke left out."""
        steps: list[Step] = []
        rolling = sum(s.word == "kick" for s in pattern.steps) > 5 * pattern.bars
        for step in pattern.steps:
            off_beat = step.start % self.plan.chart.beat > 0.5
            chance = self.rng.random()
            if step.level == 0 and chance < 0.15:
                continue
            if step.word == "kick" and off_beat and not rolling and chance < 0.12:
                continue
            steps.append(step)
        return replace(pattern, steps=tuple(steps))

    def play(self, spans: Sequence[Span], silent: frozenset[int] = frozenset()) -> list[Note]:
        """The strokes over some sections; of the silent bars only the last may have a fill."""
        found: list[Note] = []
        for i, span in enumerate(spans):
            main, second = self._beats(span.kind)
            fills = self.sheet.of("fills", span.kind, self.name)
            for place in range(span.bars):
                bar = span.start + place
                closes = place == span.bars - 1
                often = 0.85 if closes else 0.5 if place % 8 == 7 else 0.22 if place % 4 == 3 else 0.0
                if self.rng.random() < often and not {bar, bar + 1} <= silent:
                    found += self._struck(pick(fills, self.rng, [f.weight for f in fills]), bar)
                elif bar not in silent:
                    beat = second if self.busy > 0.6 and place % 8 >= 4 else main
                    found += self._struck(beat, bar, place % beat.bars)
            if i and self.crashes and span.level >= 0.85 and self.rng.random() < 0.75 and span.start not in silent:
                found.append(Note(span.start * self.bar, self.bar / 4, KIT["crash"], 2))
        return found

    def pickup(self) -> list[Note]:
        """The second half of a fill, before the first section."""
        fills = self.sheet.of("fills", self.plan.chart.spans[0].kind, self.name)
        bar = self.plan.pickup - 1
        struck = self._struck(pick(fills, self.rng, [f.weight for f in fills]), bar)
        return [n for n in struck if n.start >= (bar + 0.5) * self.bar] or struck

    def _struck(self, pattern: Pattern, bar: int, which: int = 0) -> list[Note]:
        """One bar of a pattern."""
        first = which * self.bar
        return [
            Note(bar * self.bar + s.start - first, self.bar / 16, KIT[s.word], float(s.level))
            for s in pattern.steps
            if first <= s.start < first + self.bar
        ]
