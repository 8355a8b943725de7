# Everything runs from .venv, which is built from constraints.txt on first use. PYTHON names another Python 3.11 to 3.13.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Compiled once, not by each process that a test starts.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-platforms test-whole test-postgresql test-browser test-deploy test-kill test-month demo-month soak lint specs bench train

run: $(READY)
	@$(BIN)/greenroom run

# What most changes touch: the program, the console and the commands, without the platforms' own.
PLATFORMS := tests/integration/discord tests/integration/telegram tests/contract/chat
USUAL := not kill and not browser and not month and not postgresql and not whole and not deploy
test: $(READY)
	@$(BIN)/python -m pytest --ignore=tests/bench $(PLATFORMS:%=--ignore=%) -m '$(USUAL)' -n 4 --dist worksteal

# Discord and Telegram against servers that speak as theirs do, and what every chat platform must keep.
test-platforms: $(READY)
	@$(BIN)/python -m pytest $(PLATFORMS) -m '$(USUAL)' -n 4 --dist worksteal

# What has to do with the database once more, on a real PostgreSQL: one from a wheel, or that of GREENROOM_TEST_POSTGRES.
DATABASE := $(addprefix tests/integration/,store desk outbox intake insights people machine assistant communities/test_server.py)
test-postgresql: $(READY)
	@GREENROOM_TEST_DATABASE=postgresql $(BIN)/python -m pytest $(DATABASE) -m 'not kill and not sqlite' -n 4 --dist worksteal

# What takes its time: random stories, attacks on whole pages, the program as a process, every shipped template, every pattern.
test-whole: $(READY)
	@$(BIN)/python -m pytest --ignore=tests/bench -m 'whole and not browser' -n 4 --dist worksteal

# The pages in a browser: Chromium or Chrome. The program is started once for a file of tests.
test-browser: $(READY)
	@$(BIN)/python -m pytest tests/e2e -m browser -n 3 --dist loadfile

# The files of deploy/ with the tools that they are for: root on Linux, Caddy and systemd-analyze.
test-deploy: $(READY)
	@$(BIN)/python -m pytest tests/deploy tests/integration/web/test_proxy.py -m deploy -n 2

# What starts the program and kills it: at named steps, then KILLS times in the middle of whatever it does.
KILLS ?= 200
test-kill: $(READY)
	@$(BIN)/python -m pytest --ignore=tests/bench -m kill -n 2
	@$(BIN)/python -m tests.kill --kills $(KILLS)
	@$(BIN)/python -m tests.kill --kills $$(( $(KILLS) / 20 )) --postgresql --processes 3 --houses 1

# A month of the sample community: its figures, and whether nothing of a fan's went out without their yes.
test-month: $(READY)
	@$(BIN)/python -m pytest tests/demo

# The same month up to now in the folder demo/, which is written anew, and the console on it.
demo-month: $(READY)
	@$(BIN)/python -m tests.demo demo
	@$(BIN)/greenroom run --config demo/config.yaml

# The same story for as many MINUTES as you have.
MINUTES ?= 30
soak: $(READY)
	@$(BIN)/python -m tests.kill --minutes $(MINUTES)

lint: $(READY)
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

# SPECS is a folder with the platforms' published API data, which is not part of the project.
specs: $(READY)
	@$(BIN)/python -m tests.fakes.specs "$(SPECS)"

bench: $(READY)
	@PYTHONPATH=tests $(BIN)/python -m bench

# Fits the reader to training/corpus and writes bot/model: under an hour on two cores, minutes on a GPU.
train: training/build/.packages
	@$(BIN)/python -m training

training/build/.packages: $(READY)
	@mkdir -p training/build
	@grep -oE '^[a-z0-9-]+==[^ ]+( ;[^\\]*)?' constraints.txt > training/build/pins.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation -c training/build/pins.txt -e '.[train]'
	@touch $@

$(READY): .venv/.packages pyproject.toml
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

.venv/.packages: constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] <= (3, 13) else "Greenroom needs Python 3.11, 3.12 or 3.13; name one: make PYTHON=python3.12")'
	@echo "Building .venv, once; this takes a minute."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@touch $@
