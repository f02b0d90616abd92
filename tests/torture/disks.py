"""Disks that are full: no file may grow beyond a limit. With more room the run goes on."""

from random import Random

from tests.torture.bench import TASKS, Bench
from tests.torture.processes import finish

LARGEST = 400_000  # bytes; more than any file of these runs has


def case(draw: Random, bench: Bench) -> str | None:
    task = draw.choice(list(TASKS))
    bench.undisturbed(task)
    limit = int(2 ** draw.uniform(8, 18.7))
    said = f"{task}, files of {limit} bytes at most"
    with bench.place() as place:
        ended = finish(bench.words(task), place, largest=limit)
        left = [path.name for path in place.rglob("*.part")]
        fault = ended.fault() or (f"left {', '.join(left)}" if left else None)
        if fault is None:
            fault = finish(bench.words(task), place).fault() or bench.same(task, place)
    return f"{said}: {fault}" if fault else None
