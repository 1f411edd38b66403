"""Merges the rules that were saved on the desk over those of the configuration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from pyspark.sql import SparkSession

from features.contract import PLAN_RULES
from jobs.config.configuration import Config, resolve_config
from jobs.runtime.errors import ConfigurationError
from jobs.saved_rules.versions import BANS, PINS, RuleVersion, in_force, in_words, rule_version
from jobs.tables.warehouse import Warehouse


@dataclass(frozen=True)
class NightRules:
    """A night's configuration with the rules of the desk, and these in words; '' where none holds."""

    conf: Config
    said: str = ""


def rules_of_night(spark: SparkSession, conf: Config, as_of: date) -> NightRules:
    """The configuration of a night with the rules of the desk, unchanged unless `desk.rules` is set.

    Raises ConfigurationError that names the version if a saved rule is invalid.
    """
    if not conf.desk.rules:
        return NightRules(conf)
    rows = Warehouse(spark, conf.warehouse).read_or_empty(PLAN_RULES).collect()
    return merged_rules(conf, [rule_version(row.asDict()) for row in rows], as_of)


def merged_rules(conf: Config, versions: Iterable[RuleVersion], as_of: date) -> NightRules:
    """The configuration with the versions that hold on a night. Raises ConfigurationError if one of them is invalid."""
    held = in_force(versions, as_of)
    if not held:
        return NightRules(conf)
    said = in_words(held)
    sections = {name: getattr(conf, name) for name in Config.model_fields}
    try:
        return NightRules(resolve_config({**sections, "plan": _with_rules(conf, held)}, {}, "plan_rules"), said)
    except ConfigurationError as error:
        raise misfit(error, said) from error


def misfit(error: ConfigurationError, said: str) -> ConfigurationError:
    """An error of a configuration with rules of the desk, which it names. said: as `NightRules.said`"""
    return ConfigurationError(
        f"The rules that were saved on the desk do not fit the configuration: {error.problem}",
        f"Change or undo one of {said}.",
    )


def _with_rules(conf: Config, held: Iterable[RuleVersion]) -> dict[str, Any]:
    """The keys of plan. A rule replaces that of its name; one that has ended is gone, from the file of pins as well."""
    plan = conf.plan.model_dump()
    for version in held:
        rules, keys = dict(plan.get(version.kind, {})), version.keys
        if version.kind in (PINS, BANS):
            terms = {"owner": version.owner, "ends_on": version.ends_on}
            rules[version.name] = None if keys is None else {**keys, **terms}
        elif keys is None:
            rules.pop(version.name, None)
        else:
            rules[version.name] = keys
        plan[version.kind] = rules
    return plan
