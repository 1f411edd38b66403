"""The pages of rules: what the next night has, and the form by which one is changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import pandas as pd
from fastapi import Depends, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from features.contract import CONSTRAINT_PRICES
from jobs.config.configuration import Config
from jobs.desk.access import APPROVER, EDITOR, Access
from jobs.desk.figures import StoredFigures
from jobs.desk.items import titles_of
from jobs.desk.pages import Pages, Text, View
from jobs.desk.posted import KEY, FormError, posted_form
from jobs.desk.rule_versions import add_version, stored_versions
from jobs.desk.rules.changes import LOCAL, DraftError, changed, require_role
from jobs.desk.rules.drafts import fields_of
from jobs.desk.rules.listing import TITLES, configured_rule, draft_in_words, listed_rules, others_in_words
from jobs.desk.rules.preview_page import preview_sections
from jobs.desk.rules.previews import PREVIEW, PREVIEW_DRAFT, PREVIEW_END, STOP, BusyError, Preview, Previews
from jobs.planning.check import check_rules
from jobs.planning.columns import ATTRIBUTE, KNOWN
from jobs.planning.merchandising import NONE, Merchandising, merchandising_of
from jobs.report.plan_value import value_unit
from jobs.runtime import clock
from jobs.runtime.errors import ConfigurationError, LongtailError
from jobs.runtime.storage import is_remote
from jobs.saved_rules.merging import merged_rules
from jobs.saved_rules.versions import (
    APPROVE,
    END,
    KINDS,
    REJECT,
    SET,
    RuleVersion,
    in_force,
    of_rule,
    pending,
    standing,
)

_NEWEST = 20  # changes that the page of rules shows
_OWN = (KEY, "action")  # fields that each form has
Number = Annotated[int | None, Query(ge=1)]
Form = Annotated[dict[str, str], Depends(posted_form)]


class RulePages:
    """Each method answers one address. HTTPException and FormError say that a visitor may not."""

    def __init__(self, conf: Config, access: Access, pages: Pages, previews: Previews | None) -> None:
        self._conf, self._access, self._pages, self._previews = conf, access, pages, previews

    def rules(self, request: Request, saved: Number = None) -> Response:
        """The rules of the next night, drafts that wait for approval, and the newest changes."""
        view = self._pages.view(request)
        night, versions = view.nights.newest, stored_versions(view.tables)
        following = _next_night(view)
        conf, problem = self._conf_on(following, versions)
        merchandising, problem_of_file = _merchandising(conf, following)
        figures = None if night is None else StoredFigures(view.tables, view.conf(night), night)
        prices = pd.DataFrame(columns=CONSTRAINT_PRICES.column_names) if figures is None else figures.prices
        items = [*merchandising.pins, *merchandising.bans]
        titles = {} if night is None else titles_of(view.tables, night, items)
        held = in_force(versions, following) if self._conf.desk.rules and not problem else []
        latest = {version.key: of_rule(versions, version.kind, version.name) for version in versions}
        drafts = [draft for own in latest.values() if (draft := pending(own)) is not None]
        later = [v for own in latest.values() for v in standing(own) if v.starts_on and v.starts_on > following]
        named = [
            name for name in ("constraint_prices", "plan_rules", "exposure_account") if name in view.tables.versions
        ]
        return self._pages.show(
            "rules.html", view, night, kinds=TITLES, following=following, problem=problem or problem_of_file,
            rules=listed_rules(conf.plan, merchandising, held, prices, _achieved(figures), titles),
            others=list(others_in_words(conf.plan, prices)), unit=value_unit(conf), drafts=drafts, later=later,
            in_words=draft_in_words, changes=list(reversed(versions))[:_NEWEST], total=len(versions), named=named,
            saved=next((version for version in versions if version.version == saved), None),
            **self._rights(view),
        )  # fmt: skip

    def rule(self, request: Request, kind: Text, name: Text = "") -> Response:
        """The form of one rule, as its newest version or the configuration has it; empty for a new one."""
        view = self._pages.view(request)
        if kind not in KINDS:
            raise LongtailError(f"There is no kind of rule {kind}.", f"Choose one of {', '.join(KINDS)}.")
        versions = stored_versions(view.tables)
        return self._form(view, kind, name, self._fields(view, kind, name, versions), versions)

    def change(self, request: Request, form: Form) -> Response:
        """Saves, ends, undoes, approves or rejects a version; shows the form again where it does not fit."""
        view = self._pages.view(request)
        self._access.form_keys.check(view.visitor.name, form.get(KEY, ""))
        if not self._conf.desk.rules:
            raise FormError(403, "Rules cannot be changed here.", "Set desk.rules to true in the configuration.")
        following = _next_night(view)

        def make(versions: Sequence[RuleVersion]) -> RuleVersion:
            return changed(self._conf, view.visitor, form, versions, following)

        try:
            if form.get("action") in (PREVIEW, PREVIEW_END, PREVIEW_DRAFT):
                return _to_preview(self._previewed(view, form, following))
            if form.get("action") == STOP:
                return self._stopped(view, form)
            version = add_version(self._conf.warehouse, make)
        except DraftError as refused:
            if form.get("action") in (APPROVE, REJECT):
                words = " ".join(refused.wrong.values())
                raise FormError(refused.status, words, "Load the page of rules again.") from refused
            kind, name = form.get("kind", ""), form.get("name", "")
            versions = stored_versions(view.tables)
            return self._form(view, kind, name, form, versions, refused.wrong, refused.status)
        return RedirectResponse(f"/rules?{urlencode({'saved': version.version})}", 303)

    def preview(self, request: Request, number: Number = None) -> Response:
        """A preview, the newest one without a number: what its night would have been with a draft."""
        view = self._pages.view(request)
        preview = self._preview(number)
        draft, outcome, versions = preview.draft, preview.outcome, stored_versions(view.tables)
        difference = None if outcome is None else outcome.difference
        waiting = pending(of_rule(versions, draft.kind, draft.name))
        return self._pages.show(
            "preview.html", view, None, preview=preview, draft=draft, in_words=draft_in_words, state=preview.state,
            problem="" if outcome is None else outcome.problem,
            sections=[] if difference is None else preview_sections(difference),
            fields={name: value for name, value in preview.fields.items() if name not in _OWN},
            may_save=bool(preview.fields) and draft.changed_by == (view.visitor.name or LOCAL),
            waits=not preview.fields and waiting is not None and waiting.version == draft.version,
            **self._rights(view),
        )  # fmt: skip

    def preview_state(self, request: Request, number: Number = None) -> Response:
        """The state of a preview and how long it has been running, for a page that waits for it."""
        self._pages.view(request)
        preview = self._preview(number)
        return JSONResponse({"state": preview.state, "took": preview.took})

    def _preview(self, number: int | None) -> Preview:
        """Raises LongtailError if it is not kept."""
        previews, preview = self._previews, None
        if previews is not None:
            preview = previews.newest if number is None else previews.of_number(number)
        if preview is None:
            raise LongtailError("The desk does not have this preview.", "Open a rule and preview it again.")
        return preview

    def _previewed(self, view: View, form: Mapping[str, str], following: date) -> Preview:
        """Starts the preview of a form, or of the draft that waits for approval.

        Raises DraftError as saving would, FormError where nothing can be previewed.
        """
        if self._previews is None:
            raise FormError(403, "This desk has no previews.", "Set desk.preview_minutes above 0.")
        action, versions, night = form["action"], stored_versions(view.tables), view.nights.newest
        fields: dict[str, str] = {}
        if action == PREVIEW_DRAFT:
            require_role(view.visitor, EDITOR, APPROVER)
            draft = pending(of_rule(versions, form.get("kind", ""), form.get("name", "")))
            if draft is None or draft.action not in (SET, END) or str(draft.version) != form.get("expected"):
                raise FormError(409, "This draft does not wait any more.", "Load the page of rules again.")
        else:
            fields = {**form, "action": SET if action == PREVIEW else END}
            draft = changed(self._conf, view.visitor, fields, versions, following)
        if night is None:
            raise FormError(409, "No night has been planned yet, so a draft changes none.", "Run make nightly first.")
        try:
            return self._previews.start(draft, fields, night)
        except BusyError as busy:
            if not fields:
                raise FormError(409, str(busy), "Wait until it has ended, or stop it on its page.") from busy
            raise DraftError({"preview": str(busy)}, 409) from busy

    def _stopped(self, view: View, form: Mapping[str, str]) -> Response:
        require_role(view.visitor, EDITOR, APPROVER)
        number = form.get("number", "")
        preview = self._preview(int(number) if number.isdecimal() else None)
        preview.stop(f"It was stopped by {view.visitor.name or LOCAL}.")
        return _to_preview(preview)

    def _form(
        self, view: View, kind: str, name: str, fields: Mapping[str, str], versions: Sequence[RuleVersion],
        wrong: Mapping[str, str] | None = None, status: int = 200,
    ) -> Response:  # fmt: skip
        is_new = fields.get("new", "") != ""
        own = [] if is_new else of_rule(versions, kind, name)
        return self._pages.show(
            "rule.html", view, view.nights.newest, status, kind=kind, name=name, title=TITLES[kind], is_new=is_new,
            fields=defaultdict(str, fields), wrong=defaultdict(str, wrong or {}), is_wrong=bool(wrong),
            versions=list(reversed(own)), draft=pending(own), held=standing(own),
            columns=(*KNOWN, f"{ATTRIBUTE}KEY"), in_words=draft_in_words, **self._rights(view),
        )  # fmt: skip

    def _fields(self, view: View, kind: str, name: str, versions: Sequence[RuleVersion]) -> dict[str, str]:
        """What the form of a rule begins with."""
        own, following = of_rule(versions, kind, name), _next_night(view)
        conf, _ = self._conf_on(following, versions)
        held = [*standing(own), *filter(None, [pending(own)])]
        keys: Mapping[str, Any] = configured_rule(conf.plan, _merchandising(conf, following)[0], kind, name)
        if held and held[-1].keys is not None:
            keys = {**held[-1].keys, "owner": held[-1].owner, "ends_on": held[-1].ends_on}
        fields = fields_of(kind, keys)
        is_new = "" if name and (keys or own) else "yes"
        expected = str(own[-1].version) if own else ""
        first = {"owner": view.visitor.name, "starts_on": str(following), "expected": expected, "new": is_new}
        return {**first, **fields, "kind": kind, "name": name}

    def _rights(self, view: View) -> dict[str, Any]:
        roles, on = view.visitor.roles, self._conf.desk.rules
        return {
            "on": on, "may_edit": on and EDITOR in roles, "may_approve": on and APPROVER in roles,
            "me": view.visitor.name or LOCAL, "form_key": self._access.form_keys.of(view.visitor.name), "key_name": KEY,
            "previews": self._previews is not None, "second_person": self._conf.desk.second_person, "nights": (),
        }  # fmt: skip

    def _conf_on(self, night: date, versions: Sequence[RuleVersion]) -> tuple[Config, str]:
        """The configuration of a night and what is wrong with its saved rules, which it then lacks."""
        if not self._conf.desk.rules:
            return self._conf, ""
        try:
            return check_rules(merged_rules(self._conf, versions, night)).conf, ""
        except ConfigurationError as error:
            return self._conf, str(error)


def _to_preview(preview: Preview) -> Response:
    return RedirectResponse(f"/preview?{urlencode({'number': preview.number})}", 303)


def _next_night(view: View) -> date:
    newest = max(view.nights.planned, default=None)
    return clock.now().date() if newest is None else newest + timedelta(days=1)


def _merchandising(conf: Config, night: date) -> tuple[Merchandising, str]:
    """Pins and bans of a night, and why the file cannot be read, whose lines are then left out."""
    file = conf.plan.merchandising
    without = conf.plan.model_copy(update={"merchandising": None})
    if file is not None and is_remote(file):
        return merchandising_of(
            without, night
        ), f"The pins and bans of {file} are not shown: the desk does not read it."
    try:
        return merchandising_of(conf.plan, night), ""
    except ConfigurationError as error:
        return NONE, str(error)


def _achieved(figures: StoredFigures | None) -> dict[str, float]:
    """By floor and cap the share that was delivered; of rules of several groups the one furthest from what it asks."""
    if figures is None or figures.accounted_night is None:
        return {}
    shares = figures.account_of_groups(figures.accounted_night, ()).dropna(subset=["achieved"])
    caps = figures.conf.plan.caps
    return {
        str(name): float(rows.max() if name in caps else rows.min())
        for name, rows in shares.groupby("constraint")["achieved"]
    }
