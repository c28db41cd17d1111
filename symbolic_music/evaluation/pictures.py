"""Pictures of pieces and of what an evaluation found, as small PNG files. Needs matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.errors import SymbolicMusicError
from symbolic_music.evaluation.metrics import bar_of, similarity
from symbolic_music.files.paths import replacing
from symbolic_music.plot import roll
from symbolic_music.score import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Colours of columns.
_COLOURS = (
    "tab:red", "tab:blue", "tab:green", "tab:orange", "tab:purple", "tab:cyan", "tab:brown", "tab:pink", "tab:olive",
    "navy", "teal", "darkorchid", "goldenrod", "yellowgreen", "salmon",
)  # fmt: skip
#: Colours a picture keeps: lines and faces stay apart, the file small.
_PALETTE = 64
#: Dots an inch.
_DOTS = 80
#: Matrices drawn side by side.
_SIDE_BY_SIDE = 5


def colour(index: int) -> str:
    """The colour of a column by its number; they come again after 15."""
    return _COLOURS[index % len(_COLOURS)]


def needed() -> None:
    """Check that pictures can be drawn.

    Raises
    ------
    SymbolicMusicError
        If matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise SymbolicMusicError("matplotlib is not installed", hint="pip install 'symbolic-music[evaluation]'")


def _figure(width: float, height: float) -> Figure:
    needed()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _save(figure: Figure, path: str | Path) -> Path:
    from PIL import Image  # comes with matplotlib

    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=_DOTS)
    with replacing(path, (".png",)) as temporary, Image.open(data) as image:
        image.convert("RGB").quantize(_PALETTE).save(temporary, optimize=True)
    return Path(path)


def roll_picture(score: Score, path: str | Path, *, title: str = "") -> Path:
    """A piano roll as `plot.roll` draws it.

    Parameters
    ----------
    score : Score
    path : str or Path
        A .png file; one that is there is replaced.
    title : str

    Raises
    ------
    FileError
        If the place cannot be written.
    SymbolicMusicError
        If matplotlib is not installed.
    """
    needed()
    figure = roll(score, width=11, title=title).get_figure(root=True)
    assert figure is not None  # it was made for these axes
    return _save(figure, path)


def bars_alike(score: Score) -> NDArray[np.float64]:
    """How alike any two bars are in onset, pitch and part, 0 to 1, shape [bars, bars].

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> notes = np.array([(0, 24, 60, 80, 0), (24, 24, 62, 80, 0), (96, 24, 60, 80, 0)], NOTE)
    >>> bars_alike(Score((Part(0),), (Meter(),) * 2, notes)).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    bar = bar_of(score, score.notes)
    inside = score.notes["start"] - score.bar_starts[bar]
    content = (inside * 128 + score.notes["pitch"]) * len(score.parts) + score.notes["part"]
    return similarity(bar, content, score.bars)


def likeness_picture(rows: Mapping[str, Sequence[tuple[str, Score]]], path: str | Path) -> Path:
    """Self-similarity: every bar against every bar, dark where alike; a row a column of the report.

    Parameters
    ----------
    rows : mapping of str to sequence of (str, Score)
        Named scores by column; the first five of each are drawn.
    path : str or Path

    Raises
    ------
    FileError, SymbolicMusicError
        As `roll_picture`.
    """
    figure = _figure(2.1 * _SIDE_BY_SIDE, 2.3 * len(rows))
    grid = figure.subplots(len(rows), _SIDE_BY_SIDE, squeeze=False)
    for axes in grid.flat:
        axes.set_axis_off()
    for line, (column, scores) in zip(grid, rows.items(), strict=True):
        for axes, (name, score) in zip(line, scores, strict=False):
            axes.imshow(bars_alike(score), cmap="Greys", vmin=0, vmax=1, interpolation="nearest")
            axes.set_title(f"{column}: {name}", fontsize=8)
    return _save(figure, path)


def _histogram(axes: Axes, sets: Mapping[str, Sequence[float]], real: str, bins: int) -> None:
    """The shares of values of each set; that of the real one is filled."""
    known = {name: values for name, values in sets.items() if len(values)}
    every = np.concatenate([np.asarray(values, float) for values in known.values()])
    low, high = np.quantile(every, (0.005, 0.995))
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    for i, (name, values) in enumerate(sets.items()):
        if name not in known:
            continue
        shares = np.histogram(np.clip(values, low, high), edges)[0] / len(values)
        axes.stairs(shares, edges, label=name, fill=name == real, color="0.8" if name == real else colour(i), lw=1.4)
    axes.tick_params(labelsize=7)
    axes.set_yticks([])


def overlays(values: Mapping[str, Mapping[str, Sequence[float]]], path: str | Path, *, real: str = "") -> Path:
    """Histograms of some figures, the columns over one another, the real one filled.

    Parameters
    ----------
    values : mapping of str to mapping of str to sequence of float
        By figure, then by column.
    path : str or Path
    real : str
        The column of real music, if there is one.

    Raises
    ------
    FileError, SymbolicMusicError
        As `roll_picture`.
    """
    shown = {name: sets for name, sets in values.items() if any(map(len, sets.values()))}
    lines = max(1, -(-len(shown) // 3))
    figure = _figure(10, 2.2 * lines)
    grid = list(figure.subplots(lines, 3, squeeze=False).flat)
    for axes in grid[len(shown) :]:
        axes.set_axis_off()
    for axes, (name, sets) in zip(grid, shown.items(), strict=False):
        _histogram(axes, sets, real, 20)
        axes.set_title(name, fontsize=9)
    _legend(figure, grid[: len(shown)])
    return _save(figure, path)


def _legend(figure: Figure, axes: Sequence[Axes]) -> None:
    """One legend for all, below."""
    named = {label: handle for a in axes for handle, label in zip(*a.get_legend_handles_labels(), strict=True)}
    if named:
        figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=6, frameon=False, fontsize=8)


def told_picture(told: Mapping[str, Mapping[str, Mapping[str, Any]]], path: str | Path) -> Path | None:
    """Two-sample accuracy by genre, a bar a column from one half up, with its standard error.

    Parameters
    ----------
    told : mapping of str to mapping of str to mapping
        By genre, then by column: "accuracy" and "error"; what has none is left out.
    path : str or Path

    Returns
    -------
    Path or None
        None if there is nothing to draw.

    Raises
    ------
    FileError, SymbolicMusicError
        As `roll_picture`.
    """
    known = {g: {c: t for c, t in row.items() if "accuracy" in t} for g, row in told.items()}
    known = {g: row for g, row in known.items() if row}
    if not known:
        return None
    columns = list(dict.fromkeys(c for row in told.values() for c in row))
    figure = _figure(max(4.5, 1.5 + 0.55 * len(known) * max(1, len(columns) / 2)), 3.2)
    axes = figure.subplots()
    for i, column in enumerate(columns):
        at = [(n, row[column]) for n, row in enumerate(known.values()) if column in row]
        x = [n + (i + 0.5) * 0.8 / len(columns) - 0.4 for n, _ in at]
        errors = [t["error"] for _, t in at]
        height = [t["accuracy"] - 0.5 for _, t in at]
        axes.bar(x, height, 0.75 / len(columns), 0.5, yerr=errors, color=colour(i), label=column)
    axes.axhline(0.5, color="0.2", lw=1)
    axes.set_xticks(range(len(known)), list(known), rotation=35, ha="right", fontsize=8)
    axes.set(ylim=(0.4, 1.02), ylabel="told apart")
    _legend(figure, [axes])
    return _save(figure, path)


def memorised_picture(notes: Mapping[str, Sequence[float]], path: str | Path, *, real: str = "") -> Path:
    """A histogram of the longest run of notes that each excerpt shares with a piece trained on.

    Parameters
    ----------
    notes : mapping of str to sequence of float
        Notes of the longest run of each excerpt, by column.
    path : str or Path
    real : str
        The column of real music, if there is one.

    Raises
    ------
    FileError, SymbolicMusicError
        As `roll_picture`.
    """
    figure = _figure(7, 3)
    axes = figure.subplots()
    _histogram(axes, notes, real, 24)
    axes.set(xlabel="notes of the longest run shared with a piece trained on", ylabel="share of excerpts")
    _legend(figure, [axes])
    return _save(figure, path)
