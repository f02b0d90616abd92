"""What stands above and below a table: whose numbers they are, differences, what did not count."""

from collections.abc import Iterator, Sequence

from hypernetworks.report.aggregate import paired_differences, spread
from hypernetworks.report.columns import (
    STAND_IN,
    Column,
    doubts,
    incomparable,
    no_reproductions,
    shown_profile,
)
from hypernetworks.report.protocol import Shortening, Table


def notices(table: Table, columns: Sequence[Column]) -> list[str]:
    """What must be said above and below numbers that are not the paper's protocol."""
    found = []
    for profile in dict.fromkeys(p for c in columns for p in c.profiles()):
        of_profile = [c for c in columns if c.kinds(profile)]
        where = " and ".join(f"'{c.heading}'" for c in of_profile)
        marked = "" if of_profile[0].profile == profile else f" that are marked {profile}"
        if any(STAND_IN in c.kinds(profile) for c in of_profile):
            beside = "; the paper's say nothing beside them" if table.paper else ""
            found.append(
                f"A STAND-IN for the paper's data, profile {profile}: the numbers under {where}"
                f"{marked} check the claims on other data{beside}."
            )
        elif any("generated" in c.kinds(profile) for c in of_profile):
            beside = " and are NOT comparable with the paper's" if table.paper else ""
            found.append(
                f"GENERATED DATA, profile {profile}: the numbers under {where} show the machinery"
                f"{beside}."
            )
        elif profile != "paper" and table.paper:
            found.append(
                f"Profile {profile}: a shortened protocol; the numbers under {where}{marked} check "
                "the claims and do not reproduce the paper's numbers."
            )
    return found


def notes(table: Table, columns: Sequence[Column]) -> list[str]:
    """The lines under a table: what a profile shortens, paired differences, what was not counted,
    what is doubtful."""
    found = [line for row in table.rows if (line := difference(table, row.id, columns))]
    return [*shortenings(table, columns), *found, *doubtful(table, columns)]


def shortenings(table: Table, columns: Sequence[Column]) -> list[str]:
    """What each profile of the columns shortens, in words."""
    shown = [columns[-1].profile, *(profile for c in columns for profile in c.profiles())]
    words = {p: table.profiles.get(p, Shortening()).words for p in dict.fromkeys(shown)}
    return [f"Profile {profile}: {said}." for profile, said in words.items() if said]


def doubtful(table: Table, columns: Sequence[Column]) -> list[str]:
    """What was not counted, and what stands there but is no reproduction."""
    found: list[str] = []
    for column in columns:
        for row in table.rows:
            label = table.label(row, shown_profile(table, columns[-1], row.id))
            lines = _not_counted(column, row.id)
            found += [f"{column.heading}, {label}: {line}" for line in lines]
    return found


def _not_counted(column: Column, row: str) -> Iterator[str]:
    evidence = column.evidence[row]
    for reason, count in evidence.summary.left_out.items():
        yield f"{count} {'run' if count == 1 else 'runs'} not counted: {reason}."
    for seed, doubt in no_reproductions(evidence).items():
        yield f"† seed {seed} is no reproduction: {doubt}."


def difference(table: Table, row_id: str, columns: Sequence[Column]) -> str | None:
    """The paired difference between a row and the one it is compared with, where there is one."""
    row = table.row(row_id)
    other = table.row(row.compare_with) if row else None
    if row is None or other is None:
        return None
    metric = table.metric
    found = []
    theirs = table.difference(row, other)
    paper = "" if theirs is None else f"paper {metric.text(theirs, '+')}; "
    for column in columns:
        pair = (column.evidence[row.id], column.evidence[other.id])
        differences = paired_differences(pair[0].summary, pair[1].summary, metric.name)
        if differences and pair[0].profile == pair[1].profile:
            mark = "" if pair[0].profile == column.profile else pair[0].profile
            text = spread(differences).text(metric.digits, "+", mark)
            found.append(f"{column.heading} {text}{doubts(pair[0])}")
            paper = "" if incomparable(pair[0]) else paper
    if not found:
        return None
    labels = [table.label(r, shown_profile(table, columns[-1], r.id)) for r in (row, other)]
    return f"{labels[0]} - {labels[1]}, paired by seed: {paper}{'; '.join(found)}."
