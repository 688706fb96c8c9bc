#!/bin/sh
# Make .venv from a lock file and install the project into it.
#   tools/setup.sh run   what osmia and its monitor need
#   tools/setup.sh dev   that, and what tests and checks need
# A second run with nothing changed does nothing.
set -eu
cd "$(dirname "$0")/.."

level=${1:-dev}
case $level in
run) lock=requirements.lock ;;
dev) lock=requirements-dev.lock ;;
*)
	echo "usage: tools/setup.sh run|dev" >&2
	exit 2
	;;
esac

say() { echo "setup: $*" >&2; }

# Use apt where that needs no question; else name the command and stop.
install_with_apt() {
	if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
		as_root=
	elif command -v apt-get >/dev/null && command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
		as_root=sudo
	else
		say "please run: sudo apt-get install $*"
		exit 1
	fi
	say "apt-get install $*"
	$as_root apt-get -qq update >/dev/null
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "$@" >/dev/null
}

is_suitable() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

# The newest suitable Python on PATH, or nothing.
find_python() {
	for name in python3.14 python3.13 python3.12 python3.11 python3; do
		if command -v "$name" >/dev/null && is_suitable "$name"; then
			command -v "$name"
			return
		fi
	done
}

make_venv() {
	python=$(find_python)
	if [ -z "$python" ]; then
		say "osmia needs Python 3.11 or newer; here is $(python3 --version 2>/dev/null || echo none)"
		install_with_apt python3 python3-venv
		python=$(find_python)
	fi
	if [ -z "$python" ]; then
		say "this release has no Python 3.11: use Debian 12, Ubuntu 24.04 or newer, or put python3.11 on PATH"
		exit 1
	fi
	if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
		install_with_apt "$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')"
	fi
	say "virtual environment in .venv ($("$python" --version))"
	"$python" -m venv --clear .venv
}

# The stamp holds a hash of all that the environment was made from, and the level it was made for.
stamp=.venv/.osmia-setup
inputs=$(cat pyproject.toml requirements.lock requirements-dev.lock tools/setup.sh | sha256sum | cut -d' ' -f1)
made=$(cat "$stamp" 2>/dev/null || true)
if is_suitable .venv/bin/python; then
	case $made in
	"$inputs $level" | "$inputs dev") exit 0 ;;
	"$inputs "*) ;;
	?*) say "the lock or pyproject.toml has changed" ;;
	esac
else
	make_venv
fi
rm -f "$stamp"

pip() { .venv/bin/python -m pip --disable-pip-version-check --no-input -qq "$@"; }

say "packages from $lock"
pip install --require-hashes --only-binary :all: -r "$lock"
say "osmia itself"
pip install --no-deps --no-build-isolation --no-index -e .
echo "$inputs $level" >"$stamp"
