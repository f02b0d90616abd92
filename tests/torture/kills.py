"""Runs that are killed, perhaps several times, and started again."""

import signal
import time
from random import Random

from tests.torture.bench import TASKS, Bench
from tests.torture.processes import finish, start

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


def case(draw: Random, bench: Bench) -> str | None:
    task = draw.choice(list(TASKS))
    whole, said = bench.undisturbed(task), [task]
    with bench.place() as place:
        for _ in range(draw.randint(1, 3)):
            process = start(bench.words(task), place)
            signum, moment = draw.choice(SIGNALS), draw.uniform(0, 1.1 * whole.seconds)
            said.append(f"{signum.name} after {moment:.2f} s")
            time.sleep(moment)
            process.kill(signum)
            ended = process.ended()
            fault = None if signum == signal.SIGKILL else ended.fault()
            if fault:
                return f"{', '.join(said)}: {fault}"
        ended = finish(bench.words(task), place)
        fault = ended.fault() or bench.same(task, place)
    return f"{', '.join(said)}: {fault}" if fault else None
