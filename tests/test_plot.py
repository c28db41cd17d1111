"""Piano rolls: what they hold, as axes, as SVG and as HTML."""

from __future__ import annotations

import base64
import re
import time
from dataclasses import replace
from itertools import combinations, pairwise
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from scores import SLOW, scores, song

from symbolic_music.plot import COLOURS, SHAPES, drum_rows, html, roll, svg
from symbolic_music.score import NOTE, Part, Score, sort_notes
from symbolic_music.theory.chords import CHORDS, Chord
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import Meter


def made(count: int, bars: int, parts: tuple[Part, ...], **changes) -> Score:
    """Any notes."""
    rng = np.random.default_rng(count)
    notes = np.zeros(count, NOTE)
    for name, low, high in (("start", 0, bars * 16), ("duration", 1, 8), ("pitch", 36, 84), ("velocity", 1, 128)):
        notes[name] = rng.integers(low, high, count)
    notes["part"] = np.arange(count) % len(parts)
    notes["start"] *= 6
    notes["duration"] *= 6
    return replace(Score(parts, (Meter(),) * bars, sort_notes(notes), 120.0), **changes)


def read(picture: str) -> ElementTree.Element:
    plain = picture.replace(' xmlns="http://www.w3.org/2000/svg"', "").replace("<audio controls ", "<audio ")
    return ElementTree.fromstring(plain)


def words(picture: str) -> list[str]:
    return ["".join(text.itertext()) for text in read(picture).iter("text")]


def classes(picture: str) -> list[str]:
    return [group.get("class", "") for group in read(picture).iter("g") if group.get("class")]


def boxes(picture: str, part: int) -> int:
    """The notes that are drawn for a part."""
    mine = (group for group in read(picture).iter("g") if group.get("class") == f"part-{part}")
    return sum(path.get("d", "").count("z") for group in mine for path in group.iter("path"))


def test_what_a_roll_holds() -> None:
    chords = np.array([[CHORDS.index(Chord(9, "min7"))] * 2, [-1, CHORDS.index(Chord(6, "hdim7"))]], np.int16)
    picture = svg(song(sections=("verse", "chorus"), chords=chords), title="A song")
    assert {"A song", "verse", "chorus", "Am7", "N.C.", "F#m7b5", "kick", "snare", "C4", "C5", "1", "2"} < {
        *words(picture)
    }
    assert {"drums", "flute", "D major · 97 BPM · 4/4"} < {*words(picture)}
    assert {*classes(picture)} == {"part-0", "part-1", "bars", "section", "chord"}
    assert classes(picture).count("section") == 2
    assert (boxes(picture, 0), boxes(picture, 1)) == (2, 3)
    assert {title.text for title in read(picture).iter("title")} == {"drums", "flute"}


def test_what_changes_is_said_with_its_bar() -> None:
    changing = song(
        meters=(Meter(4, 4), Meter(3, 4)),
        keys=((1, Key("E", "minor")),),
        tempos=((96, 80.0), (100, 90.0), (130, 100.0)),
    )
    said = "D major, E minor from bar 2 · 97 BPM, 80 BPM from bar 2, 90 BPM from bar 2 and 1 more · "
    assert said + "4/4, 3/4 from bar 2" in words(svg(changing))
    assert "4/4" in words(svg(song(key=None, tempo=None)))


def test_unknown_chords_and_unnamed_bars_say_nothing() -> None:
    picture = svg(song(sections=("", ""), chords=np.full((2, 2), -2, np.int16)))
    assert {*classes(picture)} == {"part-0", "part-1", "bars"}


@pytest.mark.parametrize(
    ("key", "name"), [(Key("F", "minor"), "Dbmaj7"), (Key("F#", "minor"), "C#maj7"), (None, "Dbmaj7")]
)
def test_chords_are_spelled_in_the_key(key: Key | None, name: str) -> None:
    chord = CHORDS.index(Chord(1, "maj7"))
    assert name in words(svg(song(key=key, chords=np.full((2, 2), chord, np.int16))))


def test_every_change_of_chord_is_named_or_has_a_dot() -> None:
    chords = np.arange(128).reshape(64, 2).astype(np.int16)
    score = made(64, 64, (Part(0),), chords=chords)
    shown = words(svg(score, width=7))
    assert classes(svg(score, width=7)).count("chord") == 128
    assert 64 < shown.count("·") < 128
    assert shown.count("·") > words(svg(score)).count("·")


def test_text_is_text() -> None:
    names = ('<b> & "x" $\\frac', "_小曲\x01")
    picture = html(song(names=names, sections=("<&>",) * 2), b"", "audio/wav", "1 < 2 & 3", title="$a$ <i>&")
    inside = picture[picture.index("<svg") : picture.index("</svg>") + 6]
    assert {"$a$ <i>&", "<&>", '<b> & "x" $\\frac', "_小曲"} < {*words(inside)}
    assert "1 &lt; 2 &amp; 3" in picture
    assert not {"<b>", "<i>", "<&>"} & {*re.findall(r"<[^>]*>", picture)}
    root = read(picture)
    assert {element.tag.split("}")[-1] for element in root.iter()} < {
        "div", "small", "audio", "svg", "g", "path", "text", "tspan", "title", "defs", "clipPath", "rect", "use"
    }  # fmt: skip


def test_the_same_bytes_twice_and_no_ids_in_common() -> None:
    one, other = svg(song()), svg(song(tempo=98.0))
    assert one == svg(song()) != other
    ids, others = (re.findall(r'\bid="([^"]*)"', picture) for picture in (one, other))
    assert ids
    assert not {*ids} & {*others}
    assert {*re.findall(r"url\(#([^)]*)\)", one)} <= {*ids}


def test_it_takes_the_colours_of_the_page() -> None:
    picture = svg(song(sections=("A", "B")))
    assert read(picture).get("fill") == "currentColor"
    assert "#000" not in picture
    assert "#fff" not in picture


@pytest.mark.parametrize(
    "score",
    [
        song(notes=np.zeros(0, NOTE)),
        Score((), (), np.zeros(0, NOTE)),
        song(meters=(Meter(3, 8),), notes=song().notes[:1]),
        made(2000, 200, (Part(0), Part(-1)), sections=tuple("ABCD"[b // 8 % 4] for b in range(200))),
        made(600, 16, tuple(Part(p) for p in range(20))),
        made(60, 4, (Part(-1),)),
        song(meters=(Meter(4, 4), Meter(3, 4)) * 30),
    ],
    ids=["silent", "empty", "one bar", "200 bars", "20 parts", "drums only", "many meters"],
)
def test_any_size(score: Score) -> None:
    picture = svg(score, title="any")
    playing = {f"part-{i}" for i in np.unique(score.notes["part"])}
    assert {name for name in classes(picture) if name.startswith("part")} == playing
    assert {part.name for i, part in enumerate(score.parts) if f"part-{i}" in playing} < {*words(picture)}
    assert sum(boxes(picture, i) for i in range(len(score.parts))) == len(score.notes)
    assert float(read(picture).get("width").removesuffix("pt")) <= 60 * 72
    numbers = [int(text) for text in words(picture) if text.isdigit()]
    assert numbers[:1] == [1][: score.bars]
    assert len({b - a for a, b in pairwise(numbers)}) <= 1


@given(scores())
@SLOW
def test_any_score(score: Score) -> None:
    picture = svg(score)
    assert sum(boxes(picture, i) for i in range(len(score.parts))) == len(score.notes)


def test_drums_lie_below_the_pitches_by_name() -> None:
    score = made(240, 4, (Part(-1), Part(0)))
    rows = drum_rows(score)
    assert sorted(rows.values(), reverse=True) == [rows[pitch] for pitch in sorted(rows, reverse=True)]
    assert max(rows.values()) < score.notes["pitch"][score.notes["part"] == 1].min()
    axes = roll(score)
    low, high = axes.get_ylim()
    assert low < min(rows.values())
    assert score.notes["pitch"].max() < high
    names = dict(zip(axes.get_yticks(), (label.get_text() for label in axes.get_yticklabels()), strict=True))
    assert names[rows[42]] == "hat"
    assert names[rows[41]] == "drum 41"


def test_loud_notes_are_more_opaque() -> None:
    notes = np.array([(24 * i, 24, 60, velocity, 0) for i, velocity in enumerate((20, 60, 90, 120))], NOTE)
    patches = [p for p in roll(song(notes=notes, parts=(Part(0),))).patches if (p.get_gid() or "").startswith("part")]
    left = [float(np.min(patch.get_path().vertices)) for patch in patches]
    seen = [float(patch.get_alpha() or 0) for patch in patches]
    assert left == sorted({*left})
    assert seen == sorted({*seen})
    assert len(seen) == 4


def test_no_two_parts_look_alike() -> None:
    axes = roll(made(600, 16, tuple(Part(p) for p in range(20))))
    looks = {(p.get_facecolor(), p.get_edgecolor(), p.get_linewidth()) for p in axes.get_legend().legend_handles}
    assert len(looks) == 20


def contrast(one: float, other: float) -> float:
    """Of two luminances, after WCAG 2."""
    return (max(one, other) + 0.05) / (min(one, other) + 0.05)


def test_colours_show_on_white_and_on_black_and_without_red_or_green() -> None:
    srgb = np.array([[int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)] for colour in COLOURS])
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    for light in linear @ [0.2126, 0.7152, 0.0722]:
        assert contrast(light, 1) > 2
        assert contrast(light, 0.006) > 3
    # what those see who lack red or green: Viénot, Brettel and Mollon (1999)
    for red, blue in ((0.11238, 0.00401), (0.29275, -0.02234)):
        seen = np.clip(linear @ np.array([[red, 1 - red, 0], [red, 1 - red, 0], [blue, -blue, 1]]).T, 0, 1) ** (1 / 2.2)
        assert min(np.abs(a - b).max() for a, b in combinations(seen, 2)) > 0.08


def test_long_words_are_cut() -> None:
    long = song(names=("x" * 500, "drums"), sections=("y" * 500, "B"))
    shown = words(svg(long, title="z" * 5000))
    assert max(map(len, shown)) < 200
    assert sum(text.endswith("…") for text in shown) == 3


def test_own_axes_and_colours() -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert roll(song(), ax=axes, colours=("red", "#123456")) is axes
    assert {"#123456", "#ff0000"} < {*re.findall(r"#\w{6}", svg(song(), colours=("red", "#123456")))}


def test_zoomed_axes_show_themselves() -> None:
    axes = roll(song(sections=("A", "B")))
    axes.set_xlim(0, 4)
    shown = axes._repr_html_()  # type: ignore[attr-defined]
    assert shown.startswith('<div style="overflow-x: auto"><svg')
    assert 'clip-path="url(#' in shown


def test_many_notes_are_quick_and_small() -> None:
    parts = tuple(Part(p) for p in range(-1, 19))
    some, many = made(SHAPES, 200, parts), made(10_000, 200, parts)
    assert len(svg(some)) < 300_000
    before = time.process_time()
    picture = svg(many)
    assert time.process_time() - before < 6  # 1.2 where nothing else runs
    assert len(picture) < 300_000
    links = [image.get("href") for image in read(picture).iter("image")]
    assert links
    assert all(base64.b64decode(link.split(",")[1]).startswith(b"\x89PNG") for link in links)


def test_html_holds_the_sound() -> None:
    audio = bytes(range(256)) * 5
    shown = html(song(), audio, "audio/flac", "All of it.", title="Song")
    (player,) = read(shown).iter("audio")
    kind, data = player.get("src").split(",")
    assert kind == "data:audio/flac;base64"
    assert base64.b64decode(data) == audio
    assert "2 bars, 5 notes, 0:05: drums, flute" in shown
    assert "All of it." in shown


def test_html_without_sound() -> None:
    shown = html(song(), caption="apt-get install libfluidsynth3 for sound")
    assert "<audio" not in shown
    assert "libfluidsynth3" in shown
    assert "0 notes, 0:05: nothing plays" in html(song(notes=np.zeros(0, NOTE)))
