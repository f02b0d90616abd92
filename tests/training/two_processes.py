"""Run by torchrun from test_devices.py: trains on this process's half of each batch.

python -m tests.training.two_processes FOLDER: leaves the weights of each process, and its
gradients' norms without clipping and with it.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from hypernetworks.training.devices import placement
from tests.training.small import Recorder, SmallBatches, finish, small_loop


class Half:
    """The rows of `SmallBatches` that fall to one of two processes."""

    def __init__(self, rank: int) -> None:
        self.whole, self.rank = SmallBatches(7), rank

    def __len__(self) -> int:
        return len(self.whole)

    def epoch(self, epoch: int, start: int = 0) -> Iterator[tuple[Tensor, ...]]:
        for batch in self.whole.epoch(epoch, start):
            yield tuple(part[self.rank * 4 : self.rank * 4 + 4] for part in batch)


def model_with_norm() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 16), nn.BatchNorm1d(16), nn.Tanh(), nn.Linear(16, 1))


def gradient_norms(recorder: Recorder) -> dict[int, float]:
    return {step: metrics["gradient_norm"] for step, metrics in recorder.readings}


CHANGES = {
    "log_every": 1,
    "accumulate": 3,
    "ema_decay": 0.9,
    "clip_norm": 0.5,
    "max_epochs": 2,
    "optimizer": "SGD",
}


def main(folder: Path) -> None:
    with placement("cpu") as place:
        norms = []
        for clip_norm in (None, CHANGES["clip_norm"]):
            loop = small_loop(
                folder / f"{clip_norm}.pt",
                Half(place.rank),
                model=model_with_norm(),
                place=place,
                **{**CHANGES, "clip_norm": clip_norm},
            )
            norms.append(gradient_norms(finish(loop)))
        torch.save(norms, folder / f"norms{place.rank}.pt")
        torch.save(loop.model.state_dict(), folder / f"weights{place.rank}.pt")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
