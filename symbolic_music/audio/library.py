"""The FluidSynth library: found and quiet, or an error that says what to install."""

from __future__ import annotations

import contextlib
import importlib
import io
import shutil
import sys
from ctypes import c_int, c_void_p
from functools import cache
from types import SimpleNamespace

from symbolic_music.errors import SynthesizerError

#: How to get the synthesizer of the preview: as plain `pip install tinysoundfont` it wants PortAudio, to play aloud.
PREVIEW = "pip install --no-deps tinysoundfont"


@cache
def fluidsynth() -> SimpleNamespace:
    """The C functions of FluidSynth, under their own names.

    Raises
    ------
    SynthesizerError
        Where pyfluidsynth or the system's library is not installed; the message says what to install here.

    Examples
    --------
    >>> try:
    ...     fluidsynth().fluid_synth_noteon is not None
    ... except SynthesizerError as error:
    ...     "install" in error.hint
    True
    """
    try:
        with contextlib.redirect_stdout(io.StringIO()):  # where CI is set it prints which library it found
            module = importlib.import_module("fluidsynth")
        declare = module.cfunc
        synth = ("synth", c_void_p, 1)
        # pyfluidsynth declares most of the functions, but not these.
        channel, number = ("chan", c_int, 1), ("sfont", c_int, 1)
        declared = {
            "fluid_synth_write_float": declare(
                "fluid_synth_write_float", c_int, synth, ("len", c_int, 1),
                ("lout", c_void_p, 1), ("loff", c_int, 1), ("lincr", c_int, 1),
                ("rout", c_void_p, 1), ("roff", c_int, 1), ("rincr", c_int, 1),
            ),
            "fluid_synth_channel_pressure": declare(
                "fluid_synth_channel_pressure", c_int, synth, channel, ("val", c_int, 1)
            ),
            "fluid_synth_set_channel_type": declare(
                "fluid_synth_set_channel_type", c_int, synth, channel, ("type", c_int, 1)
            ),
            "fluid_synth_set_bank_offset": declare(
                "fluid_synth_set_bank_offset", c_int, synth, number, ("offset", c_int, 1)
            ),
            "fluid_synth_pin_preset": declare(  # since 2.2; None before
                "fluid_synth_pin_preset", c_int, synth, number, ("bank", c_int, 1), ("preset", c_int, 1)
            ),
        }  # fmt: skip
        fields = ("level", c_int, 1), ("to", c_void_p, 1), ("data", c_void_p, 1)
        log = declare("fluid_set_log_function", c_void_p, *fields)
        for level in range(5):
            log(level, None, None)  # what matters comes back as a status; the rest would only litter stderr
    except Exception as error:  # a missing library shows as ImportError, OSError, AttributeError or TypeError
        raise SynthesizerError("the FluidSynth library is not installed", hint=_install(error)) from error
    return SimpleNamespace(**{name: f for name, f in vars(module).items() if "fluid_" in name}, **declared)


#: The program that installs packages, and the package that holds the library.
PACKAGES = {
    "apt-get": "apt-get install libfluidsynth3",
    "dnf": "dnf install fluidsynth-libs",
    "pacman": "pacman -S fluidsynth",
    "zypper": "zypper install libfluidsynth3",
    "apk": "apk add fluidsynth-libs",
    "brew": "brew install fluid-synth",
}


def _install(error: Exception) -> str:
    """What to install here."""
    if isinstance(error, ModuleNotFoundError) or (isinstance(error, AttributeError) and error.name == "cfunc"):
        how = "pip install pyfluidsynth (and not the package named fluidsynth)"
    elif sys.platform == "darwin":
        how = PACKAGES["brew"]
    elif sys.platform == "win32":
        how = "choco install fluidsynth, or unpack the zip of its release page to C:\\tools\\fluidsynth"
    else:
        here = (how for program, how in PACKAGES.items() if shutil.which(program))
        how = next(here, "install the package fluidsynth of this system")
    return f"{how}; or, after {PREVIEW}, --synth preview sounds without it"
