"""The near-duplicates of a corpus, how many made copies are found, and how its pieces are split.

    python docs/benchmarks/duplicates.py CORPUS

CORPUS is a folder with a manifest. Copies are made of some hundred pieces: transposed, with a part taken out, the
first half, with a tenth of the notes changed, and on one piano with all but the highest part an octave lower. False
links are counted with pieces that run backwards: whatever is linked to those is linked by chance. The groups are
printed, to be judged by their titles.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

import symbolic_music as sm
from symbolic_music.files.read_midi import load, tidy
from symbolic_music.score import Part, Score
from symbolic_music.training.analysis import pitched
from symbolic_music.training.dataset import kept, transposed
from symbolic_music.training.duplicates import (
    CONTAINED,
    SHARED,
    Fingerprint,
    fingerprint,
    keep,
    links,
    near_duplicates,
)
from symbolic_music.training.splits import people_of, splits

Row = dict[str, str]


def copies(score: Score, rng: np.random.Generator) -> Iterator[tuple[str, Score]]:
    """Copies of a piece, each with what was done to it."""
    yield "transposed", transposed(score, int(rng.integers(1, 6)))
    yield "first half", score.cut(0, max(1, score.bars // 2))
    changed = score.notes.copy()
    some = rng.random(len(changed)) < 0.1
    changed["pitch"][some] += rng.choice([-3, -2, -1, 1, 2, 3], some.sum()).astype(np.int16)
    yield "tenth of the notes changed", replace(score, notes=changed)
    notes = pitched(score).copy()
    parts = np.unique(notes["part"])
    if len(parts) > 1:
        gone = rng.choice(parts)
        yield "a part removed", kept(score, [i for i in range(len(score.parts)) if i != gone])
        top = max(parts, key=lambda p: notes["pitch"][notes["part"] == p].mean())
        notes["pitch"] -= np.where(notes["part"] == top, 0, 12).astype(np.int16)
        notes["part"] = 0
        yield "re-voiced for one piano", replace(score, parts=(Part(0),), notes=tidy(notes))


def backwards(score: Score) -> Score:
    """The piece from its end to its beginning."""
    notes = score.notes.copy()
    notes["start"] = score.bar_starts[-1] - notes["start"] - notes["duration"]
    return replace(score, notes=tidy(notes))


def found(scores: list[Score], prints: list[Fingerprint], pieces: int) -> dict[str, object]:
    """Per cent of the copies found, and links to pieces that run backwards, at some thresholds."""
    rng = np.random.default_rng(0)
    melodic = [i for i, p in enumerate(prints) if len(pitched(scores[i]))]
    chosen = rng.choice(melodic, pieces, replace=False)
    made = [(name, i, fingerprint(copy)) for i in chosen for name, copy in copies(scores[i], rng)]
    both = links(prints + [p for _, _, p in made])
    pair = {(int(a), int(b)): k for k, (a, b) in enumerate(zip(both.first, both.second, strict=True))}
    reverse = links(prints + [fingerprint(backwards(s)) for s in scores])
    across = (reverse.first < len(prints)) & (reverse.second >= len(prints))
    across &= reverse.second - len(prints) != reverse.first
    total = Counter(name for name, _, _ in made)
    result: dict[str, object] = {"copies of": pieces, "copies": dict(total)}
    result["pieces with fewer n-grams than must be shared"] = sum(len(prints[i].grams) < SHARED for i in melodic)
    for contained in (0.15, 0.2, CONTAINED, 0.3, 0.4):
        right = Counter[str]()
        for number, (name, i, _) in enumerate(made, len(prints)):
            k = pair.get((i, number))
            right[name] += k is not None and both.contained[k] >= contained and both.shared[k] >= SHARED
        chance = (across & (reverse.contained >= contained) & (reverse.shared >= SHARED)).sum()
        shares = {name: round(100 * right[name] / total[name], 1) for name in total}
        result[f"contained {contained}"] = {"found, per cent": shares, "links to backward pieces": int(chance)}
    return result


def duplicates(rows: list[Row], prints: list[Fingerprint], groups: list[list[int]]) -> dict[str, object]:
    """Print every group; count links and groups within and across sources."""
    for group in groups:
        stays = {p.path for p in keep([prints[i] for i in group])}
        for i in group:
            mark = " " if rows[i]["path"] in stays else "-"
            print(f"{mark} {rows[i]['source']:10} {rows[i]['composer'][:30]:30} {rows[i]['title'][:70]}")
        print()
    strong = links(prints).above(CONTAINED, SHARED)
    pairs = [(rows[i], rows[j]) for i, j in zip(strong.first, strong.second, strict=True)]
    sources = Counter(" + ".join(sorted((a["source"], b["source"]))) for a, b in pairs)
    stay = sum(len(keep([prints[i] for i in group])) for group in groups)
    return {
        "links": len(pairs),
        "links across sources": sum(a["source"] != b["source"] for a, b in pairs),
        "links by sources": dict(sources.most_common()),
        "groups": len(groups),
        "groups across sources": sum(len({rows[i]["source"] for i in group}) > 1 for group in groups),
        "pieces in groups": sum(map(len, groups)),
        "pieces that need not stay": sum(map(len, groups)) - stay,
    }


def table(rows: list[Row], groups: list[list[int]]) -> dict[str, object]:
    """Print pieces by genre and split; how many held-out pieces have a composer that training never sees."""
    split = splits(rows, groups)
    people = people_of(rows)
    known = {name for names, s in zip(people, split, strict=True) if s == "train" for name in names}
    count = Counter((row["genre"], s) for row, s in zip(rows, split, strict=True))
    result: dict[str, object] = {"pieces": dict(Counter(split))}
    result["by genre"] = {
        genre: [count[genre, "train"], count[genre, "validation"], count[genre, "test"]]
        for genre, _ in Counter(row["genre"] for row in rows).most_common()
    }
    for name in ("validation", "test"):
        named = [names for names, s in zip(people, split, strict=True) if s == name and names]
        new = sum(known.isdisjoint(names) for names in named)
        result[f"{name}: composer known, and not in training"] = [len(named), new]
    rng = np.random.default_rng(0)
    moved = []
    for _ in range(5):  # what a corpus that has grown by a twentieth moves
        some = np.flatnonzero(rng.random(len(rows)) >= 0.05)
        place = {int(i): k for k, i in enumerate(some)}
        fewer = [[place[i] for i in group if i in place] for group in groups]
        before = splits([rows[i] for i in some], [group for group in fewer if group])
        moved.append(sum(split[i] != s for i, s in zip(some, before, strict=True)))
    result["pieces moved by 5 % more pieces"] = moved
    return result


def main() -> None:
    """Measure, print and write the result as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--pieces", type=int, default=500, help="pieces that copies are made of")
    args = parser.parse_args()
    with (args.corpus / "manifest.csv").open(encoding="utf-8") as file:
        manifest = list(csv.DictReader(file))
    rows, scores = [], []
    started = time.perf_counter()
    for row in manifest:
        try:
            scores.append(load(args.corpus / row["path"]))
        except sm.FileError:
            continue
        rows.append(row)
    read = time.perf_counter()
    prints = [fingerprint(score, row["path"]) for score, row in zip(scores, rows, strict=True)]
    printed = time.perf_counter()
    groups = near_duplicates(prints)
    linked = time.perf_counter()
    result = {
        "pieces": len(rows),
        "n-grams": sum(len(p.grams) for p in prints),
        "seconds": {
            "reading": round(read - started, 1),
            "fingerprints": round(printed - read, 1),
            "groups": round(linked - printed, 1),
        },
        "duplicates": duplicates(rows, prints, groups),
        "copies": found(scores, prints, args.pieces),
        "splits": table(rows, groups),
    }
    text = json.dumps(result, indent=1)
    print(text)
    (Path(__file__).parent / "duplicates.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
