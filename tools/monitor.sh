#!/bin/sh
# Run `osmia monitor ARGUMENTS` with the rights that it needs: as it is where they are there, else through sudo.
set -eu
cd "$(dirname "$0")/.."

# CAP_BPF and CAP_PERFMON may be stood in for by CAP_SYS_ADMIN, as before Linux 5.8.
has_rights() {
	.venv/bin/python - <<'END'
import sys
from pathlib import Path

NET_ADMIN, SYS_ADMIN, PERFMON, BPF = 12, 21, 38, 39
status = Path("/proc/self/status").read_text()
effective = int(status.split("CapEff:")[1].split()[0], 16)
held = {number for number in (NET_ADMIN, SYS_ADMIN, PERFMON, BPF) if effective >> number & 1}
sys.exit(not (NET_ADMIN in held and (SYS_ADMIN in held or {PERFMON, BPF} <= held)))
END
}

set -- .venv/bin/osmia monitor "$@"
if has_rights; then
	exec "$@"
elif command -v sudo >/dev/null && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
	echo "monitor: sudo, because loading BPF programs needs CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON" >&2
	# No bytecode files of root's in the work tree.
	exec sudo env PYTHONDONTWRITEBYTECODE=1 TERM="${TERM:-dumb}" COLORTERM="${COLORTERM:-}" "$@"
else
	exec "$@"
fi
