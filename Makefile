# Every target makes .venv first; nothing else is needed on the machine than git, make and Python 3.11 or 3.12.
PYTHON ?= $(shell for python in python3.12 python3.11 python3; do \
	$$python -c 'import sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null && echo $$python && break; done)
BIN := .venv/bin

.PHONY: demo test check bench engines clean

demo: .venv/installed
	$(BIN)/python cli.py demo

test: .venv/installed
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy imaging crawler pipelines imagic_models tfds_builders demo studio cli.py clickable.py

# Fetches Flink and Prism into .flink (Java and Go must be there), then runs their tests, which are skipped without.
engines: .venv/installed
	-$(BIN)/python deploy/flink/fetch.py
	$(BIN)/python -m pytest tests/pipelines/test_flink_cluster.py tests/pipelines/test_prism.py -rs

bench: .venv/installed
	for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python $$script || exit 1; done

.venv/installed: setup.py constraints.txt
	@test -n "$(PYTHON)" || { echo "IMagic needs Python 3.11 or 3.12; neither was found. Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip --constraint constraints.txt
	$(BIN)/python -m pip install --progress-bar on --quiet --constraint constraints.txt --editable '.[all,dev]'
	touch $@

clean:
	rm -rf .venv demo/out demo/index.html
