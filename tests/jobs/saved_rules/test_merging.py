"""Which saved rules hold on a night, and the configuration that they are merged into."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from jobs.config.configuration import Config, with_changes
from jobs.config.plan import GroupBound
from jobs.planning.check import check_rules
from jobs.planning.merchandising import merchandising_of
from jobs.report.summary import saved_rules
from jobs.runtime.errors import ConfigurationError
from jobs.saved_rules.merging import merged_rules
from jobs.saved_rules.versions import RuleVersion, in_force, of_rule, pending
from tests.jobs.desk.test_desk import conf_in

NIGHT, NEXT, LATER = date(2024, 5, 2), date(2024, 5, 3), date(2024, 6, 1)
COLD = {"column": "segment", "equals": "cold", "share": 0.1}


def change(version: int, key: str, action: str = "set", **fields: Any) -> RuleVersion:
    kind, name = key.split(".", 1)
    content = fields.pop("keys", COLD) if action == "set" else None
    at = datetime(2024, 5, 1, tzinfo=UTC)
    values: dict[str, Any] = {
        "content": None if content is None else json.dumps(content), "starts_on": NIGHT, "ends_on": None,
        "owner": "Ann", "of_version": None, "needs_approval": False, "changed_by": "ann", "changed_at": at,
        "reason": None, **fields,
    }  # fmt: skip
    return RuleVersion(version=version, kind=kind, name=name, action=action, **values)


def versions_on(night: date, *changes: RuleVersion) -> list[int]:
    return [held.version for held in in_force(changes, night)]


def test_outside_its_dates_a_version_leaves_the_one_before() -> None:
    always = change(1, "floors.cold")
    shortly = change(2, "floors.cold", starts_on=NEXT, ends_on=NEXT)
    assert versions_on(NIGHT, always, shortly) == [1]
    assert versions_on(NEXT, always, shortly) == [2]
    assert versions_on(LATER, always, shortly) == [1]
    assert versions_on(date(2024, 5, 1), always, shortly) == []


def test_an_undone_version_leaves_what_was_before_it() -> None:
    first, second = change(1, "floors.cold"), change(2, "floors.cold", "end")
    undone = change(3, "floors.cold", "undo", of_version=2, starts_on=None)
    assert versions_on(NIGHT, first, second) == [2]
    assert versions_on(NIGHT, first, second, undone) == [1]
    assert versions_on(NIGHT, first, second, undone, change(4, "floors.cold", "undo", of_version=1)) == []


def test_a_draft_holds_once_it_is_approved_unless_a_newer_one_replaced_it() -> None:
    first, draft = change(1, "caps.toys"), change(2, "caps.toys", needs_approval=True)
    assert versions_on(NIGHT, first, draft) == [1]
    assert pending(of_rule([draft, first], "caps", "toys")) == draft
    answered = change(3, "caps.toys", "approve", of_version=2)
    assert versions_on(NIGHT, first, draft, answered) == [2]
    assert pending([first, draft, answered]) is None
    assert versions_on(NIGHT, first, draft, change(3, "caps.toys", "reject", of_version=2)) == [1]
    assert pending([first, draft, change(3, "caps.toys")]) is None


def test_rules_are_merged_over_the_configuration(tmp_path: Path) -> None:
    conf = conf_in(tmp_path, plan={"floors": {"old": COLD}, "bans": {"tea": {"owner": "Ben"}}})
    food = {"column": "category", "equals": "Food", "most": 2}
    night = merged_rules(
        conf,
        [
            change(1, "floors.cold"), change(2, "floors.old", "end"), change(3, "list_rules.product_type", keys=food),
            change(4, "pins.tea", keys={"share": 0.02}, ends_on=LATER), change(5, "bans.tea", "end"),
            change(6, "floors.later", starts_on=LATER),
        ],
        NIGHT,
    )  # fmt: skip
    plan = night.conf.plan
    assert plan.floors.keys() == {"cold", "new_items"}
    assert plan.floors["cold"] == GroupBound(**COLD)
    assert (plan.list_rules["product_type"].each, plan.list_rules["product_type"].most) == (None, 2)
    assert night.said == (
        "bans.tea ended (version 5, ann), floors.cold (version 1, ann), floors.old ended (version 2, ann), "
        "list_rules.product_type (version 3, ann), pins.tea (version 4, ann)"
    )
    [pin] = merchandising_of(plan, NIGHT).pins.values()
    assert (pin.share, pin.in_words) == (0.02, "pinned by Ann until 2024-06-01")
    assert not merchandising_of(plan, NIGHT).bans
    assert night.conf.hash != conf.hash
    assert merged_rules(conf, [], NIGHT).conf is conf
    assert with_changes(night.conf, ["plan.floors.cold.share=0.3"]).plan.floors["cold"].share == 0.3


def test_null_drops_a_line_of_the_file_and_agreement_is_checked(tmp_path: Path) -> None:
    file = tmp_path / "rules.csv"
    file.write_text("item_id,action,share,starts_on,ends_on,owner\ntea,pin,0.01,,,Ann\n", encoding="utf-8")
    conf = conf_in(tmp_path, plan={"merchandising": str(file)})
    assert not merchandising_of(merged_rules(conf, [change(1, "pins.tea", "end")], NIGHT).conf.plan, NIGHT).pins
    banned = merged_rules(conf, [change(1, "bans.tea", keys={}, owner="Ben")], NIGHT).conf
    message = r"item tea is pinned by Ann \(line 2\) and banned by Ben \(plan.bans\)"
    with pytest.raises(ConfigurationError, match=message):
        merchandising_of(banned.plan, NIGHT)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (change(7, "floors.x", keys={**COLD, "share": 2}), r"plan_rules: plan.floors.x.share is wrong"),
        (change(7, "floors.x", keys={**COLD, "column": "hue"}), "plan.floors.x: none of item_features"),
        (change(7, "caps.cold", keys=COLD), "plan.caps.cold: a floor has this name"),
    ],
)
def test_an_invalid_rule_is_named_with_its_version(rule: RuleVersion, message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=rf"saved on the desk .*{message}.*\(version 7, ann\)"):
        check_rules(merged_rules(conf_of(tmp_path), [rule], NIGHT))


def test_a_content_that_is_no_json_is_named(tmp_path: Path) -> None:
    broken = change(7, "floors.x", "end", content="{")
    with pytest.raises(ConfigurationError, match=r"version 7, floors.x, is not a JSON object"):
        merged_rules(conf_of(tmp_path), [broken], NIGHT)


def test_the_summary_names_the_rules_that_were_merged() -> None:
    steps = pd.DataFrame({"decisions": [{}, {"desk_rules": "caps.food (version 1, ann)"}]}, ["score", "plan_exposure"])
    assert saved_rules(steps) == ["Rules from the desk: caps.food (version 1, ann)."]
    assert saved_rules(steps.head(1)) == []


def conf_of(folder: Path) -> Config:
    return conf_in(folder, plan={"floors": {"cold": COLD}})
