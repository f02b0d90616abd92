"""Sentences, their reference translations, and what each row made of them, side by side (A.6)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

from hypernetworks.report.drawings.text import sampled
from hypernetworks.report.errors import RecordError
from hypernetworks.report.panels import Panel

if TYPE_CHECKING:
    from hypernetworks.report.protocol import Figure

EATEN = re.compile(r"([\\`*_\[\]<>|~&$:])")  # what Markdown takes for its own within a line
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>
body {{ font-family: sans-serif; margin: 2em }}
table {{ border-collapse: collapse; table-layout: fixed; width: 100% }}
th, td {{ text-align: left; vertical-align: top; padding: 0.6em; border-bottom: 1px solid #ccc }}
small {{ display: block; font-weight: normal }}
</style></head><body>
<h1>{title}</h1>
<table><thead><tr>{heads}</tr></thead>
<tbody>
{lines}
</tbody></table></body></html>
"""


class OtherSentences(RecordError):
    """Rows that did not translate the same sentences; one line that names no file says which."""


@dataclass(frozen=True)
class Sample:
    """A sentence, its reference, and its translation by each of the panels, in their order."""

    source: str
    reference: str
    translations: tuple[str, ...]


def draw(figure: "Figure", panels: Sequence[Panel]) -> dict[str, bytes]:
    """A block a sentence as .txt, a row a sentence as .html.

    Raises:
        OtherSentences: for rows that did not translate the same sentences.
        RecordError: for an array that is no translations.
    """
    samples = side_by_side(panels, str(figure.array))
    return {
        ".txt": _text(figure.title, panels, samples).encode(),
        ".html": _page(figure.title, panels, samples).encode(),
    }


def side_by_side(panels: Sequence[Panel], array: str) -> list[Sample]:
    """The sentences that all of the panels translated.

    Raises:
        OtherSentences, RecordError: as `draw` does.
    """
    first, *others = found = [_translations(panel, array) for panel in panels]
    given = [line[:2] for line in first]
    for panel, lines in zip(panels[1:], others, strict=True):
        if [line[:2] for line in lines] != given:
            raise OtherSentences(
                f"{panels[0].label} and {panel.label} did not translate the same sentences, or "
                "have other references: run both again on the same data"
            )
    of_all = zip(given, zip(*found, strict=True), strict=True)
    return [Sample(*pair, tuple(line[2] for line in lines)) for pair, lines in of_all]


def markdown(panels: Sequence[Panel], samples: Sequence[Sample]) -> str:
    """A table, a row a sentence, each text as it is."""
    heads = ["source", "reference", *(_unread(panel.label) for panel in panels)]
    lines = [map(_unread, (s.source, s.reference, *s.translations)) for s in samples]
    rows = [heads, ["---"] * len(heads), *lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _translations(panel: Panel, array: str) -> list[tuple[str, str, str]]:
    """(source, reference, translation) of the sentences that a run left, as it left them: a line
    each, in UTF-8, with tabs between."""
    try:
        text = sampled(panel, array).decode("utf-8")
        lines = [line.split("\t") for line in text.removesuffix("\n").split("\n")]
        shown = [[" ".join(part.splitlines()) for part in line] for line in lines]
        return [(source, reference, made) for source, reference, made in shown]
    except ValueError as error:
        raise RecordError(
            f"{panel.record.path}: array '{array}' is no text of lines of source, reference and "
            f"translation, with tabs between ({error})"
        ) from error


def _unread(text: str) -> str:
    """The text so that Markdown shows it as it is."""
    return EATEN.sub(r"\\\1", text).strip()


def _text(title: str, panels: Sequence[Panel], samples: Sequence[Sample]) -> str:
    names = ["source", "reference", *(panel.label for panel in panels)]
    width = max(map(len, names)) + 2
    about = [panel.title.replace("\n", "; ") for panel in panels]
    blocks = [
        "\n".join(
            f"{name}:".ljust(width) + text
            for name, text in zip(names, (s.source, s.reference, *s.translations), strict=True)
        )
        for s in samples
    ]
    return "\n\n".join([title, "\n".join(about), *blocks]) + "\n"


def _page(title: str, panels: Sequence[Panel], samples: Sequence[Sample]) -> str:
    heads = ["<th>source</th>", "<th>reference</th>"]
    for panel in panels:
        label, *rest = map(escape, panel.title.split("\n"))
        about = f'<small style="color: {panel.color}">{"; ".join(rest)}</small>'
        heads.append(f"<th>{label}{about}</th>")
    lines = []
    for sample in samples:
        texts = (sample.source, sample.reference, *sample.translations)
        lines.append(f"<tr>{''.join(f'<td>{escape(text)}</td>' for text in texts)}</tr>")
    return PAGE.format(title=escape(title), heads="".join(heads), lines="\n".join(lines))
