# What a researcher types. Every target sets up what it needs; `make help` lists them.

PYTHON ?= python3
VENV   ?= .venv
EXTRAS  = dev
PINS    = constraints.txt
# An empty TABLE stands for all of the paper's tables; without PROFILE, the demo on generated data; without JOBS, as
# many rows side by side as there are cores.
TABLE  ?=
FIGURE ?=
PROFILE ?=
SEEDS  ?= 0
FORCE  ?=
LAUNCHER ?=
JOBS   ?=
HOURS  ?=
PROBE  ?=
RESULTS ?= results
ARGS   ?=
CASES  ?= 200
MINUTES ?= 60
SEED   ?= 0
TORCH  ?= 2.11.0 2.12.1 2.13.0 2.14.1

KNOWN  = PYTHON VENV TABLE FIGURE PROFILE SEEDS FORCE LAUNCHER JOBS HOURS PROBE RESULTS ARGS CASES MINUTES SEED TORCH
GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command line,$(origin $(name))),$(name)))
$(if $(filter-out $(KNOWN),$(GIVEN)),$(error $(firstword $(filter-out $(KNOWN),$(GIVEN)))=... is not known; there are $(KNOWN)))
$(if $(filter-out torture,$(if $(filter SEED,$(GIVEN)),$(MAKECMDGOALS))),$(error SEED is for make torture; write SEEDS=0,1,2))

# Ray holds other packages at older versions: an environment and pins of its own.
ifeq ($(LAUNCHER),ray)
VENV   := .venv-ray
EXTRAS := suite,ray
PINS   := constraints-ray.txt
endif

# exec: SIGTERM, which make passes on, must reach Python itself and not end a shell before it.
RUN    = exec "$(VENV)/bin/python" -m hypernetworks
STAMP  = $(VENV)/installed
CHOSEN = $(if $(TABLE),--table $(TABLE)) $(if $(PROFILE),--profile $(PROFILE))
PLACE  = --results "$(RESULTS)"
SWEEP  = $(PLACE) $(if $(PROFILE),--profile $(PROFILE)) --seeds "$(SEEDS)" $(if $(LAUNCHER),--launcher $(LAUNCHER)) \
         $(if $(JOBS),--jobs $(JOBS)) $(if $(filter-out 0 no false,$(FORCE)),force=true) $(ARGS)
# All that counts as evidence: three seeds, unless SEEDS says others.
NEXT   = $(PLACE) $(CHOSEN) $(if $(filter file,$(origin SEEDS)),,--seeds "$(SEEDS)") $(if $(JOBS),--jobs $(JOBS)) \
         $(if $(filter-out 0 no false,$(PROBE)),--probe) $(ARGS)

.DEFAULT_GOAL := help
.PHONY: help setup reproduce-table reproduce-figure outstanding reproduce-next report claims dashboard publish params docs test test-demo test-slurm test-ray test-torch torture check format bench clean

help:  ## this list
	@echo "Reproduces 'HyperNetworks' (Ha, Dai & Le, ICLR 2017)."
	@grep -hE '^[a-z-]+:.*  ## ' Makefile | sed -E 's/^([a-z-]+):.*  ## /\1\t/' | awk -F'\t' '{printf "  make %-18s %s\n", $$1, $$2}'
	@echo "Tables:    $$(ls -d experiments/*/ | sed -E 's,experiments/(table_?)?(.*)/,\2,' | sort | tr '\n' ' ')"
	@echo "Figures:   $$(sed -nE 's/^"([a-z0-9_]+)":.*/\1/p' experiments/figures.yaml | tr '\n' ' ')"
	@echo "Variables: TABLE=7 PROFILE=demo|lite|paper SEEDS=0,1,2 FORCE=1 JOBS=2 LAUNCHER=basic|joblib|slurm|ray"
	@echo "           HOURS=8 PROBE=1 (outstanding, reproduce-next; SEEDS is 0,1,2 there)"
	@echo "           CASES=200 MINUTES=60 SEED=0 (torture)"
	@echo "           FIGURE=2 RESULTS=folder ARGS='device=cuda threads=1' PYTHON=python3.12"
	@echo "One run, your own models, data and sweeps; text, handwriting, translations from a trained model:"
	@echo "  $(VENV)/bin/python -m hypernetworks --help"
	@echo "  $(VENV)/bin/python -m hypernetworks sample table3/ln_hyperlstm_1000 --prime 'the company'"
	@echo "  $(VENV)/bin/python -m hypernetworks write table5/hyperlstm_900 --animate"
	@echo "  $(VENV)/bin/python -m hypernetworks translate table6/gnmt_hyperlstm english.txt"

setup: $(STAMP)  ## make .venv and install everything into it

$(STAMP): pyproject.toml $(PINS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "error: $(PYTHON) is not Python 3.11 or newer; use make PYTHON=python3.12" >&2; exit 1; }
	@test -x "$(VENV)/bin/pip" || $(PYTHON) -m venv "$(VENV)" || { rm -rf "$(VENV)"; exit 1; }
	@echo "Installing into $(VENV) (torch is large: the first time takes minutes)"
	@"$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check -c $(PINS) -e '.[$(EXTRAS)]'
	@touch "$@"

reproduce-table: $(STAMP)  ## train a table's rows (TABLE, PROFILE, SEEDS) and print it beside the paper's
	@test -z "$(FIGURE)" || { echo "error: FIGURE is for make reproduce-figure; say one of both" >&2; exit 2; }
	@$(RUN) reproduce $(if $(TABLE),--table $(TABLE)) $(SWEEP)

reproduce-figure: $(STAMP)  ## train what a figure needs (FIGURE, PROFILE, SEEDS) and draw it
	@test -n "$(FIGURE)" || { echo "error: which figure? for example make reproduce-figure FIGURE=2" >&2; exit 2; }
	@test -z "$(TABLE)" || { echo "error: TABLE is for make reproduce-table; say one of both" >&2; exit 2; }
	@$(RUN) reproduce --figure $(FIGURE) $(SWEEP)

outstanding: $(STAMP)  ## list the rows and seeds without a record, and what each would take here (PROBE=1)
	@$(RUN) outstanding $(NEXT)

reproduce-next: $(STAMP)  ## run the most useful of them within HOURS; the same command goes on another day
	@test -n "$(HOURS)" || { echo "error: how long? for example make reproduce-next HOURS=8" >&2; exit 2; }
	@$(RUN) reproduce-next --hours "$(HOURS)" $(NEXT)

report: $(STAMP)  ## print the tables from the records there are, write all of it as a page
	@$(RUN) report $(PLACE) $(CHOSEN)

claims: $(STAMP)  ## say which of the paper's claims hold, of the published records (PROFILE)
	@$(RUN) claims $(PLACE) $(if $(PROFILE),--profile $(PROFILE))

dashboard: $(STAMP)  ## a workspace and a report on wandb (TABLE), or their JSON where you are not logged in
	@$(RUN) dashboard $(PLACE) $(if $(TABLE),--table $(TABLE)) $(ARGS)

publish: $(STAMP)  ## copy finished records of TABLE and PROFILE into results/published
	@$(RUN) publish $(PLACE) $(if $(TABLE),--table $(TABLE)) --profile $(or $(PROFILE),paper)

params: $(STAMP)  ## count every row's parameters (nothing allocated) against the paper's
	@$(RUN) params

docs: $(VENV)/installed-docs  ## the documentation as a site, into site/; a warning is an error
	@NO_MKDOCS_2_WARNING=1 exec "$(VENV)/bin/python" -m mkdocs build --strict

$(VENV)/installed-docs: $(STAMP)
	@"$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check -c $(PINS) -e '.[docs]'
	@touch "$@"

test: $(STAMP)  ## the whole test suite
	@exec "$(VENV)/bin/python" -m pytest -n auto --dist worksteal

test-demo: $(STAMP)  ## every row of the demo, trained to its end, against its baseline
	@HYPERNETWORKS_WHOLE_DEMO=1 exec "$(VENV)/bin/python" -m pytest -n auto --dist worksteal tests/test_demo.py

test-slurm: $(STAMP)  ## rows as jobs of a real Slurm on this machine (root, Debian's slurm-wlm munge slurmdbd mariadb-server)
	@HYPERNETWORKS_SKIP_NOTHING=1 exec "$(VENV)/bin/python" -m pytest tests/launchers/test_slurm.py

test-ray:  ## rows as tasks of a Ray cluster on this machine, in .venv-ray
	@$(MAKE) --no-print-directory setup LAUNCHER=ray
	@".venv-ray/bin/python" -m pip install --quiet --disable-pip-version-check 'pytest>=8'
	@HYPERNETWORKS_SKIP_NOTHING=1 exec ".venv-ray/bin/python" -m pytest tests/launchers/test_ray.py

test-torch: $(STAMP)  ## the numeric tests with other versions of torch (TORCH), each in an environment of its own
	@for version in $(TORCH); do sh tests/with_torch.sh "$(PYTHON)" $$version || exit 1; done

torture: $(STAMP)  ## kill, damage, starve and misconfigure runs at random (CASES, MINUTES, SEED)
	@OMP_NUM_THREADS=1 exec "$(VENV)/bin/python" -m tests.torture --cases $(CASES) --minutes $(MINUTES) --seed $(SEED)

check: $(STAMP)  ## format, lint, types, import direction, experiment files, generated pages
	@"$(VENV)/bin/ruff" format --check .
	@"$(VENV)/bin/ruff" check .
	@"$(VENV)/bin/mypy"
	@"$(VENV)/bin/lint-imports" --no-logo --no-cache
	@$(RUN) params --quiet
	@$(RUN) check

format: $(STAMP)  ## let ruff format and fix the code
	@"$(VENV)/bin/ruff" format .
	@"$(VENV)/bin/ruff" check --fix .

bench: $(STAMP)  ## the benchmarks; each prints ratios measured in one run
	@"$(VENV)/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps labml-nn==0.5.1 \
	  || echo "labml_nn could not be installed: the comparison with it is left out" >&2
	@exec "$(VENV)/bin/python" -m benchmarks

clean:  ## remove the environment and the caches, not the results
	rm -rf "$(VENV)" .venv-torch-* .pytest_cache .mypy_cache .ruff_cache site
