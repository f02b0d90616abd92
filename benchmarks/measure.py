"""What the benchmarks share: the machine's line, and how a ratio is printed."""

from collections.abc import Callable, Sequence
from statistics import median, quantiles

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
    print(
        f"{name}: {ratio:.3f} = {median(ours) * 1e3:.1f} ms / {median(theirs) * 1e3:.1f} ms, "
        f"medians of {len(ours)}{_verdict(ratio, target)}"
    )
    return ratio


def in_turns(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int, warm: int
) -> list[tuple[float, float]]:
    """Seconds of both, round by round after `warm` more; who goes first alternates."""
    pairs = []
    for number in range(warm + rounds):
        if number % 2:
            second = theirs()
            pairs.append((ours(), second))
        else:
            pairs.append((ours(), theirs()))
    return pairs[warm:]


def compare_rounds(name: str, pairs: Sequence[tuple[float, float]], target: float) -> float:
    """Prints the median of the rounds' ratios, and returns it.

    What slows a shared machine for some seconds slows both of a round: this ratio varies less
    than that of two medians.
    """
    ratios = [ours / theirs for ours, theirs in pairs]
    low, ratio, high = quantiles(ratios, n=4)
    ours, theirs = (median(seconds) * 1e3 for seconds in zip(*pairs, strict=True))
    print(
        f"{name}: {ratio:.3f}, median of {len(pairs)} rounds, quartiles {low:.3f} and {high:.3f}; "
        f"{ours:.1f} ms / {theirs:.1f} ms{_verdict(ratio, target)}"
    )
    return ratio


def _verdict(ratio: float, target: float | None) -> str:
    """Judged to two decimals, in which targets are stated."""
    if target is None:
        return ""
    return f" (target <= {target:.2f}: {'met' if round(ratio, 2) <= target else 'MISSED'})"
