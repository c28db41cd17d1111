"""Limits hold for any writer: uniform, adversarial, the shipped weights; clashes are refused before generation."""

from __future__ import annotations

import io
from collections import Counter
from typing import Any

import mido
import numpy as np
import pretty_midi
import pytest
import symusic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import symbolic_music as sm
from symbolic_music.brief import parts_of
from symbolic_music.composer import Composer, controls
from symbolic_music.engine.base import Engine
from symbolic_music.resources import resource
from symbolic_music.rules import Limits, Matcher, compiled, limits
from symbolic_music.rules.matcher import BAR_NOTES
from symbolic_music.theory.instruments import of_program, table
from symbolic_music.theory.meters import METERS
from symbolic_music.tokens.vocabulary import Kind, vocabulary

PLAYED = sorted({i.name for i in table().values() if i.program < 112})
SIZE = len(vocabulary())


@st.composite
def briefs(draw: st.DrawFn, max_bars: int = 16) -> sm.Brief:
    """Briefs as people ask: 3 to 9 pitch classes or a key or neither, 1 to 6 instruments, any meter."""
    limit = draw(st.sampled_from(["only", "key", "scale", "none"]))
    tonic = draw(st.sampled_from(["C", "F#", "Bb", "D", "Ab", "E"]))
    wishes = {
        "only": {"only": draw(st.sets(st.integers(0, 11), min_size=3, max_size=9))},
        "key": {"key": f"{tonic} {draw(st.sampled_from(['major', 'minor']))}"},
        "scale": {"scale": f"{tonic} {draw(st.sampled_from(['dorian', 'blues', 'whole tone']))}"},
        "none": {},
    }[limit]
    names = draw(
        st.lists(st.sampled_from(PLAYED), min_size=1, max_size=6).filter(lambda n: max(Counter(n).values()) <= 4)
    )
    return sm.Brief(
        instruments=names,
        bars=draw(st.integers(1, max_bars)),
        meter=draw(st.sampled_from(METERS)),
        tempo=draw(st.floats(20, 320)),
        **wishes,
    )


def breaks(piece: sm.Piece) -> list[str]:
    """What of a brief the file breaks, by pretty_midi, mido and symusic, with no code of ours but the brief."""
    brief, found = piece.brief.filled(), []
    notes = pretty_midi.PrettyMIDI(io.BytesIO(piece.midi))
    classes = {n.pitch % 12 for i in notes.instruments if not i.is_drum for n in i.notes}
    if not classes <= brief.pitch_classes:
        found.append(f"pitch classes {sorted(classes - brief.pitch_classes)}")
    heard = Counter(-1 if i.is_drum else i.program for i in notes.instruments if i.notes)
    if heard != Counter(p.program for p in brief.parts):
        found.append(f"instruments {heard}")
    file = mido.MidiFile(file=io.BytesIO(piece.midi))
    messages = [m for t in file.tracks for m in t]
    meters = {(m.numerator, m.denominator) for m in messages if m.type == "time_signature"}
    if meters != {(brief.meter.beats, brief.meter.unit)}:
        found.append(f"meters {meters}")
    tempos = {m.tempo for m in messages if m.type == "set_tempo"}
    if tempos != {round(60e6 / brief.tempo)}:
        found.append(f"tempos {tempos}")
    ends = {sum(m.time for m in t) for t in file.tracks}
    if ends != {brief.bars * brief.meter.quarters * file.ticks_per_beat}:
        found.append(f"end {ends}")
    raw: Any = symusic.Score.from_midi(piece.midi)
    sounding = max((n.end for t in raw.tracks for n in t.notes), default=0) / raw.ticks_per_quarter
    if sounding > brief.bars * brief.meter.quarters:
        found.append(f"sounds until {sounding} quarters")
    return found


@given(briefs(), st.integers(0, 2**32))
def test_limits_hold_for_a_uniform_writer(brief: sm.Brief, seed: int) -> None:
    piece = Composer(sm.UniformEngine(SIZE), sampling=sm.Sampling(top_p=1.0)).compose(brief, seed=seed)
    assert breaks(piece) == []
    assert piece.report.ok


@given(briefs(max_bars=12), st.integers(0, 2**32))
def test_sections_have_names_or_letters_in_order(brief: sm.Brief, seed: int) -> None:
    sections = Composer(sm.UniformEngine(SIZE)).compose(brief, seed=seed).score.sections
    letters = [section for section in sections if len(section) == 1]
    assert sections[0] in {"intro", "verse", "chorus", "A"} and len(letters) in (0, len(sections))
    assert list(dict.fromkeys(letters)) == list("ABCDEFGH"[: len(set(letters))])


@given(briefs(), st.integers(0, 2**32))
def test_limits_hold_for_an_adversarial_writer(brief: sm.Brief, seed: int) -> None:
    engine = sm.AdversarialEngine(SIZE, np.random.default_rng(seed))
    assert breaks(Composer(engine).compose(brief, seed=seed)) == []


@pytest.fixture(scope="module")
def shipped() -> Engine:
    if not resource("weights/model.onnx").is_file():
        pytest.skip("the weights are not here")
    return sm.OnnxEngine()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(brief=briefs(max_bars=6), seed=st.integers(0, 2**32))
def test_limits_hold_for_the_shipped_weights(shipped: Engine, brief: sm.Brief, seed: int) -> None:
    assert breaks(Composer(shipped).compose(brief, seed=seed)) == []


class Prefers:
    """An engine that always likes some kinds best, in order: it presses one corner of the grammar."""

    window, vocabulary_size = 2048, SIZE

    def __init__(self, *kinds: Kind, highest: bool = False) -> None:
        v = vocabulary()
        order = np.arange(SIZE) if highest else -np.arange(SIZE)
        self.logits = order.astype(np.float32)
        for rank, kind in enumerate(reversed(kinds), 1):
            self.logits[v.kind == kind] += rank * 1e5

    def open(self) -> Prefers:
        return self

    def feed(self, ids: object) -> np.ndarray:
        return self.logits

    def restart(self) -> None: ...


CORNERS = {
    "silence": ((Kind.BAR, Kind.EOS), False),
    "the last position at once": ((Kind.EOS, Kind.BAR, Kind.POSITION), True),
    "chords without end": ((Kind.PITCH, Kind.PITCHDRUM, Kind.PROGRAM), False),
    "every position": ((Kind.PITCH, Kind.POSITION), False),
    "the last instrument first": ((Kind.PROGRAM, Kind.POSITION), True),
    "the longest notes": ((Kind.DURATION, Kind.PITCH), True),
}


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("meter", ["1/4", "4/4", "12/8"])
@pytest.mark.parametrize(
    "names", [["drums"], ["piano"], ["violin"] * 4, ["piano", "violin", "violin", "bass", "drums", "harp"]]
)
def test_corners(corner: str, meter: str, names: list[str]) -> None:
    kinds, highest = CORNERS[corner]
    brief = sm.Brief(instruments=names, bars=3, meter=meter, only="C F#")
    piece = Composer(Prefers(*kinds, highest=highest), sampling=sm.Sampling(temperature=0)).compose(brief)
    assert breaks(piece) == []
    score = piece.score
    bar = np.searchsorted(score.bar_starts, score.notes["start"], side="right") - 1
    assert np.bincount(bar).max() <= BAR_NOTES
    for part in range(len(score.parts)):
        _, together = np.unique(score.notes["start"][score.notes["part"] == part], return_counts=True)
        assert together.max() <= of_program(score.parts[part].program).voices


@given(st.integers(0, 2**32), st.integers(1, 40))
def test_rollback_undoes_accept(seed: int, count: int) -> None:
    rng = np.random.default_rng(seed)
    brief = sm.Brief(instruments=["piano", "violin", "violin", "drums"], bars=4, key="D minor")
    matcher, masks = Matcher(limits(brief), vocabulary()), []
    for _ in range(count):
        masks.append(matcher.allowed().copy())
        matcher.accept(int(rng.choice(np.flatnonzero(masks[-1]))))
    for mask in reversed(masks):
        matcher.rollback(1)
        assert (matcher.allowed() == mask).all()


def test_an_id_that_is_not_allowed_is_refused() -> None:
    matcher = Matcher(limits(sm.Brief(instruments=["piano"], bars=1)), vocabulary())
    with pytest.raises(ValueError, match="EOS_None may not come here"):
        matcher.accept(vocabulary().id(Kind.EOS))


def test_no_part_rests_longer_than_allowed() -> None:
    brief = sm.Brief(instruments=["piano", "violin", "drums"], bars=12)
    silent = Prefers(Kind.BAR, Kind.EOS)
    piece = Composer(silent, sampling=sm.Sampling(temperature=0)).compose(brief)
    bar = np.searchsorted(piece.score.bar_starts, piece.score.notes["start"], side="right") - 1
    for part in range(3):
        played = np.unique(bar[piece.score.notes["part"] == part])
        assert np.diff(played, prepend=-1, append=12).max() <= 2


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"key": "D minor", "only": "C E G"}, "the tonic D is not among those notes"),
        ({"scale": "C whole tone", "only": "C# D#"}, "they share no note"),
        ({"key": "C major", "scale": "F# dorian"}, "clash in every bar"),
        ({"bars": 0}, "1 to 512"),
        ({"bars": 100_000}, "1 to 512"),
        ({"tempo": 0}, "20 to 320"),
        ({"tempo": 10_000}, "20 to 320"),
        ({"only": []}, "an empty set of notes"),
        ({"instruments": ["violin"] * 5}, "at most 4 of one instrument"),
        ({"instruments": PLAYED[:62]}, "MIDI has channels for 60 beside the drums"),
        ({"instruments": ["pianno"]}, "did you mean piano"),
        ({"key": "D minr"}, "did you mean minor"),
        ({"bars": 4, "seconds": 20}, "ask for one of the two"),
    ],
)
def test_what_cannot_hold_is_refused(wishes: dict[str, object], words: str) -> None:
    with pytest.raises(sm.BriefError, match=words):
        sm.Brief(**wishes)


class Above(sm.Rule):
    """A user's rule."""

    def __init__(self, pitch: int, **scope: object) -> None:
        self.pitch, self.scope = pitch, scope
        self.name = f"above {pitch}"

    def narrow(self, limits: Limits) -> None:
        limits.keep_pitches(self.name, np.arange(128) > self.pitch, **self.scope)


def test_a_rule_of_ones_own_holds() -> None:
    brief = sm.Brief(instruments=["violin", "cello"], bars=4, only="A B C# F# G")
    rule = Above(80, tracks=["violin"], bars=(2, 3))
    piece = Composer(sm.UniformEngine(SIZE)).compose(brief, rules=[rule])
    assert breaks(piece) == []
    score = piece.score
    edges, notes = score.bar_starts, score.notes
    mine = notes[(score.parts.index(parts_of(["violin"])[0]) == notes["part"])]
    inside = mine[(mine["start"] >= edges[1]) & (mine["start"] < edges[3])]
    assert len(inside)
    assert inside["pitch"].min() > 80


def test_rules_take_names_and_refuse_nonsense() -> None:
    brief = sm.Brief(instruments=["piano", "violin"], bars=2)
    piece = Composer(sm.UniformEngine(SIZE)).compose(
        brief, rules=[sm.InKey("D minor"), sm.PitchClasses("D A", tracks="violin"), sm.InMeter("4/4")]
    )
    violin = piece.score.notes[piece.score.notes["part"] == 1]
    assert set((violin["pitch"] % 12).tolist()) <= {2, 9}
    for rule, words in (
        (lambda: sm.InKey("H minor"), "unknown key"),
        (lambda: sm.Instruments(brief.parts, rest=-1), "a whole number, 0 to 512"),
        (lambda: limits(brief, [sm.Tempo(90)]), "tempo 90 and tempo 112 clash"),
        (lambda: limits(brief, [sm.ExactBars(3)]), "3 bars and 2 bars clash"),
        (lambda: limits(brief, [sm.InMeter("3/4")]), "meter 3/4 and meter 4/4 clash"),
    ):
        with pytest.raises(sm.BriefError, match=words):
            rule()


def test_tables_that_leave_nothing_are_refused() -> None:
    tables = limits(sm.Brief(instruments=["piano"], bars=2))
    tables.pitches[1] = False
    with pytest.raises(sm.BriefError, match="bar 2: acoustic grand piano is left without a note"):
        Matcher(tables, vocabulary())


def test_rules_that_clash_name_both_and_the_bars() -> None:
    brief = sm.Brief(instruments=["cello"], bars=8, only="A B C# F# G")
    with pytest.raises(sm.BriefError, match=r"bars 5-6: above 79 and the range of cello clash"):
        limits(brief, [Above(79, bars=(5, 6))])
    with pytest.raises(sm.BriefError, match="bars 1-8: only C# F# G A B and only Eb clash"):
        limits(brief, [sm.PitchClasses(frozenset({3}))])
    with pytest.raises(sm.BriefError, match="the piece has bars 1-8"):
        limits(brief, [Above(60, bars=(8, 9))])
    with pytest.raises(sm.BriefError, match="no track 'violin'"):
        limits(brief, [Above(60, tracks=["violin"])])


LATE = Prefers(Kind.EOS, Kind.BAR, Kind.POSITION, highest=True)


@pytest.mark.parametrize(("meter", "least", "beats"), [("4/4", 1, {0}), ("4/4", 3, {0, 24, 48}), ("6/8", 1, {0})])
def test_what_a_part_owes_a_bar_comes_on_the_beat(meter: str, least: int, beats: set[int]) -> None:
    brief = sm.Brief(instruments=["flute", "piano"], bars=4, meter=meter)
    owed = f"Density(least={least}, tracks='flute', bars=3)"
    score = Composer(LATE, sampling=sm.Sampling(temperature=0)).compose(brief, rules=[owed]).score
    flute = score.notes[(score.notes["part"] == 1)]
    inside = (flute["start"] >= score.bar_starts[2]) & (flute["start"] < score.bar_starts[3])
    assert {int(tick) for tick in flute["start"][inside] - score.bar_starts[2]} >= beats


def test_where_beats_do_not_do_single_positions_count() -> None:
    brief = sm.Brief(instruments=["flute"], bars=2, meter="2/4")
    rules = ["Rhythm('.x.x.x.x')", "Density(least=4)"]
    assert breaks(piece := Composer(LATE).compose(brief, rules=rules)) == []
    assert piece.report.ok


@given(st.integers(0, 2**32))
def test_an_exact_repeat_is_exact_to_the_velocity(seed: int) -> None:
    brief = sm.Brief(instruments=["piano", "violin", "drums"], bars=6, meter="3/4")
    rules = ["Repeats((1, 3), bars=(4, 6))"]
    composer = Composer(sm.UniformEngine(SIZE), sampling=sm.Sampling(top_p=1.0))
    score = composer.compose(brief, seed=seed, rules=rules).score
    later = score.notes["start"] >= score.bar_starts[3]
    again = score.notes[later].copy()
    again["start"] -= score.bar_starts[3]
    assert (score.notes[~later] == again).all()
    louder = composer.compose(brief, seed=seed, rules=[*rules, "Dynamics('f', 'ff', bars=(4, 6))"]).score
    assert louder.notes["velocity"][louder.notes["start"] >= louder.bar_starts[3]].min() >= 88


def test_a_bar_that_is_repeated_is_written_in_one_run() -> None:
    brief = sm.Brief(instruments=["flute"], bars=2, rules=["Repeats(1, bars=2)"])
    matcher, rng = compiled(brief, plan=False), np.random.default_rng(0)
    while matcher.bar < 1:
        matcher.forced()
        if matcher.bar < 1:
            matcher.accept(int(rng.choice(np.flatnonzero(matcher.allowed()))))
    matcher.forced()
    assert matcher.done


def test_the_model_is_told_of_what_rules_leave() -> None:
    v = vocabulary()

    def told(*rules: str) -> set[str]:
        brief = sm.Brief(genre="folk", instruments=["flute", "guitar"], bars=8, rules=rules)
        return {v.tokens[i] for i in controls(brief, {}, np.random.default_rng(0), compiled(brief).limits)}

    assert {"Has_C", "Has_E", "Has_G"} < told("PitchClasses('C E G')")
    assert "Key_A:min" in told("Chords('Am Dm E Am')")
    assert "Key_G:maj" in told("InKey('G major', passing='eighth')", "Cadence('G major')")
    assert "Dynamics_pp" in told("Dynamics('pp', 'pp')") and not any("Dynamics" in t for t in told())
    assert told("Density(most=1)") != told() and not any(t.startswith("Has") for t in told())
