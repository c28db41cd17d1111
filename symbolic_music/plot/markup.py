"""A piano roll as SVG, and as HTML with the sound: what notebooks show."""

from __future__ import annotations

import base64
import hashlib
import io
import re
import warnings
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from symbolic_music.plot.draw import playing, roll
from symbolic_music.score import Score

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Groups of an SVG, beside the parts, that keep their names.
_NAMED = ("bars", "chord", "section")
_BOX = re.compile(r"M (\S+) (\S+) L (\S+) \2 L \3 (\S+) L \1 \4 (?:L \1 \2 )?z ?")
_LINE = re.compile(r"M (\S+) (\S+) L (\S+) (\S+)(?: L \3 \4)?(?: |$)")
#: Colours of a bitmap, and its dots an inch.
_PALETTE, _DOTS = 32, 72
#: What is the same for every shape and word, or goes without saying.
_STYLES = re.compile(r"; (stroke-linejoin: miter|text-anchor: start|font-family: [^;]*sans-serif)")


def svg(score: Score, *, width: float | None = None, title: str = "", colours: Sequence[str] | None = None) -> str:
    """A piano roll as an SVG element, the same characters for the same score.

    It has no background, and its words and lines take the colour of the text around it, so that it is readable on a
    light and on a dark page. Groups of the class ``part-0``, ``part-1`` ... hold the notes of each part, as shapes up
    to 8,000 notes and as a bitmap above.

    Parameters
    ----------
    score, width, title, colours
        As in `roll`.

    Returns
    -------
    str
        From ``<svg`` to ``</svg>``; what ids it has begin with a hash of all of it, so that several fit on a page.

    Examples
    --------
    >>> import numpy as np
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> svg(Score((Part(0),), (Meter(),), np.array([(0, 24, 60, 90, 0)], NOTE)))[:4]
    '<svg'
    """
    from matplotlib import rc_context

    with rc_context({"text.color": "black"}):
        axes = roll(score, width=width, title=title, colours=colours)
        return markup(axes)


def markup(axes: Axes) -> str:
    """The figure of some axes as a small SVG without a background, whose black is the colour of the text around it."""
    from matplotlib import rc_context

    figure = axes.get_figure(root=True)
    assert figure is not None
    out = io.StringIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "roll"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph")  # a browser has fonts that matplotlib has not
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, dpi=_DOTS, metadata=nothing)
    text = out.getvalue()
    root = ElementTree.fromstring(text.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1))  # noqa: S314  # ours
    _tidy(root, f"r{hashlib.sha256(text.encode()).hexdigest()[:12]}-")
    for name, value in (("xmlns", "http://www.w3.org/2000/svg"), ("fill", "currentColor"), ("role", "img"),
                        ("font-family", "sans-serif"), ("style", "max-width: none")):  # fmt: skip
        root.set(name, value)
    return ElementTree.tostring(root, "unicode")


def _tidy(element: ElementTree.Element, own: str) -> None:
    """What is inside an element: its ids those of this document, groups named by class, nothing that is not seen."""
    for child in list(element):
        _tidy(child, own)
        looks = child.attrib
        name = looks.pop("id", "")
        part = re.match(r"(part-\d+) ", name)
        if child.tag == "clipPath":
            looks["id"] = own + name
        elif part or name in _NAMED:
            looks["class"] = part[1] if part else name
        if part:
            ElementTree.SubElement(child, "title").text = name[part.end() :]
        if "clip-path" in looks:
            looks["clip-path"] = looks["clip-path"].replace("#", f"#{own}")
        if "d" in looks:
            looks["d"] = _short(" ".join(looks["d"].split()))
        if "rotate(-0 " in looks.get("transform", ""):
            del looks["transform"]
        if link := looks.pop("{http://www.w3.org/1999/xlink}href", ""):
            looks["href"] = _few_colours(link)
        if "style" in looks:
            looks["style"] = _STYLES.sub("", looks["style"]).replace("#000000", "currentColor")
        for key in looks.keys() & {"x", "y", "width", "height"}:
            looks[key] = f"{float(looks[key]):.1f}"
        child.tail = None
        if child.tag not in ("text", "tspan", "title"):
            child.text = None
        unseen = child.tag in ("g", "defs") and not len(child)
        if unseen or child.tag == "style" or looks.get("style") == "fill: none":
            element.remove(child)
    element.text = element.text if element.tag in ("text", "tspan", "title") else None


def _few_colours(link: str) -> str:
    """A bitmap in a link with no more colours than it needs."""
    from PIL import Image  # comes with matplotlib

    head, data = link.split(",", 1)
    out = io.BytesIO()
    with Image.open(io.BytesIO(base64.b64decode(data))) as image:
        image.quantize(_PALETTE, Image.Quantize.FASTOCTREE).save(out, "png", optimize=True)
    return f"{head},{base64.b64encode(out.getvalue()).decode()}"


def _short(data: str) -> str:
    """A path whose boxes and lines are written by how far they go, to a tenth of a point."""

    def box(found: re.Match[str]) -> str:
        left, bottom, right, top = (round(float(n), 1) for n in found.groups())
        return f"M{left:g} {bottom:g}h{right - left:.4g}v{top - bottom:.4g}h{left - right:.4g}z"

    def line(found: re.Match[str]) -> str:
        left, bottom, right, top = (round(float(n), 1) for n in found.groups())
        return f"M{left:g} {bottom:g}" + (f"V{top:g}" if left == right else f"L{right:g} {top:g}")

    return _LINE.sub(line, _BOX.sub(box, data))


def html(
    score: Score, audio: bytes | None = None, kind: str = "audio/mpeg", caption: str = "", *, title: str = ""
) -> str:
    """What a notebook shows of a piece: its roll in a box that scrolls, a player, and a line about it.

    Parameters
    ----------
    score : Score
    audio : bytes, optional
        The sound; it becomes a part of the text.
    kind : str
        The media type of the sound, such as "audio/wav", "audio/flac" or "audio/mpeg".
    caption : str
        A second line, such as how to get sound.
    title : str

    Returns
    -------
    str
        One ``<div>``.

    Examples
    --------
    >>> import numpy as np
    >>> from symbolic_music.score import NOTE, Part
    >>> from symbolic_music.theory.meters import Meter
    >>> score = Score((Part(0),), (Meter(),) * 4, np.array([(0, 24, 60, 90, 0)], NOTE))
    >>> "4 bars, 1 note, 0:08: acoustic grand piano" in html(score, caption="no <sound>")
    True
    """
    minutes, seconds = divmod(round(score.seconds), 60)
    counts = (f"{n} {noun}{'s' * (n != 1)}" for n, noun in ((score.bars, "bar"), (len(score.notes), "note")))
    said = f"{', '.join(counts)}, {minutes}:{seconds:02}: {', '.join(playing(score).values()) or 'nothing plays'}"
    player = ""
    if audio is not None:
        data = base64.b64encode(audio).decode()
        player = f'<audio controls preload="metadata" src="data:{escape(kind)};base64,{data}"></audio>'
    lines = "".join(f"<div><small>{escape(line)}</small></div>" for line in (said, caption) if line)
    return f"<div>{scrolled(svg(score, title=title))}{player}{lines}</div>"


def scrolled(picture: str) -> str:
    """A picture in a box that scrolls where it is wider than the page."""
    return f'<div style="overflow-x: auto">{picture}</div>'
