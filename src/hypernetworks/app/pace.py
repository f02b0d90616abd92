"""How fast training is between two readings."""

from hypernetworks.app.metric_names import EXAMPLES_A_SECOND, STEPS_A_SECOND
from hypernetworks.training.state import Progress


class Pace:
    """Steps and examples a second; the evaluations' time is not counted.

    Args:
        progress: of the run; its seconds are, when a reading is heard of, those of the steps before
            this one.
        examples: that a step reads.
    """

    def __init__(self, progress: Progress, examples: float) -> None:
        self.progress = progress
        self.examples = examples
        self.steps, self.seconds = progress.step, self._trained()

    def read(self) -> dict[str, float]:
        """Since the last time; {} where no step's time has been counted since."""
        steps, seconds = self.progress.step - 1, self._trained()
        done, took = steps - self.steps, seconds - self.seconds
        if done <= 0 or took <= 0:
            return {}
        self.steps, self.seconds = steps, seconds
        return {STEPS_A_SECOND: done / took, EXAMPLES_A_SECOND: done * self.examples / took}

    def _trained(self) -> float:
        return self.progress.seconds - self.progress.evaluating
