"""How the readers stand damaged files: counts by kind of damage and by what became of the files, time and memory.

    python -m benchmarks.fuzz [CASES] [PROCESSES]

Real files take part where they lie beside the project. One case again: `python -m tests.fuzz SEED`.
"""

import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from benchmarks.result import keep
from tests.fuzz import bases
from tests.fuzz.worker import HANG_S, MEMORY_BYTES, Report, spread

CASES = 20_000
_TOLD_EVERY = 1000


def figures(reports: Iterable[Report], *, seconds: float) -> dict[str, Any]:
    """Counts of verdicts, of damage by verdict, and of files by what became of them; the worst time and memory."""
    verdicts: Counter[str] = Counter()
    files: Counter[str] = Counter()
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    families: Counter[str] = Counter()
    slowest, peak, frames, damages = 0.0, 0, 0, 0
    faults = []
    for report in reports:
        verdicts[report.verdict] += 1
        families[report.family] += 1
        files.update(report.outcome.files)
        frames += report.outcome.frames
        damages += len(report.kinds)
        slowest, peak = max(slowest, report.outcome.seconds), max(peak, report.outcome.peak_bytes)
        for kind in set(report.kinds):
            kinds[kind][report.verdict] += 1
        if report.verdict != "held":
            faults.append({"seed": report.seed, "verdict": report.verdict, "fault": report.fault})
    return {
        "cases": verdicts.total(),
        "damages": damages,
        "verdicts": dict(verdicts),
        "exceptions": verdicts["exception"],
        "hangs": verdicts["hang"],
        "crashes": verdicts["crash"],
        "frames_used": frames,
        "slowest_s": round(slowest, 1),
        "hang_above_s": HANG_S,
        "peak_mib": peak >> 20,
        "allowed_mib": MEMORY_BYTES >> 20,
        "cases_per_s": round(verdicts.total() / seconds, 1),
        "cases_by_family": dict(sorted(families.items())),
        "real_bases": len(bases.real_names()),
        "files_by_outcome": dict(files.most_common()),
        "cases_by_damage": {kind: dict(counts) for kind, counts in sorted(kinds.items())},
        "faults": sorted(faults, key=lambda fault: fault["seed"])[:50],
    }


def main() -> None:
    """Prints how it went and keeps it."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    processes = int(sys.argv[2]) if len(sys.argv) > 2 else os.cpu_count() or 1
    began, found = time.monotonic(), []
    for report in spread(range(cases), processes=processes):
        found.append(report)
        if report.verdict != "held":
            print(f"{report.seed} {report.verdict}: {report.fault}\n  {report.told!r}", flush=True)
        if len(found) % _TOLD_EVERY == 0:
            print(f"{len(found)} cases, {time.monotonic() - began:.0f} s", flush=True)
    result = figures(found, seconds=time.monotonic() - began)
    keep("fuzz", {"processes": processes, **result}, command=f"python -m benchmarks.fuzz {cases} {processes}")
    print({name: result[name] for name in ("cases", "verdicts", "slowest_s", "peak_mib", "cases_per_s")})


if __name__ == "__main__":
    main()
