"""Every example in a docstring and in the documentation runs and shows what it says."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import symbolic_music
from symbolic_music.errors import SynthesizerError

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
#: Libraries of the train extra that modules and examples import.
TRAIN = ("miditok", "onnx", "tokenizers", "torch", "transformers")
PAGES = sorted((Path(symbolic_music.__file__).parents[1] / "docs").glob("*.md"))
#: A block of Python, and the block of text right after it, if there is one.
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```)?", re.DOTALL | re.MULTILINE)


def modules() -> list[str]:
    """Every module of the package."""
    found = pkgutil.walk_packages(symbolic_music.__path__, "symbolic_music.", onerror=lambda name: None)
    return ["symbolic_music", *(m.name for m in found if not m.name.endswith("__main__"))]


def skip_without(error: ModuleNotFoundError) -> None:
    """Skip where a library of the train extra is missing; any other is needed."""
    if (error.name or "").split(".")[0] not in TRAIN:
        raise error
    pytest.skip(f"{error.name} comes with the extra [train]")


@pytest.mark.parametrize("name", modules())
def test_docstrings(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # an example that writes a file writes it here
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        skip_without(error)
    outcome = doctest.testmod(module, optionflags=FLAGS, verbose=False)
    assert outcome.failed == 0, f"{outcome.failed} of {outcome.attempted} examples fail; see the output above"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after the other, and print the text below them."""
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for number, (code, text) in enumerate(BLOCK.findall(page.read_text("utf-8")), 1):
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(code, f"{page.name} block {number}", "exec"), names)
        except ModuleNotFoundError as error:
            skip_without(error)
        except SynthesizerError as error:
            pytest.skip(str(error))
        if text:
            assert printed.getvalue().split() == text.split()
        if said := re.findall(r"print\(.*\)\s*# (.*)", code):
            assert printed.getvalue().splitlines() == said
