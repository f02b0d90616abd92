"""The verdicts in words: a line a claim, and a line a comparison."""

import textwrap
from collections import Counter
from collections.abc import Sequence

from hypernetworks.report.intervals import CONFIDENCE
from hypernetworks.report.tables import Line, as_text
from hypernetworks.report.verdicts import Compared, Verdict

WIDTH, LABEL_WIDTH = 100, 48  # characters
LEGEND = (
    "A claim holds where each of its comparisons does, that is where the "
    f"{CONFIDENCE:.0%} interval of the mean over seeds (Student's; rows are paired by seed) lies "
    "within what is claimed; it does not hold where one of them lies outside. One seed is never "
    "evidence. A verdict is of the rows in the profile beside it; those of `lite` train for a "
    "small part of the paper's steps."
)


def claims_table(found: Sequence[Verdict]) -> str:
    """A line a claim, as markdown: what it says, the verdict, of which runs."""
    lines = [
        {
            "": verdict.claim.id,
            "the paper's claim": verdict.claim.says,
            "verdict": verdict.verdict,
            "profile · data": verdict.about,
        }
        for verdict in found
    ]
    return as_text(lines, "github")


def claims_section(found: Sequence[Verdict]) -> str:
    """Each claim with its verdict and the comparisons behind it, as markdown."""
    parts = ["## The paper's claims", LEGEND]
    for verdict in found:
        claim = verdict.claim
        parts.append(f"### {claim.id}: {verdict.verdict}")
        parts.append(f"{claim.says} ({claim.paper}) {tally(verdict).capitalize()}.")
        parts.append(evidence_table(verdict, "github"))
    return "\n\n".join(parts)


def terminal_claims(found: Sequence[Verdict]) -> str:
    """The same for a terminal."""
    parts = []
    for verdict in found:
        claim = verdict.claim
        about = f"; {verdict.about}" if verdict.kinds else ""
        says = textwrap.fill(f"{claim.says} ({claim.paper})", WIDTH)
        parts.append(f"{claim.id}: {verdict.verdict.upper()} ({tally(verdict)}{about})\n{says}")
        parts.append(evidence_table(verdict, "simple", LABEL_WIDTH))
    return "\n\n".join([*parts, textwrap.fill(LEGEND, WIDTH)]) + "\n"


def evidence_table(verdict: Verdict, style: str, label_width: int | None = None) -> str:
    """A line a comparison of a claim, with the values that decide it."""
    return as_text([_line(compared) for compared in verdict.comparisons], style, label_width)


def tally(verdict: Verdict) -> str:
    """ "holds: 2, not enough seeds: 6" """
    counts = Counter(compared.verdict for compared in verdict.comparisons)
    return ", ".join(f"{said}: {count}" for said, count in counts.items())


def what(compared: Compared) -> str:
    """ "test_error: Hyper Convnet - Normal Convnet", as the profile calls the rows."""
    comparison = compared.comparison
    labels = [comparison.table.label(row, compared.profile) for row in comparison.rows]
    return f"{comparison.quantity.words}: {comparison.quantity.sign.join(labels)}"


def claimed(compared: Compared) -> str:
    """ "above 0, below 1.6" """
    bounds = {"above": compared.comparison.above, "below": compared.comparison.below}
    return ", ".join(f"{side} {bound:g}" for side, bound in bounds.items() if bound is not None)


def seen(compared: Compared) -> str:
    """ "+0.13 ± 0.04 (n=3), from +0.04 to +0.22"; an exact number alone; "-" without any."""
    found, quantity = compared.spread, compared.comparison.quantity
    if found is None:
        return "-"
    if quantity.exact:
        shown = (f"{value:.{quantity.digits}f}" for value in compared.values.values())
        return ", ".join(dict.fromkeys(shown))
    text = found.text(quantity.digits, "+")
    if compared.interval is None:
        return text
    low, high = (f"{bound:+.{quantity.digits}f}" for bound in compared.interval)
    return f"{text}, from {low} to {high}"


def _line(compared: Compared) -> Line:
    return {
        "compared": what(compared),
        "claimed": claimed(compared),
        "seen": seen(compared),
        "verdict": compared.verdict,
        "profile · data": compared.about,
    }
