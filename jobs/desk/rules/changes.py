"""A form of the desk as a change of a rule, checked against all changes before it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from jobs.config.configuration import Config
from jobs.desk.access import APPROVER, EDITOR, Visitor
from jobs.desk.posted import FormError
from jobs.desk.rules.drafts import content_of, dates_of, has_rule, keys_of, problems_of, wrong_words
from jobs.runtime import clock
from jobs.saved_rules.versions import (
    APPROVE,
    END,
    KINDS,
    REJECT,
    SET,
    UNDO,
    RuleVersion,
    of_rule,
    pending,
    standing,
)

LOCAL = "local"  # who changes rules where the desk knows no users
ACTIONS = (SET, END, UNDO, APPROVE, REJECT)


class DraftError(Exception):
    """What is wrong with a form, by field; '' for what is of no field. status: of the answer"""

    def __init__(self, wrong: Mapping[str, str], status: int = 400) -> None:
        self.wrong, self.status = dict(wrong), status
        super().__init__("; ".join(self.wrong.values()))


def changed(
    conf: Config, visitor: Visitor, fields: Mapping[str, str], versions: Sequence[RuleVersion], next_night: date
) -> RuleVersion:
    """The change that a form asks for.

    next_night: its first night, if the form has none
    Raises DraftError if it does not fit, or another one came first; FormError if the visitor may not make it.
    """
    kind, name, action = (fields.get(key, "") for key in ("kind", "name", "action"))
    if kind not in KINDS or action not in ACTIONS:
        raise FormError(400, "This form names no kind of rule, or no action.", "Load its page again.")
    own = of_rule(versions, kind, name)
    _require_newest(own, fields.get("expected", ""), visitor)
    change = RuleVersion(
        version=max((version.version for version in versions), default=0) + 1, kind=kind, name=name, action=action,
        content=None, starts_on=None, ends_on=None, owner=None, of_version=None, needs_approval=False,
        changed_by=visitor.name or LOCAL, changed_at=clock.now(), reason=fields.get("reason") or None,
    )  # fmt: skip
    if action in (APPROVE, REJECT):
        return _answered(conf, visitor, change, versions, own, next_night)
    require_role(visitor, EDITOR)
    change = replace(change, needs_approval=conf.desk.second_person)
    wrong = wrong_words(kind, action, fields)
    if action == UNDO:
        return _undone(conf, change, wrong, versions, own, next_night)
    first, last, wrong_dates = dates_of(fields)
    wrong |= wrong_dates
    change = replace(change, starts_on=first, ends_on=last, owner=fields.get("owner") or None)
    if action == END:
        return _checked(conf, change, wrong, versions, first or next_night)
    if fields.get("new") and has_rule(conf, versions, kind, name, first or next_night):
        wrong["name"] = "There is a rule of this name; choose another name, or change that rule."
    drafted = replace(change, content=json.dumps(keys_of(kind, fields)))
    valid = _checked(conf, drafted, wrong, versions, first or next_night)
    return replace(valid, content=content_of(conf, valid))


def _undone(
    conf: Config, change: RuleVersion, wrong: dict[str, str], versions: Sequence[RuleVersion],
    own: Sequence[RuleVersion], next_night: date,
) -> RuleVersion:  # fmt: skip
    """The change that takes back the newest one that holds, or the draft that waits."""
    held = standing(own)
    if not held:
        raise DraftError({"": "No version of this rule is left to undo; the configuration's own holds."})
    wrong.pop("owner", None)
    return _checked(conf, replace(change, of_version=held[-1].version), wrong, versions, next_night)


def _answered(
    conf: Config, visitor: Visitor, change: RuleVersion, versions: Sequence[RuleVersion], own: Sequence[RuleVersion],
    next_night: date,
) -> RuleVersion:  # fmt: skip
    """The answer of another person to the draft that waits; its author may only withdraw it."""
    draft = pending(own)
    if draft is None:
        raise FormError(409, f"No draft of {change.key} waits for approval.", "Load the page of rules again.")
    is_author = draft.changed_by == change.changed_by
    require_role(visitor, EDITOR if is_author and change.action == REJECT else APPROVER)
    if is_author and change.action == APPROVE:
        raise FormError(403, f"You drafted version {draft.version} yourself.", "Ask another person to approve it.")
    answer = replace(change, of_version=draft.version)
    if change.action == APPROVE:
        wrong = problems_of(conf, [*versions, answer], draft, draft.starts_on or next_night)
        if wrong:
            raise FormError(409, f"{draft.key} no longer fits: {' '.join(wrong.values())}", "Reject it, or change it.")
    return answer


def _checked(
    conf: Config, change: RuleVersion, wrong: Mapping[str, str], versions: Sequence[RuleVersion], first: date
) -> RuleVersion:
    """The change, if nothing is wrong with it. Raises DraftError."""
    problems = {} if "starts_on" in wrong or "name" in wrong else problems_of(conf, versions, change, first)
    if wrong or problems:
        raise DraftError({**problems, **wrong})
    return change


def require_role(visitor: Visitor, *roles: str) -> None:
    """Raises FormError unless the visitor has one of the roles."""
    if not visitor.roles & set(roles):
        raise FormError(403, f"This needs the role {' or '.join(roles)}.", "Ask whoever runs the desk for the role.")


def _require_newest(own: Sequence[RuleVersion], expected: str, visitor: Visitor) -> None:
    """Raises DraftError, naming who was faster, unless the form was read after the newest change of the rule."""
    newest = own[-1] if own else None
    if newest is None or expected == str(newest.version):
        return
    who = "you" if newest.changed_by == visitor.name else newest.changed_by
    raise DraftError(
        {"": f"{newest.key} was changed by {who} at {newest.changed_at:%Y-%m-%d %H:%M} UTC (version {newest.version}, "
             f"{newest.action}), after this page was loaded. Nothing is saved; load the rule again and compare."},
        409,
    )  # fmt: skip
