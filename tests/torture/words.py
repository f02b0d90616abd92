"""Command lines with random values."""

from random import Random

from hypernetworks.app.choices import known_keys
from tests.torture.bench import TASKS, Bench
from tests.torture.processes import finish

# Where to, with whom: what could reach beyond the case's folder.
LEFT_OUT = ("data_dir", "results_dir", "logger", "profile", "device", "experiment", "sweep")
VALUES = (
    *("0", "1", "-1", "2", "0.5", "1e-3", "nan", "inf", "-inf", "1e999", "99999999999999999999"),
    *("true", "null", "abc", "''", "é", "[]", "{}", "[1]", "{a:1}", "[[1,nan]]", "[0.5,0.5]"),
    *("[[1,0.001],[2,true]]", "LBFGS", "SGD", "OneCycleLR", "bfloat16", "mlp", "lstm", "text"),
    *("???", "${seed}", "${nothing}", "{betas:[0.9]}", "{step_size:0}"),
)


def case(draw: Random, bench: Bench) -> str | None:
    keys = [key for key in known_keys() if key.partition(".")[0] not in LEFT_OUT]
    task = draw.choice(list(TASKS))
    chosen = draw.sample(keys, k=draw.randint(1, 3))
    words = [
        draw.choice(("", "", "", "+", "++")) + f"{key}={draw.choice(VALUES)}" for key in chosen
    ]
    with bench.place() as place:
        short = ["trainer.max_steps=2", "trainer.eval_every=1", "trainer.max_time=5"]
        ended = finish([*bench.words(task), *short, *words], place)
        left = [path.name for path in place.rglob("*.part")]
        fault = ended.fault() or (f"left {', '.join(left)}" if left else None)
    return f"{task} {' '.join(words)}: {fault}" if fault else None
