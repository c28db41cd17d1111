"""Note values and voices mean what musicians mean by them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from symbolic_music.errors import BriefError
from symbolic_music.theory.meters import METERS, Meter
from symbolic_music.theory.values import VALUES, positions, spelled, ticks
from symbolic_music.theory.voices import TESSITURAS, voice


@pytest.mark.parametrize(
    ("name", "length"),
    [
        ("whole", 96), ("half", 48), ("quarter", 24), ("eighth", 12), ("sixteenth", 6), ("thirty-second", 3),
        ("dotted quarter", 36), ("double dotted half", 84), ("quarter triplet", 16), ("triplet eighths", 8),
        ("1/8", 12), ("1/8.", 18), ("1/2..", 84), ("1/8t", 8), ("1/32", 3), ("1/1", 96),
        ("Quarter Notes", 24), ("eighth note triplets", 8), ("dotted-eighth", 18), ("double-dotted quarter", 42),
        ("thirty second notes", 3), ("crotchets", 24), ("dotted quaver", 18), ("demisemiquaver", 3),
    ],
)  # fmt: skip
def test_names(name: str, length: int) -> None:
    assert ticks(name) == length


@given(st.sampled_from(sorted(VALUES)))
def test_every_value_has_one_name(name: str) -> None:
    assert spelled(ticks(name)) == name


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("quater", "'quater' is not a note value: did you mean quarter"),
        ("1/3", "'1/3' is not a note value"),
        ("1/8tt", "not a note value"),
        ("dotted thirty-second", "not a note value"),
        ("dotted quarter triplet", "not a note value"),
        ("", "'' is not a note value"),
        (7, "'7' is not a note value|7 is not a note value"),
    ],
)
def test_what_is_no_value(name: str, words: str) -> None:
    with pytest.raises(BriefError, match=words):
        ticks(name)


@given(st.sampled_from(sorted(VALUES)), st.sampled_from(METERS))
def test_positions_are_whole_or_refused(name: str, meter: Meter) -> None:
    if VALUES[name] % meter.step == 0:
        assert positions(name, meter) * meter.step == VALUES[name]
    else:
        with pytest.raises(BriefError, match=f"{name} falls between the positions of {meter}: .* does not"):
            positions(name, meter)


def test_positions() -> None:
    assert [positions(v, Meter(4, 4)) for v in ("quarter", "eighth triplet", "dotted eighth")] == [12, 4, 9]
    assert [positions(v, Meter(6, 8)) for v in ("quarter", "thirty-second", "dotted quarter")] == [24, 3, 36]


def test_voices() -> None:
    assert [voice(name) for name in TESSITURAS] == [*TESSITURAS]
    assert [voice(name) for name in ("sopranos", "Altos", "basses")] == ["soprano", "alto", "bass"]
    assert TESSITURAS[voice("Contralto")] == (53, 74)
    with pytest.raises(BriefError, match="no voice 'tenr': did you mean tenor"):
        voice("tenr")
