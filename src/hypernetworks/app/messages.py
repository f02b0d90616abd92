"""Hydra's and OmegaConf's errors in one line that says what is wrong and what there is."""

import re

from hypernetworks.app.choices import choices, having, known_keys, near
from hypernetworks.app.launchers import INNER, as_typed

INTERVAL = "interval() is for an optimiser: add hydra/sweeper=optuna, or name values: KEY=0.1,0.2"


def one_line(error: Exception) -> str:
    """The message with its cause, which has the reason ("'abc' is not a float")."""
    text = " ".join(str(error).split())
    for explain in (_unknown_choice, _unknown_key, _several_values, _interval):
        found = explain(text)
        if found:
            return found
    cause = " ".join(str(error.__cause__ or "").split("\n")[0].split())
    return f"{text}: {cause}" if cause and cause not in text else text


def _unknown_choice(text: str) -> str | None:
    found = re.search(r"Could not find '(?P<path>[^']+)'", text)
    if not found:
        return None
    group, _, choice = found["path"].partition("/")
    if group not in choices():
        group, _, choice = found["path"].rpartition("/")
    listed = re.search(r"Available options in '[^']+': (.*?) Config ", text)
    options = dict.fromkeys(as_typed(listed[1]).split()) if listed else {}
    known = choices().get(group) or [name for name in options if not name.startswith(INNER)]
    return f"{group}={choice}: unknown choice{near(choice, known)}"


def _unknown_key(text: str) -> str | None:
    found = re.match(r"Could not override '([^'=]+)", text)
    if not found:
        return None
    key, owners = found[1], having(found[1])
    if owners:
        who = f"{' and '.join(owners)} {'has' if len(owners) == 1 else 'have'} it"
        return f"{key}: the chosen configuration has no such key; {who}"
    return f"{key}: unknown key{near(key, known_keys())}"


def _several_values(text: str) -> str | None:
    found = re.match(r"Ambiguous value for argument '([^']+)'", text)
    return f"{found[1]}: several values make a sweep; add --multirun (-m)" if found else None


def _interval(text: str) -> str | None:
    return INTERVAL if "does not support sweep type : INTERVAL_SWEEP" in text else None
