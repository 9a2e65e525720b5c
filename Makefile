# Two commands do everything: `make demo` and `make test`. `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

.DEFAULT_GOAL := help
# several hundred starts of the program in the tests read its bytecode instead of compiling it
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help setup demo run test test-all test-slow check test-ml bench lock clean

help: ## what can be done here
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/serving: requirements.lock pyproject.toml setup.sh
	./setup.sh "$(PYTHON)" "$(VENV)" requirements.lock && touch $@

$(VENV)/dev: requirements-dev.lock pyproject.toml setup.sh
	./setup.sh "$(PYTHON)" "$(VENV)" requirements-dev.lock && touch $@ $(VENV)/serving

setup: $(VENV)/serving ## virtual environment and dependencies

demo: $(VENV)/serving ## the whole clinic in a web chat, no Telegram account needed
	$(BIN)/csss demo $(ARGS)

run: $(VENV)/serving ## the bot against Telegram; needs CSSS_BOT_TOKEN
	$(BIN)/csss db upgrade
	$(BIN)/csss run $(ARGS)

test: $(VENV)/dev ## the test suite without its slow part
	$(BIN)/pytest -n 2 --dist worksteal --durations=25 $(ARGS)

test-all: $(VENV)/dev ## the whole suite: kills, browser, bench, real back-off, PostgreSQL
	$(BIN)/pytest -n 2 --dist worksteal --durations=25 -m "not tensorflow" $(ARGS)

test-slow: $(VENV)/dev ## what `make test` leaves out
	$(BIN)/pytest -n 2 --dist worksteal --durations=25 -m "slow and not tensorflow" $(ARGS)

check: $(VENV)/dev ## ruff, mypy, import-linter, known faults of dependencies
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m bot.dev.advisories

test-ml: .venv-ml/ml ## the tests that need TensorFlow, in an environment of their own
	.venv-ml/bin/pytest -m tensorflow $(ARGS)

.venv-ml/ml: requirements-ml.lock pyproject.toml setup.sh
	./setup.sh "$(PYTHON)" .venv-ml requirements-ml.lock && touch $@

bench: $(VENV)/dev ## the speed figures of the README
	$(BIN)/csss bench $(ARGS)

COMPILE = uv pip compile -c constraints.txt --quiet --universal --python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate --generate-hashes pyproject.toml
lock: ## renew the lock files (needs uv)
	$(COMPILE) --all-extras -o requirements-ml.lock
	$(COMPILE) -c requirements-ml.lock --extra demo --extra dev --extra postgres --extra s3 --extra traces -o requirements-dev.lock
	$(COMPILE) -c requirements-ml.lock --extra demo -o requirements.lock
	awk '/^[^ ]/ { wanted = /^psycopg/ } wanted' requirements-dev.lock > requirements-postgres.lock
	awk '/^[^ ]/ { wanted = /^obstore/ } wanted' requirements-dev.lock > requirements-s3.lock
	awk '/^[^ ]/ { wanted = /^(opentelemetry|googleapis|requests|urllib3|certifi|charset)/ } wanted' requirements-dev.lock > requirements-traces.lock

clean: ## forget the environments and caches
	rm -rf $(VENV) .venv-ml .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
