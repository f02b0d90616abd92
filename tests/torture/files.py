"""Files of a run that was stopped on its way, damaged before it goes on."""

from random import Random

from tests.torture.bench import TASKS, Bench
from tests.torture.damage import damage
from tests.torture.processes import finish

# What a run needs no more than one of, and what it can do without.
SPARE = ("checkpoint.pt", "checkpoint.previous.pt", "metrics.jsonl", "log.txt")


def case(draw: Random, bench: Bench) -> str | None:
    task = draw.choice(list(TASKS))
    with bench.place() as place:
        folder = bench.half_done(task, place)
        files = {name: folder / name for name in SPARE} | {"record": folder.with_suffix(".json")}
        chosen = draw.choice(["checkpoint.pt"] * 8 + list(files) + ["both"])
        names = SPARE[:2] if chosen == "both" else (chosen,)
        said = f"{task}, {', '.join(damage(files[name], draw) for name in names)}"
        ended = finish(bench.words(task), place)
        if ended.fault():
            return f"{said}: {ended.fault()}"
        if ended.status and chosen in SPARE:
            return f"{said}: not resumed: {ended.text}"
        fault = None if ended.status else bench.same(task, place)
    return f"{said}: {fault}" if fault else None
