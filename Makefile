# Two commands do everything on a fresh machine with python3 (3.11 or later) and make.

PYTHON ?= python3
BIN := .venv/bin

.PHONY: reproduce test test-slow test-all benchmarks docs clean

reproduce: .venv/ready  ## the paper, from data to one page: table, figures, certificates, explorer
	$(BIN)/symplect reproduce --out runs/paper
	$(BIN)/symplect certify runs/paper
	$(BIN)/symplect explore runs/paper
	$(BIN)/symplect report runs/paper

test: .venv/ready  ## style, types and the fast tests
	$(BIN)/ruff check -q . && $(BIN)/ruff format --check -q . && $(BIN)/basedpyright
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not slow"

test-slow: .venv/ready  ## trains at full size and compares with the published data sets
	$(BIN)/python -m pytest -n 2 --dist loadfile -m slow

test-all: test test-slow

benchmarks: .venv/ready  ## speed; REFERENCE="--reference CHECKOUT --reference-python PYTHON", RECORD=--record
	$(BIN)/python benchmarks/training_step.py $(RECORD)
	$(BIN)/python benchmarks/rollouts.py $(RECORD)
	$(BIN)/python benchmarks/start_up.py $(RECORD)
	$(BIN)/python benchmarks/data_generation.py $(RECORD)
	$(BIN)/python benchmarks/sweep_rate.py $(RECORD)
	$(BIN)/python benchmarks/whole_task.py $(REFERENCE) $(RECORD)
	$(BIN)/python benchmarks/reversibility.py
	$(BIN)/python benchmarks/two_body_snapshots.py

docs: .venv/ready  ## the site, built without the network: site/index.html
	$(BIN)/mkdocs build --strict

.venv/ready: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "symplect needs Python 3.11 or later: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv || { rm -rf .venv; echo "on Debian: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install -q --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install -q --disable-pip-version-check --no-deps -e .
	touch $@

clean:
	rm -rf .venv
