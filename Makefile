# The course's commands. Each sets up .venv by itself; `make` alone lists them.

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
NOTEBOOK := notebooks/01_mnist_dense.ipynb
FLOORS := _build/floors

# How `make record` records: make record NOTEBOOK=notebooks/02_....py BUDGET=lab SEEDS=0-2
BUDGET := full
SEEDS := 0-4

.DEFAULT_GOAL := help
.PHONY: help book test lint format notebooks record bench serve wheel lock floors clean

help: ## List these commands
	@grep -hE '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /	/' | while IFS='	' read -r name text; do \
		printf '  make %-10s %s\n' "$$name" "$$text"; done

$(READY): requirements.lock pyproject.toml scripts/set_up.sh
	@sh scripts/set_up.sh

# None of these asks the network for data: a mirror or a cache serves, else the excerpts do.
book test floors: export LABKIT_SOURCE := local

book: $(READY) ## Train practical 01 at the smallest budget, then build the site
	@$(BIN)/labkit run $(NOTEBOOK) -p BUDGET smoke -p MODE train
	@$(BIN)/jupyter-book build book/
	@echo
	@echo "The site is built. Open: $(CURDIR)/_build/html/index.html"

# Two at a time suit two cores. A file's tests, and a notebook's cells, stay on one of the two.
test: lint ## Check everything: style, code, site, every practical trained small and replayed
	@$(BIN)/python -m pytest -n 2 --dist loadfile -m "not practical" tests
	@$(BIN)/python -m pytest -n 2 -m practical tests
	@$(BIN)/python -m pytest -n 2 --dist loadfile --nbval notebooks

lint: $(READY) ## Check the code's style, each notebook's two files, and the reports' claims
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/python scripts/make_notebooks.py --check
	@$(BIN)/python scripts/check_claims.py

format: $(READY) ## Put the code in the house's format
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

notebooks: $(READY) ## Make again the .ipynb whose .py changed, and execute them from the records
	@$(BIN)/python scripts/make_notebooks.py

record: $(READY) ## Record NOTEBOOK's runs into runs/ (hours): make record NOTEBOOK=... BUDGET=full SEEDS=0-4
	@$(BIN)/labkit record $(NOTEBOOK) --budget $(BUDGET) --seeds $(SEEDS)

bench: $(READY) ## Measure how fast the course is on this machine (an hour, with the cores for itself)
	@$(BIN)/python scripts/bench

serve: $(READY) ## Open JupyterLab on the notebooks
	@$(BIN)/jupyter lab $$([ "$$(id -u)" = 0 ] && echo --allow-root) notebooks

wheel: $(READY) ## Build labkit's wheel into dist/
	@$(BIN)/python -m build --wheel --no-isolation

lock: $(READY) ## Pin the newest packages that pyproject.toml allows, with hashes
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --extra test \
		--no-emit-package labkit --custom-compile-command "make lock" --upgrade \
		pyproject.toml -o requirements.lock

floors: ## Test the lowest versions that pyproject.toml allows, on Python 3.11, in an environment apart
	@python3.11 -m venv --clear $(FLOORS)
	@$(FLOORS)/bin/python -m pip install --quiet uv
	@$(FLOORS)/bin/uv pip install --quiet --python $(FLOORS) --resolution lowest-direct --editable ".[test]"
	@$(FLOORS)/bin/python -m pytest -n 2 --dist loadfile tests/records tests/data tests/ledger \
		tests/show tests/course tests/training/test_loop.py tests/training/test_modes.py
	@$(FLOORS)/bin/python -m pytest -n 2 --dist loadfile --nbval-lax notebooks

clean: ## Remove what the commands made, .venv apart
	@rm -rf _build dist book/notebooks .pytest_cache .ruff_cache
	@find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
