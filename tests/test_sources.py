"""The sources of the corpus: fetched, converted, licensed, listed, and built by any number of workers alike."""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import lzma
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from symusic.core import ScoreTick

from symbolic_music.errors import BriefError, FileError, SymbolicMusicError
from symbolic_music.resources import resource
from symbolic_music.training import licences
from symbolic_music.training.corpus import build, pieces
from symbolic_music.training.sources import manifest
from symbolic_music.training.sources.command import add_arguments, run
from symbolic_music.training.sources.convert import FORMATS, convert, program_of, unsupported
from symbolic_music.training.sources.fetch import fetch, matches, same, taken
from symbolic_music.training.sources.gather import Original, added, gather
from symbolic_music.training.sources.known import known
from symbolic_music.training.sources.mus import midi_of_mus
from symbolic_music.training.sources.registry import REGISTRY, Source, read_registry, source, sources
from symbolic_music.training.sources.scale import mapped

CORPUS = Path(__file__).parent / "data" / "corpus"
SHARED = Path(__file__).parents[2] / "shared" / "corpus"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the whole corpus is not here")

MUSICXML = """<?xml version="1.0" encoding="UTF-8"?>
<score-partwise version="4.0">
  <work><work-title>Two &amp; two</work-title></work>
  <identification><creator type="composer">Anon</creator></identification>
  <part-list><score-part id="P1"><part-name>Violoncello</part-name></score-part></part-list>
  <part id="P1">
    <measure number="1">
      <attributes><divisions>1</divisions><key><fifths>0</fifths></key>
        <time><beats>2</beats><beat-type>4</beat-type></time><clef><sign>F</sign><line>4</line></clef></attributes>
      <harmony><root><root-step>C</root-step></root><kind>major</kind></harmony>
      <note><pitch><step>C</step><octave>3</octave></pitch><duration>1</duration><type>quarter</type></note>
      <note><pitch><step>E</step><octave>3</octave></pitch><duration>1</duration><type>quarter</type></note>
    </measure>
    <measure number="2">
      <note><pitch><step>G</step><octave>3</octave></pitch><duration>2</duration><type>half</type></note>
      <barline location="right"><repeat direction="backward"/></barline>
    </measure>
  </part>
</score-partwise>
"""
KERN = """!!!OTL: Two & two
!!!COM: Anon
**kern
*I"Violoncello
*clefF4
*M2/4
=1
4C
4E
=2
2G
=:|!
*-
"""
MEI = """<?xml version="1.0" encoding="UTF-8"?>
<mei xmlns="http://www.music-encoding.org/ns/mei" meiversion="5.0">
  <meiHead><fileDesc><titleStmt><title>Two &amp; two</title><composer>Anon</composer></titleStmt><pubStmt/></fileDesc>
  </meiHead>
  <music><body><mdiv><score>
    <scoreDef meter.count="2" meter.unit="4"><staffGrp>
      <staffDef n="1" lines="5" clef.shape="F" clef.line="4" label="Violoncello"><label>Violoncello</label></staffDef>
    </staffGrp></scoreDef>
    <section>
      <measure n="1"><staff n="1"><layer n="1">
        <note pname="c" oct="3" dur="4"/><note pname="e" oct="3" dur="4"/></layer></staff></measure>
      <measure n="2" right="rptend"><staff n="1"><layer n="1">
        <note pname="g" oct="3" dur="2"/></layer></staff></measure>
    </section>
  </score></mdiv></body></music>
</mei>
"""


def mxl(text: str) -> bytes:
    """A score in its archive."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("META-INF/container.xml", '<rootfiles><rootfile full-path="it&apos;s.xml"/></rootfiles>')
        archive.writestr("it's.xml", text)
    return out.getvalue()


SCORES = {"a.musicxml": MUSICXML.encode(), "a.mxl": mxl(MUSICXML), "a.krn": KERN.encode(), "a.mei": MEI.encode()}


def notes(path: Path) -> list[tuple[float, float, int, int]]:
    """Onset and length in quarters, pitch and velocity."""
    score = ScoreTick.from_file(str(path))
    return sorted(
        (n.time / score.tpq, round(n.duration / score.tpq, 1), n.pitch, n.velocity)
        for t in score.tracks
        for n in t.notes
    )


def git(folder: Path, *arguments: str) -> str:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    command = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", *arguments]
    return subprocess.run(command, cwd=folder, env=clean, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Source:
    """A repository with two pieces as MIDI, one as a score, one in LilyPond and one to leave out."""
    folder = tmp_path_factory.mktemp("repository")
    for name in ("music/old", "other"):
        (folder / name).mkdir(parents=True)
    midi = sorted((CORPUS / "midi").iterdir())
    shutil.copy(midi[0], folder / "music" / "Naïve_song.mid")
    shutil.copy(midi[1], folder / "music" / "old" / "B side.MID")
    shutil.copy(midi[2], folder / "music" / "old" / "b_melody.mid")
    shutil.copy(midi[3], folder / "other" / "c.mid")
    (folder / "music" / "two.musicxml").write_text(MUSICXML)
    (folder / "music" / "broken.mid").write_bytes(midi[4].read_bytes()[:40])
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "-m", "music")
    return Source(
        name="mine",
        title="Mine",
        url=folder.as_uri(),
        commit=git(folder, "rev-parse", "HEAD"),
        paths=("music/**/*.mid", "music/**/*.MID", "music/*.musicxml"),
        formats=("mid", "musicxml"),
        licence="CC0-1.0",
        credit="A",
        genre="folk",
        exclude=("**/*_melody*",),
    )


# The registry


def test_every_source_is_converted_or_says_why_not() -> None:
    left = {name: unsupported(s.formats) for name, s in sources().items() if unsupported(s.formats)}
    assert left == {"mutopia": "LilyPond files are not converted here"}
    assert set(known()) == set(sources()) - set(left)


@pytest.mark.parametrize("name", sources())
def test_known_pieces_are_let_through(name: str) -> None:
    s = source(name)
    for (commit, path), row in known().get(name, {}).items():
        assert matches(path, s.paths) and not matches(path, s.exclude), path
        assert path.rsplit(".", 1)[1].lower() in s.formats
        assert len(commit) == 40 and row["title"]
    assert s.upstream == s.url.removeprefix("https://github.com/") and s.upstream.count("/") == 1


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ('licence = "MIT"', "", "[openewld] licence: missing: a source needs title, url, commit, paths"),
        ('licence = "MIT"', 'licence = "GPL-3.0"', "[openewld] licence: 'GPL-3.0' is not allowed: one of Artistic-1.0"),
        ('licence = "MIT"', 'license = "MIT"', "[openewld] license: unknown key: did you mean licence?"),
        ('licence = "MIT"', "licence = 1", "[openewld] licence: 1 is no text"),
        ('formats = ["krn"]', 'formats = "krn"', "[polish] formats: 'krn' is no list of texts"),
        ('formats = ["krn"]', "formats = []", "[polish] formats: empty"),
        ('commit = "ec03', 'commit = "xc03', "[openewld] commit: 'xc03"),
        ('genre = "pop"', 'genre = "popp"', "[openewld] genre: 'popp' is unknown: did you mean pop"),
        ("[freedoom]", "oeuvre = 1\n[freedoom]", "[oeuvre]: not a source: write it as a table"),
        ("[openewld]", "[openewld", "cannot be read"),
    ],
)
def test_a_wrong_registry_is_refused(old: str, new: str, error: str, tmp_path: Path) -> None:
    text = REGISTRY.read_text("utf-8")
    assert old in text
    (tmp_path / "mine.toml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(FileError) as caught:
        read_registry(tmp_path / "mine.toml")
    assert "mine.toml" in str(caught.value) and error in str(caught.value)


# Fetching


def test_fetch_brings_what_the_patterns_take(repository: Source, tmp_path: Path) -> None:
    checkout = fetch(repository, tmp_path / "new")
    files = taken(repository, checkout)
    assert list(files) == ["music/Naïve_song.mid", "music/broken.mid", "music/old/B side.MID", "music/two.musicxml"]
    for path, blob in files.items():
        same(checkout / path, blob)
    assert not (checkout / "other").exists()
    gone = replace(repository, url="file:///nowhere")
    assert fetch(gone, tmp_path / "new") == checkout  # nothing is asked of a repository that is here already
    (checkout / "music" / "two.musicxml").write_text("changed")
    with pytest.raises(FileError, match=r"two.musicxml is changed.*fetch again"):
        same(checkout / "music/two.musicxml", files["music/two.musicxml"])


def test_fetch_says_what_fails(repository: Source, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong, error in [
        (
            replace(repository, commit="0" * 39 + "1"),
            "source mine, .* at 000000000000: the commit is not there any more",
        ),
        (replace(repository, url="file:///nowhere"), "the repository is not there .*look for a copy"),
        (replace(repository, url="https://localhost:1/a.git"), "no network .*try again"),
    ]:
        with pytest.raises(SymbolicMusicError, match=error):
            fetch(wrong, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SymbolicMusicError, match="git is not installed: install it"):
        fetch(repository, tmp_path)
    assert list(tmp_path.iterdir()) == []


# Converting


@pytest.mark.parametrize("name", SCORES)
def test_a_score_becomes_midi(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(SCORES[name])
    said = convert(tmp_path / name, source("mei"), tmp_path / "out.mid")
    assert said == {"title": "Two & two", "composer": "Anon", "key": "", "tempo_bpm": ""}
    assert notes(tmp_path / "out.mid") == [(0, 1, 48, 90), (1, 1, 52, 90), (2, 2, 55, 90)]
    row = manifest.described(tmp_path, "out.mid")
    assert (row["programs"], row["time_signature"], row["n_bars"], row["n_notes"]) == ("42", "2/4", "2", "3")


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("a.ly", b"{ c }", "LilyPond files are not converted here: what works is mid, midi, mus, mxl"),
        ("a.wav", b"RIFF", "files ending in .wav are not converted here"),
        ("a.mid", b"MThd", "cannot be converted"),
        ("a.mus", b"MUS\x1a", "no MUS file"),
        ("a.mxl", b"PK", "cannot be converted"),
        ("a.musicxml", b"<score", "cannot be converted"),
        ("a.krn", b"**kern\n*-\n", "cannot be converted"),
    ],
)
def test_what_cannot_be_converted_says_so(name: str, data: bytes, error: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FileError) as caught:
        convert(tmp_path / name, source("mei"), tmp_path / "out.mid")
    assert f"{name} of mei" in str(caught.value) and error in str(caught.value)
    assert not (tmp_path / "out.mid").exists()


@needs_shared
@pytest.mark.parametrize("name", ["a-broken-doll", "after-the-ball", "s-wonderful"])
def test_lead_sheets_are_those_of_the_corpus(name: str, tmp_path: Path) -> None:
    convert(SHARED / "leadsheets" / f"{name}.mxl", source("openewld"), tmp_path / "out.mid")
    mine, theirs = notes(tmp_path / "out.mid"), notes(SHARED / "midi" / "openewld" / f"{name}.mid")
    assert [(round(n[0], 1), n[2]) for n in mine] == [(round(n[0], 1), n[2]) for n in theirs]


def mus(events: list[tuple[int, int, int, int]]) -> bytes:
    """A MUS file out of (channel, pitch, volume, ticks until it ends), one after the other."""
    score = b""
    for channel, pitch, volume, ticks in events:
        delay = bytes([*([128 | ticks >> 7] if ticks >> 7 else []), ticks & 127])
        score += bytes([0x40 | channel, 0, 40]) if channel != 15 else b""
        score += bytes([0x90 | channel, 128 | pitch, volume]) + delay + bytes([channel, pitch])
    score += b"\x60"
    return b"MUS\x1a" + struct.pack("<6H", len(score), 16, 9, 0, 0, 0) + score


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 3, 9, 15]), st.integers(0, 127), st.integers(1, 127), st.integers(1, 16383)),
        min_size=1,
        max_size=30,
    )
)
def test_every_mus_note_comes_through(events: list[tuple[int, int, int, int]]) -> None:
    score = ScoreTick.from_midi(midi_of_mus(mus(events)))
    found = sorted(
        (n.time, n.duration, n.pitch, n.velocity, t.is_drum, t.program) for t in score.tracks for n in t.notes
    )
    now, wanted = 0, []
    for channel, pitch, volume, ticks in events:
        wanted.append((now, ticks, pitch, volume, channel == 15, 0 if channel == 15 else 40))
        now += ticks
    assert found == sorted(wanted) and score.tpq == 70
    with pytest.raises(ValueError, match="cut off"):
        midi_of_mus(mus(events)[:-1])


def test_part_names() -> None:
    said = {"Violino I": 40, "Contrabbassi": 43, "Fagotti.": 70, "Corni in F": 60, "Corno inglese": 69, "Alto": 52}
    said |= {
        "Bass Clarinet": 71,
        "Skrzypce": 40,
        "Trąbka": 56,
        "Bassoon": 70,
        "Basso continuo": 6,
        "SingstimmeVoice": 52,
    }
    assert {name: program_of(name) for name in said} == said


# A corpus folder


def test_a_folder_is_gathered_checked_and_built(repository: Source, tmp_path: Path) -> None:
    told: list[str] = []
    gather(tmp_path, [repository, source("mutopia")], say=told.append)
    assert told[0].startswith("mine: 3 pieces; 1 left out: ")
    assert told[1] == "mutopia: left out, LilyPond files are not converted here"
    rows = manifest.read(tmp_path)
    assert tuple(rows[0]) == manifest.COLUMNS
    assert [r["path"] for r in rows] == [f"midi/mine/music-{n}.mid" for n in ("na-ve-song", "old-b-side", "two")]
    assert [(r["title"], r["composer"]) for r in rows] == [("Naïve song", ""), ("B side", ""), ("Two & two", "Anon")]
    assert {(r["upstream"], r["upstream_commit"], r["licence"]) for r in rows} == {
        (repository.url, repository.commit, "CC0-1.0")
    }
    first = min((CORPUS / "midi").iterdir())
    assert (tmp_path / rows[0]["path"]).read_bytes() == first.read_bytes()
    manifest.verify(tmp_path, rows)
    with (CORPUS / manifest.NAME).open() as file:
        same_piece = next(row for row in csv.DictReader(file) if row["path"] == f"midi/{first.name}")
    for name in ("tempo_bpm", "time_signature", "n_bars", "n_tracks", "programs", "has_drums", "n_notes", "sha256"):
        assert rows[0][name] == same_piece[name], name
    counts = build(tmp_path, tmp_path / "data")
    assert sum(counts[split] for split in ("train", "validation", "test")) == 2
    assert counts["skipped: fewer than 24 notes"] == 1
    gather(tmp_path, [repository], say=told.append)
    assert told[-1] == f"mine: already in {tmp_path / 'manifest.csv'}"


def test_a_known_piece_has_to_be_that_piece(repository: Source, tmp_path: Path) -> None:
    checkout = fetch(repository, tmp_path / "upstream")
    path = "music/Naïve_song.mid"
    blob = taken(repository, checkout)[path]
    right = hashlib.sha256((checkout / path).read_bytes()).hexdigest()
    row = {"path": "midi/a.mid", "title": "A", "genre": "jazz", "licence": "MIT", "tempo_bpm": "", "sha256": right}
    made = added(tmp_path, Original(repository, checkout, path, blob, "midi/a.mid", row))
    assert {"title": "A", "genre": "jazz", "licence": "MIT", "tempo_bpm": ""}.items() <= made.items()
    with pytest.raises(
        FileError, match=r"song.mid is not the piece that is known: its SHA-256 is .*, not 000000000000"
    ):
        added(tmp_path, Original(repository, checkout, path, blob, "midi/a.mid", {**row, "sha256": "0" * 64}))
    with pytest.raises(FileError, match=r"song.mid is changed: git names it 000000000000"):
        added(tmp_path, Original(repository, checkout, path, "0" * 40, "midi/a.mid", row))


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A corpus folder of our own to spoil."""
    return Path(shutil.copytree(CORPUS, tmp_path / "corpus"))


def edit(folder: Path, change: dict[str, str], row: int = 3) -> None:
    rows = manifest.read(folder)
    rows[row - 2] |= change
    manifest.write(folder, rows)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"licence": ""}, "manifest.csv row 3, midi/johann-.*: no licence: state one"),
        ({"licence": "CC-BY-SA-4.0"}, "manifest.csv row 3, midi/.*: the licence 'CC-BY-SA-4.0' is not allowed: leave"),
        ({"licence": "Apache-2.0"}, "row 3, .*Apache-2.0 is the licence of our own pieces alone"),
        ({"genre": ""}, "row 3, .*: no genre: fill in the column genre"),
    ],
)
def test_a_row_that_is_wrong_is_refused(change: dict[str, str], error: str, small: Path) -> None:
    edit(small, change)
    for refuse in (manifest.read, lambda folder: build(folder, folder / "data")):
        with pytest.raises(FileError, match=error):
            refuse(small)
    assert not (small / "data").exists()


def test_a_folder_that_is_wrong_is_refused(small: Path) -> None:
    rows = manifest.read(small)
    (small / rows[2]["path"]).unlink()
    (small / rows[4]["path"]).write_bytes(b"MThd")
    with pytest.raises(FileError, match=rf"2 of 14 files.*{rows[2]['path']} is missing, {rows[4]['path']} is changed"):
        manifest.verify(small, rows)
    with pytest.raises(FileError, match="no pieces of a source 'groove'"):
        manifest.read(small, ["groove"])
    text = (small / manifest.NAME).read_text()
    (small / manifest.NAME).write_text(text.replace("licence", "license", 1))
    with pytest.raises(FileError, match=r"manifest.csv has no column licence: row 1 has to name path, source"):
        manifest.read(small)
    (small / manifest.NAME).write_text(text.split("\n")[0] + "\n")
    with pytest.raises(FileError, match=r"manifest.csv lists no pieces: .*--fetch"):
        manifest.read(small)
    (small / manifest.NAME).unlink()
    with pytest.raises(FileError, match=r"holds no manifest.csv: .*--fetch"):
        manifest.read(small)
    with pytest.raises(FileError, match="no folder"):
        manifest.read(small / "nowhere")


# Licences


@pytest.mark.parametrize("folder", [CORPUS, pytest.param(SHARED, marks=needs_shared)], ids=["tests", "shared"])
def test_every_piece_may_be_trained_on(folder: Path) -> None:
    with (folder / manifest.NAME).open(newline="", encoding="utf-8") as file:
        licences.check(csv.DictReader(file), str(folder / manifest.NAME))


def test_the_weights_learned_from_nothing_else() -> None:
    with lzma.open(resource("weights/pieces.tsv.xz"), "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    assert len(rows) > 1000
    licences.check(
        ({"path": r["taken from"], "licence": r["licence"], "attribution": r["credit"]} for r in rows), "pieces.tsv.xz"
    )


def test_what_is_known_may_be_trained_on() -> None:
    for rows in known().values():
        licences.check(rows.values(), "pieces.csv.xz")


def test_our_own_pieces_are_told_by_their_credit() -> None:
    row = {"path": "a.mid", "licence": "Apache-2.0", "attribution": "symbolic_music arranger"}
    licences.check([row])
    with pytest.raises(FileError, match="has to name symbolic_music arranger"):
        licences.check([row, {**row, "attribution": "Anon"}])


# Workers


def boom(number: int) -> int:
    if number == 7:
        raise BriefError("seven", hint="take eight")
    return number


def test_one_process_asks_for_no_dask(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert list(mapped(str, range(100))) == [str(n) for n in range(100)]
    for what, error in [
        ({"workers": 2}, r"Dask, which is not installed: pip install 'symbolic-music\[scale\]'"),
        ({"workers": -1}, "-1 workers: 0 for this process"),
        ({"workers": 2, "scheduler": "tcp://a:1"}, "leave workers out"),
    ]:
        with pytest.raises(SymbolicMusicError, match=error):
            list(mapped(str, [1], **what))
    with pytest.raises(BriefError, match="seven: take eight"):
        list(mapped(boom, range(9)))


def test_the_bytes_do_not_depend_on_the_workers(small: Path) -> None:
    distributed = pytest.importorskip("distributed", reason="Dask comes with the extra [scale]")
    build(small, small / "0")
    build(small, small / "2", workers=2)
    with distributed.LocalCluster(n_workers=1, processes=False, protocol="tcp", dashboard_address=None) as cluster:
        build(small, small / "cluster", scheduler=cluster.scheduler_address)
        assert list(mapped(str.upper, "abcdefg", scheduler=cluster.scheduler_address, chunk=2)) == list("ABCDEFG")
        with pytest.raises(FileError, match=r"no folder .*: give a folder"):  # an error of ours arrives whole
            list(mapped(manifest.read, [small, small / "nowhere"], scheduler=cluster.scheduler_address))
    names = {path.name for path in (small / "0").iterdir()}
    assert {"train-000.bin", "pieces.csv", "skipped.csv"} <= names
    for other in ("2", "cluster"):
        assert {path.name: path.read_bytes() for path in (small / other).iterdir()} == {
            name: (small / "0" / name).read_bytes() for name in names
        }
    with pytest.raises(SymbolicMusicError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:1"):
        list(mapped(str, [1], scheduler="tcp://127.0.0.1:1"))


# The command


def command(*argv: str | Path) -> int:
    parser = argparse.ArgumentParser()
    add_arguments(parser.add_subparsers())
    return run(parser.parse_args(["corpus", *map(str, argv)]))


def test_the_command_builds(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("build", small, "-o", tmp_path / "data", "--source", "lieder", "--arranged", "0") == 0
    assert "files are those of" in capsys.readouterr().out
    assert {piece.source for piece in pieces(tmp_path / "data")} == {"lieder"}
    (small / manifest.read(small)[0]["path"]).write_bytes(b"MThd")
    with pytest.raises(FileError, match="is changed"):
        command("build", small, "-o", tmp_path / "data")
    with pytest.raises(BriefError, match="unknown source 'lied': did you mean lieder"):
        command("build", tmp_path / "new", "--fetch", "--source", "lied")


def test_the_command_lists_the_sources(capsys: pytest.CaptureFixture[str]) -> None:
    assert command("sources") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(sources()) == 15
    assert "1,395 pieces" in next(line for line in lines if line.startswith("lieder"))
    assert "LilyPond files are not converted here" in next(line for line in lines if line.startswith("mutopia"))
    assert all(any(f in FORMATS for f in s.formats) for s in sources().values() if s.name != "mutopia")
