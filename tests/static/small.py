"""A small network of different convolutions, and pictures for it."""

import torch
from torch import nn


def images(count=2, side=64):
    return torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(0))


class Small(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 12, 3, padding=1, padding_mode="circular", groups=2)
        self.wide = nn.Conv2d(12, 8, (1, 3))
        self.last = nn.Conv2d(8, 8, 5, stride=2, dilation=2)

    def forward(self, x, scale=1.0):
        return self.last(self.wide(self.second(self.first(x)))) * scale
