"""Rules from text: what `repr` writes is read back, and nothing is run."""

from __future__ import annotations

import ast
import difflib
import inspect
from typing import Any

from symbolic_music.errors import BriefError, nearest
from symbolic_music.rules.base import Rule
from symbolic_music.rules.either import Either
from symbolic_music.rules.form import Enters, Form, Repeats, Silence
from symbolic_music.rules.frame import ExactBars, InMeter, Instruments, Tempo
from symbolic_music.rules.harmony import Cadence, Chords
from symbolic_music.rules.notes import Closes, InKey, InScale, Kit, Opens, PitchClasses, Range
from symbolic_music.rules.novel import Novel
from symbolic_music.rules.rhythm import Density, Grid, Lengths, Rhythm
from symbolic_music.rules.texture import Contour, Crescendo, Dynamics, Leaps, Monophonic, Polyphony

#: Every rule that can be written down, by its name.
CLASSES: dict[str, type[Rule]] = {
    found.__name__: found
    for found in (
        Cadence, Chords, Closes, Contour, Crescendo, Density, Dynamics, Enters, ExactBars, Form, Grid, InKey, InMeter,
        InScale, Instruments, Kit, Leaps, Lengths, Monophonic, Novel, Opens, PitchClasses, Polyphony, Range, Repeats,
        Rhythm, Silence, Tempo,
    )
}  # fmt: skip
_LOWER = {name.lower(): name for name in CLASSES}
_LONG = 60
_EXAMPLE = "such as Range('C3', 'C5', tracks='melody')"


def rule(text: str) -> Rule:
    """A rule from its text: a call with plain values, or several joined by "|".

    Raises
    ------
    BriefError
        If there is no such rule, it has no such argument, or a value is of the wrong kind.

    Examples
    --------
    >>> rule("Range('C3', 'C5', tracks='melody')")
    Range(low='C3', high='C5', tracks='melody')
    >>> rule("InKey('C') | InKey('A minor')").name
    'key C major or key A minor'
    >>> rule("Rnge('C3', 'C5')")
    Traceback (most recent call last):
    ...
    symbolic_music.errors.BriefError: no rule 'Rnge': did you mean Range?
    """
    text = str(text).strip()
    try:
        pending, rules = [ast.parse(text, mode="eval").body], []
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise BriefError(f"{_cut(text)!r} is not a rule", hint=_EXAMPLE) from error
    while pending:
        node = pending.pop()
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            pending += [node.right, node.left]
        else:
            rules.append(_call(text, node))
    return rules[0] if len(rules) == 1 else Either(tuple(rules))


def _call(text: str, node: ast.expr) -> Rule:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        raise BriefError(f"{_cut(text, node)!r} is not a rule", hint=_EXAMPLE)
    name = node.func.id
    if name not in CLASSES:
        near = difflib.get_close_matches(name.lower(), _LOWER, n=2)
        meant = " or ".join(_LOWER[lower] for lower in near)
        raise BriefError(f"no rule {name!r}", hint=f"did you mean {meant}?" if meant else ", ".join(CLASSES))
    wanted = inspect.signature(CLASSES[name])
    named = {}
    for keyword in node.keywords:
        argument = keyword.arg or "**"
        if argument not in wanted.parameters:
            hint = nearest(argument, wanted.parameters, len(wanted.parameters))
            raise BriefError(f"{name} has no argument {argument!r}", hint=hint)
        named[argument] = _literal(text, keyword.value)
    values = [_literal(text, value) for value in node.args]
    try:
        wanted.bind(*values, **named)
    except TypeError as error:
        raise BriefError(f"{name}: {error}", hint=f"{name}({', '.join(wanted.parameters)})") from error
    try:
        return CLASSES[name](*values, **named)
    except BriefError:
        raise
    except (TypeError, ValueError, AttributeError) as error:
        raise BriefError(f"{_cut(text, node)}: a value is of the wrong kind", hint=str(error)) from error


def _literal(text: str, node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, MemoryError, RecursionError) as error:
        hint = "text, numbers, True, None, or lists of them"
        raise BriefError(f"{_cut(text, node)} is no plain value", hint=hint) from error


def _cut(text: str, node: ast.expr | None = None) -> str:
    """The text of a node, shortened."""
    words = " ".join((text if node is None else ast.get_source_segment(text, node) or text).split())
    return words if len(words) < _LONG else f"{words[:_LONG]}..."
