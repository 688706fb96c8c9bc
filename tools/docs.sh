#!/bin/sh
# Run mkdocs in an environment of its own: `tools/docs.sh build`, `tools/docs.sh serve`.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv-docs/.osmia-setup
inputs=$(sha256sum requirements-docs.lock | cut -d' ' -f1)
if [ "$(cat "$stamp" 2>/dev/null || true)" != "$inputs" ]; then
	.venv/bin/uv venv --quiet --clear .venv-docs
	.venv/bin/uv pip install --quiet --python .venv-docs/bin/python --only-binary :all: --require-hashes \
		-r requirements-docs.lock
	echo "$inputs" >"$stamp"
fi
# Its makers advertise a successor at each start.
NO_MKDOCS_2_WARNING=1 exec .venv-docs/bin/mkdocs "$@"
