#!/bin/sh
# Write the lock files from pyproject.toml: `tools/lock.sh [--upgrade]`. They hold for every supported Python.
set -eu
cd "$(dirname "$0")/.."

compile() {
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" \
		--extra monitor "$@" pyproject.toml
}

compile --group dev --output-file requirements-dev.lock "$@"
# What runs is what was tested: the small lock takes its versions from the large one.
compile --group build --constraint requirements-dev.lock --output-file requirements.lock "$@"
