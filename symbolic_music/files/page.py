"""The page of a printed score: the paper, the size of the staves, and the title."""

from __future__ import annotations

import textwrap
from unicodedata import east_asian_width
from xml.etree.ElementTree import Element

from symbolic_music.files.element import add

#: A4 and its margins, in millimetres.
_HEIGHT, _WIDTH = 297.0, 210.0
_MARGINS = {"left": 10.0, "right": 10.0, "top": 10.0, "bottom": 20.0}
#: Up to how many staves, and how high one is then, in millimetres. More share what a page has for one system.
_SIZES = ((3, 7.06), (6, 6.2), (8, 5.2), (10, 4.2))
_SYSTEM, _LEAST = 76.0, 2.0
#: Sizes of a title's letters in points with the lines that it may take; and the points that a line holds, for letters
#: half as wide as high.
_LETTERS = ((22, 1), (16, 2), (12, 3))
_LINE = 2 * 450


def staff_size(staves: int) -> float:
    """How high a staff is where a system has so many, in millimetres.

    >>> [staff_size(staves) for staves in (1, 6, 10, 20)]
    [7.06, 6.2, 4.2, 3.8]
    """
    return next((size for most, size in _SIZES if staves <= most), max(_LEAST, min(5.2, round(_SYSTEM / staves, 2))))


def title_lines(title: str) -> tuple[int, list[str]]:
    """The size of a title's letters in points, and its lines: as large as there is room for, cut where there is none.

    >>> title_lines("Waltz")
    (22, ['Waltz'])
    >>> size, lines = title_lines("a waltz that goes on and on " * 20)
    >>> size, len(lines), lines[2][-8:]
    (12, 3, 'on and …')
    """
    wide = sum(2 if east_asian_width(letter) in "WF" else 1 for letter in title) / len(title) if title else 1
    for size, most in _LETTERS:
        lines = textwrap.wrap(title, int(_LINE / size / wide), max_lines=most, placeholder=" …")
        if len(lines) <= most and "".join(lines).count("…") == title.count("…"):
            break
    return size, lines


def add_page(root: Element, title: str, staves: int) -> None:
    """Append an A4 page with staves of a size that suits their number, and the title.

    Without this MuseScore sets every title in 24 points, and prints a long one over both edges of the paper.
    """
    size = staff_size(staves)
    tenth = size / 40
    defaults = add(root, "defaults")
    scaling = add(defaults, "scaling")
    add(scaling, "millimeters", size)
    add(scaling, "tenths", 40)
    layout = add(defaults, "page-layout")
    add(layout, "page-height", round(_HEIGHT / tenth, 1))
    add(layout, "page-width", round(_WIDTH / tenth, 1))
    margins = add(layout, "page-margins", type="both")
    for side, length in _MARGINS.items():
        add(margins, f"{side}-margin", round(length / tenth, 1))
    points, lines = title_lines(title)
    if lines:
        credit = add(root, "credit", page=1)
        add(credit, "credit-type", "title")
        place = {
            "default_x": round(_WIDTH / 2 / tenth, 1),
            "default_y": round((_HEIGHT - _MARGINS["top"]) / tenth, 1),
            "justify": "center",
            "valign": "top",
        }
        add(credit, "credit-words", "\n".join(lines), **place, font_size=points)
