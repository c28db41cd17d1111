"""What limits cost: the same seeds and bands with no limit on pitch and under several, compared.

    python docs/benchmarks/cost.py --pieces 40 --real runs/evaluation/real

`--real` holds held-out music in folders by genre; `docs/benchmarks/evaluation.py` makes it. A piece has eight bars of
one of six genres and its usual band. The model is told a key in every set, the same one for a seed, but in "five odd
notes" (a key that is near to them) and in "chords, any key told" (any).

What the model gave up, from the ids that it drew:

- written: bits per note of them among the ids that were allowed; forbidden: what they cost more among all ids;
- share forbidden: of the probability, mean over the ids; pushed: the share of ids where more than 7/8 were (3 bits).

What it thinks of the finished row, every id of it, under the controls of a piece with no limit (no `Has`):

- information: bits per note; a piece of few different notes has little;
- surprise: how much more that is than the entropy of the model's own prediction at each place: 0 is what it expects.

The rest is of `evaluation`: told and overlap against real music, genres of one weight, and means over pieces. ± is one
standard error: from piece to piece; for told and overlap, from drawing pieces again. "more than free" compares piece by
piece of one seed.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from tqdm import tqdm
from transformers import LlamaForCausalLM

from symbolic_music.brief import Brief
from symbolic_music.composer import controls, suggested_key
from symbolic_music.engine.generate import Row, generate
from symbolic_music.engine.onnx import OnnxEngine
from symbolic_music.engine.sampling import Sampling, Trace
from symbolic_music.evaluation.control import judge
from symbolic_music.evaluation.features import features, names
from symbolic_music.evaluation.folders import Entry, read_folder
from symbolic_music.evaluation.metrics import MEASURES, measured, overlapping_area
from symbolic_music.evaluation.twosample import Table, TwoSample, balanced, joined, table, two_sample
from symbolic_music.files.write_midi import save_midi
from symbolic_music.resources import resource
from symbolic_music.rules import Cadence, Chords, Closes, Dynamics, InKey, Leaps, Range, Repeats, compiled
from symbolic_music.score import Score
from symbolic_music.theory.keys import Key
from symbolic_music.tokens.layout import read
from symbolic_music.tokens.vocabulary import Kind, vocabulary
from symbolic_music.training.bits import notes_in
from symbolic_music.training.export import pretrained

GENRES = ("song", "chamber", "classical", "folk", "dance", "piano")
BARS = 8
#: Bits that count as pushed, and real excerpts of a genre beside which measures are put.
PUSHED, BESIDE = 3.0, 24
FREE, AGAIN = 200, "free again"
#: Measures that a limit on pitch changes by itself.
OF_PITCH = frozenset(
    {"pitch class entropy, 1 bar", "pitch class entropy, 4 bars", "scale consistency", "pitch classes", "pitches"}
)
#: Families of features that look at pitch classes.
ABOUT_PITCH = ("pitches", "harmony")
#: The feature that says how often the highest line repeats a pitch.
STILL = "intervals/top: moves by 0"


def sets(free: Brief, home: Key) -> dict[str, Brief]:
    """The brief of each set, from the one without a limit and the key that is suggested with it."""
    minor = home.mode == "minor"
    loop = Chords("i VI III VII" if minor else "I V vi IV", home)
    whole = "| i | VI | III | VII | i | VI | iv V7 | i |" if minor else "| I | V | vi | IV | I | V | IV V7 | I |"
    ends = (Closes(home.tonic), Cadence(home))
    # a piano alone is its own melody, and would be left with one voice
    line = () if len(free.parts) == 1 else (Leaps("fifth"), Range("C4", "C6", tracks="melody"))
    return {
        "free": free,
        AGAIN: free,
        "key": free.replace(key=home),
        "key, not told": free.replace(rules=[InKey(home)]),
        "five notes": free.replace(scale=f"{home.tonic} {home.mode} pentatonic"),
        "five odd notes": free.replace(only="A B C# F# G"),
        "chords on strong beats": free.replace(rules=[loop]),
        "chords always": free.replace(rules=[Chords(loop.progression, on="always")]),
        "chords, any key told": free.replace(rules=[Chords("Am F C G")]),
        "melody and cadence": free.replace(rules=[*line, *ends]),
        "repeats": free.replace(rules=[Repeats((1, 4), bars=(5, 8))]),
        "everything": free.replace(
            key=home,
            rules=[Chords(whole, home), *line, *ends, Repeats((1, 2), bars=(5, 6)), Dynamics("p", "f")],
        ),
    }


@dataclass
class Gaps(Trace):
    """A trace that keeps of each id the bits by which it was dearer among all ids than among those allowed."""

    gaps: list[float] = field(default_factory=list)

    def add(self, token: int, logits: NDArray[Any], allowed: NDArray[Any]) -> None:
        """Take down an id."""
        before = self.within - self.overall
        super().add(token, logits, allowed)
        self.gaps.append((self.within - self.overall - before) / math.log(2))


@dataclass(frozen=True)
class Made:
    """A composed piece: its genre, and what the model thought of it."""

    genre: str
    home: Key
    score: Score
    ids: NDArray[np.int32]
    trace: Gaps


def compose(engine: OnnxEngine, name: str, count: int) -> list[Made]:
    """The pieces of a set; those of all sets share seeds, bands and, where the set leaves it open, the key."""
    v, rows, known = vocabulary(), [], []
    for i in range(count):
        seed = i + FREE * (name == AGAIN)
        usual = Brief(genre=GENRES[i % len(GENRES)], bars=BARS).filled()
        free = Brief(genre=usual.genre, parts=usual.parts, meter=usual.meter, tempo=usual.tempo, bars=BARS)
        home = suggested_key(free.pitch_classes, None, np.random.default_rng(seed))
        brief = sets(free, home)[name]
        rng = np.random.default_rng(seed)
        said = controls(brief, engine.config, rng)
        home = brief.home or suggested_key(brief.pitch_classes, None, np.random.default_rng(seed))
        known.append((str(usual.genre), Key("A", "minor") if name == "chords, any key told" else home))
        rows.append(Row(said, compiled(brief), rng, v.id(Kind.BAR), Gaps()))
    written = generate(engine, rows, Sampling())
    found = []
    for row, ids, (genre, home) in zip(rows, written, known, strict=True):
        assert isinstance(row.trace, Gaps)
        found.append(Made(genre, home, read(ids), np.array(ids, np.int32), row.trace))
    return found


@torch.no_grad()
def given_up(net: LlamaForCausalLM, made: Made) -> dict[str, float]:
    """What the limits took from the model, and what it thinks of the outcome."""
    v, trace = vocabulary(), made.trace
    row = made.ids[v.kind[made.ids] != Kind.HAS]
    notes, gaps = notes_in(row), np.array(trace.gaps)
    ids, body = torch.from_numpy(row.astype(np.int64)), int(np.argmax(v.kind[row] == Kind.BAR))
    with torch.autocast("cpu", torch.bfloat16):
        logits = net(input_ids=ids[None, :-1], use_cache=False).logits[0].float()
    logs = logits.log_softmax(-1)[body - 1 :]
    information = float(-logs.gather(1, ids[body:, None]).sum())
    expected = float(-(logs.exp() * logs).sum())
    return {
        "written": -trace.within / math.log(2) / notes,
        "forbidden": (trace.within - trace.overall) / math.log(2) / notes,
        "share forbidden": float((1 - 2**-gaps).mean()),
        "pushed": float((gaps > PUSHED).mean()),
        "bits an id": float(gaps.mean()),
        "information": information / math.log(2) / notes,
        "surprise": (information - expected) / math.log(2) / notes,
        "notes": notes,
    }


def heard(made: Made, folder: Path) -> dict[str, float]:
    """What can be measured on a piece by itself."""
    judged = judge(save_midi(made.score, folder / "piece.mid"), Brief(key=made.home))
    return {
        "still": float(features(made.score)[names().index(STILL)]),
        **measured(made.score),
        "key": float(bool(judged.key_exact)),
        "key or relative": float(bool(judged.key_relative)),
        "ends on the tonic": float(bool(judged.ends_home)),
    }


def mean(values: Any) -> list[float]:
    """The mean and its standard error; what is not there is left out."""
    x = np.asarray(values, float)
    x = x[~np.isnan(x)]
    return [round(float(x.mean()), 4), round(float(x.std(ddof=1) / math.sqrt(len(x))), 4)] if len(x) > 1 else []


class Real:
    """Held-out music: entries and features by genre, and as many excerpts of each as measures are compared with."""

    def __init__(self, folder: Path) -> None:
        if absent := [genre for genre in GENRES if not (folder / genre).is_dir()]:
            raise SystemExit(
                f"no real pieces in {folder / absent[0]}: `python docs/benchmarks/evaluation.py data` writes them "
                "to runs/evaluation/real; or give --real FOLDER with MIDI files in folders named by genre"
            )
        self.entries: dict[str, list[Entry]] = {}
        self.beats = {genre: int(BARS * Brief(genre=genre).filled().meter.quarters) for genre in GENRES}  # type: ignore[union-attr]
        for genre in GENRES:
            self.entries[genre] = list(read_folder(genre, folder / genre, beats=self.beats[genre]).entries)
        self.tables = {g: table([e.score for e in self.entries[g]], self.beats[g]) for g in GENRES}
        rng = np.random.default_rng(0)
        rows, still = [], []
        for genre in tqdm(GENRES, desc="real", disable=None):
            cuts = [cut for entry in self.entries[genre] for cut in entry.cuts]
            for i in rng.permutation(len(cuts))[:BESIDE]:
                rows.append(measured(cuts[i]))
                still.append(features(cuts[i])[names().index(STILL)])
        self.rows, self.still = rows, still

    def endings(self) -> list[float]:
        """Whether the pieces end on the tonic, by the key that is found."""
        found = [judge(e.path, Brief()).ends_home for entries in self.entries.values() for e in entries]
        return [float(home) for home in found if home is not None]

    def told(self, made: list[Made], without: tuple[str, ...] = ()) -> TwoSample:
        """How well pieces are told from real ones, genres of one weight."""
        rng, pairs = np.random.default_rng(0), []
        for genre in GENRES:
            mine: Table = table([m.score for m in made if m.genre == genre], self.beats[genre])
            pairs.append(balanced(self.tables[genre], mine, rng))
        return two_sample(*(joined([p[k] for p in pairs]) for k in (0, 1)), rng=rng, without=without, rounds=2)

    def overlap(self, rows: list[dict[str, float]], without: frozenset[str] = frozenset()) -> float:
        """The mean overlapping area of the measures."""
        areas = []
        for name in MEASURES.keys() - without:
            a, b = ([row[name] for row in side if not np.isnan(row[name])] for side in (self.rows, rows))
            if len(a) > 1 and len(b) > 1:
                areas.append(overlapping_area(a, b))
        return float(np.mean(areas))

    def halves(self) -> float:
        """The same of every other real excerpt and the rest: a yardstick."""
        half = copy(self)
        half.rows = self.rows[1::2]
        return round(half.overlap(self.rows[::2]), 4)

    def overlaps(self, rows: list[dict[str, float]], without: frozenset[str] = frozenset()) -> list[float]:
        """The same with its standard error, from drawing the pieces again."""
        rng = np.random.default_rng(0)
        again = [self.overlap([rows[i] for i in rng.integers(0, len(rows), len(rows))], without) for _ in range(20)]
        return [round(self.overlap(rows, without), 4), round(float(np.std(again)), 4)]


def figures(made: list[Made], rows: list[dict[str, float]], real: Real) -> dict[str, Any]:
    """All figures of a set."""
    told, rest = real.told(made), real.told(made, ABOUT_PITCH)
    pushed = [row["bits an id"] for row in rows]
    return {
        **{name: mean([row[name] for row in rows]) for name in rows[0]},
        "pieces over 1 bit an id": float(np.mean(np.array(pushed) > 1)),
        "pieces over 3 bits an id": float(np.mean(np.array(pushed) > PUSHED)),
        "dearest piece, bits an id": round(max(pushed), 3),
        "told": [round(told.accuracy, 4), round(told.error, 4)],
        "told by other than pitch": [round(rest.accuracy, 4), round(rest.error, 4)],
        "telling": [str(t) for t in told.telling[:5]],
        "overlap": real.overlaps(rows),
        "overlap of other than pitch": real.overlaps(rows, OF_PITCH),
    }


def differences(rows: list[dict[str, float]], free: list[dict[str, float]]) -> dict[str, list[float]]:
    """How much more than in the free set, piece by piece."""
    return {name: mean([a[name] - b[name] for a, b in zip(rows, free, strict=True)]) for name in rows[0]}


def picture(found: Mapping[str, Any], path: Path) -> None:
    """Bits and quality of every set, as a picture."""
    from matplotlib.figure import Figure

    panels = {
        "surprise": "bits a note beyond what is expected", "share forbidden": "share of probability forbidden",
        "told": "told from real (0.5: cannot be)", "ends on the tonic": "ends on the tonic",
    }  # fmt: skip
    figure = Figure(figsize=(12, 3.6), dpi=80, layout="constrained")
    sides = figure.subplots(1, len(panels), sharey=True)
    for axes, (name, title) in zip(sides, panels.items(), strict=True):
        means, errors = np.array([row[name] for row in found.values()]).T
        axes.errorbar(means, range(len(found)), xerr=errors, fmt="o", color="tab:blue", ms=4)
        axes.axvline(means[0], color="0.6", lw=0.8)
        axes.set_title(title, fontsize=10)
    sides[0].set_yticks(range(len(found)), list(found))
    sides[0].invert_yaxis()
    figure.savefig(path)


def main() -> None:
    """Compose the sets, measure them, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--pieces", type=int, default=40, help=f"of each set, at most {FREE}")
    parser.add_argument("--real", type=Path, default=Path("runs/evaluation/real"), help="real music by genre")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".json"))
    parser.add_argument("--picture", type=Path)
    args = parser.parse_args()
    real, engine, net = Real(args.real), OnnxEngine(threads=args.threads), pretrained(resource("weights"))
    usual = Brief(genre="song", bars=BARS).filled()
    result: dict[str, Any] = {
        "pieces of a set": args.pieces, "genres": GENRES, "bars": BARS, "weights": engine.fingerprint, "sets": {},
        "more than free": {},
        "real": {
            "pieces": sum(map(len, real.entries.values())), "excerpts": len(real.rows), "overlap": real.halves(),
            "still": mean(real.still),
            "ends on the tonic": mean(real.endings()),
            **{n: mean([row[n] for row in real.rows]) for n in MEASURES},
        },
    }  # fmt: skip
    free: list[dict[str, float]] = []
    for name in sets(usual, Key("C")):
        start = time.process_time()
        made = compose(engine, name, args.pieces)
        composed = time.process_time()
        with tempfile.TemporaryDirectory() as folder:
            rows = [given_up(net, m) | heard(m, Path(folder)) for m in tqdm(made, desc=name, disable=None)]
        free = free or rows
        result["sets"][name] = figures(made, rows, real)
        result["more than free"][name] = differences(rows, free)
        result["sets"][name]["seconds"] = [round(composed - start, 1), round(time.process_time() - composed, 1)]
        print(name, json.dumps(result["sets"][name]), flush=True)
        args.out.write_text(json.dumps(result, indent=1) + "\n")
    if args.picture:
        picture(result["sets"], args.picture)


if __name__ == "__main__":
    main()
