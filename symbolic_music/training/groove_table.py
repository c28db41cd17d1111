"""Measures `grooves.toml` from the Groove MIDI Dataset.

    python -m symbolic_music.training.groove_table CORPUS

CORPUS is a folder that holds the data set as `groove`, with its info.csv.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.files.paths import replacing
from symbolic_music.training.groove import SNARE, TABLE, TOMS, VOICES, Groove, Matrix, Template, parsed
from symbolic_music.training.groove_takes import Take, onsets, takes

#: Bars that a template needs.
FEWEST = 32
#: Strokes that what is known of all styles counts for, in a cell; fills, in the shape of fills.
_PRIOR, _FILLS = 20, 10
#: Strokes under which a style has the drifts of all styles.
_ENOUGH = 1000
_CREDIT = """\
# How drummers play, measured by training/groove_table.py from the Groove MIDI Dataset, Google LLC: J. Gillick,
# A. Roberts, J. Engel, D. Eck, D. Bamman, "Learning to Groove with Inverse Sequence Transformations", ICML 2019.
# Licence of the data set: CC BY 4.0, https://creativecommons.org/licenses/by/4.0/. Changed: counts and means, no notes.
# What the keys hold is said at Groove and Template in training/groove.py.
# Rows: {}.
"""


def _cells(
    values: Matrix, take: NDArray[np.int64], cell: NDArray[np.int64], mean: Matrix, sd: Matrix | None
) -> list[Matrix]:
    """Mean and standard deviation within a take of the values in each cell, drawn towards those given."""
    size = mean.size
    count, total = np.bincount(cell, minlength=size), np.bincount(cell, values, minlength=size)
    _, group, members = np.unique(take * size + cell, return_inverse=True, return_counts=True)
    squares = np.bincount(cell, (values - (np.bincount(group, values) / members)[group]) ** 2, minlength=size)
    free = count - np.bincount(cell, 1 / members[group], minlength=size)
    squares, free = squares.reshape(mean.shape), free.reshape(mean.shape)
    if sd is None:
        sd = np.sqrt(squares.sum(1, keepdims=True) / np.maximum(free.sum(1, keepdims=True), 1))
    means = (total.reshape(mean.shape) + _PRIOR * mean) / (count.reshape(mean.shape) + _PRIOR)
    return [means, np.sqrt((squares + _PRIOR * sd**2) / (free + _PRIOR))]


def _template(group: list[Take], prior: Template | None) -> dict[str, Any]:
    """A table of `grooves.toml` from performances on one grid."""
    slots, count = group[0].slots, len(VOICES)
    take, voice, slot, velocity, offset, loud = _columns(group)
    cell = voice * slots + slot % slots
    if prior is not None and prior.onsets.shape[1] != slots:  # another meter: its voices, whatever the position
        weights = (prior.onsets + 0.01) / (prior.onsets + 0.01).sum(1, keepdims=True)
        levels = {
            k: np.repeat((weights * getattr(prior, k)).sum(1, keepdims=True), slots, 1)
            for k in ("velocity", "spread", "offset", "jitter")
        }
        prior = Template(0, prior.steps, np.ones((count, slots)), ghosts=np.zeros(slots), **levels)

    known: Matrix = np.zeros(count) if prior is None else (prior.velocity - prior.stress).mean(1)
    strokes = np.bincount(voice[loud], minlength=count)
    weight = _PRIOR * (prior is not None)
    total = np.bincount(voice[loud], velocity[loud], minlength=count) + weight * known
    level = total / np.maximum(strokes + weight, 1)
    own = take * count + voice
    usual = np.bincount(own[loud], velocity[loud]) / np.maximum(np.bincount(own[loud]), 1)
    centred = velocity[loud] - usual[own[loud]] + level[voice[loud]]
    timed = ~np.isnan(offset)
    if prior is None:
        late = np.bincount(voice[timed], offset[timed], minlength=count)
        means = level, late / np.maximum(np.bincount(voice[timed], minlength=count), 1)
        priors: list[Any] = [(np.repeat(mean[:, None], slots, 1), None) for mean in means]
    else:
        priors = [(level[:, None] + prior.stress, prior.spread), (prior.offset, prior.jitter)]
    velocities = _cells(centred, take[loud], cell[loud], *priors[0])
    offsets = _cells(offset[timed], take[timed], cell[timed], *priors[1])
    snare = voice == SNARE
    soft, every = (np.bincount(slot[mine] % slots, minlength=slots) for mine in (snare & ~loud, snare))
    arrays = (100 * onsets(group), *velocities, *offsets, 100 * soft / np.maximum(every, 1))
    keys = ("onsets", "velocity", "spread", "offset", "jitter", "ghosts")
    return {"bars": sum(t.bars for t in group)} | {k: _whole(a) for k, a in zip(keys, arrays, strict=True)}


def _whole(array: Any) -> Any:
    return np.round(array).astype(int).tolist()


def _columns(group: list[Take]) -> list[Any]:
    """Number of the take, voice, slot, velocity, offset and loudness of every stroke."""
    number = np.repeat(np.arange(len(group)), [len(t.slot) for t in group])
    names = ("voice", "slot", "velocity", "offset", "loud")
    return [number, *(np.concatenate([getattr(t, name) for t in group]) for name in names)]


def _memory(values: Matrix, series: NDArray[np.int64], group: NDArray[np.int64], time: Matrix) -> list[float]:
    """Correlation of the strokes of a series at once, one and four quarters apart, each less the mean of its group."""
    _, number, members = np.unique(group, return_inverse=True, return_counts=True)
    rest = values - (np.bincount(number, values) / members)[number]
    rest *= np.sqrt(members / np.maximum(members - 1, 1))[number]
    keep = members[number] >= 4
    rest, series, time = rest[keep] / rest[keep].std(), series[keep], time[keep]
    keys, which = np.unique(series * 100_000 + time, return_inverse=True)
    total, count = np.bincount(which, rest), np.bincount(which)
    found = [(total @ total - rest @ rest) / max(count @ count - len(rest), 1)]
    for lag in (12, 48):
        at = np.minimum(np.searchsorted(keys, keys + lag), len(keys) - 1)
        both = keys[at] == keys + lag
        found.append(total[both] @ total[at[both]] / max(count[both] @ count[at[both]], 1))
    return found


def _drifts(beats: list[Take], prior: Groove | None) -> dict[str, list[int]]:
    """Shares of variance in common, and what is left of them a quarter later, of timing and of loudness."""
    group = [t for t in beats if t.meter == "4/4"]
    take, voice, slot, velocity, offset, loud = _columns(group)
    steps = np.array([t.steps for t in group])[take]
    if prior is not None and len(take) < _ENOUGH:
        return {"drift": list(prior.drift), "swell": list(prior.swell)}
    time, cell = slot * 12 // steps, (take * len(VOICES) + voice) * 16 + slot % (4 * steps)
    timed, line = ~np.isnan(offset), take * len(VOICES) + voice
    now, soon, later = _memory(offset[timed], take[timed], cell[timed], time[timed])
    _, near, far = _memory(velocity[loud].astype(float), line[loud], cell[loud], time[loud])
    decay = max(soon, 0.01) * max(later, 0.01) / max(now, 0.01) ** 2  # over one quarter and over four
    drift = now, decay ** (1 / 5)
    swell = near, np.clip(far / max(near, 0.01), 0.1, 1) ** (1 / 3)
    return {k: _whole(100 * np.clip(v, 0.05, 0.95)) for k, v in (("drift", drift), ("swell", swell))}


def _fills(fills: list[Take], prior: Groove | None) -> list[int]:
    """The rise of snare and toms over a fill, and their stress on the beat, half way and elsewhere."""
    rows = []
    for t in fills:
        drums = np.isin(t.voice, (SNARE, TOMS))
        slot, velocity = t.slot[drums], t.velocity[drums]
        if len(slot) < 6 or not np.ptp(slot):
            continue
        part = np.where(slot % t.steps == 0, 0, np.where(slot % t.steps * 2 == t.steps, 1, 2))
        change = velocity - velocity.mean()
        slope = np.polyfit((slot - slot[0]) / np.ptp(slot), change, 1)[0]
        rows.append([slope, *((change[part == k].mean() if (part == k).any() else np.nan) for k in range(3))])
    known = np.zeros(4) if prior is None else np.array(prior.fill)
    table = np.array(rows).reshape(-1, 4)
    count = (~np.isnan(table)).sum(0)
    weight = _FILLS * (prior is not None)
    return _whole((np.nansum(table, 0) + weight * known) / np.maximum(count + weight, 1))


def measure(group: list[Take], neutral: Groove | None = None) -> dict[str, Any]:
    """A style's table for `grooves.toml`: whole numbers.

    Parameters
    ----------
    group : list of Take
        The style's performances, beats and fills.
    neutral : Groove or None
        What is known of all styles, towards which cells with few strokes are drawn; None to measure that.
    """
    beats = [t for t in group if not t.fill]
    four = [t for t in beats if t.meter == "4/4"]
    swings = [t.swing for t in four if t.swung and not np.isnan(t.swing)]
    sixteenths = [t.swing for t in four if not t.swung and not np.isnan(t.swing)]
    _, voice, _, velocity, _, loud = _columns(beats)
    soft, hard = (velocity[(voice == SNARE) & mine] for mine in (~loud, loud))
    known, weight = (neutral.ghosts, _PRIOR) if neutral else ((0, 0, 0), 0)
    squares = ((soft - soft.mean()) ** 2).sum() if len(soft) else 0.0
    ghosts = [
        (soft.sum() + weight * known[0]) / max(len(soft) + weight, 1),
        np.sqrt((squares + weight * known[1] ** 2) / max(len(soft) + weight, 1)),
        (hard.sum() + weight * known[2]) / max(len(hard) + weight, 1),
    ]
    row: dict[str, Any] = {
        "performances": len(beats), "bars": sum(t.bars for t in beats),
        "swung": round(100 * float(np.mean([t.swung for t in four]))),
        "swing": round(100 * float(np.median(swings))) if swings or not neutral else neutral.swing,
        "sixteenths": round(100 * float(np.median(sixteenths))) if sixteenths or not neutral else neutral.sixteenths,
        "ahead": round(float(np.mean([t.ahead for t in beats]))), "ghosts": _whole(ghosts),
        **_drifts(beats, neutral), "fill": _fills([t for t in group if t.fill], neutral),
    }  # fmt: skip
    keys = [f"{t.meter} {'swung' if t.swung else 'straight'}" for t in beats]
    for key, _ in Counter(keys).most_common():  # 4/4 first
        mine = [t for t, its in zip(beats, keys, strict=True) if its == key]
        if sum(t.bars for t in mine) >= FEWEST:
            found = neutral.templates if neutral else parsed("", row).templates
            row[key] = _template(mine, found.get(key) or found.get(f"4/4 {key.split()[1]}"))
    return row


def text(rows: dict[str, dict[str, Any]]) -> str:
    """The rows as `grooves.toml`."""
    lines = [_CREDIT.format(", ".join(VOICES))]
    for name, row in rows.items():
        lines.append(f"[{name}]")
        lines += [f"{k} = {str(v).replace(' ', '')}" for k, v in row.items() if not isinstance(v, dict)]
        for key, table in row.items():
            if isinstance(table, dict):
                lines.append(f'[{name}."{key}"]')
                for k, v in table.items():
                    said = str(v).replace(" ", "").replace("],[", "],\n[").replace("[[", "[\n[").replace("]]", "]\n]")
                    lines.append(f"{k} = {said}")
    return "\n".join(lines) + "\n"


def build(folder: Path) -> dict[str, dict[str, Any]]:
    """All tables of `grooves.toml` from the folder of the data set, "neutral" first, then styles by bars."""
    found = takes(folder)
    neutral = measure(found)
    rows = {"neutral": neutral}
    for style in sorted({t.style for t in found if not t.fill}):
        rows[style] = measure([t for t in found if t.style == style], parsed("neutral", neutral))
    return dict(sorted(rows.items(), key=lambda item: -item[1]["bars"]))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("corpus", type=Path, help="a folder that holds the data set as groove")
    parser.add_argument("-o", "--out", type=Path, default=TABLE)
    args = parser.parse_args()
    rows = build(args.corpus / "groove")
    with replacing(args.out, (".toml",)) as path:
        path.write_text(text(rows), "utf-8")
    for name, row in rows.items():
        print(f"{name:<16}{row['performances']:>5} performances{row['bars']:>7} bars{row['swung']:>5} % swung")


if __name__ == "__main__":
    main()
