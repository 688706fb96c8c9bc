# `make` lists what there is. All tools come from .venv, which `make setup` makes from the lock files.

IFACE ?=
ARGS ?=
BIN := .venv/bin
TESTS := tests/unit tests/typing tests/differential tests/kernel tests/monitor
CODE := src tests tools examples benchmarks
SOURCES := $(wildcard $(CODE))
# pyright is the one that its locked wheel carries; it need not ask the registry for a newer one.
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev monitor demo test test-differential test-vm vm-pins bench soak evaluate-detection docs lint format types mypy pyright imports check lock clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with what osmia and its monitor need
	@tools/setup.sh run

setup-dev: ## make .venv with what tests and checks need as well
	@tools/setup.sh dev

monitor: setup ## watch an interface: make monitor [IFACE=eth0]
	@tools/monitor.sh $(IFACE) $(ARGS)

demo: setup ## watch two hosts in their own network namespaces, with a port scan
	@tools/monitor.sh demo $(ARGS)

test: setup-dev ## all tests that this machine and user can run: make test [ARGS="-k counter"]
	@$(BIN)/pytest $(wildcard $(TESTS)) $(ARGS)

test-differential: setup-dev ## plain Python against the kernel, on 20,000 generated functions: ARGS="--functions 1000"
	@$(BIN)/python -m tests.differential $(ARGS)
	@$(BIN)/pytest tests/differential --timeout 0 --modules 60

test-vm: setup-dev ## the core tests on Debian's kernels from 5.10 on, under emulation
	@$(BIN)/python -m tests.vm.run --core $(ARGS)

vm-pins: setup-dev ## pin the kernels that Debian has today
	@$(BIN)/python -m tests.vm.fetch

bench: setup-dev ## instructions, ns per packet and start-up, against the same programs in C
	@$(BIN)/python -m benchmarks $(ARGS)

soak: setup-dev ## events at the highest rate for ten minutes a kind of buffer: nothing uncounted, no growth
	@$(BIN)/python -m benchmarks.soak $(ARGS)

evaluate-detection: setup-dev ## scan two hosts of its own, run a day of traffic, write docs/detection.md
	@$(BIN)/python -m benchmarks.detection $(ARGS)

format: setup-dev ## format all Python files
	@$(BIN)/ruff format $(SOURCES)
	@$(BIN)/ruff check --fix $(SOURCES)

docs: setup-dev ## the documentation site, in site/; a broken link is an error
	@tools/docs.sh build $(ARGS)

lint: setup-dev ## formatting and lint rules
	@status=0; $(BIN)/ruff format --check $(SOURCES) || status=1; $(BIN)/ruff check $(SOURCES) || status=1; exit $$status

types: mypy pyright ## mypy and pyright, both strict

mypy: setup-dev
	@$(BIN)/mypy

pyright: setup-dev
	@$(BIN)/pyright

imports: setup-dev ## which room may import which (docs/architecture.md)
	@$(BIN)/lint-imports --no-logo

check: lint types imports ## all checks that run no test

lock: ## write the lock files anew from pyproject.toml
	@test -x $(BIN)/uv || tools/setup.sh dev
	@tools/lock.sh $(ARGS)

clean: ## remove everything that was made, .venv too
	rm -rf .venv .venv-docs site build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage
	find $(SOURCES) -name __pycache__ -type d -prune -exec rm -rf {} +
