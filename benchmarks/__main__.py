"""`make bench`: all benchmarks, or those named: `python -m benchmarks loop hyper`."""

import sys

from benchmarks import (
    characters,
    checkpointing,
    encoding,
    full_size,
    generation,
    gpu,
    handwriting,
    hyper,
    layout,
    loop,
    memory,
    parsing,
    recurrent,
    residual,
    scaling,
    startup,
    steps,
    translation,
    translation_gpu,
)
from benchmarks.measure import machine

BENCHMARKS = {
    "loop": loop.main,
    "hyper": hyper.main,
    "layout": layout.main,
    "startup": startup.main,
    "recurrent": recurrent.main,
    "memory": memory.main,
    "generation": generation.main,
    "scaling": scaling.main,
    "steps": steps.main,
    "characters": characters.main,
    "handwriting": handwriting.main,
    "residual": residual.main,
    "parsing": parsing.main,
    "encoding": encoding.main,
    "full_size": full_size.main,
    "translation": translation.main,
    "gpu": gpu.main,
    "translation_gpu": translation_gpu.main,
}
# Run only when named: minutes each.
LONG = {"exact": characters.exact, "checkpointing": checkpointing.main}


def main(names: list[str]) -> int:
    benchmarks = BENCHMARKS | LONG
    unknown = [name for name in names if name not in benchmarks]
    if unknown:
        known = ", ".join(benchmarks)
        print(f"error: no benchmark {', '.join(unknown)}; there are: {known}", file=sys.stderr)
        return 2
    print(machine())
    for name in names or BENCHMARKS:
        print()
        benchmarks[name]()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
