"""The package as a whole: what it exports, what it loads, what may import what, and how long a file may be."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

import symbolic_music as sm
from symbolic_music.resources import resource

PACKAGE = Path(sm.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))

#: A module imports only from its own line and the lines above it.
LAYERS = (
    {"errors", "resources", "version"},
    {"theory"},
    {"score", "brief"},
    {"prompt"},
    {"tokens"},
    {"rules"},
    {"engine"},
    {"files", "audio"},
    {"report", "plot", "piece"},
    {"composer"},
    {"cli", "outputs", "__main__"},
)
#: These may import all but the command, and nothing but the command imports them, when it is asked to.
ASIDE = {"training", "evaluation"}
LINE = {name: line for line, names in enumerate(LAYERS) for name in names}

HEAVY = ("torch", "transformers", "miditok", "onnxruntime", "music21", "scipy", "pretty_midi", "symusic", "matplotlib")
SMALL = {"symbolic_music.version"}


def unit(path: Path) -> str:
    """The module or subpackage, one level down, that a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The units of this package that a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        match node:
            case ast.ImportFrom(module=str(module), names=names) if module.split(".")[0] == "symbolic_music":
                inner = module.split(".")[1:2]
                yield from inner or [alias.name for alias in names]
            case ast.Import(names=names):
                yield from (n.name.split(".")[1] for n in names if n.name.startswith("symbolic_music."))


def modules_after(statement: str) -> set[str]:
    """What a fresh interpreter has loaded after a statement."""
    code = f"import sys\n{statement}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_importing_loads_nothing_heavy() -> None:
    loaded = modules_after("import symbolic_music")
    assert not {name.split(".")[0] for name in loaded} & {*HEAVY, "numpy"}
    assert {name for name in loaded if name.startswith("symbolic_music.")} == SMALL


def test_the_command_loads_nothing_heavy() -> None:
    loaded = modules_after("import symbolic_music.cli")
    assert not {name.split(".")[0] for name in loaded} & {*HEAVY, "numpy"}


def test_a_brief_needs_no_model() -> None:
    loaded = modules_after("import symbolic_music as sm; sm.Brief(genre='jazz', key='D minor', bars=16)")
    assert not {name.split(".")[0] for name in loaded} & set(HEAVY)


@pytest.mark.parametrize("name", sm.__all__)
def test_public_names_exist(name: str) -> None:
    assert getattr(sm, name) is not None


def test_public_names() -> None:
    assert len(set(sm.__all__)) == len(sm.__all__) <= 40
    assert {"compose", "load", "Brief", "Piece", "Rule", "PitchClasses", "SymbolicMusicError"} <= set(sm.__all__)
    assert set(sm.__all__) <= set(dir(sm))
    with pytest.raises(AttributeError, match="no attribute 'sing'"):
        sm.sing  # noqa: B018  # the access is the test


def test_errors_are_of_one_family() -> None:
    errors = [getattr(sm, name) for name in sm.__all__ if name.endswith("Error")]
    assert errors
    assert all(issubclass(error, sm.SymbolicMusicError) for error in errors)


def test_the_version_is_stated_once() -> None:
    try:
        installed = version("symbolic-music")
    except PackageNotFoundError:
        pytest.skip("the package is not installed")
    assert installed == sm.__version__


def data_files() -> list[str]:
    """Every file that ships beside the code, by the name that `resource` takes."""
    found = [
        p.relative_to(PACKAGE).as_posix()
        for p in PACKAGE.rglob("*")
        if p.is_file() and p.suffix != ".py" and "__pycache__" not in p.parts
    ]
    for folder in ("tokenizers", "soundfonts"):
        found += [f"{folder}/{p.name}" for p in (PACKAGE.parent / folder).glob("*") if p.is_file()]
    return sorted(set(found))


@pytest.mark.parametrize("name", data_files())
def test_shipped_files_are_found(name: str) -> None:
    path = resource(name)
    assert path.is_file()
    if path.suffix == ".toml":
        assert tomllib.loads(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "name", ["tokenizers/vocabulary.txt", "tokenizers/remi.json", "soundfonts/registry.toml", "py.typed"]
)
def test_needed_files_ship(name: str) -> None:
    assert name in data_files()


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_layers(path: Path) -> None:
    me = unit(path)
    if me in ("__init__", "__main__"):
        return
    assert me in LINE or me in ASIDE, f"{me} has no place in LAYERS"
    for other in imports(path):
        if me in ASIDE:
            assert other in ASIDE or LINE[other] < LINE["cli"], f"{me} imports {other}"
        else:
            assert other not in ASIDE or me == "cli", f"{me} imports {other}, which stands aside"
            assert other in ASIDE or LINE[other] <= LINE[me], f"{me} imports {other}, which is below it"


def test_the_engine_knows_no_music() -> None:
    for path in (PACKAGE / "engine").glob("*.py"):
        assert set(imports(path)) <= {"engine", *LAYERS[0]}, path.name


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.relative_to(PACKAGE).as_posix())
def test_files_are_short(path: Path) -> None:
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= 400
