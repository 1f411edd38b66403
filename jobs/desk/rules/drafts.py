"""A form of a rule, validated by the checks of the configuration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from pydantic import ValidationError

from jobs.config.configuration import Config, violation_in_words
from jobs.config.experiment import plans_of_arms
from jobs.planning.check import check_rules
from jobs.planning.merchandising import merchandising_of
from jobs.planning.names import RULE_NAME
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.storage import is_remote
from jobs.saved_rules.merging import merged_rules
from jobs.saved_rules.versions import BANS, LIST_RULES, PINS, SET, RuleVersion

GROUP = ("equals", "one_of", "at_least", "at_most", "buckets", "each")  # fields that say what belongs to a group
_LONGEST = {"name": 200, "owner": 100, "reason": 500}  # characters
_NUMBERS = ("at_least", "at_most", "buckets")
_OF_NAME = ("the name ", "a floor has this name")  # begin what check_plan says of names
_MOST_DATES = 60  # on which a draft is tried together with the other rules
Fields = Mapping[str, str]


def keys_of(kind: str, fields: Fields) -> dict[str, Any]:
    """The rule of a form as in the configuration, values as they were typed."""
    if kind == BANS:
        return {}
    if kind == PINS:
        return {"share": fields.get("share", "")}
    keys: dict[str, Any] = {name: fields[name] for name in ("equals", "at_least", "at_most") if fields.get(name)}
    lines = [line.strip() for line in fields.get("one_of", "").splitlines() if line.strip()]
    keys |= {"one_of": lines} if lines else {}
    column, share = fields.get("column", ""), "most" if kind == LIST_RULES else "share"
    keys[share] = fields.get(share, "")
    if kind == LIST_RULES:
        return {**keys, ("each" if fields.get("each") else "column"): column}
    edges = fields.get("buckets", "").replace(",", " ").split()
    keys |= {"buckets": edges} if edges else {}
    return {**keys, "column": column, **({"each": True} if fields.get("each") else {})}


def fields_of(kind: str, keys: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a form that say a rule of the configuration."""
    held = {name: value for name, value in keys.items() if value is not None and value is not False}
    fields = {name: f"{value:.12g}" if isinstance(value, float) else str(value) for name, value in held.items()}
    if "one_of" in held:
        fields["one_of"] = "\n".join(held["one_of"])
    if "buckets" in held:
        fields["buckets"] = ", ".join(f"{edge:.12g}" for edge in held["buckets"])
    if "each" in held:
        fields |= {"each": "yes", **({"column": str(held["each"])} if kind == LIST_RULES else {})}
    return fields


def dates_of(fields: Fields) -> tuple[date | None, date | None, dict[str, str]]:
    """First and last night of a form, and what is wrong with them by field."""
    dates: dict[str, date | None] = {}
    wrong: dict[str, str] = {}
    for name in ("starts_on", "ends_on"):
        text = fields.get(name, "")
        try:
            dates[name] = date.fromisoformat(text) if text else None
        except ValueError:
            dates[name], wrong[name] = None, f"{text!r} is not a date; write it as 2024-12-24."
    if dates["starts_on"] is None and not wrong:
        wrong["starts_on"] = "Enter its first night."
    first, last = dates["starts_on"], dates["ends_on"]
    if first and last and last < first:
        wrong["ends_on"] = f"It is before the first night, {first}."
    return first, last, wrong


def wrong_words(kind: str, action: str, fields: Fields) -> dict[str, str]:
    """What is wrong with name, owner and reason of a form, and which numbers are not finite, by field."""
    wrong = {name: "It is not finite; leave it out." for name in _NUMBERS if _is_not_finite(fields.get(name, ""))}
    for name, longest in _LONGEST.items():
        text = fields.get(name, "")
        if not text and (name != "owner" or action == SET):
            wrong[name] = "It is empty."
        elif len(text) > longest or not text.isprintable():
            wrong[name] = f"It has more than {longest} characters, or some that cannot be shown."
    if kind not in (PINS, BANS) and "name" not in wrong and not RULE_NAME.fullmatch(fields["name"]):
        wrong["name"] = "Use only letters, digits, _ and -."
    return wrong


def _is_not_finite(text: str) -> bool:
    return any(word.strip("+-").lower() in ("nan", "inf", "infinity") for word in text.replace(",", " ").split())


def problems_of(conf: Config, versions: Sequence[RuleVersion], change: RuleVersion, first: date) -> dict[str, str]:
    """What is wrong with the configuration once a change holds, by field; '' for what is of no field.

    versions: without the change; first: the night from which on the rules are tried
    """
    after = [*versions, replace(change, needs_approval=False)]
    for night in _nights(after, first):
        try:
            conf_of_night = check_rules(merged_rules(conf, after, night)).conf
            for plan in plans_of_arms(conf_of_night.plan, conf_of_night.experiment).values():
                far = plan.merchandising is not None and is_remote(plan.merchandising)
                merchandising_of(plan.model_copy(update={"merchandising": None}) if far else plan, night)
        except ConfigurationError as error:
            return _by_field(error, change)
    return {}


def has_rule(conf: Config, versions: Sequence[RuleVersion], kind: str, name: str, night: date) -> bool:
    """Whether the plan of a night has a rule of this name."""
    try:
        plan = merged_rules(conf, versions, night).conf.plan
    except ConfigurationError:
        plan = conf.plan
    return getattr(plan, kind).get(name) is not None


def content_of(conf: Config, change: RuleVersion) -> str:
    """The rule of a change that `problems_of` passed, as JSON with values of the configuration's types."""
    assert change.starts_on is not None
    alone = replace(change, needs_approval=False)
    rule = getattr(merged_rules(conf, [alone], change.starts_on).conf.plan, change.kind)[change.name]
    keys = rule.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={"owner", "ends_on"})
    return json.dumps(keys, ensure_ascii=False, allow_nan=False)


def _nights(versions: Sequence[RuleVersion], first: date) -> list[date]:
    """The nights, from a first one on, on which other versions may hold than on the night before."""
    edges = {version.starts_on for version in versions}
    edges |= {version.ends_on + timedelta(days=1) for version in versions if version.ends_on}
    return [first, *sorted(night for night in edges if night is not None and night > first)[:_MOST_DATES]]


def _by_field(error: ConfigurationError, change: RuleVersion) -> dict[str, str]:
    own = ("plan", change.kind, change.name)
    wrong: dict[str, str] = {}
    for cause in _causes(error):
        if isinstance(cause, ValidationError):
            for violation in cause.errors():
                place = tuple(map(str, violation["loc"]))
                if place[:3] == own:
                    words = violation_in_words(violation)[0].removeprefix("is wrong: ")
                    wrong.setdefault(place[3] if len(place) > 3 else "group", f"{words[:1].upper()}{words[1:]}.")
        elif isinstance(cause, ConfigurationError) and cause.problem.startswith(f"{'.'.join(own)}: "):
            words = cause.problem.removeprefix(f"{'.'.join(own)}: ")
            field = "name" if words.startswith(_OF_NAME) else "column"
            wrong.setdefault(field, f"{words[:1].upper()}{words[1:]} {cause.remedy}")
    return wrong or {"": str(error)}


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__
