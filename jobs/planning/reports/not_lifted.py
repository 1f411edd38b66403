"""What plan.not_lifted keeps from being lifted on a night."""

from __future__ import annotations

from collections import Counter

from jobs.config.plan import NOT_LIFTED_BY
from jobs.execution.night import Night
from jobs.experiments.arms import of_arm
from jobs.planning.catalogue.planned_items import Catalogue
from jobs.planning.merchandising import Merchandising
from jobs.runtime.logs import event

_MOST = 20  # words, and pinned items, named in one decision


def report_not_lifted(night: Night, catalogue: Catalogue, merchandising: Merchandising, arm: str) -> None:
    """One decision and one line of the log with the number of items, and the same for pins that have no effect."""
    if not night.conf.plan.not_lifted.words:
        return
    about = {"step": "plan_exposure", "as_of": night.as_of, "policy": night.conf.plan.policy}
    matches = catalogue.items[catalogue.items[NOT_LIFTED_BY].notna()]
    counts = Counter(matches[NOT_LIFTED_BY])
    most = sorted(counts.items(), key=lambda of_word: (-of_word[1], of_word[0]))[:_MOST]
    by_word = ", ".join(f"{word} {count}" for word, count in most)
    night.record.decisions[of_arm(arm, "not lifted")] = f"{len(matches)} items" + (f" ({by_word})" if by_word else "")
    event("items not lifted", **about, items=len(matches), words=by_word)
    pinned = sorted(set(merchandising.pins) & set(matches["item_id"]))
    if pinned:
        night.record.decisions[of_arm(arm, "pins of items not lifted")] = ", ".join(pinned[:_MOST])
        event("pinned items are not lifted", **about, items=len(pinned), first=pinned[0])
