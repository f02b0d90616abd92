"""Which metric chooses the weights that a run keeps."""

from collections.abc import Sequence

from hypernetworks.tasks.protocols import Evaluation, Metric, Task
from hypernetworks.training.settings import SettingsError, TrainerSettings


def selection_of(
    settings: TrainerSettings, task: Task, evaluations: Sequence[Evaluation]
) -> tuple[str, str]:
    """The full name of the metric, such as "valid_error", and which values are better.

    Returns:
        name, "lower" or "higher".
    Raises:
        SettingsError: if no evaluation during training measures it, with those that are.
    """
    known: dict[str, Metric] = {}
    for evaluation in evaluations:
        if evaluation.in_training:
            known |= evaluation.measures(task)
    name = settings.selection_metric or task.selection
    if name not in known:
        choices = ", ".join(known) or "nothing"
        raise SettingsError(
            f"trainer.selection_metric={name}: evaluated during training are {choices}"
        )
    return name, known[name].better
