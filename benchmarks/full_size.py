"""Table 6's rows at the paper's size: one training step on two short sentences, its peak memory.

Each row in a fresh process, in float32: the model of the configuration, forward, loss, backward,
clipping and Adam. The peak is the resident size of the whole process.
"""

import subprocess
import sys
import time
from pathlib import Path

import torch
from torch.nn.utils.rnn import pack_sequence

from benchmarks.memory import status
from hypernetworks.app.build.models import count_parameters
from hypernetworks.app.build.translation import trained_model
from hypernetworks.app.params import compose_row
from hypernetworks.recurrent.fused import native

ROWS = ("gnmt_lstm", "gnmt_hyperlstm")
LENGTHS = ((6, 5), (4, 3))  # symbols of the sources, of the targets
TARGET = 20 << 30


def step(row: str) -> str:
    """Trains one step, and says what it took."""
    native.load()
    cfg = compose_row(f"table6/{row}")
    symbols = cfg.dataset.subwords
    model = trained_model(cfg.model, cfg.dataset, symbols)
    optimizer = torch.optim.Adam(model.parameters(), cfg.trainer.lr)
    source, read, following = (
        pack_sequence([torch.randint(3, symbols, (n,)) for n in lengths])
        for lengths in (LENGTHS[0], LENGTHS[1], LENGTHS[1])
    )
    started = time.perf_counter()
    loss = model(source, read, following.data) / len(following.data)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), cfg.trainer.clip_norm)
    optimizer.step()
    seconds = time.perf_counter() - started
    peak = status("VmHWM")
    verdict = "met" if peak <= TARGET else "MISSED"
    return (
        f"{row}: {count_parameters(model)['total']:,} parameters, {loss.item():.2f} nats a symbol, "
        f"{seconds:.1f} s, peak {peak / (1 << 30):.1f} GiB (target <= 20 GiB: {verdict})"
    )


def main() -> None:
    if not Path("/proc/self/status").exists():
        print("table 6's rows at the paper's size: memory is measured on Linux alone")
        return
    print("a training step of two short sentences at the paper's size")
    for row in ROWS:
        subprocess.run([sys.executable, "-m", "benchmarks.full_size", row], check=True)


if __name__ == "__main__":
    print(step(sys.argv[1]), flush=True)
