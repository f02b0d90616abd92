"""Lines of handwriting drawn from a handwriting model, point by point (figures 7 and 16 to 18).

R lines, N points of a line, G gates
"""

from typing import Any

import torch
from torch import Tensor

from hypernetworks.models.handwriting import HandwritingModel
from hypernetworks.models.mixture import Mixture
from hypernetworks.recurrent.observe import observe
from hypernetworks.recurrent.scaled import ScaledCell

Moments = tuple[Tensor, Tensor]  # the mean (2,) and deviation (2,) of the training set's offsets

# What the figures show.
LINES = 13
POINTS = 700
BIAS = 0.5


def write(
    model: HandwritingModel,
    moments: Moments,
    count: int = 1,
    length: int = POINTS,
    bias: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Draws lines, each point from the model's distribution given those before it.

    There is no sign for the end of a line: every line has the length that is asked for. A line is
    the same, but for rounding, however many are drawn with it.

    Args:
        model: in evaluation mode, of one direction.
        moments: turn the model's normalised offsets into pen units.
        count: R.
        length: N, the point (0, 0) at which the pen comes down among them.
        bias: of `Mixture.sample`: more than 0 writes more neatly.
        generator: of the CPU; the same seed draws the same lines.
    Returns:
        (R, N, 3) float32 on the CPU, dx and dy in pen units, then 1 at the end of a stroke, else 0.
    Raises:
        ValueError: naming the argument that cannot work; or if the core is bidirectional.
    """
    if count < 1:
        raise ValueError(f"count={count}: it must be at least 1")
    if length < 2:
        raise ValueError(f"length={length}: it must be at least 2")
    mean, std = (part.float().cpu() for part in moments)
    generators = [_of_a_line(generator) for _ in range(count)]
    drawn = _drawn(model, -mean / std, length - 1, bias, generators)
    offsets = drawn[..., :2] * std + mean
    lines = torch.cat([offsets, drawn[..., 2:]], -1)
    return torch.cat([torch.zeros(count, 1, 3, device="cpu"), lines], 1)


def pens(model: HandwritingModel, moments: Moments) -> dict[str, Tensor]:
    """What figures 7 and 16 to 18 show: LINES lines drawn with seed 0.

    Returns:
        strokes (LINES, POINTS, 3), as `write` gives them;
        weight_change (POINTS - 1, G), of a model with scaling vectors: that of the first line.
    """
    model.eval()
    generator = torch.Generator("cpu").manual_seed(0)
    strokes = write(model, moments, LINES, POINTS, BIAS, generator)
    change = weight_change(model, moments, strokes[0])
    return {"strokes": strokes} if change is None else {"strokes": strokes, "weight_change": change}


def weight_change(model: HandwritingModel, moments: Moments, line: Tensor) -> Tensor | None:
    """How the generated weights change while the model reads a line.

    Args:
        line: (N, 3) in pen units.
    Returns:
        (N - 1, G) on the CPU: the norm of the change of the first layer's d_h * W_h when each point
        but the first is read; None of a model without scaling vectors.
    """
    if not isinstance(model.core.cells()[0], ScaledCell):
        return None
    mean, std = (part.float().cpu() for part in moments)
    points = torch.cat([(line[:, :2] - mean) / std, line[:, 2:]], -1)
    with torch.inference_mode(), observe(model) as runs:
        model(points[:, None].to(model.readout.weight))
    (first, *_), *_ = runs.values()
    return first.weight_change()[:, 0].cpu()


@torch.inference_mode()
def _drawn(
    model: HandwritingModel,
    start: Tensor,
    steps: int,
    bias: float,
    generators: list[torch.Generator],
) -> Tensor:
    """(R, steps, 3), normalised, after an offset (2,) within a stroke."""
    point = torch.cat([start, start.new_zeros(1)]).expand(len(generators), -1)
    state: Any = None
    found = []
    for _ in range(steps):
        h, state = model.core.step(point.to(model.readout.weight), state)
        lines = zip(*(part.cpu().split(1) for part in model.readout(h)), strict=True)
        point = torch.cat(
            [
                Mixture(*line).sample(bias, generator)
                for line, generator in zip(lines, generators, strict=True)
            ]
        )
        found.append(point.float())
    return torch.stack(found, 1)


def _of_a_line(generator: torch.Generator | None) -> torch.Generator:
    seed = torch.randint(2**62, (), generator=generator, device="cpu")
    return torch.Generator("cpu").manual_seed(int(seed))
