"""Cells with random weights everywhere, and both forms of them compared."""

import torch

from hypernetworks import FullHyperRNNCell, HyperLSTMCell, HyperRNNCell, LayerNormLSTMCell, LSTMCell
from hypernetworks.recurrent.masks import Masks

D, H, P, N = 3, 5, 4, 2
DOUBLE = {"dtype": torch.float64}
SIZES = {"hyper_size": P, "embedding_size": N, **DOUBLE}
MAKERS = {
    "lstm": lambda **o: LSTMCell(D, H, **DOUBLE, **o),
    "lstm_forget": lambda **o: LSTMCell(D, H, forget_bias=0.3, **DOUBLE, **o),
    "ln_lstm": lambda **o: LayerNormLSTMCell(D, H, **DOUBLE, **o),
    "ln_lstm_bias": lambda **o: LayerNormLSTMCell(D, H, pre_norm_bias=True, **DOUBLE, **o),
    "hyper": lambda **o: HyperLSTMCell(D, H, **SIZES, **o),
    "ln_hyper": lambda **o: HyperLSTMCell(D, H, **SIZES, layer_norm=True, **o),
    "ln_main": lambda **o: HyperLSTMCell(
        D, H, **SIZES, layer_norm=True, hyper_layer_norm=False, **o
    ),
    "ln_hyper_only": lambda **o: HyperLSTMCell(D, H, **SIZES, hyper_layer_norm=True, **o),
    "previous": lambda **o: HyperLSTMCell(D, H, **SIZES, embeddings_from="previous", **o),
    "hyper_rnn": lambda **o: HyperRNNCell(D, H, **SIZES, **o),
    "hyper_rnn_previous": lambda **o: HyperRNNCell(D, H, **SIZES, embeddings_from="previous", **o),
}
FULL = {"full_hyper_rnn": lambda **o: FullHyperRNNCell(D, H, **SIZES, **o)}


def randomised(cell, seed=0):
    """The cell with every parameter random, none at the value that hides its use."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in cell.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype)
            parameter.copy_(0.5 * noise + (1 if parameter.ndim == 1 else 0.2))
    return cell


def random_state(cell, batch, seed=1):
    generator = torch.Generator().manual_seed(seed)
    sizes = cell.state_sizes()
    dtype = next(cell.parameters()).dtype
    parts = [torch.randn(batch, s, generator=generator, dtype=dtype) for s in sizes]
    return cell.state_type(*(part.requires_grad_() for part in parts))


def random_masks(cell, steps, batch, rate=0.3):
    generator = torch.Generator().manual_seed(2)
    sizes = [cell.hidden_size] + ([cell.hyper.hidden_size] if hasattr(cell, "hyper") else [])
    keep = 1 - rate
    drawn = [torch.rand(steps, batch, s, generator=generator) < keep for s in sizes]
    return Masks(*(m.to(torch.float64) / keep for m in drawn))


def gradients(cell, x, state, masks, backend, parts=None, input_mask=None):
    """States, and d loss / d everything; the loss weighs all states (or `parts`) at random."""
    cell.zero_grad()
    wanted = [t for t in (x, *state, *cell.parameters()) if t.requires_grad]
    states = cell.sequence(x, state, masks, input_mask, backend)
    generator = torch.Generator().manual_seed(3)
    loss = sum(
        (part * torch.randn(part.shape, generator=generator, dtype=part.dtype)).sum()
        for name, part in zip(states._fields, states, strict=True)
        if parts is None or name in parts
    )
    return states, torch.autograd.grad(loss, wanted, allow_unused=True)


def assert_same_form(cell, x, state, masks=Masks(), parts=None, input_mask=None, **tolerance):  # noqa: B008
    tolerance = tolerance or {"rtol": 1e-9, "atol": 1e-10}
    found = gradients(cell, x, state, masks, "fused", parts, input_mask)
    expected = gradients(cell, x, state, masks, "reference", parts, input_mask)
    for one, two in zip(found[0], expected[0], strict=True):
        torch.testing.assert_close(one, two, **tolerance)
    for one, two in zip(found[1], expected[1], strict=True):
        zero = torch.zeros(()) if one is None and two is None else None
        if zero is None:
            one = torch.zeros_like(two) if one is None else one
            two = torch.zeros_like(one) if two is None else two
            torch.testing.assert_close(one, two, **tolerance)
