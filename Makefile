# Two commands for newcomers: `make demo` and `make test`. Both set the environment up first.

PYTHON ?= python3
VENV ?= .venv
BENCHES ?= kuairand retrieval journal ledger log serve log_cost replay oversight memory attacks revocation

bin := $(VENV)/bin
ready := $(VENV)/.ready
COMPILE := $(bin)/uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-header --quiet

.PHONY: demo test check bench soak lock reference clean venv

demo: $(ready) ## a town is served, an operator lies and is found out; then every page replayed
	$(bin)/plainview demo

test: $(ready) ## all tests but the soak
	$(bin)/python -m pytest -q -n 2 --dist loadgroup --ignore=tests/e2e
	$(bin)/python -m pytest -q tests/e2e

check: $(ready) ## style, types and who may import whom
	$(bin)/ruff check .
	$(bin)/ruff format --check .
	$(bin)/mypy
	$(bin)/lint-imports --no-logo

bench: $(ready) ## every published figure (BENCHES="kuairand serve" for some)
	@set -e; for name in $(BENCHES); do echo "== bench.$$name"; $(bin)/python -m bench.$$name; done

soak: $(ready) ## what takes minutes to hours
	$(bin)/python -m pytest -q -m soak

lock: $(ready) ## choose versions again within pyproject.toml's bounds (UPGRADE=--upgrade to take newer ones)
	$(COMPILE) $(UPGRADE) --extra dev --output-file requirements/dev.txt
	$(COMPILE) --constraint requirements/dev.txt --extra serve --no-annotate --output-file requirements/serve.txt
	$(COMPILE) --constraint requirements/dev.txt --extra verify --no-annotate --output-file requirements/verify.txt

reference: $(ready) ## write the generated pages of docs/reference again
	$(bin)/python docs/reference/generate.py

clean: ## everything that can be made again, the environment too
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .kernels
	find src tests bench -name __pycache__ -type d -prune -exec rm -rf {} +

venv: $(ready)

$(ready): pyproject.toml requirements/dev.txt | $(bin)/python
	$(bin)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(bin)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(bin)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Plainview needs Python 3.11 or newer; point PYTHON at one: make PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "This Python cannot make virtual environments. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
