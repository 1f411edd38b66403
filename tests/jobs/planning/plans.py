"""Configurations of a plan, from base.yaml and the keys that a test sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

import conf as packaged_conf
from jobs.config.configuration import resolve_config
from jobs.config.plan import Plan


def plan_with(**keys: Any) -> Plan:
    base = yaml.safe_load((Path(packaged_conf.__file__).parent / "base.yaml").read_text(encoding="utf-8"))
    overrides = {
        "source": {"kind": "complete_journey"}, "potential": {"shoppers": 100}, "reviews": {"read": True},
        "features": {"low_rating": 2}, "plan": keys,
    }  # fmt: skip
    return resolve_config(base, overrides, "test.yaml").plan
