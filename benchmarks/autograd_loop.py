"""A layer-norm HyperLSTM as a well-batched loop under autograd: a frozen baseline, not to be tuned.

What a careful user of PyTorch would write: gates and weights concatenated, W_x x_t done for all
steps at once, one product for all that reads h_{t-1}, the twelve scaling products as one bmm, layer
norm by torch's own kernel.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class AutogradLoop(nn.Module):
    def __init__(self, inputs: int, hidden: int, hyper: int, embedding: int) -> None:
        super().__init__()
        self.hidden, self.hyper, self.embedding = hidden, hyper, embedding

        def draw(*shape: int) -> nn.Parameter:
            return nn.Parameter(0.05 * torch.randn(*shape))

        self.w_x, self.w_xhat = draw(inputs, 4 * hidden), draw(inputs, 4 * hyper)
        self.w_h = draw(hidden, 4 * hidden + 4 * hyper)
        self.w_hhat = draw(hyper, 4 * hyper)
        self.w_embed, self.b_embed = draw(hyper, 12 * embedding), draw(12 * embedding)
        self.w_scale, self.b_scale = draw(12, embedding, hidden), draw(12, 1, hidden)
        self.norm, self.norm_hat = LSTMNorm(hidden), LSTMNorm(hyper)

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        steps, batch, _ = x.shape
        from_x = [step.chunk(4, 1) for step in x @ self.w_x]
        to_hyper = x @ self.w_xhat
        h = c = x.new_zeros(batch, self.hidden)
        h_hat = c_hat = x.new_zeros(batch, self.hyper)
        outputs = []
        for t in range(steps):
            m, u = torch.mm(h, self.w_h).split((4 * self.hidden, 4 * self.hyper), dim=1)
            u = torch.addmm(u + to_hyper[t], h_hat, self.w_hhat)
            h_hat, c_hat = self.norm_hat(u.chunk(4, 1), c_hat)
            z = torch.addmm(self.b_embed, h_hat, self.w_embed)
            z = z.view(batch, 12, self.embedding).transpose(0, 1)
            scales = torch.baddbmm(self.b_scale, z, self.w_scale).unbind(0)
            sums = [
                torch.addcmul(torch.addcmul(b, d_h, m_y), d_x, x_y)
                for d_h, d_x, b, m_y, x_y in zip(
                    scales[:4], scales[4:8], scales[8:], m.chunk(4, 1), from_x[t], strict=True
                )
            ]
            h, c = self.norm(sums, c)
            outputs.append(h)
        return torch.stack(outputs), None


class LSTMNorm(nn.Module):
    """Layer norm of the gates (B, H) and of c, and the update of an LSTM."""

    def __init__(self, units: int) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(units, eps=1e-3) for _ in range(5))

    def forward(self, gates: Sequence[Tensor], c: Tensor) -> tuple[Tensor, Tensor]:
        *of_gates, of_cell = self.norms
        i, g, f, o = (norm(y) for norm, y in zip(of_gates, gates, strict=True))
        c = torch.sigmoid(f + 1) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(of_cell(c)), c
