"""Near-duplicates are found, unrelated music is not linked, and splits keep a work, a session, a composer together."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as stn

from symbolic_music.errors import FileError
from symbolic_music.files.read_midi import load
from symbolic_music.score import Score
from symbolic_music.theory.instruments import DRUMS
from symbolic_music.theory.meters import TICKS
from symbolic_music.training.dataset import kept, transposed
from symbolic_music.training.duplicates import (
    COMMON,
    LENGTH,
    SHARED,
    Fingerprint,
    fingerprint,
    grams,
    keep,
    line,
    links,
    near_duplicates,
)
from symbolic_music.training.splits import composers, people_of, splits, works

CORPUS = Path(__file__).parent / "data" / "corpus"
SHARED_CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
MELODIES = st.lists(st.tuples(st.integers(1, 96), st.integers(36, 96)), max_size=40)


def melody(notes: list[tuple[int, int]]) -> np.ndarray:
    """Gaps and pitches as starts and pitches."""
    table = np.array(notes, np.int64).reshape(-1, 2)
    return np.stack([np.cumsum(table[:, 0]), table[:, 1]], 1)


def piece(path: str, *ranges: tuple[int, int], **facts: int) -> Fingerprint:
    """A fingerprint of numbers in some ranges."""
    return Fingerprint(path, np.concatenate([np.arange(*r, dtype=np.uint64) for r in ranges]), **facts)


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    found = {}
    for path in sorted((CORPUS / "midi").glob("*.mid")):
        try:
            found[path.stem] = load(path)
        except FileError:
            continue
    return found


@given(MELODIES, st.integers(-12, 12), st.integers(1, 5))
def test_key_and_tempo_do_not_count(notes, semitones, slower):
    tune = melody(notes)
    assert (grams(tune) == grams(tune * [slower, 1] + [7, semitones])).all()


@given(
    stn.arrays(np.int64, (2, LENGTH - 1), elements=st.integers(-24, 24)),
    stn.arrays(np.int64, (2, LENGTH - 2), elements=st.integers(-1, 1)),
)
def test_different_ngrams_have_different_numbers(intervals, ratios):
    numbers = []
    for steps, speeds in zip(intervals, ratios, strict=True):
        gaps = 2 ** np.cumsum([8, *speeds])
        tune = np.stack([np.cumsum([0, *gaps]), 60 + np.cumsum([0, *steps])], 1)
        numbers.append(grams(tune).tolist())
    plain = [len({*abs(i)}) + len({*r}) < 6 for i, r in zip(intervals, ratios, strict=True)]
    assert [not n for n in numbers] == plain
    same = (intervals[0] == intervals[1]).all() and (ratios[0] == ratios[1]).all()
    assert (numbers[0] == numbers[1]) == (same or all(plain))


@pytest.mark.parametrize(
    "figure",
    [
        [0, 2, 4, 5, 7, 9, 11, 12],  # scale
        [0, 2, 4, 5, 4, 2],  # five fingers
        [0, 7, 4, 7],  # Alberti bass
        [0, 4, 7, 12, 7, 4],  # arpeggio
        [0],  # one note
        [0, 12],  # octaves
        [12, 0, 11, 0, 9, 0, 7, 0],  # a scale over a pedal
    ],
)
def test_plain_figures_have_no_ngrams(figure):
    tune = np.stack([np.arange(96) * 12, 60 + np.resize(figure, 96)], 1)
    assert not len(grams(tune))


def test_the_line_is_what_sounds_on_top():
    # A chord of three, a note below it while it sounds, the same note once it is over, a crossing above.
    start = np.array([0, 0, 0, 24, 48, 60])
    duration = np.array([48, 48, 48, 12, 48, 12])
    pitch = np.array([72, 60, 64, 55, 55, 79])
    assert line(start, duration, pitch).tolist() == [[0, 72], [48, 55], [60, 79]]
    long = line(np.array([0, 4 * TICKS]), np.array([99 * TICKS, TICKS]), np.array([90, 60]))
    assert long.tolist() == [[0, 90], [4 * TICKS, 60]]  # a pedal note that is held for ever hides nothing for ever


@given(st.lists(st.sets(st.integers(0, 30), max_size=12), max_size=12))
def test_links_are_those_of_sets(sets):
    found = links([Fingerprint("", np.array(sorted(s), np.uint64)) for s in sets])
    pairs = {(a, b): n for a, b, n in zip(found.first, found.second, found.shared, strict=True)}
    expected = {(i, j): len(a & b) for i, a in enumerate(sets) for j, b in enumerate(sets) if i < j and a & b}
    assert pairs == expected
    for (i, j), contained in zip(pairs, found.contained, strict=True):
        assert contained == pytest.approx(expected[i, j] / min(len(sets[i]), len(sets[j])))


def test_made_copies_are_found_and_other_pieces_are_not(scores):
    rng = np.random.default_rng(1)
    prints = [fingerprint(score, name) for name, score in scores.items()]
    assert near_duplicates(prints) == []
    made, of = [], []
    for i, score in enumerate(scores.values()):
        changed = score.notes.copy()
        some = rng.random(len(changed)) < 0.05
        changed["pitch"][some] += 1
        copies = [transposed(score, 3), score.cut(0, 2 * score.bars // 3), replace(score, notes=changed)]
        if len(score.parts) > 1:
            copies.append(kept(score, list(range(1, len(score.parts)))))
        made += [fingerprint(copy) for copy in copies]
        of += [i] * len(copies)
    group_of = {i: number for number, group in enumerate(near_duplicates(prints + made)) for i in group}
    right = [group_of.get(len(prints) + k, -1) == group_of.get(i, -2) for k, i in enumerate(of)]
    assert sum(right) >= 0.9 * len(right)
    assert all(sum(i < len(prints) for i in group) <= 1 for group in near_duplicates(prints + made))


def test_drums_have_no_fingerprint(scores):
    score = next(iter(scores.values()))
    drums = replace(score, parts=tuple(replace(p, program=DRUMS) for p in score.parts))
    assert not len(fingerprint(drums).grams)
    assert near_duplicates([fingerprint(drums)] * 3) == []
    assert near_duplicates([]) == []


def test_a_movement_belongs_to_its_work_and_a_jingle_to_nothing():
    work, first, second = piece("work", (0, 200)), piece("1", (0, 60)), piece("2", (100, 160))
    jingle = piece("jingle", (0, SHARED - 1))
    prints = [jingle, first, work, second]
    assert near_duplicates(prints) == [[1, 2, 3]]
    assert keep([first, work, second]) == [work]


def test_many_equal_copies_are_one_group():
    assert near_duplicates([piece(str(n), (0, 50)) for n in range(COMMON + 9)]) == [list(range(COMMON + 9))]


def test_what_stays_of_equal_pieces():
    flat, live = piece("a", (0, 40), parts=9, notes=900), piece("b", (0, 39), parts=2, notes=80, live=True)
    more, later = piece("c", (0, 40), parts=9, notes=901), piece("d", (0, 40), parts=9, notes=901)
    assert keep([flat, live, more, later]) == [live]
    assert keep([flat, later, more]) == [more]
    assert keep([later, flat]) == [later]
    arranged = piece("e", (0, 12), (100, 130))
    assert keep([flat, arranged]) == [flat, arranged]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(1, 60), st.booleans()), min_size=1, max_size=8))
def test_something_always_stays(rows):
    group = [piece(str(k), (a, a + n), live=live) for k, (a, n, live) in enumerate(rows)]
    stay = keep(group)
    assert stay and all(p in group for p in stay)


@pytest.mark.parametrize(
    ("names", "key"),
    [
        (["J. S. Bach", "Johann Sebastian Bach", "Johann Sebastian BACH, BWV 542", "BachJS", "Bach, J.S."], "bach js"),
        (["J.C. Bach", "Johann Christian Bach"], "bach jc"),
        (
            ["Ludwig van Beethoven", "Beethoven, Ludwig", "BeethovenLv", "Ludwig Van BEETHOVEN (1770-)"],
            "beethoven l",
        ),
        (["Antonín Dvořák", "Antonin Dvorak", "A. Dvořák, 1893"], "dvorak a"),
        (["Georg Friedrich Händel", "Georg Friedrich Haendel", "G. F. Handel"], "handel gf"),
        (["Franz Joseph Haydn", "Joseph Haydn", "HaydnFJ"], "haydn j"),
        (["Felix Mendelssohn Bartholdy, op. 37", "Mendelssohn-BartholdyF", "Felix Mendelssohn"], "mendelssohn f"),
        (["by SCOTT JOPLIN.", "Scott Joplin", "JoplinS"], "joplin s"),
        (["Władysław Żeleński", "Wladyslaw Zelenski"], "zelenski w"),
        (["Sir George J. Elvey", "George J. Elvey (arr. W. Monk)"], "elvey gj"),
    ],
)
def test_one_composer_by_many_names(names, key):
    assert {composers(name) for name in names} == {(key,)}


@pytest.mark.parametrize(
    "name", ["", "-", ".", "Anonymous", "anonymous", "Traditional; Welsh", "[Traditional]", "Volksweise,", "trad."]
)
def test_nobody_is_no_composer(name):
    assert composers(name) == ()


def test_several_composers():
    assert composers("George Gershwin; Ira Gershwin") == ("gershwin g", "gershwin i")
    rows = [{"source": "", "composer": name} for name in ("Fryderyk Chopin", "F. F. Chopin", "Chopin", "Franz Liszt")]
    assert len(set(people_of(rows))) == 2


def row(n: int, title: str, composer: str, genre: str = "song", **other: str) -> dict[str, str]:
    return {"path": f"{n}.mid", "source": "", "title": title, "composer": composer, "genre": genre, **other}


@pytest.mark.parametrize(
    ("one", "two", "together"),
    [
        ("Winterreise, D.911: 5. Der Lindenbaum", "Winterreise, D.911: 1. Gute Nacht", True),
        ("Symphony No.3, Op.90, movement 1", "Third Symphony, op. 90 (2 of 4)", True),
        ("Symphony No.3, Op.90, movement 1", "Symphony No.4, Op.98, movement 1", False),
        ("Partita in a minor, BWV 1013 (1 of 4)", "Partita in a minor (saxophone), BWV 1013 (4 of 4)", True),
        ("Opus 50 No. 1, Op. 50", "Opus 50 No. 12, Op. 50", True),
    ],
)
def test_works(one, two, together):
    keys = [set(works(row(n, title, "F. Schubert"), ["schubert f"])) for n, title in enumerate((one, two))]
    assert bool(keys[0] & keys[1]) == together


def made_up(count: int) -> list[dict[str, str]]:
    """Many composers with few songs, one with many, anonymous ones; every tenth piece is chamber music."""
    rng = np.random.default_rng(0)
    rows = []
    for n in range(count):
        who = rng.choice(["", "Franz Schubert", f"John Q{chr(97 + n % 26)}{chr(97 + n // 26 % 26)}"], p=[0.2, 0.3, 0.5])
        title = f"Opus {rng.integers(count)}: No. {n}"
        rows.append(row(n, title, str(who), genre="chamber" if n % 10 == 0 else "song"))
    return rows


def test_splits_keep_works_groups_and_small_composers_together():
    rows = made_up(2000)
    groups = [[3, 700], [700, 901, 1500]]
    found = splits(rows, groups)
    count = Counter((s, r["genre"]) for s, r in zip(found, rows, strict=True))
    for split in ("validation", "test"):
        assert count[split, "song"] == 45 and count[split, "chamber"] == 5
    assert len({found[i] for group in groups for i in group}) == 1
    work, person = {}, {}
    for r, s, names in zip(rows, found, people_of(rows), strict=True):
        for key in works(r, names):
            assert work.setdefault(key, s) == s
        for name in names:
            person.setdefault(name, set()).add(s)
    assert person.pop("schubert f") == {"train", "validation", "test"}
    apart = [name for name, where in person.items() if len(where) > 1]
    assert len(apart) < 0.05 * len(person)
    held = [person[n[0]] for s, n in zip(found, people_of(rows), strict=True) if s != "train" and n and n[0] in person]
    assert sum("train" not in where for where in held) > 0.9 * len(held)


def test_splits_do_not_depend_on_order_and_hardly_on_new_pieces():
    rows = made_up(2000)
    found = dict(zip((r["path"] for r in rows), splits(rows), strict=True))
    order = np.random.default_rng(3).permutation(len(rows))
    mixed = [rows[i] for i in order]
    assert dict(zip((r["path"] for r in mixed), splits(mixed), strict=True)) == found
    fewer = rows[:1900]
    moved = [found[r["path"]] != s for r, s in zip(fewer, splits(fewer), strict=True)]
    assert sum(moved) < 60


def test_a_row_without_a_column_is_named():
    rows = [row(0, "A", "B"), {"path": "x.mid", "title": "", "composer": "", "genre": ""}]
    with pytest.raises(FileError, match=r"row 2 of the manifest has no source"):
        splits(rows)


def test_the_split_of_the_whole_corpus():
    if not (SHARED_CORPUS / "manifest.csv").is_file():
        pytest.skip("the corpus is not here")
    with (SHARED_CORPUS / "manifest.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    found = splits(rows)
    assert found == splits(rows)
    total = Counter(r["genre"] for r in rows)
    count = Counter((s, r["genre"]) for s, r in zip(found, rows, strict=True))
    for genre, pieces in total.items():
        for split in ("validation", "test"):
            assert count[split, genre] <= 0.03 * pieces + 1
            assert genre == "opera" or count[split, genre] >= 0.02 * pieces - 0.5  # five operas, each more than a tenth
    sessions, cycles = {}, {}
    for r, s in zip(rows, found, strict=True):
        if r["source"] == "groove":
            drummer, session = r["path"].split("/")[1:3]
            assert sessions.setdefault("eval" if "eval" in session else drummer + session, s) == s
        if "Winterreise" in r["title"]:
            assert cycles.setdefault("Winterreise", s) == s
    people = people_of(rows)
    train = {n for s, names in zip(found, people, strict=True) if s == "train" for n in names}
    held = [names for s, names in zip(found, people, strict=True) if s != "train" and names]
    assert sum(train.isdisjoint(names) for names in held) >= 0.4 * len(held)
