"""Random briefs and random rules, as texts."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
from independent import roles, ticks

from symbolic_music.brief import Brief
from symbolic_music.score import Part
from symbolic_music.theory.instruments import of_program, table
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import METERS
from symbolic_music.theory.pitch import NAMES, pitch_name

SMALL = (  # meter, grid, places in a bar
    ("1/4", "quarter", 1), ("1/4", "eighth", 2), ("1/4", "eighth triplet", 3), ("2/4", "half", 1),
    ("2/4", "quarter", 2), ("2/4", "eighth", 4), ("3/8", "dotted quarter", 1), ("3/8", "eighth", 3),
)  # fmt: skip
BANDS = (
    "flute", "violin", "piano", "flute, violin", "flute, bass", "violin, drums", "violin, violin", "drums",
)  # fmt: skip
SETS = ((60, 64), (60, 62, 64), (64, 65, 67), (60, 67), (60, 62), (60, 64, 67), (62, 64))
LASTS = (
    "sixteenth", "eighth triplet", "eighth", "quarter triplet", "dotted eighth", "quarter", "dotted quarter", "half",
)  # fmt: skip
FORMS = ("ABA", "ABB", "AAB", "AAA")


@dataclass(frozen=True)
class Draw:
    """What random rules are drawn from."""

    rng: np.random.Generator
    names: tuple[str, ...]
    bars: int
    sections: tuple[str, ...]

    def one(self, *options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def some(self, *options: Any) -> list[Any]:
        count = int(self.rng.integers(1, len(options))) if len(options) > 1 else 1
        return [options[i] for i in sorted(self.rng.choice(len(options), count, replace=False))]

    def where(self, *, drums: bool = False, named: bool = True, always: float = 0.4) -> str:
        """A scope, with the comma before it."""
        names = [name for name in self.names if drums or name != "drums"]
        found = f", tracks={self.one(*names)!r}" if self.rng.random() < (named and len(names) > 1) * 0.7 else ""
        if self.rng.random() < always:
            return found
        if self.sections and self.rng.random() < 0.5:
            return found + f", section={self.one(*self.sections)!r}"
        first, last = sorted(self.rng.integers(1, self.bars + 1, 2).tolist())
        return found + f", bars={self.one(first - self.bars - 1, first) if first == last else (first, last)}"


@dataclass(frozen=True)
class Small(Draw):
    """Rules of a piece of few notes."""

    meter: str
    places: int
    values: tuple[str, ...]

    def repeats(self) -> str:
        of = self.one(*range(1, self.bars))
        twice = self.bars == 3 and of == 1 and self.rng.random() < 0.4
        to = "(2, 3)" if twice else self.one(*range(of + 1, self.bars + 1))
        how = self.one("", "", ", 'rhythm'", f", transposed={self.one(1, 2, 3, 4, -2, -4, 12)}")
        return f"Repeats({of}{how}{self.where(drums=True, always=1)}, bars={to})"

    def rule(self) -> str:
        """A random rule, which may well be impossible."""
        one, some, where = self.one, self.some, self.where
        rows = ["".join(self.rng.choice(list("xx.?"), self.places)) for _ in range(one(1, 1, 2))]
        level = one("'p', 'mf'", "'f', 'ff'", "'ff', 'ff'", "90, 127", "1, 64")
        options = [
            f"Grid({one(*self.values)!r}{where(drums=True)})",
            f"Rhythm({'|'.join(rows)!r}{where(drums=True)})",
            f"Rhythm({'|'.join(rows)!r}{where(drums=True)})",
            f"Density({one(0, 1, 2)}, {one(1, 2, 3)}{where(drums=True)})".replace("2, 1", "1, 2"),
            f"Density(least={one(1, 2)}{where(drums=True)})",
            f"Density(most={one(0, 1, 2)}{where(drums=True)})",
            f"Silence({where(drums=True, always=0.05)[2:]})",
            f"Enters({one(*range(1, self.bars + 1))}{where(drums=True, always=1)})",
            f"Dynamics({level}{where(drums=True)})",
        ]
        if self.bars > 1:
            line = one("'p', 'f'", "110, 30", "64, 80")
            options += [*(self.repeats() for _ in range(4)), f"Crescendo({line}{where(drums=True, always=1)})"]
        if "drums" in self.names:
            options += [f"Kit({some('kick', 'snare', 'hat')!r}{where(named=False)})"]
        if self.names == ("drums",):
            return str(one(*options))
        length = one(f"shortest={one(*self.values)!r}", f"longest={one(*self.values)!r}", f"only={one(*self.values)!r}")
        scale = one("C major", "D dorian", "G major", "F pentatonic major", "E blues")
        key = one("C major", "A minor", "E minor")
        form = one("", ", forms='harmonic'", ", forms='melodic'", ", forms='natural'") if "minor" in key else ""
        passing = one("", f", passing={one(*self.values)!r}")
        chords = one("C", "C G", "Am F", "G7 | C", "Em C | G", "C N.C.", "C/E | Dm", "F | C")
        on = one("", ", on='always'", ", on='beats'") + one("", ", bass=False")
        options += [
            f"PitchClasses({' '.join(some('C', 'D', 'E', 'F', 'G', 'B'))!r}{where()})",
            f"InScale({scale!r}{where()})",
            f"InKey({key!r}{form}{passing}{where()})",
            f"Chords({chords!r}{on}{where()})",
            f"Chords({chords!r}{on}{where()})",
            f"Range({one('low', 'high')}={one(60, 62, 64, 36, 40)}{where()})",
            f"Polyphony({one(1, 2)}{where()})",
            f"Monophonic({where(always=0.2)[2:]})",
            f"Lengths({length}{where()})",
            f"Lengths({length}{where()})",
            f"Leaps({one(1, 2, 'minor third', 'fourth')!r}{where()})",
            f"Contour({one('rising', 'falling')!r}{where()})",
            f"Opens({one('C', 'D E', 'G', 'B C')!r}{where(always=1)})",
            f"Closes({one('C', 'D E', 'G', 'B C')!r}{where(always=1)})",
        ]
        if self.bars > 1 and self.meter != "1/4":  # a 1/4 bar has no second half
            kind = one("", ", 'plagal'", ", 'half'", ", 'deceptive'")
            options += [f"Cadence({one('C major', 'A minor', 'G major')!r}{kind})"] * 2
        return str(one(*options))


def small(rng: np.random.Generator) -> tuple[Brief, list[str]]:
    """A brief and rules that can be decided by trying all; about half cannot be kept."""
    while True:
        meter, grid, places = SMALL[int(rng.integers(len(SMALL)))]
        bars, step = int(rng.choice((1, 2, 2, 3, 3))), ticks(grid)
        near = tuple(n for n in LASTS if ticks(n) in (step / 2, step, step * 2, step * 3 / 2))
        brief = Brief(instruments=BANDS[int(rng.integers(len(BANDS)))], bars=bars, meter=meter, tempo=120)
        form = FORMS[int(rng.integers(len(FORMS)))][:bars] if rng.random() < 0.3 else ""
        draw = Small(rng, tuple(p.name for p in brief.parts), bars, tuple(dict.fromkeys(form)), meter, places, near)
        rules, size = [f"Grid({grid!r})"], 1.0
        for part in brief.parts:
            sound = of_program(part.program)
            if part.is_drums:
                rules.append(f"Kit({draw.one(('kick',), ('kick', 'snare'))!r})")
                size = max(size, 4.0 ** (bars * places))
                continue
            pitches = [p - 24 * (part.program == 33) for p in SETS[int(rng.integers(len(SETS)))]]
            lasts, scope = draw.some(*near)[:2], f", tracks={part.name!r})"
            rules.append(f"Range({pitches[0]}, {pitches[-1]}{scope}")
            rules.append(f"PitchClasses({' '.join(NAMES[p % 12] for p in pitches)!r}{scope}")
            rules.append(f"Lengths(only={lasts!r}{scope}")
            one = 1 + len(lasts) * len(pitches) if sound.voices == 1 else (1 + len(lasts)) ** len(pitches)
            size = max(size, float(one) ** (bars * places))
        if form:
            rules.append(f"Form({' '.join(form)!r})")
        more = [draw.rule() for _ in range(int(rng.integers(1, 5)))]
        if len(more) > 2 and rng.random() < 0.3:
            more[:2] = [f"{more[0]} | {more[1]}"]
        both = " ".join(more)
        rhythm = "'rhythm'" in both and any(name in both for name in ("Leaps", "Contour", "Closes"))
        if size <= 300_000 and both.count("Repeats") < 2 and not rhythm:
            return brief, rules + more


PLAYED = sorted({i.name for i in table().values() if i.program < 112 and i.program >= 0})
PITCHED = {
    "PitchClasses", "InScale", "InKey", "Chords", "Range", "Polyphony", "Monophonic", "Lengths", "Leaps", "Contour",
    "Opens", "Closes", "Cadence",
}  # fmt: skip
ANY = {"Grid", "Rhythm", "Density", "Silence", "Enters", "Repeats", "Dynamics", "Crescendo"}
TURNS = {
    "major": ("I IV V I", "I vi IV V", "ii V I I", "I | IV V", "vi IV I V", "I iii | IV N.C.", "I V6 | vi IV"),
    "minor": ("i iv V i", "i VI III VII", "i | iv V", "iv V i i", "i N.C. | VII i"),
}
PENTATONIC = {"major": (0, 2, 4, 7, 9), "minor": (0, 3, 5, 7, 10)}


def random_brief(rng: np.random.Generator, bars: tuple[int, int] = (4, 12)) -> Brief:
    """1 to 5 instruments, so many bars, any meter, a tempo; at times a key or a few notes."""
    while True:
        names = rng.choice(PLAYED, int(rng.integers(1, 6))).tolist()
        names += ["acoustic bass"] * (rng.random() < 0.2) + ["drums"] * (rng.random() < 0.4)
        if len(names) <= 5 and max(Counter(names).values()) <= 4:
            break
    home = Key.of(int(rng.integers(12)), ("major", "minor")[int(rng.integers(2))])
    few = {(home.root + step) % 12 for step in PENTATONIC[home.mode]} | set(rng.integers(0, 12, 2).tolist())
    wishes = ({}, {}, {"key": home}, {"only": sorted(few)})[int(rng.integers(4))]
    return Brief(
        instruments=names,
        bars=int(rng.integers(bars[0], bars[1] + 1)),
        meter=METERS[int(rng.integers(len(METERS)))],
        tempo=round(float(rng.uniform(40, 240)), 1),
        **wishes,
    )


@dataclass(frozen=True)
class Storm(Draw):
    """Rules of a piece such as people ask for."""

    brief: Brief
    home: Key

    def track(self, *, drums: bool, often: float = 0.5) -> tuple[str, list[Part]]:
        """A name of tracks, with what stands before and after it, and the parts that it means."""
        parts = [p for p in self.brief.parts if drums or not p.is_drums]
        if self.rng.random() > often:
            return "", parts
        part = self.one(*parts)
        found = roles([(p.name, p.program) for p in self.brief.parts])
        played = [name for name, which in found.items() if which and (drums or name != "drums")]
        role, same = self.one(*played), [p for p in parts if p.program == part.program]
        both = sorted({part, self.one(*parts)})
        name, meant = self.one(
            (part.name, [part]),
            (part.name, [part]),
            (role, [self.brief.parts[i] for i in found[role]]),
            (tuple(p.name for p in both), both),
            (of_program(part.program).name, same if part.chair > 1 else [part]),
        )
        return f", tracks={name!r}", meant

    def span(self, shortest: int = 1, longest: int = 99) -> str:
        count = int(self.rng.integers(shortest, min(longest, self.bars) + 1))
        first = int(self.rng.integers(1, self.bars - count + 2))
        if count == 1:
            return f", bars={self.one(first, first, first - self.bars - 1)}"
        return f", bars={(first, first + count - 1)}"

    def when(self, always: float = 0.5) -> str:
        if self.rng.random() < always:
            return ""
        if self.sections and self.rng.random() < 0.5:
            return f", section={self.one(*self.sections)!r}"
        return self.span()

    def tones(self, count: int) -> str:
        """Some notes, most of them of the key."""
        steps = [*PENTATONIC[self.home.mode], *(2, 5, 8, 11, 1, 6)][: 5 + self.one(0, 0, 2, 4)]
        chosen = self.rng.choice(steps, min(count, len(steps)), replace=False)
        return " ".join(sorted({NAMES[(self.home.root + int(s)) % 12] for s in chosen}))

    def rule(self, name: str) -> str:
        """A random rule of a class."""
        one, some = self.one, self.some
        where, parts = self.track(drums=name in ANY)
        if name in ("Leaps", "Contour", "Opens", "Closes") and self.rng.random() < 0.6:
            where = ""
        minor, beats, count = self.home.mode == "minor", self.brief.meter.beats, self.bars
        values = ["sixteenth", "eighth", "quarter", "eighth triplet"][: 2 + (self.rng.random() < 0.4) * 2]
        low = max(of_program(p.program).low for p in parts if not p.is_drums or name in ANY)
        high = min(of_program(p.program).high for p in parts if not p.is_drums or name in ANY)
        match name:
            case "PitchClasses":
                return f"PitchClasses({self.tones(one(5, 6, 7, 8))!r}{where}{self.when()})"
            case "InScale":
                scale = one("natural minor", "harmonic minor", "minor pentatonic", "dorian", "blues")
                scale = scale if minor else one("major", "mixolydian", "lydian", "major pentatonic")
                return f"InScale('{self.home.tonic} {scale}'{where}{self.when()})"
            case "InKey":
                form = one("", ", forms='natural'", ", forms='harmonic'", ", forms='melodic'") if minor else ""
                passing = one("", "", f", passing={one('eighth', 'quarter', 'sixteenth')!r}")
                return f"InKey('{self.home}'{form}{passing}{where}{self.when()})"
            case "Chords":
                more = one("", "", ", on='beats'", ", on='always'") + one("", "", ", bass=False")
                return f"Chords({one(*TURNS[self.home.mode])!r}, key='{self.home}'{more}{where}{self.when(0.7)})"
            case "Range":
                least = int(self.rng.integers(max(low - 6, 0), max(high - 14, low - 5)))
                most = int(self.rng.integers(max(low + 12, least + 12), max(high + 6, low + 13, least + 13)))
                voice = one("soprano", "alto", "tenor", "bass", "mezzo", "baritone")
                limits = (f"voice={voice!r}", f"low={least}", f"high={most}", f"{pitch_name(least)!r}, {most}")
                return f"Range({one(*limits[1:], *limits)}{where}{self.when()})"
            case "Polyphony":
                return f"Polyphony({one(1, 2, 3, 4)}{where}{self.when()})"
            case "Monophonic" | "Silence":
                scope = where + (self.when() if name == "Monophonic" else self.span(1, max(1, count // 3)))
                return f"{name}({scope.removeprefix(', ')})"
            case "Grid":
                return f"Grid({one(*values)!r}{where}{self.when()})"
            case "Lengths":
                limits = ("shortest='sixteenth'", "shortest='eighth'", "longest='quarter'", "longest='half'")
                only = f"only={some('sixteenth', 'eighth', 'quarter', 'dotted quarter', 'half')!r}"
                both = "shortest='sixteenth', longest='dotted quarter'"
                return f"Lengths({one(*limits, only, both)}{where}{self.when()})"
            case "Rhythm":
                rows = []
                for _ in range(one(1, 1, 2)):
                    row = self.rng.choice(list("x.?."), beats * one(1, 1, 2))
                    row[int(self.rng.integers(len(row)))] = "x"
                    rows.append("".join(row))
                return f"Rhythm({'|'.join(rows)!r}{where}{self.when()})"
            case "Kit":
                return f"Kit({['kick', *some('snare', 'hat', 'open hat', 'crash', 'ride', 'low tom')]!r}{self.when()})"
            case "Density":
                least = one(0, 0, 1, 2)
                return f"Density({least}, {least + one(1, 2, 4, 6)}{where}{self.when()})"
            case "Enters":
                return f"Enters({one(1, 2, 2, 3, count)}{where})".replace("Enters(3", f"Enters({min(3, count)}")
            case "Repeats":
                size = int(self.rng.integers(1, count // 2 + 1))
                first = int(self.rng.integers(size + 1, count - size + 2))
                of, to = one((1, size), (first - size, first - 1)), (first, first + size - 1)
                how = one("", "", ", how='rhythm'", f", transposed={one(2, -2, 5, -5, 12, 1)}")
                return f"Repeats({of}{how}{where}, bars={to})"
            case "Leaps":
                return f"Leaps({one('fifth', 'octave', 'fourth', 7, 9, 3)!r}{where}{self.when()})"
            case "Contour":
                return f"Contour({one('rising', 'falling')!r}{where}{self.span(1, 3)})"
            case "Opens" | "Closes":
                return f"{name}({self.tones(one(1, 2, 3))!r}{where})"
            case "Cadence":
                kind = one("", "", ", kind='plagal'", ", kind='deceptive'", ", kind='half'")
                return f"Cadence('{self.home}'{kind}{where})"
            case "Dynamics":
                level = one("'p', 'f'", "'mf', 'ff'", "'pp', 'mp'", "40, 90", "'mf', 'mf'")
                return f"Dynamics({level}{where}{self.when()})"
            case _:
                line = one("'p', 'f'", "'mf', 'pp'", "30, 110", "'f', 'ff'")
                return f"Crescendo({line}{where}{self.span(2)})"


def random_rules(rng: np.random.Generator, brief: Brief, count: int) -> list[str]:
    """The texts of so many random rules, of all classes but `Novel`, most of which can hold together."""
    full = brief.filled()
    keys = [Key.of(tonic, mode) for tonic in range(12) for mode in ("major", "minor")]
    homes = [k for k in keys if {(k.root + s) % 12 for s in PENTATONIC[k.mode]} <= full.pitch_classes] or keys
    home = full.key or homes[int(rng.integers(len(homes)))]
    rules, bars = [], int(full.bars or 0)
    sections: tuple[str, ...] = ()
    if rng.random() < 0.25 and bars > 1:
        letters = [w for w in ("A B", "A A B A", "A B A C", "A A", "A B C") if bars % len(w.split()) == 0]
        first = int(rng.integers(1, bars))
        form = (*letters, f"intro {first}, verse {bars - first}", f"verse {first}, chorus {bars - first}")
        rules.append(f"Form({form[int(rng.integers(len(form)))]!r})")
        sections = tuple(dict.fromkeys(re.findall("[a-zA-Z]+", rules[0])[1:]))
    names = tuple(part.name for part in full.parts)
    storm = Storm(rng, names, bars, sections, full, home)
    pitched = PITCHED - ({"Cadence"} if bars < 2 or str(full.meter) == "1/4" else set())
    known = ANY - ({"Repeats", "Crescendo"} if bars < 2 else set())
    known |= pitched if any(not p.is_drums for p in full.parts) else set()
    known |= {"Kit"} if "drums" in names else set()
    while len(rules) < count:
        name = storm.one(*sorted(known))
        if name in ("Repeats", "Cadence", "Enters") and any(name in rule for rule in rules):
            continue
        rule = storm.rule(name)
        if rng.random() < 0.08 and name not in ("Repeats", "Form"):
            rule += f" | {storm.rule(storm.one(*sorted(known - {'Repeats'})))}"
        rules.append(rule)
    return rules
