"""Writes `tokenizers/`: MidiTok's REMI with the project's own tokens among its special tokens.

Run as ``python -m symbolic_music.training.tokenizer`` in a checkout. The ids are
fixed by the order of this list; weights depend on it.
"""

from __future__ import annotations

from pathlib import Path

from miditok import REMI, TokenizerConfig

from symbolic_music.theory.chords import CHORDS
from symbolic_music.theory.genres import names
from symbolic_music.theory.instruments import CHAIRS
from symbolic_music.theory.keys import Key
from symbolic_music.theory.meters import POSITIONS, SIGNATURES
from symbolic_music.theory.pitch import NAMES
from symbolic_music.tokens.vocabulary import BARS, DYNAMICS, SECTIONS, TEMPOS

OURS = [
    *("PAD_None", "BOS_None", "EOS_None"),
    *(f"Genre_{g}" for g in names()),
    *("Feel_score", "Feel_live"),
    *(f"Key_{Key.of(tonic, mode).token}" for tonic in range(12) for mode in ("major", "minor")),
    *(f"Tempo_{t}" for t in TEMPOS),
    *(f"Bars_{n}" for n in BARS),
    *(f"Density_{n}" for n in range(10)),
    *(f"Dynamics_{d}" for d in DYNAMICS),
    *(f"Has_{n}" for n in NAMES),
    *(f"Uses_{p}" for p in range(-1, 128)),
    *("Future_None", "Present_None", "Free_None"),
    *(f"Left_{n}" for n in range(1, 17)),
    *(f"Section_{s}" for s in SECTIONS),
    "Chord_N",
    *(f"Chord_{c}" for c in CHORDS),
    *(f"Bass_{n}" for n in NAMES),
    *(f"Chair_{n}" for n in range(2, CHAIRS + 1)),
]


def build() -> REMI:
    """The MidiTok tokenizer of the token language."""
    units: dict[int, list[int]] = {}
    for beats, unit in SIGNATURES:
        units.setdefault(unit, []).append(beats)
    return REMI(
        TokenizerConfig(
            pitch_range=(0, 127),
            beat_res={(0, 4): POSITIONS, (4, 12): 4},
            num_velocities=16,
            special_tokens=OURS,
            use_programs=True,
            one_token_stream_for_programs=True,
            program_changes=True,
            use_time_signatures=True,
            time_signature_range=units,
            use_note_duration_programs=list(range(128)),
            use_pitchdrum_tokens=True,
            drums_pitch_range=(27, 88),
        )
    )


def main() -> None:
    """Write the configuration that MidiTok loads and the list of tokens that composing reads."""
    tokenizer, folder = build(), Path("tokenizers")
    tokenizer.save(folder / "remi.json")
    tokens = sorted(tokenizer.vocab, key=tokenizer.vocab.__getitem__)
    (folder / "vocabulary.txt").write_text("\n".join(tokens) + "\n", "utf-8")


if __name__ == "__main__":
    main()
