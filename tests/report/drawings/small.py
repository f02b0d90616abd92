"""A sampled text and the changes of four gates."""

import numpy as np

TEXT = b'\nThe "bank"\t<b>\xc3\xa9\nsaid'


def sampled(text=TEXT, steps=None, kind=np.int64):
    change = np.abs(np.random.default_rng(0).normal(size=(steps or len(text) - 2, 4)))
    symbols = np.frombuffer(text, np.uint8).astype(kind)
    return {"sample": symbols, "weight_change": change.astype(np.float16)}


def written():
    """Two lines of two strokes and a dot, and the changes of the first; scrambled so that nothing
    is in its place by chance."""
    generator = np.random.default_rng(0)
    lines = np.concatenate([generator.normal((30, 0), 9, (2, 9, 2)), np.zeros((2, 9, 1))], -1)
    lines[:, 0, :2] = 0
    lines[:, [3, 4], 2] = 1  # points 0 to 3, the dot 4, points 5 to 8 without an end
    change = np.abs(generator.normal(size=(8, 4)))
    return {"strokes": lines.astype(np.float32), "weight_change": change.astype(np.float32)}
