"""How often the analysis of scores is right, on the half of the pieces that its weights were not chosen on.

    python docs/benchmarks/analysis.py CORPUS
    python docs/benchmarks/analysis.py CORPUS --only chords sections
    python docs/benchmarks/analysis.py CORPUS --arranged symbolic_music.training.arranger:arrange --genres rock jazz

CORPUS is a folder with a manifest. `--arranged` takes a function: `function(genre, rng=…)` returns something with a
`score` that has its key, chords and sections, and the `roles` of its parts; or a folder of MIDI files with markers.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import importlib
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import leadsheets
import made
import numpy as np
from made import Rows, pieces
from numpy.typing import NDArray

from symbolic_music.score import Score, sort_notes
from symbolic_music.theory.chords import CHORDS, QUALITIES
from symbolic_music.theory.keys import Key, key
from symbolic_music.training import analysis
from symbolic_music.training.analysis.content import runs
from symbolic_music.training.dataset import transposed

GAMES = ("sildra", "easyrpg", "freedoom", "simutrans", "crystal-picnic", "blasphemer")


def rows_of(corpus: Path) -> Rows:
    found: Rows = defaultdict(list)
    with (corpus / "manifest.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["source"]].append(row)
    return found


def held(text: str) -> bool:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 2 == 1


def percent(right: float, total: float) -> float:
    return round(float(100 * right / total), 1) if total else float("nan")


def weighted(found: Key | None, stated: Key) -> float:
    """The MIREX score: 1 for the key, 0.5 a fifth above, 0.3 the relative, 0.2 the parallel key."""
    if found is None:
        return 0.0
    apart = (found.root - stated.root) % 12
    if found.mode == stated.mode:
        return {0: 1.0, 7: 0.5}.get(apart, 0.0)
    return {0: 0.2, 9 if stated.mode == "major" else 3: 0.3}.get(apart, 0.0)


def keys(corpus: Path, rows: Rows, sheets: list[leadsheets.LeadSheet]) -> dict[str, Any]:
    methods: dict[str, Callable[[Score], Key | None]] = {
        "krumhansl, all bars alike": lambda s: analysis.find_key(s, "krumhansl", whole=False),
        "albrecht, all bars alike": lambda s: analysis.find_key(s, whole=False),
        "find_key": analysis.find_key,
    }
    truth = {s.path: s.key for s in sheets}
    result: dict[str, Any] = {}
    for source in ("polish", "mutopia", "openewld", "lieder"):
        scores = defaultdict(list)
        for row, score in pieces(corpus, [r for r in rows[source] if held(r["composer"] + r["title"][:12])]):
            if source == "openewld":
                number = truth.get(row["path"])
                stated = None if number is None else Key.of(number % 12, "minor" if number > 11 else "major")
            else:
                stated = key(row["key"]) if row["key"].endswith(("major", "minor")) else None
            if stated is not None:
                for name, method in methods.items():
                    scores[name].append(weighted(method(score), stated))
        result[source] = {"pieces": len(scores["find_key"])} | {
            name: {"exact": percent(sum(x == 1 for x in v), len(v)), "weighted": percent(sum(v), len(v))}
            for name, v in scores.items()
        }
    return result


def modulations(corpus: Path, rows: Rows) -> dict[str, Any]:
    """Excerpts of 8 bars, every third moved to another key; and signatures that change in LilyPond scores."""
    rng = np.random.default_rng(1)
    right = total = flips = steady = 0
    chosen = [r for r in rows["polish"] if held(r["composer"] + r["title"][:12]) and int(r["n_bars"] or 0) >= 24]
    for _, score in pieces(corpus, chosen[:300]):
        home = analysis.find_key(score)
        whole = replace(score, chords=None, sections=())
        if home is None or len({*score.meters}) > 1 or len(analysis.pitched(score)) < 100 or score.bars < 24:
            continue
        starts = rng.integers(0, min(score.bars, 48) - 8, 6)
        moves = np.where(np.arange(6) % 3 == 2, rng.choice([-5, -2, 2, 3, 5]), 0)
        for shift in (moves, moves * 0):
            cuts = [transposed(whole.cut(a, a + 8), int(m)) for a, m in zip(starts, shift, strict=True)]
            if any((analysis.histogram(analysis.pitched(c)) > 0).sum() < 3 for c in cuts):
                break
            found = analysis.find_keys(made.joined(cuts, list("ABABAB")))
            if shift.any():
                total += len(found)
                right += sum(k.root == (home.root + m) % 12 for k, m in zip(found, shift, strict=True) if k)
            else:
                steady += 1
                flips += len(set(found)) > 1
    from symusic import Score as Midi

    same = bars = changing = 0
    for row, score in pieces(corpus, rows["mutopia"]):
        file = Midi(str(corpus / row["path"])).resample(24, min_dur=1)
        if len({s.key for s in file.key_signatures}) < 2:
            continue
        changing += 1
        times = np.array([s.time for s in file.key_signatures])
        at = np.maximum(np.searchsorted(times, score.bar_starts[:-1], side="right") - 1, 0)
        labels = [str(file.key_signatures[int(i)].key) for i in at]
        for (a, b), found_key in zip(runs(labels), analysis.find_keys(score, labels), strict=True):
            bars += b - a
            same += (b - a) * (found_key is not None and found_key.fifths % 12 == int(labels[a]) % 12)
    return {
        "tonic of 8-bar sections, a third of them moved": percent(right, total),
        "steady pieces with a change found": percent(flips, steady),
        "scores that change their signature": changing,
        "their bars in a key of the signature written": percent(same, bars),
    }


def agreement(found: NDArray[Any], truth: NDArray[Any]) -> NDArray[np.float64]:
    """Right roots, right thirds, right chords, chords named, chords, chords with a third."""
    third = np.array([{3: 1, 4: 0}.get(QUALITIES[c.quality][1], 2) for c in CHORDS])
    known = truth >= 0
    f, t = found.ravel()[known], truth[known]
    step = len(QUALITIES)
    root = (f >= 0) & (f // step == t // step)
    has = third[t] < 2
    return np.array([root.sum(), (root & (third[f] == third[t]))[has].sum(), (f == t).sum(), (f >= 0).sum(),
                     len(t), has.sum()], float)  # fmt: skip


def shares(total: NDArray[np.float64]) -> dict[str, float]:
    return {
        "root": percent(total[0], total[4]),
        "majmin": percent(total[1], total[5]),
        "exact": percent(total[2], total[4]),
        "named": percent(total[3], total[4]),
        "half bars": int(total[4]),
    }


def chords(sheets: list[leadsheets.LeadSheet]) -> dict[str, Any]:
    sums: dict[str, NDArray[np.float64]] = defaultdict(lambda: np.zeros(6))
    for number, sheet in enumerate(s for s in sheets if held(s.path)):
        sums["melody alone"] += agreement(analysis.find_chords(sheet.melody), sheet.chords)
        for style in leadsheets.STYLES:
            score = leadsheets.accompanied(sheet, style, np.random.default_rng(number))
            found = agreement(analysis.find_chords(score), sheet.chords)
            sums[style] += found
            sums["all with a piano"] += found
    return {name: shares(total) for name, total in sums.items()}


def sections(scores: Iterable[tuple[Score, list[int]]], find: Callable[[Score], tuple[str, ...]]) -> dict[str, Any]:
    """Pairs of bars that share a label (F, sections over 34 bars left out), boundaries within a bar (F)."""
    pair, bounds, count = [], np.zeros(4), 0
    for score, numbers in scores:
        count += 1
        found = find(score)
        labels = np.unique(found, return_inverse=True)[1] if any(found) else np.arange(score.bars)
        truth = np.unique(score.sections, return_inverse=True)[1]
        kept = (np.bincount(np.array(numbers) + 1)[np.array(numbers) + 1] <= 34) & (np.array(score.sections) != "")
        upper = np.triu_indices(int(kept.sum()), 1)
        a, b = ((x[kept][:, None] == x[kept])[upper] for x in (labels, truth))
        pair.append(2 * (a & b).sum() / max(a.sum() + b.sum(), 1))
        stated = np.flatnonzero(np.diff(truth)) + 1
        guessed = np.flatnonzero(np.diff(labels)) + 1 if any(found) else np.zeros(0, int)
        near = np.abs(stated[:, None] - guessed) <= 1
        bounds += near.any(1).sum(), len(stated), near.any(0).sum(), len(guessed)
    recall, precision = bounds[0] / max(bounds[1], 1), bounds[2] / max(bounds[3], 1)
    return {
        "pieces": count, "pairs F": percent(float(np.mean(pair)), 1),
        "boundaries F": percent(2 * recall * precision, recall + precision),
        "recall": percent(recall, 1), "precision": percent(precision, 1),
    }  # fmt: skip


def meters(corpus: Path, rows: Rows, sheets: list[leadsheets.LeadSheet]) -> dict[str, Any]:
    rng = np.random.default_rng(1)
    counts: Counter[str] = Counter()
    by_path = {s.path: s for s in sheets if held(s.path)}
    for row, score in pieces(corpus, rows["openewld"]):
        if (sheet := by_path.get(row["path"])) is not None and (check := analysis.meter_check(score)) is not None:
            said = check.shift * 4 / score.meters[0].unit
            kind = "pickups" if sheet.pickup else "full bars"
            counts[f"{kind}"] += 1
            counts[f"{kind}: {'right' if said == sheet.pickup else 'kept' if not said else 'wrong'}"] += 1
    played = [
        (leadsheets.accompanied(s, leadsheets.STYLES[i % 4], rng), "songs") for i, s in enumerate(by_path.values())
    ]
    games = [r for source in GAMES for r in rows[source] if held(r["path"])]
    played += [(score, "games") for _, score in pieces(corpus, games)]
    for score, kind in played:
        if len({*score.meters}) > 1 or score.bars < 16:
            continue
        check = analysis.meter_check(score)
        if check is not None:
            counts[f"{kind}"] += 1
            counts[f"{kind}: moved wrongly"] += check.shift > 0
        places = score.meters[0].ticks // 12
        ticks = 12 * int(rng.integers(1, max((places + 1) // 2, 2)))
        shifted = made.with_pickup(score, ticks)
        check = analysis.meter_check(shifted) if shifted else None
        if check is not None:
            counts[f"{kind} with a made pickup"] += 1
            said = check.shift * 96 / score.meters[0].unit
            counts[f"{kind} with a made pickup: {'right' if said == ticks else 'kept' if not said else 'wrong'}"] += 1
    return dict(sorted(counts.items()))


def roles(corpus: Path, rows: Rows) -> dict[str, Any]:
    counts: Counter[str] = Counter()

    def count(name: str, score: Score, truth: list[str]) -> None:
        notes = np.bincount(score.notes["part"], minlength=len(score.parts))
        for found, wanted, many in zip(analysis.find_roles(score), truth, notes, strict=True):
            if wanted and many >= 4:
                counts[f"{name} {wanted}"] += 1
                counts[f"{name} {wanted}: right"] += found == wanted

    def some(source: str) -> Iterator[tuple[dict[str, str], Score]]:
        return pieces(corpus, [r for r in rows[source] if held(r["path"])])

    for _, score in some("lieder"):
        if sorted(p.program for p in score.parts) == [0, 52]:
            count("songs", score, ["melody" if p.program == 52 else "comping" for p in score.parts])
    for _, score in some("quartets"):
        if [p.program for p in score.parts] == [40, 40, 41, 42]:
            count("quartets", score.cut(0, min(score.bars, 200)), ["melody", "counter", "counter", "bass"])
    for source in GAMES:
        for _, score in some(source):
            tune = [bool(re.search(r"melod|vocal|solo\b", n.lower())) and source != "sildra" for n in score.names]
            truth = ["bass" if p.program in range(32, 40) else "melody" if t else ""
                     for p, t in zip(score.parts, tune, strict=True)]  # fmt: skip
            count("games", score, truth)
    return {
        n: {"parts": c, "right": percent(counts[f"{n}: right"], c)} for n, c in sorted(counts.items()) if ":" not in n
    }


def feel(corpus: Path, rows: Rows) -> dict[str, Any]:
    """Swing of drummers by style, and of straight pieces whose second eighths were moved; players and scores apart."""
    styles = defaultdict(list)
    live: Counter[str] = Counter()
    for row, score in pieces(corpus, rows["groove"]):
        if len(score.notes) >= 64 and score.bars >= 8:
            swing = analysis.swing_ratio(score)
            if swing is not None and swing.level == "eighth":
                style = re.split(r"[,/]", row["style"])[0].strip()
                styles["jazz" if style == "jazz" else "rock, pop, funk and soul" if style in
                       ("rock", "pop", "funk", "soul") else ""].append(swing.ratio)  # fmt: skip
            found = analysis.find_feel(score)
            live["players"] += 1
            live["players: velocities"] += found.velocities is True
            live["players: timing"] += found.timing is True
    straight = moved = 0
    for source in ("mutopia", "polish"):
        for _, score in pieces(corpus, rows[source][:300]):
            found = analysis.find_feel(score)
            live["scores"] += 1
            live["scores: velocities"] += found.velocities is True
            live["scores: timing"] += found.timing is True
            before = analysis.swing_ratio(score)
            if before is None or before.level != "eighth" or before.ratio > 0.51 or len({*score.meters}) > 1:
                continue
            notes = score.notes.copy()
            notes["start"] += np.where(notes["start"] % 24 == 12, 4, 0).astype(np.int32)
            after = analysis.swing_ratio(replace(score, notes=sort_notes(notes)))
            straight += 1
            moved += after is not None and abs(after.ratio - 2 / 3) < 0.02
    medians = {name: round(float(np.median(v)), 3) for name, v in styles.items() if name}
    return {"median of drummers": medians, "straight pieces made to swing": percent(moved, straight), **live}


def arranged(source: str, genres: list[str], count: int) -> dict[str, Any]:
    """Everything on pieces that know their key, chords, sections and roles."""
    if Path(source).is_dir():
        found = [m for p in sorted(Path(source).glob("**/*.mid")) if (m := made.marked(p)) is not None]
        return {"sections": sections(found, analysis.find_sections)}
    module, name = source.split(":")
    make = getattr(importlib.import_module(module), name)
    scores, right, played, total = [], 0, Counter[str](), np.zeros(6)
    for number, genre in enumerate(genres):
        for seed in range(count):
            piece = make(genre, rng=np.random.default_rng([number, seed]))
            score: Score = piece.score
            changes = np.array(score.sections[1:]) != np.array(score.sections[:-1])
            scores.append((score, [0, *np.cumsum(changes).tolist()]))
            right += weighted(analysis.find_key(score), score.key or Key("C")) == 1
            if score.chords is not None:
                total += agreement(analysis.find_chords(score), score.chords.ravel().astype(np.int64))
            for said, wanted in zip(analysis.find_roles(score), piece.roles, strict=True):
                played[wanted] += 1
                played[f"{wanted}: right"] += said == wanted
    return {
        "pieces": len(scores), "key": percent(right, len(scores)), "chords": shares(total),
        "sections": sections(scores, analysis.find_sections),
        "roles": {n: percent(played[f"{n}: right"], c) for n, c in sorted(played.items()) if ":" not in n},
    }  # fmt: skip


def speed(corpus: Path, rows: Rows) -> dict[str, float]:
    scores = [s for source in ("lieder", "mutopia", "freedoom") for _, s in pieces(corpus, rows[source][:60])]
    notes = sum(len(s.notes) for s in scores)
    result = {}
    for find in (analysis.find_key, analysis.find_chords, analysis.find_sections, analysis.swing_ratio,
                 analysis.meter_check, analysis.find_roles, analysis.analysed):  # fmt: skip
        start = time.perf_counter()
        for score in scores:
            find(score)
        result[find.__name__] = round((time.perf_counter() - start) * 1e6 / notes, 2)
    return result


def main() -> None:
    """Measure and print as JSON; what `--only` leaves out stays as it was."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--arranged", help="module:function, or a folder of MIDI files with markers")
    parser.add_argument("--genres", nargs="*", default=["rock", "pop", "jazz", "funk", "waltz"])
    parser.add_argument("--pieces", type=int, default=4, help="arranged pieces a genre")
    args = parser.parse_args()
    corpus, rows, sheets = args.corpus, rows_of(args.corpus), leadsheets.all_of(args.corpus)

    def forms() -> dict[str, Any]:
        built = list(made.made_forms(corpus, rows, 120, 7))
        real = [
            m for s in GAMES for r, _ in pieces(corpus, rows[s]) if (m := made.marked(corpus / r["path"])) is not None
        ]
        blocks = lambda s: tuple(str(b // 8) for b in range(s.bars))  # noqa: E731
        return {
            "made of excerpts": sections(built, analysis.find_sections),
            "made of excerpts, 8 bars each": sections(built, blocks),
            "marked by hand": sections(real, analysis.find_sections),
            "marked by hand, 8 bars each": sections(real, blocks),
        }

    parts: dict[str, Callable[[], dict[str, Any]]] = {
        "keys": lambda: keys(corpus, rows, sheets), "modulations": lambda: modulations(corpus, rows),
        "chords": lambda: chords(sheets), "sections": forms, "meters": lambda: meters(corpus, rows, sheets),
        "roles": lambda: roles(corpus, rows), "feel": lambda: feel(corpus, rows),
        "milliseconds a thousand notes": lambda: speed(corpus, rows),
    }  # fmt: skip
    if args.arranged:
        parts["arranged"] = lambda: arranged(args.arranged, args.genres, args.pieces)
    path = Path(__file__).with_suffix(".json")
    result = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    for name, measure in parts.items():
        if not args.only or name in args.only:
            result[name] = measure()
            print(json.dumps({name: result[name]}, indent=1))
    path.write_text(json.dumps(result, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
