"""The brief: values in any type, JSON both ways, and what cannot be meant."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from test_rules import briefs

import symbolic_music as sm
from symbolic_music.composer import brief_of, controls
from symbolic_music.rules import compiled
from symbolic_music.theory.genres import genre, names
from symbolic_music.theory.instruments import instrument
from symbolic_music.theory.meters import meter
from symbolic_music.tokens.vocabulary import vocabulary


@given(briefs())
def test_json_both_ways(brief: sm.Brief) -> None:
    assert sm.Brief.from_json(brief.to_json()) == brief
    assert json.loads(brief.to_json()).get("bars") == brief.bars


def test_numbers_come_in_any_type() -> None:
    brief = sm.Brief(bars=np.int64(8), tempo=np.float32(90.5), seconds=None)
    assert (brief.bars, brief.tempo) == (8, 90.5)
    assert sm.Brief(tempo="120").tempo == 120
    assert json.loads(brief.to_json()) == {"bars": 8, "tempo": 90.5}


@pytest.mark.parametrize(
    ("wishes", "words"),
    [
        ({"bars": True}, "is not a number"),
        ({"bars": 2.5}, "2.5 bars"),
        ({"tempo": float("nan")}, "is not a number"),
        ({"tempo": "fast"}, "is not a number"),
        ({"instruments": []}, "no instruments"),
        ({"parts": [sm.Part(0), sm.Part(0)]}, "named twice"),
        ({"parts": [sm.Part(999)]}, "is no part"),
        ({"parts": [sm.Part(0, 9)]}, "is no part"),
        ({"parts": [sm.Part(p) for p in range(61)]}, "channels for 60"),
        ({"parts": [sm.Part(0)], "instruments": ["flute"]}, "both instruments and parts"),
    ],
)
def test_what_cannot_be_meant(wishes: dict[str, object], words: str) -> None:
    with pytest.raises(sm.BriefError, match=words):
        sm.Brief(**wishes)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"bars": "x"}', '{"colour": "red"}', '{"parts": [1]}'])
def test_broken_json_is_named(text: str) -> None:
    with pytest.raises(sm.BriefError):
        sm.Brief.from_json(text)


def test_rules_are_kept_as_texts() -> None:
    class Loud:
        def __repr__(self) -> str:
            return "Dynamics('f', 'ff')"

    brief = sm.Brief(bars=8, rules=[" Leaps(7)", Loud(), "Monophonic() | Grid('eighth')"])
    assert brief.rules == ("Leaps(7)", "Dynamics('f', 'ff')", "Monophonic() | Grid('eighth')")
    assert sm.Brief(rules="Leaps(7)").rules == ("Leaps(7)",) == sm.Brief(rules=["Leaps(7)"]).filled().rules
    assert sm.Brief(rules=Loud()).rules == ("Dynamics('f', 'ff')",)
    assert sm.Brief.from_json(brief.to_json()) == brief and hash(sm.Brief.from_json(brief.to_json())) == hash(brief)
    assert "rules" not in json.loads(sm.Brief(bars=8).to_json())
    assert brief.replace(rules=()).rules == () and brief.replace(bars=4).rules == brief.rules


@pytest.mark.parametrize(
    "text", ["", "leaps up to a fifth", "Leaps", "Leaps(7); Leaps(5)", "a.b()", "Leaps(", "(" * 9999, "3"]
)
def test_what_is_no_rule(text: str) -> None:
    with pytest.raises(sm.BriefError, match="is not a rule: such as"):
        sm.Brief(rules=[text])


def test_lists_in_words() -> None:
    brief = sm.Brief(instruments="piano, bass and drums", moods="calm, sad")
    assert [p.name for p in brief.parts] == ["drums", "acoustic grand piano", "fingered bass"]
    assert brief.moods == ("calm", "sad")
    assert brief.replace(instruments="flute").parts == (sm.Part(73),)


def test_wishes_by_name_win_over_words() -> None:
    words = "a jazz trio in D minor, 2 minutes"
    brief = brief_of(words, bars=8, instruments="flute", key=None)
    assert (brief.bars, brief.seconds, brief.key, brief.parts) == (8, None, None, (sm.Part(73),))
    with pytest.raises(sm.BriefError, match="ask for one of the two"):
        brief_of(words, bars=8, seconds=30)
    with pytest.raises(sm.BriefError, match="unknown wish 'bar': did you mean bars"):
        brief_of(words, bar=8)


def test_moods_differ_by_valence_too() -> None:
    """Happy and sad words reach the model as major and minor, and only softly: no rule comes of them."""
    v, rng = vocabulary(), np.random.default_rng(0)
    happy = [v.tokens[i] for i in controls(sm.Brief(moods="happy"), {}, rng)]
    angry = [v.tokens[i] for i in controls(sm.Brief(moods="angry"), {}, rng)]
    assert any(t.startswith("Key_") and t.endswith(":maj") for t in happy)
    assert any(t.startswith("Key_") and t.endswith(":min") for t in angry)
    assert sm.Brief(moods="happy").pitch_classes == frozenset(range(12))
    slow, fast = (sm.Brief(genre="jazz", moods=m).filled().tempo for m in ("calm", "energetic"))
    assert slow is not None and fast is not None and slow < fast


def test_a_key_and_notes_meet() -> None:
    brief = sm.Brief(key="D minor", only="D F A C E")
    assert brief.pitch_classes == {0, 2, 4, 5, 9}
    assert sm.Brief(scale="E blues").home == sm.Key("E", "minor")


def test_every_genre_is_said_as_one_that_the_weights_learned() -> None:
    learned = sm.OnnxEngine().config
    for name in set(names()) - {"drums"}:  # a drum solo says its instrument alone
        brief = sm.Brief(genre=name, instruments="piano")
        said = [vocabulary().tokens[i] for i in controls(brief, learned)]
        assert sum(token.startswith("Genre_") for token in said) == 1


def test_a_style_gives_its_defaults() -> None:
    sheet = genre("bossa nova")
    full = sm.Brief(genre="bossa nova").filled()
    assert (full.tempo, full.meter) == (sheet.tempo[1], sheet.meter)
    assert {p.program for p in full.parts} == {instrument(name).program for name in sheet.instruments}
    assert genre("swing").feel == "swing eighths" and genre("jazz waltz").meter == meter("3/4")


def test_a_loop_is_written_without_an_ending() -> None:
    brief = sm.Brief(instruments=["flute"], bars=3, loop=True)
    assert sm.Brief.from_json(brief.to_json()) == brief != brief.replace(loop=False)
    written = {loop: compiled(brief.replace(loop=loop)).forced() for loop in (False, True)}
    tokens = vocabulary().tokens
    assert "Left_3" in [tokens[i] for i in written[False]]
    assert not any(tokens[i].startswith("Left") for i in written[True])
    assert sm.compose(instruments=["flute"], bars=3, loop=True).score.bars == 3


def test_a_loop_keeps_its_limits_whoever_writes() -> None:
    brief = sm.Brief(instruments=["flute", "drums"], bars=4, only="C E G", loop=True)
    size = len(vocabulary())
    for engine in (sm.UniformEngine(size), sm.AdversarialEngine(size, np.random.default_rng(1))):
        for seed in range(3):
            assert sm.Composer(engine).compose(brief, seed=seed).report.ok
