"""Lead sheets with their chords: read from MusicXML, and played by a piano in a few simple ways."""

from __future__ import annotations

import csv
import zipfile
from collections import Counter
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import BriefError
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.chords import CHORDS, QUALITIES
from symbolic_music.theory.meters import TICKS, Meter, meter
from symbolic_music.theory.pitch import pitch_class

#: Qualities by MusicXML kind; ninths and beyond count as the seventh chord below.
KINDS = {
    "major": "maj", "minor": "min", "dominant": "7", "minor-seventh": "min7", "diminished": "dim",
    "major-seventh": "maj7", "dominant-ninth": "7", "major-sixth": "maj6", "minor-sixth": "min6",
    "diminished-seventh": "dim7", "augmented": "aug", "half-diminished": "hdim7", "augmented-seventh": "aug",
    "suspended-fourth": "sus4", "minor-ninth": "min7", "dominant-13th": "7", "dominant-11th": "7",
    "minor-major": "minmaj7", "major-ninth": "maj7", "augmented-ninth": "aug", "minor-13th": "min7",
    "minor-11th": "min7", "maj69": "maj6",
}  # fmt: skip
STYLES = ("block", "broken", "stride", "walking")


@dataclass(frozen=True, eq=False)
class LeadSheet:
    """A melody and its chords.

    Attributes
    ----------
    path : str
        Of its MIDI file in the corpus.
    melody : Score
        With bar lines as written: a pickup ends a bar of its own.
    chords : array of int, shape [halves]
        The chord that lasts longest in each half bar, an index into `CHORDS`; -2 where none is written.
    pickup : float
        Quarter notes before the first bar line, 0 for none.
    key : int or None
        0 to 11 major, 12 to 23 minor, where the signature and the last chord agree on it.
    """

    path: str
    melody: Score
    chords: NDArray[np.int64]
    pickup: float
    key: int | None


def _ticks(element: ElementTree.Element, tag: str, divisions: int) -> int:
    return round(Fraction(element.findtext(tag) or "0") * TICKS / divisions)


def _class(element: ElementTree.Element, prefix: str = "") -> int:
    alter = int(float(element.findtext(f"{prefix}alter") or 0))
    return pitch_class(element.findtext(f"{prefix}step") or "C") + alter


def read(path: Path, name: str) -> LeadSheet | None:
    """A lead sheet; None where its bars are not all of their meter, or it has no chords."""
    with zipfile.ZipFile(path) as archive:
        inside = next(n for n in archive.namelist() if n.endswith(".xml") and "META" not in n)
        measures = ElementTree.fromstring(archive.read(inside)).findall("part/measure")
    divisions, signature, start, current, pickup = 1, Meter(), 0, -2, 0.0
    meters: list[Meter] = []
    rows: list[list[int]] = []
    chords: list[int] = []
    fifths: list[int] = []
    for number, measure in enumerate(measures):
        position, before = 0, 0
        notes: list[tuple[int, int, int, bool]] = []
        written: list[tuple[int, int]] = []
        length = 0
        for element in measure:
            divisions = int(element.findtext("divisions") or divisions)
            if element.find("time") is not None:
                try:
                    signature = meter(f"{element.findtext('time/beats')}/{element.findtext('time/beat-type')}")
                except BriefError:
                    return None
            if element.find("key") is not None:
                fifths.append(int(element.findtext("key/fifths") or 0))
            if element.tag == "note" and element.find("grace") is None:
                duration = _ticks(element, "duration", divisions)
                if element.find("chord") is None:
                    before, position = position, position + duration
                if (pitch := element.find("pitch")) is not None:
                    octave = int(pitch.findtext("octave") or 4)
                    tied = any(t.get("type") == "stop" for t in element.findall("tie"))
                    notes.append((before, duration, 12 * (octave + 1) + _class(pitch), tied))
            elif element.tag in ("backup", "forward"):
                position += (1 if element.tag == "forward" else -1) * _ticks(element, "duration", divisions)
            elif element.tag == "harmony":
                root, kind = element.find("root"), element.findtext("kind") or ""
                known = root is not None and kind in KINDS
                chord = (
                    _class(root, "root-") % 12 * len(QUALITIES) + list(QUALITIES).index(KINDS[kind]) if known else -2
                )
                written.append((position + _ticks(element, "offset", divisions), chord))
            length = max(length, position)
        lead = signature.ticks - length if number == 0 else 0
        if lead < 0 or (length != signature.ticks and 0 < number < len(measures) - 1):
            return None
        pickup = length / TICKS if lead else pickup
        meters.append(signature)
        for at, duration, pitch_, tied in notes:
            place = start + lead + round(at / signature.step) * signature.step
            last = next((r for r in reversed(rows[-6:]) if r[2] == pitch_ and r[0] + r[1] >= place - 2), None)
            if tied and last is not None:
                last[1] += duration
            else:
                rows.append([place, max(duration, 1), pitch_, 80, 0])
        spans = [(0, current), *((at + lead, chord) for at, chord in written), (signature.ticks, current)]
        for half in (0, signature.ticks // 2):
            lasts: Counter[int] = Counter()
            for (a, chord), (b, _) in pairwise(spans):
                lasts[chord] += max(0, min(b, half + signature.ticks // 2) - max(a, half))
            chords.append(lasts.most_common(1)[0][0])
        current = written[-1][1] if written else current
        start += signature.ticks
    found = np.array(chords)
    if not (found >= 0).any() or not rows:
        return None
    ends = CHORDS[found[found >= 0][-1]]
    tonic = 7 * fifths[-1] % 12 if fifths else None
    minor = ends.quality.startswith("min")
    agrees = tonic is not None and (ends.root - tonic) % 12 == (9 if minor else 0)
    score = Score((Part(52),), tuple(meters), sort_notes(np.array([tuple(r) for r in rows], NOTE)))
    return LeadSheet(name, score, found, pickup, ends.root + 12 * minor if agrees else None)


def all_of(corpus: Path) -> list[LeadSheet]:
    """The lead sheets of a corpus that can be read bar by bar."""
    with (corpus / "leadsheets" / "leadsheets.csv").open(encoding="utf-8") as file:
        found = [read(corpus / row["file"], row["midi"]) for row in csv.DictReader(file)]
    return [sheet for sheet in found if sheet is not None]


def accompanied(sheet: LeadSheet, style: str, rng: np.random.Generator) -> Score:
    """The melody with its chords on a piano.

    Chords held, broken upwards and down, as stride (bass, then chord), or over a walking bass of which four notes in
    ten belong to no chord. A quarter of the pieces uses inversions, three seventh chords in ten leave out their fifth.
    """
    edges, rows = sheet.melody.bar_starts, []
    inverts = rng.random() < 0.25
    for bar, signature in enumerate(sheet.melody.meters):
        first, second = sheet.chords[2 * bar : 2 * bar + 2]
        middle, end = edges[bar] + signature.ticks // 2, edges[bar + 1]
        spans = [(edges[bar], end, first)] if first == second else [(edges[bar], middle, first), (middle, end, second)]
        beat = TICKS if signature.unit == 4 else 3 * TICKS // 2 if signature.beats % 3 == 0 else TICKS // 2
        for start, stop, index in spans:
            if index < 0:
                continue
            root, steps = CHORDS[index].root, QUALITIES[CHORDS[index].quality]
            thin = len(steps) == 4 and rng.random() < 0.3
            tones = [48 + (root + s) % 12 for s in steps if not (thin and s == 7)]
            turned = inverts and rng.random() < 0.3
            bass = 36 + (root + (steps[int(rng.integers(1, 3))] if turned else 0)) % 12
            beats = range(start, max(stop - beat, start) + 1, beat)
            if style == "block":
                rows += [(start, stop - start, p) for p in (bass, *tones)]
            elif style == "broken":
                line = [bass, *sorted(tones), *sorted(tones)[-2:0:-1]]
                rows += [(t, 12, line[i % len(line)]) for i, t in enumerate(range(start, stop, 12))]
            elif style == "stride":
                for i, t in enumerate(beats):
                    rows += [(t, beat, bass if i == 0 else 36 + (root + 7) % 12)] if i % 2 == 0 else []
                    rows += [
                        (t + (beat // 2 if len(beats) == 1 else 0), beat // 2, p)
                        for p in tones
                        if i % 2 or len(beats) == 1
                    ]
            else:
                passing = [
                    bass + int(rng.integers(-3, 4)) if rng.random() < 0.4 else 36 + (root + int(rng.choice(steps))) % 12
                    for _ in beats
                ]
                rows += [(t, beat, p) for t, p in zip(beats, [bass, *passing[1:]], strict=True)]
                late = beat // 2 if rng.random() < 0.5 else 0
                rows += [(start + late, beat, p) for p in tones]
    piano = np.array([(t, d, p, 70, 0) for t, d, p in rows], NOTE)
    voice = sheet.melody.notes.copy()
    voice["part"] = 1
    return Score((Part(0), Part(52)), sheet.melody.meters, sort_notes(np.concatenate([piano, voice])))
