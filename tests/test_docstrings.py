"""Every example in a docstring runs and shows what it says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import symbolic_music

FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
#: Modules that import one of the train extra's libraries at the top.
TRAIN = ("miditok", "onnx", "tokenizers", "torch", "transformers")


def modules() -> list[str]:
    """Every module of the package."""
    found = pkgutil.walk_packages(symbolic_music.__path__, "symbolic_music.", onerror=lambda name: None)
    return ["symbolic_music", *(m.name for m in found if not m.name.endswith("__main__"))]


@pytest.mark.parametrize("name", modules())
def test_examples(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # an example that writes a file writes it here
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name in TRAIN:
            pytest.skip(f"{error.name} comes with the extra [train]")
        raise
    outcome = doctest.testmod(module, optionflags=FLAGS, verbose=False)
    assert outcome.failed == 0, f"{outcome.failed} of {outcome.attempted} examples fail; see the output above"
