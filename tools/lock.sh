#!/bin/sh
# Write the lock files anew from pyproject.toml: `tools/lock.sh [--upgrade]`. They hold for every supported Python.
set -eu
cd "$(dirname "$0")/.."

compile() {
	.venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" "$@" pyproject.toml
}

compile --extra monitor --group dev --output-file requirements-dev.lock "$@"
# What runs is what was tested: the other locks take their versions from the large one.
compile --extra monitor --group build --constraint requirements-dev.lock --output-file requirements.lock "$@"
# The documentation site has tools of its own.
compile --group docs --constraint requirements-dev.lock --output-file requirements-docs.lock "$@"
