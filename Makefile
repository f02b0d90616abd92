# What a researcher types. Every target sets up what it needs; `make help` lists them.

PYTHON ?= python3
VENV   ?= .venv
EXTRAS  = dev
PINS    = constraints.txt
# An empty TABLE or FIGURE stands for all tables; without PROFILE, the demo on sample data.
TABLE  ?=
FIGURE ?=
PROFILE ?=
SEEDS  ?= 0
FORCE  ?=
LAUNCHER ?=
RESULTS ?= results
ARGS   ?=

$(foreach name,table figure profile seeds force launcher,$(if $(filter command line,$(origin $(name))),\
  $(error $(name)=... is not known; write it in capitals)))

# Ray holds other packages at older versions: an environment and pins of its own.
ifeq ($(LAUNCHER),ray)
VENV   := .venv-ray
EXTRAS := suite,ray
PINS   := constraints-ray.txt
endif

RUN      = $(VENV)/bin/python -m hypernetworks
REPORT   = $(VENV)/bin/python -m hypernetworks.report
STAMP    = $(VENV)/installed
LAUNCH   = $(if $(filter-out basic,$(LAUNCHER)),hydra/launcher=$(LAUNCHER))
OPTIONS  = results_dir=$(RESULTS) profile=$(or $(PROFILE),demo) seed=$(SEEDS) $(if $(filter-out 0 no false,$(FORCE)),force=true) $(LAUNCH) $(ARGS)
SWEEP    = $(if $(TABLE),table$(patsubst a%,_a%,$(TABLE)),all)
SELECT   = $(if $(TABLE),--table $(TABLE))
IN_PROFILE = $(if $(PROFILE),--profile $(PROFILE))

.DEFAULT_GOAL := help
.PHONY: help setup reproduce-table reproduce-figure report publish params test check format bench clean

help:  ## this list
	@echo "Reproduces 'HyperNetworks' (Ha, Dai & Le, ICLR 2017)."
	@grep -hE '^[a-z-]+:.*  ## ' Makefile | sed -E 's/^([a-z-]+):.*  ## /\1\t/' | awk -F'\t' '{printf "  make %-18s %s\n", $$1, $$2}'
	@echo "Variables: TABLE=7 PROFILE=demo|lite|paper SEEDS=0,1,2 FORCE=1 LAUNCHER=joblib|slurm|ray"
	@echo "           FIGURE=2 RESULTS=folder ARGS='device=cuda threads=1' PYTHON=python3.12"

setup: $(STAMP)  ## make .venv and install everything into it

$(STAMP): pyproject.toml $(PINS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "error: $(PYTHON) is not Python 3.11 or newer; use make PYTHON=python3.12" >&2; exit 1; }
	@test -x $(VENV)/bin/pip || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }
	@echo "Installing into $(VENV) (torch is large: the first time takes minutes)"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -c $(PINS) -e '.[$(EXTRAS)]'
	@touch $@

reproduce-table: $(STAMP)  ## train a table's rows (TABLE, PROFILE, SEEDS) and print it beside the paper's
	@exec $(RUN).app.reproduce --results $(RESULTS) $(SELECT) $(IN_PROFILE) sweep=$(SWEEP) $(OPTIONS)

reproduce-figure: $(STAMP)  ## train what a figure needs (FIGURE, PROFILE, SEEDS) and draw it
	@test -n "$(FIGURE)" || { echo "error: which figure? for example make reproduce-figure FIGURE=2" >&2; exit 2; }
	@exec $(RUN) sweep=figure$(FIGURE) $(OPTIONS)
	@$(RUN).app.draw $(FIGURE) --results $(RESULTS) $(IN_PROFILE) $(if $(filter logger=none,$(ARGS)),--logger none)

report: $(STAMP)  ## print the tables from the records there are, without running anything
	@$(REPORT) table --results $(RESULTS) $(SELECT) $(IN_PROFILE)

publish: $(STAMP)  ## copy finished records of TABLE and PROFILE into results/published
	@$(REPORT) publish --results $(RESULTS) $(SELECT) --profile $(or $(PROFILE),paper)

params: $(STAMP)  ## count every row's parameters (nothing allocated) against the paper's
	@$(RUN).app.params

test: $(STAMP)  ## the whole test suite
	@$(VENV)/bin/python -m pytest -n auto

check: $(STAMP)  ## format, lint, types, import direction, experiment files, generated tables
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/lint-imports --no-logo --no-cache
	@$(RUN).app.params --quiet
	@$(REPORT) check

format: $(STAMP)  ## let ruff format and fix the code
	@$(VENV)/bin/ruff format .
	@$(VENV)/bin/ruff check --fix .

bench: $(STAMP)  ## the benchmarks; each prints ratios measured in one run
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps labml-nn==0.5.1 \
	  || echo "labml_nn could not be installed: the comparison with it is left out" >&2
	@$(VENV)/bin/python -m benchmarks

clean:  ## remove the environment and the caches, not the results
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
