"""Sampled text (figures 14, 15)."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from hypernetworks.report.panels import Panel

if TYPE_CHECKING:
    from hypernetworks.report.protocol import Figure


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """The panels' texts, each under its title, as .txt in the text's own bytes."""
    array = str(figure.array)
    parts = [f"{panel.title}\n\n".encode() + sampled(panel, array) for panel in panels]
    return {".txt": b"\n\n".join(parts) + b"\n"}


def sampled(panel: Panel, array: str) -> bytes:
    """The symbols that a run sampled: bytes, or the characters of a text in UTF-8."""
    symbols = panel.array(array, 1).astype(np.int64)
    if symbols.min() >= 0 and symbols.max() < 256 and not of_characters(panel):
        return symbols.astype(np.uint8).tobytes()
    return "".join(map(chr, symbols.clip(0, 0x10FFFF).tolist())).encode(errors="replace")


def of_characters(panel: Panel) -> bool:
    """Whether the run read characters, not bytes."""
    return bool(panel.record["data"]["split"].get("encoding") == "utf-8")
