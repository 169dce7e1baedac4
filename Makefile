# Set-up happens by itself, and only when pyproject.toml or constraints.txt changed.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
STAMP := .venv/.set-up
# Files that are shown in notebook cells: 79 columns.
CELLS = $(wildcard $(foreach root,. tests/catalogue tests/bench/catalogue,\
	$(root)/solutions/*/reference.py $(root)/assignments/*/notebook.py))
# One thread per torch process: idle OpenMP threads spin and starve the other processes.
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help setup demo test verify figures bench bench-scale attacks lint types docs screenshots wheel clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

$(STAMP): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; install it, then run make again."; exit 2; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

setup: $(STAMP) ## create .venv with the pinned packages

demo: $(STAMP) ## run the whole loop on a small class: release, hand in, grade, feedback, class report
	@$(BIN)/autograder demo

test: $(STAMP) ## run the tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

verify: $(STAMP) ## prove the content: every reference passes, every known mistake is caught and named
	$(BIN)/autograder verify

figures: $(STAMP) ## reproduce the figures that the notebooks quote
	$(BIN)/autograder figures

bench: $(STAMP) ## measure grading against stock nbgrader, what a check adds, right answers refused
	@mkdir -p build/bench
	$(BIN)/python tests/bench/grading.py
	$(BIN)/python tests/bench/check_overhead.py | tee build/bench/check_overhead.json
	$(BIN)/python tests/bench/refusals.py 20 | tee build/bench/refusals.json

bench-scale: $(STAMP) ## grade classes of 250 to 2,000: time, throughput and memory (half an hour and more)
	$(BIN)/python tests/bench/scale.py

attacks: $(STAMP) ## run every attack on stock nbgrader and on us, and write docs/attacks.md
	$(BIN)/python tests/attacks/side_by_side.py

lint: $(STAMP) ## check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/ruff format --check --line-length 79 $(CELLS)

types: $(STAMP) ## check types
	$(BIN)/mypy

docs: $(STAMP) ## build the site of these pages into build/site; a warning is an error
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -c docs/site -d build/doctrees . build/site
	@echo build/site/index.html

screenshots: $(STAMP) ## take the pictures of the pages anew, with the system's Chromium
	$(BIN)/python -m tests.browser.screenshots

wheel: $(STAMP) ## build the students' wheel into build/wheel
	rm -rf build/lib build/wheel # or deleted modules stay in the wheel
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir build/wheel .

clean: ## delete what is generated (never a course directory)
	rm -rf build
