# gisgrid: `make` alone says what there is. Every target works on a fresh machine.

PYTHON  ?= python3
HOST    ?= 127.0.0.1
PORT    ?= 8000
SERVE   ?= yes
VENV    := .venv
BIN     := $(VENV)/bin
# Two workers are enough for two cores; `make test TESTS=tests/unit` runs a part.
WORKERS ?= 2
TESTS   ?= tests
# Measured communities; where the folder is not there, communities are made up. BENCH_OPTIONS='--first 3 --budget 1': a part.
BENCH_DATA ?= ../shared/planning-bench
BENCH_OPTIONS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test check bench serve clean postgis browser python

help: ## Say what there is.
	@echo "make demo    import, draw, publish and map the sample, then serve it at http://127.0.0.1:$(PORT)/ (SERVE=no: do not)"
	@echo "make test    all tests, on a real PostGIS and in a real browser (TESTS=tests/unit: a part)"
	@echo "make check   ruff, mypy, the directions of imports, notebooks without output"
	@echo "make bench   the measurements of docs/benchmarks.md, on this machine"
	@echo "make serve   the service on your own data, until Ctrl-C"
	@echo "make clean   remove the virtual environment and caches; the data under GISGRID_HOME stay"

demo: $(VENV)/runtime postgis ## The main job on the sample.
	$(BIN)/gisgrid demo $(if $(filter no,$(SERVE)),--no-serve,--port $(PORT))

serve: $(VENV)/runtime postgis
	$(BIN)/gisgrid serve --host $(HOST) --port $(PORT)

test: $(VENV)/development postgis browser
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(TESTS)

check: $(VENV)/development
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(if $(wildcard notebooks/*.ipynb),$(BIN)/nbstripout --verify notebooks/*.ipynb)

bench: $(VENV)/bench $(VENV)/peers/bin/python postgis browser
	$(BIN)/python -m bench.lookup
	$(BIN)/python -m bench.lookup --vertices 600 --rounds 3
	$(BIN)/python -m bench.lookup --grids 100172 --rounds 3
	for kind in holes parts inside foreign; do $(BIN)/python -m bench.lookup --kind $$kind --peers postgis --rounds 3; done
	$(BIN)/python -m bench.lookup --grids 1000000 --peers none --rounds 3
	$(BIN)/python bench/matching.py
	$(BIN)/python bench/locate_http.py
	$(BIN)/python bench/locate_peers.py --peers $(VENV)/peers/bin/python
	$(BIN)/python bench/bulk_http.py
	$(BIN)/python bench/publish_under_load.py
	$(BIN)/python bench/intake.py
	$(BIN)/python bench/ledger.py
	$(BIN)/python bench/importing.py --rounds 3
	$(BIN)/python bench/feed.py
	$(BIN)/python bench/moving.py
	$(BIN)/python bench/edits.py
	$(BIN)/python bench/workbook.py
	$(BIN)/python -m bench.wall_sheet
	$(BIN)/python -m bench.staff_map
	$(BIN)/python bench/circle.py
	$(BIN)/python -m bench.editor
	$(BIN)/python -m bench.planning $(if $(wildcard $(BENCH_DATA)),--folder $(BENCH_DATA)) $(BENCH_OPTIONS)
	$(BIN)/python -m bench.planning speed $(if $(wildcard $(BENCH_DATA)),--folder $(BENCH_DATA))
	$(BIN)/python -m bench.planning redraw $(if $(wildcard $(BENCH_DATA)),--folder $(BENCH_DATA)) --budget 2
	$(BIN)/python -m bench.planning district $(if $(wildcard $(BENCH_DATA)),--folder $(BENCH_DATA)) --first 66 --jobs 2

clean:
	rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis gisgrid/maps/vendor
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- What the targets stand on: made once, made again when pyproject.toml changes ----------------------------------

$(BIN)/python:
	@.ci/provide python $(PYTHON)
	$(PYTHON) -m venv $(VENV)

# An environment that another tool made may lack pip.
$(BIN)/pip: | $(BIN)/python
	@$(BIN)/python -m ensurepip --default-pip >/dev/null

$(VENV)/runtime: pyproject.toml build_leaflet.py | $(BIN)/pip
	@echo "Installing gisgrid and what it needs into $(VENV): some minutes the first time …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@$(BIN)/python -m gisgrid.plan.warming
	@$(BIN)/python -m gisgrid.lookup.compiled
	@$(BIN)/python -m gisgrid.geometry.gcj02
	@touch $@

$(VENV)/development: pyproject.toml build_leaflet.py | $(BIN)/pip
	@echo "Installing gisgrid, what it needs and the tools for tests into $(VENV): some minutes the first time …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@$(BIN)/python -m gisgrid.plan.warming
	@$(BIN)/python -m gisgrid.lookup.compiled
	@$(BIN)/python -m gisgrid.geometry.gcj02
	@touch $@ $(VENV)/runtime

$(VENV)/bench: $(VENV)/development
	@echo "Installing the peers that the benchmark runs beside gisgrid …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	@touch $@

# Servers of features, beside which lookups are measured: in an environment of their own, for what they pin.
$(VENV)/peers/bin/python: | $(BIN)/python
	@$(BIN)/python -m venv $(VENV)/peers
	@$@ -m pip install --quiet --disable-pip-version-check tipg pygeoapi geoalchemy2 psycopg2-binary 'uvicorn[standard]'

postgis: | $(BIN)/python
	@.ci/provide postgis $(BIN)/python

browser:
	@.ci/provide browser
