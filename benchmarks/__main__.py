"""`python -m benchmarks`: measure, print, and write results.json and README.md."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.event_rows import rate_table, reading_table
from benchmarks.events import measure_rates, measure_reading
from benchmarks.first_events import first_event_table, measure_first_events
from benchmarks.instructions import measure_sizes
from benchmarks.machine import this_machine
from benchmarks.packets import measure_packets
from benchmarks.report import Results, packet_table, readme, size_table, start_table, to_json
from benchmarks.startup import measure_starts
from benchmarks.tables import terminal
from tests.builders.clang import ClangError
from tests.kernel_access import why_no_bpf

FOLDER = Path(__file__).parent
NOT_PERMITTED = 77


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--short", action="store_true", help="half a minute, and nothing is written")
    short: bool = parser.parse_args().short
    missing = why_no_bpf()
    if missing is not None:
        print(f"benchmarks: {missing}", file=sys.stderr)
        return NOT_PERMITTED
    rounds, repeat, processes = (3, 100_000, 1) if short else (21, 1_000_000, 15)
    try:
        sizes = measure_sizes()
        print(terminal(size_table(sizes)) + "\n")
        starts = measure_starts(processes)
        print(terminal(start_table(starts)) + "\n")
        first = measure_first_events(processes)
        print(terminal(first_event_table(first)) + "\n")
        packets = tuple(measure_packets(rounds, repeat))
        print(terminal(packet_table(packets)) + "\n")
        reading = tuple(measure_reading(5 if short else 41))
        print(terminal(reading_table(reading)) + "\n")
        rates = tuple(measure_rates(0.3 if short else 2))
        print(terminal(rate_table(rates)))
    except ClangError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    if not short:
        results = Results(
            this_machine(), rounds, repeat, processes, sizes, packets, starts, first, reading, rates
        )
        (FOLDER / "results.json").write_text(to_json(results))
        (FOLDER / "README.md").write_text(readme(results))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
