"""What the benchmarks share: the machine's line, and how a ratio is printed."""

from collections.abc import Sequence
from statistics import median

import torch

from hypernetworks.report import provenance


def machine() -> str:
    """The machine and the versions behind the figures."""
    about = provenance.machine()
    versions = provenance.versions("torch", "hydra-core", "hypernetworks")
    listed = ", ".join(f"{name} {version}" for name, version in versions.items())
    threads = torch.get_num_threads()
    return f"{about['cpu']}, {about['cores']} cores, {threads} torch threads; {listed}"


def compare(
    name: str, ours: Sequence[float], theirs: Sequence[float], target: float | None = None
) -> float:
    """Prints the ratio of the medians of two lists of seconds, and returns it."""
    ratio = median(ours) / median(theirs)
    verdict = ""
    if target is not None:
        verdict = f" (target <= {target:.2f}: {'met' if ratio <= target else 'MISSED'})"
    print(
        f"{name}: {ratio:.3f} = {median(ours) * 1e3:.1f} ms / {median(theirs) * 1e3:.1f} ms, "
        f"medians of {len(ours)}{verdict}"
    )
    return ratio
