"""A sampled text and the changes of four gates."""

import numpy as np

TEXT = b'\nThe "bank"\t<b>\xc3\xa9\nsaid'


def sampled(text=TEXT, steps=None, kind=np.int64):
    change = np.abs(np.random.default_rng(0).normal(size=(steps or len(text) - 2, 4)))
    symbols = np.frombuffer(text, np.uint8).astype(kind)
    return {"sample": symbols, "weight_change": change.astype(np.float16)}
