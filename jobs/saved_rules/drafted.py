"""A draft of a rule as a JSON file: from the desk, for a plan that is not saved."""

from __future__ import annotations

import json
from dataclasses import fields

from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError
from jobs.saved_rules.versions import END, KINDS, SET, RuleVersion, rule_version

_WRITTEN = ("kind", "name", "content", "owner", "changed_by")


def draft_as_json(draft: RuleVersion) -> str:
    """The rule of a draft, without its dates: a preview is of a night before them."""
    return json.dumps({name: getattr(draft, name) for name in _WRITTEN}, ensure_ascii=False)


def drafted_rule(text: str) -> RuleVersion:
    """The draft of a file, which holds on every night. Raises ConfigurationError if it is none."""
    try:
        written = json.loads(text)
        draft = {name: written[name] for name in _WRITTEN}
    except (ValueError, TypeError, KeyError) as error:
        raise ConfigurationError(
            f"The file of --rule has no JSON object of {', '.join(_WRITTEN)}.", "Preview the rule on the desk."
        ) from error
    if draft["kind"] not in KINDS:
        raise ConfigurationError(
            f"The file of --rule names the kind {draft['kind']}.", f"Name one of {', '.join(KINDS)}."
        )
    values = dict.fromkeys(field.name for field in fields(RuleVersion)) | draft
    action = END if draft["content"] is None else SET
    return rule_version({**values, "version": 1, "action": action, "needs_approval": False, "changed_at": clock.now()})
