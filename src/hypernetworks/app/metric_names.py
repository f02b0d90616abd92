"""What a run's numbers and pictures are called on wandb: SET/KIND/NAME, one name for one thing.

SET is the data set, with what of it there is where that is not the whole: ptb, ptb_generated,
enwik8_prefix, unipen_stand_in. So no chart has bits of one beside nats of another. KIND is

    curve   while the run goes on, every reading; what is evaluated there may be an estimate
    final   at its end, exact, with the weights of the best evaluation: as in the record
    paper   what the paper reports for the row, drawn as a line beside the curve
    media   what the trained model shows: text, handwriting, kernels, translations
"""

from hypernetworks.report.records import shown_kind

# Of no data set: the axes, and how far a run is in percent of its steps.
STEP, EPOCH, PROGRESS = "step", "epoch", "progress"
SPEEDS = STEPS_A_SECOND, EXAMPLES_A_SECOND = "steps_per_second", "examples_per_second"


def set_name(dataset: str, kind: str) -> str:
    """("enwik8", "prefix") -> "enwik8_prefix"; ("ptb", "real") -> "ptb"."""
    part = "" if kind == "real" else f"_{shown_kind(kind)}"
    return f"{dataset}{part}".replace("-", "_")


def curve(of_set: str, name: str) -> str:
    return f"{of_set}/curve/{name}"


def final(of_set: str, name: str) -> str:
    return f"{of_set}/final/{name}"


def paper(of_set: str, name: str) -> str:
    return f"{of_set}/paper/{name}"


def media(of_set: str, name: str) -> str:
    return f"{of_set}/media/{name}"
