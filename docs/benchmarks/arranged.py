"""Whether arranged pieces can be told from real ones, genre by genre, on excerpts of 64 beats.

    python docs/benchmarks/arranged.py data FOLDER --genres rock metal jazz
    python docs/benchmarks/arranged.py data symbolic_music.training.arranger:arrange --genres rock metal --pieces 60
    python docs/benchmarks/arranged.py data real --genres rock metal game       half against the other half
    python docs/benchmarks/arranged.py data source:sildra --genres game         one source against the others

`data` is what training.corpus wrote. FOLDER holds GENRE-*.mid; `function(genre, rng=…)` returns a Score, or something
with a `score`. Where a style has no real pieces of its own, the nearest ones stand in (`NEAREST`), or all bands; where
the real ones have no drums, those of the arranged ones are left out. Both sides pass through the same tokens.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from symbolic_music.errors import BriefError, SymbolicMusicError
from symbolic_music.evaluation.features import FAMILIES, excerpts
from symbolic_music.evaluation.features import names as feature_names
from symbolic_music.evaluation.metrics import MEASURES, distances, measured, overlapping_area
from symbolic_music.evaluation.twosample import FOLDS, Table, balanced, joined, table, two_sample
from symbolic_music.files.read_midi import load
from symbolic_music.score import Score
from symbolic_music.theory.genres import genre, names
from symbolic_music.tokens.layout import control_ids, read, write
from symbolic_music.training.corpus import clean
from symbolic_music.training.dataset import Shards, kept

#: Styles whose real pieces go by another genre.
NEAREST = {
    "punk": "rock", "grunge": "rock", "chiptune": "game", "film-score": "orchestral",
    "house": "electronic", "techno": "electronic", "trance": "electronic", "drum-and-bass": "electronic",
    "synthwave": "electronic", "trap": "electronic", "country": "folk", "bluegrass": "folk", "klezmer": "dance",
}  # fmt: skip
#: Real pieces a comparison needs; with fewer, all bands stand in.
ENOUGH = 6
#: Excerpts of each side over which single measures are compared.
MEASURED = 200


@dataclass(frozen=True)
class Side:
    """Some pieces and what they measure."""

    scores: list[Score]
    table: Table
    measures: dict[str, list[float]]


def side(scores: list[Score], rng: np.random.Generator) -> Side:
    cuts = [cut for score in scores for cut in excerpts(score)]
    some = [cuts[i] for i in rng.permutation(len(cuts))[:MEASURED]]
    rows = [measured(cut) for cut in some]
    return Side(scores, table(scores), {name: [row[name] for row in rows] for name in MEASURES})


def has_drums(score: Score) -> bool:
    return any(score.parts[i].is_drums for i in np.unique(score.notes["part"]))


def without_drums(score: Score) -> Score:
    return kept(score, [i for i, part in enumerate(score.parts) if not part.is_drums])


def is_band(score: Score) -> bool:
    return has_drums(score) and not all(score.parts[i].is_drums for i in np.unique(score.notes["part"]))


def real_pieces(data: Path, without: set[str]) -> list[tuple[str, str, Score]]:
    """Genre, source and score of every piece, but for some sources."""
    found = []
    for split in ("train", "validation", "test"):
        shards = Shards(data, split)
        pieces = [p for p in shards.pieces if p.source not in without]
        found += [(p.genre, p.source, read(shards.ids(p))) for p in tqdm(pieces, desc=split, disable=None)]
    return found


def through_tokens(score: Score, style: str) -> Score | None:
    """The score as the corpus would hold it, None where it would not."""
    row = dict.fromkeys(("tempo_bpm", "source", "title", "style"), "") | {"genre": style}
    try:
        fit = clean(score, row)
    except ValueError:
        return None
    return read(write(fit, control_ids(tempo=score.tempo)))


def style_of(path: Path) -> str:
    """The genre that a file is named after, the longest that fits."""
    fits = [name for name in names() if path.stem == name or path.stem.startswith(f"{name}-")]
    return max(fits, key=len, default="")


def made_pieces(where: str, genres: list[str], pieces: int, rng: np.random.Generator) -> dict[str, list[Score]]:
    """Pieces by style, out of a folder or a function."""
    found: dict[str, list[Score]] = {}
    if Path(where).is_dir():
        for path in tqdm(sorted(Path(where).glob("*.mid")), desc="files", disable=None):
            style = style_of(path)
            if style and (not genres or style in genres):
                found.setdefault(style, []).append(load(path))
    else:
        module, _, name = where.partition(":")
        make = getattr(importlib.import_module(module), name)
        for style in genres:
            made = [make(style, rng=rng) for _ in tqdm(range(pieces), desc=style, disable=None)]
            found[style] = [getattr(piece, "score", piece) for piece in made]
    fit = {style: [through_tokens(score, style) for score in scores] for style, scores in found.items()}
    return {style: [score for score in scores if score is not None] for style, scores in fit.items()}


def is_solo(score: Score) -> bool:
    return sum(not score.parts[i].is_drums for i in np.unique(score.notes["part"])) == 1


def opposite(made: list[Score], style: str, real: list[tuple[str, str, Score]]) -> tuple[str, list[Score], list[Score]]:
    """What real pieces stand against a style, their scores, and the made ones as they are to be compared.

    Bands against bands, one instrument against one, several against several, as far as there are enough; a band whose
    style has neither against all bands.
    """
    drummed = np.mean([has_drums(score) for score in made]) > 0.5
    solo = np.mean([is_solo(score) for score in made]) > 0.5
    for name in dict.fromkeys((style, NEAREST.get(style, style))):
        mine = [score for g, _, score in real if g == name]
        undrummed = [score for score in mine if not has_drums(score)]
        bare = [score for score in undrummed if is_solo(score) == solo]
        if not drummed and len(bare) < ENOUGH:
            bare = undrummed
        if drummed and len(bands := [score for score in mine if is_band(score)]) >= ENOUGH:
            return name, bands, made
        if len(bare) >= ENOUGH:
            return (
                (f"{name}, drums left out", bare, [without_drums(s) for s in made]) if drummed else (name, bare, made)
            )
    if not drummed:
        return "", [], made
    return "all bands", [score for _, _, score in real if is_band(score)], made


def pairs(args: argparse.Namespace, rng: np.random.Generator) -> Iterable[tuple[str, str, list[Score], list[Score]]]:
    """Style, what is real, real pieces, others."""
    real = real_pieces(args.data, {"groove", "arranger"} - {args.other.removeprefix("source:")})
    if args.other == "real" or args.other.startswith("source:"):
        source = args.other.removeprefix("source:")
        for style in args.genres:
            mine = [(s, score) for g, s, score in real if g == style]
            bands = [(s, score) for s, score in mine if is_band(score)]
            mine = bands if len(bands) >= 2 * ENOUGH else mine
            if args.other == "real":
                order = [mine[i][1] for i in rng.permutation(len(mine))]
                yield style, "the other half", order[: len(mine) // 2], order[len(mine) // 2 :]
            else:
                yield style, f"not {source}", [x for s, x in mine if s != source], [x for s, x in mine if s == source]
        return
    for style, scores in made_pieces(args.other, args.genres, args.pieces, rng).items():
        name, against, made = opposite(scores, style, real)
        yield style, name, [against[i] for i in rng.permutation(len(against))[: args.most]], made


def mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None and not np.isnan(v)]
    return round(float(np.mean(known)), 2) if known else None


def apart(real: Side, made: Side) -> dict[str, Any]:
    """Single measures of both sides: means, and how far their values overlap."""
    onset = [i for i, name in enumerate(feature_names()) if "on sixteenth" in name and "accent" not in name]
    profile = np.abs(real.table.rows[:, onset].mean(0) - made.table.rows[:, onset].mean(0)).mean()
    found: dict[str, Any] = {
        "tempo": [mean(score.tempo for score in s.scores) for s in (real, made)],
        "onset profile": round(float(profile), 3),
    }
    for name in MEASURES:
        a, b = ([v for v in s.measures[name] if not np.isnan(v)] for s in (real, made))
        if len(a) > 1 and len(b) > 1:
            far = distances(a, b)
            found[name] = {
                "means": [mean(a), mean(b)],
                "overlap": round(overlapping_area(a, b), 2),
                "divergence": round(far.divergence, 3),
            }
    return found


def compare(real: Table, made: Table, args: argparse.Namespace, rng: np.random.Generator) -> dict[str, Any]:
    """The test with all features, and without velocity, of which scores typeset from notation have none."""
    found = two_sample(real, made, rng=rng, labellings=args.labellings)
    flat = two_sample(real, made, rng=rng, without=["velocity"])
    return {"all": found, "without velocity": flat}


def line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def rows(result: dict[str, dict[str, Any]]) -> str:
    """Three Markdown tables; of pieces and means the real ones come first."""
    lines = [
        line("style", "against", "pieces", "excerpts", "told apart", "chance", "without velocity", "programs alone",
             "most telling"),
        line(*["---"] * 9),
    ]  # fmt: skip
    for style, row in result.items():
        test, flat = row["test"]["all"], row["test"]["without velocity"]
        chance = "" if test.chance is None else f"{test.chance:.2f}"
        pieces, cuts = "{} / {}".format(*test.pieces), f"2 × {test.excerpts}"
        alone, telling = f"{test.alone['programs']:.2f}", "; ".join(map(str, test.telling[:5]))
        lines.append(line(style, row["against"], pieces, cuts, test, chance, flat, alone, telling))
    lines += ["", line("told apart by these alone", *FAMILIES), line(*["---"] * (len(FAMILIES) + 1))]
    for style, row in result.items():
        lines.append(line(style, *(f"{row['test']['all'].alone[name]:.2f}" for name in FAMILIES)))
    shown = ("notes a beat", "velocity", "velocity spread")
    lines += ["", line("style", "tempo", *shown, "onset profile", "overlap, mean", "least overlap"), line(*["---"] * 8)]
    for style, row in result.items():
        if "apart" not in row:
            continue
        far = row["apart"]
        overlaps = {name: v["overlap"] for name, v in far.items() if isinstance(v, dict)}
        worst = sorted(overlaps, key=lambda name: overlaps[name])[:3]
        means = ["{} → {}".format(*pair) for pair in (far["tempo"], *(far[name]["means"] for name in shown))]
        overlap = f"{np.mean(list(overlaps.values())):.2f}"
        least = ", ".join(f"{name} {overlaps[name]:.2f}" for name in worst)
        lines.append(line(style, *means, far["onset profile"], overlap, least))
    return "\n".join(lines)


def main() -> None:
    """Compare, print the tables, write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("other", help="a folder of GENRE-*.mid, module:function, real, or source:NAME")
    parser.add_argument("--genres", nargs="+", default=[], help="all in the folder where not given")
    parser.add_argument("--pieces", type=int, default=40, help="of a style, made by the function")
    parser.add_argument("--most", type=int, default=150, help="real pieces of a style")
    parser.add_argument("--labellings", type=int, default=0, help="random labellings, for chance; 19 take a while")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "arranged.json")
    args = parser.parse_args()
    args.genres = [genre(name).name for name in args.genres]
    folder = Path(args.other).is_dir()
    if not args.genres and not folder:
        raise BriefError("no genres", hint="--genres rock metal")
    rng = np.random.default_rng(args.seed)
    result: dict[str, dict[str, Any]] = {}
    both: list[tuple[Table, Table]] = []
    for style, against, real, made in pairs(args, rng):
        sides = side(real, rng), side(made, rng)
        if min(len(np.unique(s.table.piece)) for s in sides) < FOLDS:
            print(f"{style}: {len(real)} real and {len(made)} made pieces are too few")
            continue
        test = compare(sides[0].table, sides[1].table, args, rng)
        result[style] = {"against": against, "test": test, "apart": apart(*sides)}
        if against != "all bands":
            both.append(balanced(sides[0].table, sides[1].table, rng))
    if len(both) > 1:
        real_all, made_all = (joined([pair[k] for pair in both]) for k in (0, 1))
        result["all"] = {"against": "their own", "test": compare(real_all, made_all, args, rng)}
    print(rows(result))
    for row in result.values():
        row["test"] = {name: asdict(found) for name, found in row["test"].items()}
    args.out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except SymbolicMusicError as error:
        raise SystemExit(str(error)) from None
