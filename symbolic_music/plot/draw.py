"""A piano roll on matplotlib axes: time in quarter notes, height in MIDI pitches, drums in a strip of their own."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from symbolic_music.files.names import changes, chord_changes, readable, track_names
from symbolic_music.score import Score
from symbolic_music.theory.kit import KIT
from symbolic_music.theory.meters import TICKS
from symbolic_music.theory.pitch import pitch_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.transforms import Transform

#: Six of the colours of Okabe and Ito (Color Universal Design, 2008), those that show on white and on black, and a
#: brown. They come again with an outline, and then as an outline only.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#815931")
_DRUMS = "#808080"
#: How opaque notes are, from the softest quarter of all velocities to the loudest.
_OPACITY = (0.55, 0.7, 0.85, 1.0)
#: Inches a quarter note, a semitone and a row of the legend; the narrowest and the widest picture.
_QUARTER, _SEMITONE, _ROW, _WIDTHS = 0.14, 0.065, 0.17, (7.0, 60.0)
#: Semitones from one drum to the next.
_DRUM = 2
#: Points: a letter of small type, rows above the roll, the narrowest note, the room that a bar's number needs, a page.
_LETTER, _ABOVE, _NARROWEST, _NUMBER, _PAGE = 4.4, 11, 1.2, 18, 620
#: Notes up to which an SVG holds shapes, and above which a bitmap of them.
SHAPES = 8000


def drum_rows(score: Score) -> dict[int, float]:
    """The height at which each drum of a score is drawn, by its MIDI pitch; the highest pitch lies on top.

    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> notes = np.array([(0, 6, 36, 90, 0), (0, 6, 42, 90, 0), (0, 24, 60, 90, 1)], NOTE)
    >>> drum_rows(Score((Part(-1), Part(0)), (Meter(),), notes))
    {42: 52, 36: 50}
    """
    drums = np.isin(score.notes["part"], [i for i, part in enumerate(score.parts) if part.is_drums])
    used = np.unique(score.notes["pitch"][drums])[::-1].tolist()
    return {pitch: _pitches(score)[0] - 2 - _DRUM * row for row, pitch in enumerate(used)}


def _pitches(score: Score) -> tuple[int, int]:
    """The lowest and the highest row for pitches: an octave or more around the notes, none where there are only drums.

    The rows of a score without notes are the two octaves around middle C.
    """
    melodic = np.isin(score.notes["part"], [i for i, part in enumerate(score.parts) if not part.is_drums])
    if not melodic.any():
        return (60, 59) if len(score.notes) else (48, 72)
    low, high = int(score.notes["pitch"][melodic].min()) - 1, int(score.notes["pitch"][melodic].max()) + 1
    wider = max(0, 12 - (high - low))
    return low - wider // 2, high + -(-wider // 2)


def roll(
    score: Score,
    *,
    ax: Axes | None = None,
    width: float | None = None,
    title: str = "",
    colours: Sequence[str] | None = None,
) -> Axes:
    """Draws a piano roll.

    A colour for each part, opaque where it is loud; a line at each bar; above them the sections and the chords, where
    the score knows any; octaves by name; drums below, by name; key, tempo and meter under the numbers of the bars.
    Words and lines take matplotlib's "text.color", so that its dark styles work.

    Parameters
    ----------
    score : Score
    ax : Axes, optional
        Where to draw; without it a figure is made, `.figure` of what comes back, and in a notebook it shows itself.
    width : float, optional
        Inches of the figure made; by default as many as the music needs, 7 to 60.
    title : str
    colours : sequence of str, optional
        The colour of each part.

    Returns
    -------
    Axes
        x in quarter notes; y in MIDI pitches, for drums as in `drum_rows`.

    Examples
    --------
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> axes = roll(Score((Part(0),), (Meter(),) * 4, np.array([(0, 24, 60, 90, 0)], NOTE), tempo=90))
    >>> axes.get_xlabel()
    '90 BPM · 4/4'
    """
    from matplotlib import rcParams

    axes = _axes(score, width, title) if ax is None else ax
    ink = rcParams["text.color"]
    edges = score.bar_starts / TICKS
    across = axes.get_window_extent().width if ax else axes.figure.bbox.width  # before it is laid out
    points = (across * 72 / axes.figure.dpi - 60 * (ax is None)) / max(edges[-1], 1)
    _grid(axes, score, edges, points, ink)
    _parts(axes, score, points, ink, colours)
    above = _chords(axes, score, points, ink)
    above = _sections(axes, score, edges, points, ink, above)
    letters = max(20, int(points * edges[-1] / _LETTER / 1.3))
    axes.set_title(_cut(readable(title), letters), loc="left", fontsize=10, color=ink, pad=above + 4, parse_math=False)
    axes.set_xlabel(_caption(score), loc="left", fontsize=7.5, color=ink, parse_math=False)
    return axes


def _axes(score: Score, width: float | None, title: str) -> Axes:
    """Axes in a figure as large as the score needs."""
    from matplotlib.figure import Figure

    width = width or float(np.clip(score.bar_starts[-1] / TICKS * _QUARTER + 0.8, *_WIDTHS))
    low, high = _pitches(score)
    rows = high - low + 1 + _DRUM * len(drum_rows(score))
    names = _columns(playing(score), width * 72 - 60)[1]
    height = float(np.clip(rows * _SEMITONE, 1.2, 6)) + _ROW * names + 0.5
    height += 0.25 * bool(title) + _ABOVE / 72 * (bool(any(score.sections)) + 2 * (score.chords is not None))
    return Figure(figsize=(width, height), dpi=100, layout="constrained").add_subplot(axes_class=_shown())


@cache
def _shown() -> type[Axes]:
    """Axes that show themselves in a notebook."""
    from matplotlib.axes import Axes

    class Roll(Axes):
        def _repr_html_(self) -> str:
            from symbolic_music.plot.markup import markup, scrolled

            return scrolled(markup(self))

    return Roll


def playing(score: Score) -> dict[int, str]:
    """The names of the parts that play, by number."""
    names = track_names(score)
    return {i: _cut(names[i], 32) for i in np.unique(score.notes["part"]).tolist()}


def _cut(text: str, letters: int) -> str:
    """Text on one line of at most so many letters."""
    text = " ".join(text.split())
    return text if len(text) <= letters else text[: letters - 1] + "…"


def _columns(names: dict[int, str], room: float) -> tuple[int, int]:
    """Columns and rows of the legend, which is no wider than a page."""
    columns = max(1, int(min(room, _PAGE) // (max(map(len, names.values()), default=0) * _LETTER + 30)))
    return columns, -(-len(names) // columns)


def _above(axes: Axes, *, bottom: bool = False) -> Transform:
    """Quarter notes across, and points up from the top or the bottom of the axes."""
    from matplotlib.transforms import Affine2D, ScaledTranslation, blended_transform_factory

    inches = Affine2D().scale(1 / 72) + axes.figure.dpi_scale_trans
    up = inches + ScaledTranslation(0, 0 if bottom else 1, axes.transAxes)  # type: ignore[arg-type]
    return blended_transform_factory(axes.transAxes if bottom else axes.transData, up)


def _grid(axes: Axes, score: Score, edges: NDArray[np.float64], points: float, ink: str) -> None:
    """Bars with their numbers, octaves and drums with their names."""
    low, high = _pitches(score)
    drums = drum_rows(score)
    bottom = min(drums.values(), default=low + 1) - 1.5
    bar = points * edges[-1] / max(score.bars, 1)
    every = int(2 ** max(0.0, np.ceil(np.log2(_NUMBER / bar)))) if score.bars else 1
    first = edges[:-1:every]
    axes.set_xticks(first, [str(1 + every * i) for i in range(len(first))], fontsize=7, ha="left")
    octaves = [n for n in range(low, high + 1) if n % 12 == 0]
    names = {pitch: name for name, pitch in KIT.items()}
    labels = [pitch_name(n) for n in octaves] + [names.get(n, f"drum {n}") for n in drums]
    axes.set_yticks([*octaves, *drums.values()], labels, fontsize=7)
    axes.tick_params(length=0, colors=ink, pad=3)
    axes.set(xlim=(0, max(edges[-1], 1)), ylim=(bottom, high + 0.5 if high > low else max(drums.values()) + 1.5))
    axes.spines[:].set_visible(False)
    row = axes.bbox.height * 72 / axes.figure.dpi / np.ptp(axes.get_ylim())
    for label in axes.get_yticklabels()[len(octaves) :]:
        label.set_fontsize(float(np.clip(_DRUM * row, 4, 7)))
    lines = edges if bar >= 3 else np.append(first, edges[-1])
    top = axes.get_ylim()[1]
    _shapes(axes, [(x, bottom, x, top) for x in lines], ec=ink, lw=0.6, alpha=0.25, zorder=0.5, gid="bars")
    _shapes(axes, [(0, n - 0.5, edges[-1], n - 0.5) for n in octaves], ec=ink, lw=0.5, alpha=0.2, zorder=0.5)
    if drums and high > low:
        axes.axhspan(bottom, max(drums.values()) + 1.2, color=ink, alpha=0.05, lw=0, zorder=0.4)


def _shapes(axes: Axes, boxes: Sequence[Any] | NDArray[Any], **looks: Any) -> None:
    """Boxes (left, bottom, right, top) as one shape, lines where no face is given; the limits of the axes stay."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    left, bottom, right, top = np.asarray(boxes, float).reshape(-1, 4).T
    if "fc" in looks:
        corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        codes = [Path.MOVETO, Path.LINETO, Path.LINETO, Path.LINETO, Path.CLOSEPOLY]
    else:
        corners, codes, looks["fc"] = [(left, bottom), (right, top)], [Path.MOVETO, Path.LINETO], "none"
    path = Path(np.stack([np.stack(c, 1) for c in corners], 1).reshape(-1, 2), np.tile(codes, len(left)))
    axes.add_artist(PathPatch(path, **looks))


def _parts(axes: Axes, score: Score, points: float, ink: str, colours: Sequence[str] | None) -> None:
    """The notes of each part, and what it is called."""
    from matplotlib.patches import Patch

    rows, names, many = drum_rows(score), playing(score), len(score.notes) > SHAPES
    line = _DRUMS if many else ink  # a bitmap cannot change with the page
    handles, melodic = [], [i for i, part in enumerate(score.parts) if not part.is_drums]
    for i in names:
        mine = score.notes[score.notes["part"] == i]
        look: dict[str, Any] = {"fc": _DRUMS, "lw": 0}
        y, half = mine["pitch"].astype(float), 0.45
        if score.parts[i].is_drums:
            y, half = np.array([rows[p] for p in mine["pitch"].tolist()]), 0.7
        else:
            again, number = divmod(melodic.index(i), len(COLOURS))
            look["fc"] = COLOURS[number]
            if again:
                look |= {"lw": min(0.7, points / 8), "ec": line if again == 1 else look["fc"]} | (
                    {"fc": "none"} if again > 1 else {}
                )
        if colours is not None:
            look = {"fc": colours[i], "lw": 0}
        left = mine["start"] / TICKS
        length = np.full(len(mine), 0.12) if score.parts[i].is_drums else mine["duration"] / TICKS - 0.04
        right = np.minimum(left + np.maximum(length, _NARROWEST / points), score.bar_starts[-1] / TICKS)
        boxes = np.stack([left, y - half, right, y + half], 1)
        loud = np.clip(mine["velocity"] // 32, 0, 3)
        for level, alpha in enumerate(_OPACITY):
            if (loud == level).any():
                _shapes(axes, boxes[loud == level], **look, alpha=alpha, zorder=2, gid=f"part-{i} {names[i]}",
                        rasterized=many, antialiased=not many)  # fmt: skip
        handles.append(Patch(**look))
    if names:
        columns, _ = _columns(names, points * score.bar_starts[-1] / TICKS)
        legend = axes.legend(
            handles, list(map(str, names)), loc="upper left", bbox_to_anchor=(0, -24),
            bbox_transform=_above(axes, bottom=True), ncols=columns, frameon=False, fontsize=7.5, labelcolor=ink,
            handlelength=1, handleheight=0.7, borderpad=0, borderaxespad=0, columnspacing=1.5,
        )  # fmt: skip
        for text, name in zip(legend.get_texts(), names.values(), strict=True):
            text.set_parse_math(False)  # a name may hold a dollar, or begin with what legends leave out
            text.set_text(name)


def _said(axes: Axes, x: float, y: float, text: str, ink: str, **looks: Any) -> None:
    """Small words above the roll, at x in quarter notes and y in points."""
    said = axes.text(x, y, text, transform=_above(axes), fontsize=7, color=ink, parse_math=False, **looks)
    said.set(clip_box=_header(axes), clip_on=True)


def _header(axes: Axes) -> Any:
    """The room over the axes: what is above a part of the music that is not in view is not shown."""
    from matplotlib.transforms import Bbox, TransformedBbox

    return TransformedBbox(Bbox.from_extents(-0.001, 1, 1, 99), axes.transAxes)


def _chords(axes: Axes, score: Score, points: float, ink: str) -> float:
    """Chord names where chords change, in two rows where they are close; the points they take.

    Where there is no room for a name there is a dot.
    """
    free, used = [0.0, 0.0], 0
    for tick, name in chord_changes(score):
        x = tick / TICKS
        row = next((row for row in (0, 1) if free[row] <= x), None)
        _said(axes, x, 3 + _ABOVE * (row or 0), "·" if row is None else name, ink, gid="chord")
        if row is not None:
            free[row], used = x + (len(name) * _LETTER + 6) / points, max(used, row + 1)
    return used * _ABOVE + 3


def _sections(axes: Axes, score: Score, edges: NDArray[np.float64], points: float, ink: str, low: float) -> float:
    """A band over each section with its label, from `low` points over the roll; how high they reach."""
    from matplotlib.patches import Rectangle

    place, shades = _above(axes), dict[str, float]()
    runs = [(label, len(list(run))) for label, run in groupby(map(readable, score.sections[: score.bars]))]
    starts = np.cumsum([0, *(length for _, length in runs)])
    for (label, _), (start, stop) in zip(runs, pairwise(starts.tolist()), strict=True):
        if not label:
            continue
        x, width = float(edges[start]), float(edges[stop] - edges[start])
        shade = shades.setdefault(label, (0.12, 0.22, 0.32)[len(shades) % 3])
        gap = min(1 / points, width / 4)
        band = Rectangle((x, low), width - gap, _ABOVE, transform=place, fc=ink, alpha=shade, lw=0, gid="section")
        axes.add_artist(band).set_clip_box(_header(axes))
        room = int((width * points - 4) / _LETTER)
        if room > 1:
            _said(axes, x + 3 / points, low + 3, _cut(label, room), ink, weight="bold")
    return low + _ABOVE if shades else low


def _caption(score: Score) -> str:
    """Key, tempo and meter in words, with their first changes."""
    edges = score.bar_starts
    keys = [(bar, f"{key}") for bar, key in score.key_map]
    tempos = [(int(edges.searchsorted(tick, "right")) - 1, f"{tempo:.4g} BPM") for tick, tempo in score.tempo_map]
    meters = [(bar, f"{score.meters[bar]}") for bar in changes(score.meters)]
    stated = tempos if score.tempo is not None or score.tempos else []
    return " · ".join(filter(None, map(_listed, (keys, stated, meters))))


def _listed(changing: Sequence[tuple[int, str]]) -> str:
    """Up to three values with the bars, from 0, where they begin."""
    said = [value + (f" from bar {bar + 1}" if bar else "") for bar, value in changing[:3]]
    return ", ".join(said) + (f" and {len(changing) - 3} more" if len(changing) > 3 else "")
