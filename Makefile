# make song, make test: from a fresh checkout, on a machine with Python 3.11 or newer, pip and git.
# Everything is installed into .venv; Debian packages are added where this runs as root on a system with apt.

PYTHON = python3
VENV = .venv
BIN = $(VENV)/bin
PIP = $(BIN)/pip --disable-pip-version-check -qq
WORDS = a folk song that only uses A, B, C\#, F\# and G
# For more pytest options: make test PYTEST_ARGS="-k rules"
PYTEST_ARGS =

# A shell function. Installs Debian packages that are missing; says so, and goes on without what it cannot install.
PACKAGES = packages() { \
	missing=; for p in "$$@"; do dpkg -s "$$p" >/dev/null 2>&1 || missing="$$missing $$p"; done; \
	[ -n "$$missing" ] || return 0; \
	if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then \
		echo "== Not root on a system with apt; going on without:$$missing"; return 0; fi; \
	echo "== Installing Debian packages:$$missing"; \
	get() { DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
		-o DPkg::Lock::Timeout=300 "$$@" </dev/null >/dev/null 2>&1; }; \
	get install $$missing || { get update; get install $$missing; } || for p in $$missing; do \
		get install "$$p" || echo "== Could not install $$p; going on without"; done; }

.PHONY: help song test lint docs clean

help:
	@echo "make song   install what composing needs (no torch), compose song.mid and song.wav, print the report"
	@echo "make test   install what the tests need, then ruff, mypy and pytest"
	@echo "make lint   ruff and mypy alone"
	@echo "make docs   build the documentation into site/"
	@echo "make clean  remove .venv and everything that was built"

song: $(VENV)/.song
	@$(PACKAGES); $(BIN)/python -c 'from symbolic_music.audio.library import fluidsynth; fluidsynth()' 2>/dev/null \
		|| packages libfluidsynth3
	@echo "== Composing $(WORDS)"
	@$(BIN)/symbolic-music compose "$(WORDS)" -o song.mid -o song.wav || \
		{ status=$$?; [ $$status = 3 ] && echo "== song.mid is written; song.wav needs the library named above"; }

test: $(VENV)/.test lint
	@echo "== Tests"
	@$(PACKAGES); packages libfluidsynth3 ffmpeg abcmidi timidity musescore3 fluidr3mono-gm-soundfont
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

lint: $(VENV)/.test
	@echo "== ruff"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "== mypy"
	@$(BIN)/mypy

docs: $(VENV)/.docs
	@echo "== Building site/"
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

clean:
	rm -rf $(VENV) build dist site .hypothesis .mypy_cache .pytest_cache .ruff_cache song.mid song.wav

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old or missing: Python 3.11 or newer is needed, as in make song PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { $(PACKAGES); packages python3-venv; }
	@echo "== Creating $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.song: $(BIN)/pip pyproject.toml constraints.txt
	@echo "== Installing symbolic_music and what it needs into $(VENV)"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

# torch on its own first: where a build for the CPU is at hand, it is taken, and nothing asks for CUDA afterwards.
$(VENV)/.test: $(VENV)/.song
	@echo "== Installing what training and the tests need"
	@$(PIP) install -c constraints.txt torch
	@$(PIP) install -c constraints.txt -e '.[train,dev]'
	@$(PIP) install -c constraints.txt --no-deps tinysoundfont || echo "== Going on without tinysoundfont, the preview"
	@touch $@

$(VENV)/.docs: $(VENV)/.song
	@echo "== Installing what the documentation needs"
	@$(PIP) install -c constraints.txt -e '.[docs]'
	@touch $@
