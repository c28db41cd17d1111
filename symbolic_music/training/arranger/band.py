"""The band: every player of a piece in turn, the tune first, for the others listen to it."""

from __future__ import annotations

import numpy as np

from symbolic_music.theory.kit import KIT
from symbolic_music.training.arranger.chart import Note, Span, nearest_pitch
from symbolic_music.training.arranger.drums import Drummer
from symbolic_music.training.arranger.lines import Line
from symbolic_music.training.arranger.melody import Singer, counter
from symbolic_music.training.arranger.patterns import Pattern
from symbolic_music.training.arranger.plan import Plan, Seat, pick
from symbolic_music.training.arranger.sheets import Sheet
from symbolic_music.training.arranger.voicings import Voices

#: Semitones that an accompaniment needs, and the note below which chords sound muddy.
_ROOM, _MUDDY = 14, 50
_TABLES = {"bass": "bass", "riff": "riffs", "comping": "comping", "pad": "pads"}


class Band:
    """All players of one piece.

    Parameters
    ----------
    style : Sheet
    plan : Plan
    rng : Generator
    """

    def __init__(self, style: Sheet, plan: Plan, rng: np.random.Generator) -> None:
        self.style, self.plan, self.rng = style, plan, rng
        self.chart = plan.chart
        self.silent = self._silent()
        self.tunes: dict[int, list[Note]] = {}

    def _silent(self) -> dict[str, frozenset[int]]:
        """Bars in which players wait for their entry."""
        first = self.chart.spans[0]
        here = {s.player.name for s in self.plan.seats}
        names = [name for name in first.players if name in here]
        if len(self.chart.spans) < 2 or first.kind not in ("intro", "A", "verse") or len(names) < 2:
            return {}
        if self.plan.start == "alone":
            until = dict.fromkeys(names[1:], first.bars // 2)
        elif self.plan.start == "build":
            order = [names[i] for i in self.rng.permutation(len(names))]
            until = {name: i * first.bars // len(order) for i, name in enumerate(order)}
        else:
            return {}
        return {name: frozenset(range(first.start, first.start + bars)) for name, bars in until.items()}

    def played(self) -> list[tuple[Seat, list[Note]]]:
        """The notes of every seat; tunes first, for the others listen to them."""
        order = sorted(self.plan.seats, key=lambda s: s.player.role != "melody")
        return [(seat, notes) for seat in order if (notes := self._play(seat))]

    def _play(self, seat: Seat) -> list[Note]:
        player = seat.player
        spans = [s for s in self.chart.spans if player.name in s.players]
        if player.role == "drums":
            drummer = Drummer(self.style, self.plan, player.name, self.rng)
            before = drummer.pickup() if self.plan.start == "pickup" else []
            return before + drummer.play(spans, self.silent.get(player.name, frozenset())) + self._last_stroke(spans)
        found: list[Note] = []
        if player.role == "melody":
            found = self._tune(seat, spans)
        elif player.role == "counter":
            for span in spans:
                tune = self.tunes.get(span.start, [])
                if tune or player.manner == "guide":
                    found += counter(player.manner, tune, self.chart, span, seat.low, seat.high)
        else:
            found = self._patterned(seat, spans)
        bars = self.silent.get(player.name, frozenset())
        found = [n for n in found if int(n.start // self.chart.bar) not in bars]
        return found + self._last_chord(seat, found, spans)

    def _tune(self, seat: Seat, spans: list[Span]) -> list[Note]:
        singer = Singer(self.chart, seat.low, seat.high, self.style.melody, self.rng)
        known: dict[tuple[str, int], tuple[int, list[Note]]] = {}
        found: list[Note] = []
        for span in spans:
            tune = self._led(span, seat)
            if tune is None:
                fits = self.style.of("rhythms", span.kind, seat.player.name)
                at = (span.kind, span.bars)
                if at in known and span.kind != "solo":
                    first, notes = known[at]
                    moved = (span.start - first) * self.chart.bar
                    tune = singer.varied([n._replace(start=n.start + moved) for n in notes])
                else:
                    tune = singer.play(span, fits)
                    known[at] = span.start, tune
            self.tunes.setdefault(span.start, tune)
            found += tune
        return found

    def _led(self, span: Span, seat: Seat) -> list[Note] | None:
        """The lead sheet's notes in a section that has its tune."""
        begin = self.plan.themes.get(span.start)
        lead = self.plan.lead
        if lead is None or begin is None or span.kind == "solo":
            return None
        first, end = begin * self.chart.bar, (begin + span.bars) * self.chart.bar
        upbeat = first if begin == lead.first and span.start >= begin else 0
        pitches = sorted(n.pitch for n in lead.notes)
        middle = (seat.low + seat.high) / 2
        octave = round((middle - pitches[len(pitches) // 2]) / 12) * 12
        found = []
        for note in lead.notes:
            if first - upbeat <= note.start < end:
                pitch = note.pitch + octave
                pitch += 12 * ((pitch < seat.low) - (pitch > seat.high))
                if seat.low <= pitch <= seat.high:
                    start = note.start - first + span.start * self.chart.bar
                    found.append(Note(start, min(note.duration, end - note.start), pitch))
        return found

    def _under(self, seat: Seat) -> tuple[int, int]:
        """The lowest and the highest note of an accompaniment: below most of the tune, lower down if need be."""
        pitches = [n.pitch for tune in self.tunes.values() for n in tune]
        if seat.player.role == "bass" or not pitches or self.rng.random() < 0.1:
            return seat.low, seat.high
        low, high = seat.low, min(seat.high, int(np.percentile(pitches, 20)))
        if high - low < _ROOM:
            low = max(seat.instrument.low, min(low, max(high - _ROOM, _MUDDY)))
        return low, max(high, min(low + _ROOM, seat.high))

    def _patterned(self, seat: Seat, spans: list[Span]) -> list[Note]:
        table = _TABLES[seat.player.role]
        low, high = self._under(seat)
        line = Line(self.chart, seat.player, low, high, self.rng)
        voices = Voices(self.chart, low, high, self.rng)
        hand = voices if table in ("comping", "pads") else line
        chosen: dict[str, tuple[Pattern, Pattern]] = {}
        found: list[Note] = []
        for span in spans:
            if span.kind not in chosen:
                fits = self.style.of(table, span.kind, seat.player.name)
                used = [p for pair in chosen.values() for p in pair]
                main = pick(fits, self.rng, [p.weight * (0.4 if p in used else 1.0) for p in fits])
                rest = [p for p in fits if p is not main and p.voicing == main.voicing] or [main]
                chosen[span.kind] = main, pick(rest, self.rng, [p.weight for p in rest])
            main, other = chosen[span.kind]
            bar = 0
            while bar < span.bars:
                turn = bar % 4 == 3 and other.bars == 1 and self.rng.random() < 0.35
                one = other if turn else main
                count = min(one.bars, span.bars - bar)
                found += hand.play(one, span.start + bar, count)
                bar += count
        return found

    def _last_chord(self, seat: Seat, notes: list[Note], spans: list[Span]) -> list[Note]:
        """The closing chord, for who played in the last section."""
        if not self.plan.closing or not notes or not spans or spans[-1] is not self.chart.spans[-1]:
            return []
        start = (self.chart.bars - self.plan.closing) * self.chart.bar
        chord = self.chart.chord(start)
        assert chord is not None  # the plan put it there
        length = float(self.chart.beat if self.plan.end == "stop" else self.chart.bar)
        last = notes[-1].pitch
        if seat.player.role in ("comping", "pad"):
            voicing = self.style.of(_TABLES[seat.player.role], spans[-1].kind, seat.player.name)[0].voicing
            voices = Voices(self.chart, seat.low, seat.high, self.rng)
            pitches = voices.voiced(chord, voicing, start, float(np.median([n.pitch for n in notes])))
        elif seat.player.role == "counter":
            pitches = [nearest_pitch(frozenset({(chord.root + 7) % 12}), last, seat.low, seat.high)]
        else:
            pitches = [nearest_pitch(frozenset({chord.root}), last, seat.low, seat.high)]
        return [Note(start, length, p, 1.08) for p in pitches]

    def _last_stroke(self, spans: list[Span]) -> list[Note]:
        if not self.plan.closing or not spans or spans[-1] is not self.chart.spans[-1]:
            return []
        start = (self.chart.bars - self.plan.closing) * self.chart.bar
        cymbal = KIT["crash"] if spans[-1].level >= 0.8 else KIT["ride"]
        return [Note(start, 6, KIT["kick"], 2), Note(start, 6, cymbal, 2)]
