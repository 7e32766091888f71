"""Rules the database keeps against everyone, SQL consoles included."""

from collections.abc import Mapping
from typing import Any

import pgtrigger


def status_follows(next_statuses: Mapping[Any, frozenset[Any]]) -> pgtrigger.FSM:
    """Refuse any change of `status` that is not in the transition table `move_to()` uses."""
    pairs = [(str(old), str(new)) for old, news in next_statuses.items() for new in sorted(news)]
    return pgtrigger.FSM(name="status_follows_table", field="status", transitions=pairs)


def append_only() -> pgtrigger.Protect:
    return pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)
