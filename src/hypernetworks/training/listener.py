"""Who watches a run: progress bar, metrics file, experiment tracker, record."""

from typing import Protocol


class Listener(Protocol):
    """Hears of every step and of every reading; only the leading process has listeners."""

    def step(self, step: int) -> None: ...

    def log(self, step: int, metrics: dict[str, float]) -> None: ...
