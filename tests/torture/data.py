"""Data files in their original formats, damaged: as a user's own, as published, as generated."""

import shutil
from pathlib import Path
from random import Random

from hypernetworks.data import enwik8, mnist
from hypernetworks.data.generated import digits, pages, sentences, textures
from tests.torture.bench import COMMON, Bench
from tests.torture.damage import damage
from tests.torture.processes import finish

# The folder of each, its words as a user's own data, and as the published set.
FORMS = {
    "idx": ("MNIST/raw", ("model=mlp", "dataset=images"), ("model=mlp", "dataset=mnist")),
    "batches": (
        "cifar-10-batches-py",
        ("model=mlp", "dataset=images"),
        ("model=mlp", "dataset=cifar10"),
    ),
    "lines": ("ptb", ("model=lstm", "dataset=text"), ("model=lstm", "dataset=ptb")),
    "dump": ("enwik8", ("model=lstm", "dataset=text"), ("model=lstm", "dataset=enwik8")),
}


def case(draw: Random, bench: Bench) -> str | None:
    form = draw.choice(list(FORMS))
    folder, own, published = FORMS[form]
    with bench.place() as place:
        files = _write(form, place / "data" / folder)
        road = draw.choice(("own", "own", "published", "generated"))
        if road == "generated":
            shutil.move(place / "data", place / "generated")
            (place / "data").mkdir()
            shutil.move(place / "generated", place / "data" / "generated")
            files = [place / "data" / "generated" / folder / path.name for path in files]
        said = f"{form} as {road}, {damage(draw.choice(files), draw)}"
        words = [*COMMON, "trainer.max_steps=2", "trainer.eval_every=1", "data_dir=data"]
        if road == "own":
            target = files[0] if form == "dump" else files[0].parent
            words += [*own, f"dataset.path={target}"]
            words += ["dataset.form=bytes"] if "dataset=text" in own else []
        else:
            words += [*published, f"profile.data={'real' if road == 'published' else 'sample'}"]
        ended = finish(words, place)
        fault = ended.fault()
        if fault is None and road == "published" and not ended.status:
            fault = "damaged files were taken"
        if fault is None and road == "generated" and ended.status:
            fault = f"not generated again: {ended.text}"
    return f"{said}: {fault}" if fault else None


def _write(form: str, folder: Path) -> list[Path]:
    """A few examples in the form's files; the files, without their manifest."""
    if form == "idx":
        digits.write(folder, train=200, test=60)
        names = list(mnist.MD5)
    elif form == "batches":
        textures.write(folder, train=40, test=40)
        names = [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]
    elif form == "lines":
        sentences.write(folder, train=200, others=40)
        names = [f"ptb.{part}.txt" for part in ("train", "valid", "test")]
    else:
        pages.write(folder, size=30_000)
        names = [enwik8.NAME]
    (folder / "generated.json").unlink()
    return [folder / name for name in names]
