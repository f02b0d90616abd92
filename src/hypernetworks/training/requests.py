"""What a running loop is asked for between two steps: to stop, or to save."""

import time

from hypernetworks.training.devices import Placement
from hypernetworks.training.settings import TrainerSettings
from hypernetworks.training.stopping import StopFlag

ASK_EVERY = 1.0  # seconds; torchrun kills a process 30 seconds after it has passed a signal on
SHARE = 0.02  # of a run's time: more than this its checkpoints never take


class Requests:
    """Asks for them, in all processes of a run alike."""

    def __init__(self, settings: TrainerSettings, placement: Placement) -> None:
        self._settings = settings
        self._placement = placement
        self._saving = 0.0  # seconds that the last checkpoint took
        self.begin(0)

    def begin(self, step: int) -> None:
        """From here on, at this step, the loop runs."""
        self._saved_at = time.monotonic()
        self._began_at = self._asks_at = step

    def saved(self, began: float) -> None:
        """A checkpoint is written, which began at that moment of `time.monotonic`."""
        self._saved_at = time.monotonic()
        self._saving = self._saved_at - began

    def ask(self, stop: StopFlag, step: int, elapsed: float) -> list[int]:
        """The signal to stop for (0 for none); whether to stop for the time; whether to save.

        Args:
            stop: knows of the signal.
            step: where the loop is.
            elapsed: seconds since it began.
        """
        if step < self._asks_at:
            return [0, 0, 0]
        limit = self._settings.max_time
        *found, until_next = self._placement.largest(
            stop.signum or 0,
            limit is not None and elapsed > limit,
            self._is_due(),
            self._steps_until_asked(step, elapsed),
        )
        self._asks_at = step + until_next
        return found

    def _steps_until_asked(self, step: int, elapsed: float) -> int:
        """Steps of about ASK_EVERY seconds: asking the other processes waits for the device."""
        if self._placement.world == 1:
            return 1
        return max(1, int(ASK_EVERY * (step - self._began_at) / elapsed))

    def _is_due(self) -> bool:
        """Whether a checkpoint is: later than asked for where a large one takes long to write."""
        every = self._settings.checkpoint_every
        return time.monotonic() - self._saved_at > (every and max(every, self._saving / SHARE))
