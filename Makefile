# cooper: `make demo` to see it, `make test` to check it. `make` alone lists the targets.

PORT ?= 8000
STORE = var/demo
BIN = .venv/bin

# production installs the first alone, the demo the first two, tests all three
DEMO_REQUIREMENTS = requirements.txt requirements-demo.txt
ALL_REQUIREMENTS = $(DEMO_REQUIREMENTS) requirements-dev.txt

# tests wait for servers, browsers and commands: twice as many workers keep the cores busy
CORES = $(shell getconf _NPROCESSORS_ONLN)
TEST_WORKERS = $(shell expr $(CORES) \* 2)

# each of the hundreds of processes that tests start would compile all of cooper anew
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo demo-reset test cover soak lint audit release fmt lock clean pictures

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{ printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## cooper with its own AWS on this machine, on http://127.0.0.1:PORT (PORT=8000)
	@tools/packages xmlsec1 || echo '    Without it the demo works, but for "Sign in with Example IdP".'
	@tools/step "Python packages" tools/venv $(DEMO_REQUIREMENTS)
	@exec $(BIN)/python manage.py cooper_demo --store $(STORE) --port $(PORT)

demo-reset: ## forgets everything that was done in the demo
	rm -rf $(STORE)

test: ## everything: linters, types, imports, tests
	@tools/step "Debian packages" tools/packages chromium xmlsec1
	@tools/step "Shells" tools/packages zsh fish || echo '    Without them the tests of what they read are skipped.'
	@tools/step "Roots" tools/packages mmdebstrap || echo '    Without it the tests with AWS CLIs and proxies are skipped.'
	@$(MAKE) --no-print-directory lint
	@tools/step "Tests" $(BIN)/pytest $(COVER) --numprocesses=$(TEST_WORKERS) --dist=loadfile --no-loadscope-reorder

cover: ## the same with branch coverage, which takes half as long again
	@$(MAKE) --no-print-directory test COVER=--cov

pictures: ## the pictures of the main pages in docs/pictures/, from a fresh demo
	@tools/step "Debian packages" tools/packages chromium xmlsec1
	@tools/step "Python packages" tools/venv $(ALL_REQUIREMENTS)
	@$(BIN)/python tools/pictures

soak: ## the tests that run long (races, floods, restarts)
	@tools/step "Debian packages" tools/packages chromium xmlsec1 npm
	@tools/step "Roots" tools/packages mmdebstrap || echo '    Without it the tests with AWS CLIs and proxies are skipped.'
	@tools/step "Python packages" tools/venv $(ALL_REQUIREMENTS)
	@tools/step "Soak tests" $(BIN)/pytest -m soak

lint: ## style, types, imports between packages, readability
	@tools/step "Python packages" tools/venv $(ALL_REQUIREMENTS)
	@tools/step "Style" $(BIN)/ruff check --quiet
	@tools/step "Format" $(BIN)/ruff format --check --quiet
	@tools/step "Types" $(BIN)/mypy
	@tools/step "Imports" $(BIN)/lint-imports --no-logo
	@tools/step "Readability" tools/readability --check

audit: ## pins, list of parts, known vulnerabilities, unsafe code, secrets
	@tools/step "Python packages" tools/venv $(ALL_REQUIREMENTS)
	@tools/step "Audit" $(BIN)/python tools/audit

release: ## an archive, its list of parts and their SHA-256, of the last commit (TRIAL=--trial: of any)
	@tools/step "Python packages" tools/venv $(ALL_REQUIREMENTS)
	@$(BIN)/python tools/release $(TRIAL)

fmt: ## formats the code and mends what ruff can mend
	@tools/step "Python packages" tools/venv $(ALL_REQUIREMENTS)
	$(BIN)/ruff check --fix-only --quiet
	$(BIN)/ruff format

lock: ## pins the newest versions that requirements*.in allow (needs uv)
	uv pip compile $(LOCK) --output-file requirements.txt requirements.in
	uv pip compile $(LOCK) --output-file requirements-demo.txt requirements-demo.in
	uv pip compile $(LOCK) --output-file requirements-dev.txt requirements-dev.in

LOCK = --quiet --upgrade --universal --no-strip-extras --python-version 3.11 --generate-hashes --no-header --no-emit-index-url

clean: ## removes .venv and what tools left behind; the demo's data stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis htmlcov var/coverage var/static
	find accounts brokers cooper_project core demo embedded_aws tests -name __pycache__ -prune -exec rm -rf {} +
