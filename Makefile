# Two commands: `make repro` (all results) and `make test`. The rest is listed by `make help`.
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1
export MLFLOW_DISABLE_TELEMETRY := true
export DO_NOT_TRACK := 1
# what DVC keeps beside the project otherwise (locks, the queue of `dvc exp`) stays in it
export DVC_SITE_CACHE_DIR := $(CURDIR)/.dvc/tmp/site
export HYDRA_FULL_ERROR := 0

.DEFAULT_GOAL := help
.PHONY: help install repro params census use source external weights holdout test check scan ui compare audit record bench lock

help:  ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 12

install: .venv/installed  ## creates .venv from requirements.lock (6 to 7 GB on disk)

.venv/installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "make: expected Python 3.11 or newer, got " + sys.version.split()[0] + "; set PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

repro: install params census  ## composes conf/ and runs every stage that is not up to date
	dvc repro
	@cinemyo audit reconcile

census: install params  ## counts a hospital's export, so that DVC writes none of its file names
	python -m pipelines.census

params: install  ## composes conf/ into params.yaml
	python -m pipelines.params

use: install  ## STUDY=acdc chooses the study; remembered in conf/local, which git ignores
	@test -f conf/study/$(STUDY).yaml || { echo "make use: expected STUDY=one of $$(cd conf/study && ls | sed 's/.yaml//' | xargs), got '$(STUDY)'"; exit 1; }
	@mkdir -p conf/local && printf '# @package _global_\ndefaults:\n  - override /study: %s\n' $(STUDY) > conf/local/choice.yaml
	@$(MAKE) --no-print-directory params

source:  ## ROOT=folder [LABELS=sheet.csv] links a real study's images and label sheet below data/
	@test -d "$(ROOT)" || { echo "make source: expected ROOT=a folder of images, got '$(ROOT)'"; exit 1; }
	@test -z "$(LABELS)" || test -f "$(LABELS)" || { echo "make source: expected LABELS=a CSV file, got '$(LABELS)'"; exit 1; }
	@mkdir -p data && ln -sfn "$(abspath $(ROOT))" data/source
	@test -z "$(LABELS)" || ln -sfn "$(abspath $(LABELS))" data/labels.csv

external:  ## ROOT=folder [LABELS=sheet.csv] links a supplementary cohort and its label sheet below data/
	@test -d "$(ROOT)" || { echo "make external: expected ROOT=a folder of images, got '$(ROOT)'"; exit 1; }
	@test -z "$(LABELS)" || test -f "$(LABELS)" || { echo "make external: expected LABELS=a CSV file, got '$(LABELS)'"; exit 1; }
	@mkdir -p data && ln -sfn "$(abspath $(ROOT))" data/external
	@test -z "$(LABELS)" || ln -sfn "$(abspath $(LABELS))" data/external_labels.csv

weights:  ## FILE=weights.safetensors links local weights below data/weights
	@test -f "$(FILE)" || { echo "make weights: expected FILE=a safetensors file, got '$(FILE)'"; exit 1; }
	@mkdir -p data/weights && ln -sfn "$(abspath $(FILE))" "data/weights/$(notdir $(FILE))"

holdout: install params census  ## ARMS="dual" ROLE=... REASON=... opens the hold-out for trained arms, on the record, and answers it
	@test -n "$(ARMS)" && test -n "$(ROLE)" && test -n "$(REASON)" || { echo 'make holdout: expected ARMS="dual" ROLE="statistician" REASON="final analysis"'; exit 1; }
	cinemyo holdout open $(ARMS) --role "$(ROLE)" --reason "$(REASON)"
	dvc repro

# one process more than cores, for tests also wait: for disks, for processes that were killed; one thread in each, for
# those of several processes would wait for one another on the cores
test: export OMP_NUM_THREADS = 1
test: export OPENBLAS_NUM_THREADS = 1
test: install  ## the tests, with coverage of src
	python -m pytest --numprocesses=$$(python -c 'import os; print(min(4, 1 + os.cpu_count()))') --dist=loadfile --no-loadscope-reorder --cov --cov-report=term

check: install scan  ## ruff, format, mypy, the rules of the architecture, and no identity in files or history
	ruff check
	ruff format --check
	mypy
	python -m pytest -q tests/test_architecture.py

scan: install  ## searches the files and the history of git for identities
	cinemyo scan-phi --git .

ui: install  ## MLflow UI on 127.0.0.1:5000
	mlflow ui --backend-store-uri $${MLFLOW_TRACKING_URI:-sqlite:///mlruns/mlflow.db} --default-artifact-root mlflow-artifacts:/ --artifacts-destination mlruns/artifacts --host 127.0.0.1 --port $${PORT:-5000}

compare: install  ## RUNS="dual systole" [STUDY=name] writes reports/compare.html: runs side by side; all arms without RUNS
	cinemyo compare $(RUNS) $(if $(STUDY),--study $(STUDY))

audit: install  ## reports/lineage.csv: every artefact with stage, command, params, inputs and hashes
	cinemyo audit lineage

record: install  ## writes the runs to MLflow again, for a server named by MLFLOW_TRACKING_URI
	dvc repro --single-item --force record

bench: install  ## [KERAS=python] measures speed, time and memory, into benchmarks/results
	KERAS="$(KERAS)" python -m benchmarks

lock:  ## resolves the dependencies anew into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" pyproject.toml -o requirements.lock
