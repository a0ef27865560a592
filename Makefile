# Every target makes its own .venv and installs what it needs: a fresh machine needs only python3 and make.

PYTHON ?= python3
VENV := .venv
SHELL := /bin/bash
BIN := $(VENV)/bin
READY := $(VENV)/ready

.DEFAULT_GOAL := help
.PHONY: help demo test check servers format soak bench bench-peers clean

help: ## Say what the targets do
	@awk -F ': .*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(READY) ## Run the main job, kill it in the middle, and see it go on
	@$(BIN)/python -m examples.demo

# pytest stands last, so that its closing line is the last thing printed. Its processes take tests from each other, for
# some tests take a minute and most a moment.
test: check servers ## Run every check, then every test
	@$(BIN)/python -m pytest -n auto --dist worksteal

# Only where nothing is named, nothing answers and nothing is installed; who may not install is told at the end of the tests.
servers: ## Install the servers that the tests need, on Debian as root
	@missing=; \
	[ -n "$$THEFLOW_TEST_POSTGRES_URL" ] || (exec 3<>/dev/tcp/127.0.0.1/5432) 2>/dev/null \
		|| ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || missing="postgresql"; \
	[ -n "$$THEFLOW_TEST_MYSQL_URL" ] || (exec 3<>/dev/tcp/127.0.0.1/3306) 2>/dev/null \
		|| PATH="$$PATH:/usr/sbin" command -v mariadbd >/dev/null || missing="$$missing mariadb-server"; \
	PATH="$$PATH:/usr/sbin" command -v pgbouncer >/dev/null || missing="$$missing pgbouncer"; \
	if [ -n "$$missing" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing >/dev/null; \
	fi

check: $(READY) ## Check format, lint, types and import order
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(READY) ## Write the code as `make check` wants it
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

SOAK_SECONDS ?= 3600
soak: $(READY) ## Run the tests that take long, then simulation and chaos with new seeds, each for half of SOAK_SECONDS
	@$(BIN)/python -m pytest -m soak
	@$(BIN)/python -m tests.simulation.replay --soak $$(($(SOAK_SECONDS) / 2))
	@$(BIN)/python -m tests.chaos.run --soak $$(($(SOAK_SECONDS) / 2))

bench: $(READY) ## Measure every workload beside its physical reference
	@$(BIN)/python -m bench all

# WORKLOAD=chain,drain,submit PEERS=dbos,pgqueuer,procrastinate,graphile REPEAT=5; each peer gets an environment of its own.
bench-peers: $(READY) ## Measure theflow in turns with its peers on PostgreSQL
	@$(BIN)/python -m bench.peers $(if $(WORKLOAD),--workloads "$(WORKLOAD)") $(if $(PEERS),--peers "$(PEERS)") \
		$(if $(REPEAT),--repeat $(REPEAT))

clean: ## Remove .venv, caches and build results
	@rm -rf $(VENV) .bench dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	@find src tests examples bench -type d -name __pycache__ -prune -exec rm -rf {} +

# Debian splits the venv module off; root can add it, everybody else is told how.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "theflow needs Python 3.11 or newer, and '$(PYTHON)' is not; name one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		package=$$($(PYTHON) -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$package >/dev/null; \
		fi; \
		$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
			echo "'$(PYTHON)' cannot make virtual environments; install $$package (apt-get install $$package)" >&2; exit 1; }; }
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1' # 25.1 brought --group
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev --editable .
	@touch $@
