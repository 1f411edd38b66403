"""The page of rules: what it lists, and changes by one editor, two editors, and with a second person."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from features.contract import CONSTRAINT_PRICES, PLAN_RULES
from jobs.desk.access import signed_token
from jobs.desk.posted import FormKeys
from jobs.desk.rule_versions import add_version, stored_versions
from jobs.desk.stored_tables import StoredTables
from jobs.saved_rules.merging import merged_rules
from jobs.saved_rules.versions import RuleVersion
from tests.jobs.desk.small_warehouse import FIRST, SCRIPT, write, write_night
from tests.jobs.desk.test_access import SECRET
from tests.jobs.desk.test_desk import conf_in, desk

NEXT = date(2024, 5, 2)
CAP = {"kind": "caps", "name": "food", "column": "category", "equals": "Food", "share": "0.3"}
PIN = {"kind": "pins", "name": "tea", "share": "0.02"}
ON = {"desk": {"rules": True}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_night(tmp_path / "warehouse", FIRST)
    return tmp_path


@pytest.fixture(scope="module")
def unchanged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a store for changes that are refused."""
    folder = tmp_path_factory.mktemp("unchanged")
    write_night(folder / "warehouse", FIRST)
    return folder


def form_of(client: TestClient, kind: str, name: str = "", **headers: str) -> dict[str, str]:
    """The fields that a browser would send of a rule's form as it is shown."""
    page = client.get(f"/rule?kind={kind}&name={name}", headers=headers).text
    inputs = (dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in re.findall(r"<input ([^>]*)>", page))
    return {field["name"]: field.get("value", "") for field in inputs if field.get("type") != "checkbox"}


def save(client: TestClient, fields: dict[str, str], action: str = "set", **headers: str) -> Any:
    shown = form_of(client, fields["kind"], fields["name"], **headers)
    return client.post("/rule", data={**shown, "reason": "A test", "owner": "Ann", **fields, "action": action},
                       headers=headers)  # fmt: skip


def versions(folder: Path) -> list[RuleVersion]:
    return stored_versions(StoredTables(str(folder / "warehouse")))


def plan_of(folder: Path, night: date = NEXT, **sections: Any) -> Any:
    return merged_rules(conf_in(folder, **ON, **sections), versions(folder), night).conf.plan


def test_the_rules_of_the_configuration_are_listed_with_their_price(folder: Path) -> None:
    of_cold = {"as_of": FIRST, "policy": "main", "constraint": "cold", "member": "segment = cold"}
    write(folder / "warehouse", CONSTRAINT_PRICES, [{**of_cold, "price": 0.004, "bound": 20.0, "used": 17.0,
                                                     "shortfall": 3.0}])  # fmt: skip
    client = desk(folder, plan={"bans": {"tea": {"owner": "Ben"}}, "launch": {"exposures": 3.0}})
    page = client.get("/rules").text
    assert 'Of the night of <time datetime="2024-05-02">' in page
    assert "segment = cold" in page
    assert "at least 2 %" in page
    assert [part in page for part in (">20<", ">17<", ">3<", ">4<")] == [True] * 4
    assert "plan.launch: a new product gets 3 exposures" in page
    assert "never shown" in page
    assert "owner Ben" in page
    assert SCRIPT not in page
    assert "&lt;script&gt;document.title" in page
    assert "desk.rules is off" in page
    assert "<form class" not in client.get("/rule?kind=caps&name=x").text.split("<main")[1]
    assert client.post("/rule", data=CAP).status_code == 403
    assert not versions(folder)


def test_a_rule_is_saved_changed_ended_and_undone(folder: Path) -> None:
    client = desk(folder, **ON)
    answer = save(client, CAP)
    assert "caps.food: set is saved as version 1." in answer.text
    assert "version 1 by local" in answer.text
    assert plan_of(folder).caps["food"].share == 0.3
    assert not plan_of(folder, FIRST).caps
    shown = form_of(client, "caps", "food")
    assert (shown["share"], shown["expected"], shown["starts_on"]) == ("0.3", "1", "2024-05-02")
    assert save(client, {"kind": "caps", "name": "food", "share": "0.2", "ends_on": "2024-05-09"}).status_code == 200
    assert [plan_of(folder, day).caps["food"].share for day in (NEXT, date(2024, 5, 10))] == [0.2, 0.3]
    assert save(client, {"kind": "caps", "name": "food"}, "end").status_code == 200
    assert not plan_of(folder).caps
    assert save(client, {"kind": "caps", "name": "food"}, "undo").status_code == 200
    assert plan_of(folder).caps["food"].share == 0.2
    assert [(version.version, version.action, version.of_version) for version in versions(folder)] == [
        (1, "set", None), (2, "set", None), (3, "end", None), (4, "undo", 3)
    ]  # fmt: skip
    rows = list(csv.DictReader(io.StringIO(client.get("/export?name=plan_rules&form=csv").text)))
    assert {(row["changed_by"], row["reason"]) for row in rows} == {("local", "A test")}
    assert "0.3" in client.get("/tables?name=plan_rules").text


def test_pins_bans_and_list_rules_are_saved(folder: Path) -> None:
    client = desk(folder, **ON)
    each = {"kind": "list_rules", "name": "brand", "column": "brand", "each": "yes", "most": "2"}
    for fields in (PIN, {"kind": "bans", "name": "milk"}, each):
        assert save(client, fields).status_code == 200
    plan = plan_of(folder)
    assert (plan.pins["tea"].share, plan.pins["tea"].owner, plan.bans["milk"].owner) == (0.02, "Ann", "Ann")
    assert (plan.list_rules["brand"].each, plan.list_rules["brand"].most) == ("brand", 2)
    page = client.get("/rules").text
    assert "each brand" in page
    assert "Oat Milk" in page
    assert save(client, {"kind": "list_rules", "name": "cold"}, "end").status_code == 200
    assert "cold" not in plan_of(folder).list_rules


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({**CAP, "share": "2"}, "share", "less than or equal to 1"),
        ({**CAP, "share": ""}, "share", "valid number"),
        ({**CAP, "column": "hue"}, "column", "has a column hue"),
        ({**CAP, "column": "list_price"}, "column", "is not a text"),
        ({**CAP, "at_least": "3"}, "group", "Needs one of equals"),
        ({**CAP, "equals": "", "at_least": "nan"}, "at_least", "It is not finite"),
        ({**CAP, "name": "a b"}, "name", "Use only letters"),
        ({**CAP, "name": "cold"}, "name", "A floor has this name"),
        ({**CAP, "kind": "floors", "name": "cold", "new": "yes"}, "name", "There is a rule of this name"),
        ({**CAP, "starts_on": "soon"}, "starts_on", "is not a date"),
        ({**CAP, "ends_on": "2024-01-01"}, "ends_on", "before the first night"),
        ({**CAP, "reason": ""}, "reason", "It is empty"),
        ({**CAP, "owner": "a\x07"}, "owner", "cannot be shown"),
        ({**PIN, "share": "0"}, "share", "greater than 0"),
    ],
)
def test_what_is_wrong_stands_at_its_field(fields: dict[str, str], field: str, words: str, unchanged: Path) -> None:
    answer = save(desk(unchanged, **ON), fields)
    assert answer.status_code == 400
    [said] = re.findall(rf'id="wrong-{field}">([^<]*)<', answer.text)
    assert words in said
    assert not versions(unchanged)


def test_a_pin_of_a_banned_item_is_refused_on_the_night_that_they_meet(folder: Path) -> None:
    client = desk(folder, **ON)
    assert save(client, {**PIN, "ends_on": "2024-05-05"}).status_code == 200
    assert save(client, {"kind": "bans", "name": "tea", "starts_on": "2024-05-06"}).status_code == 200
    answer = save(client, {"kind": "bans", "name": "tea", "starts_on": "2024-05-04"})
    assert answer.status_code == 400
    assert "on 2024-05-04 item tea is pinned by Ann until 2024-05-05" in answer.text


def test_of_two_editors_the_second_learns_of_the_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, headers = signed_in(folder, monkeypatch)
    ann, bob = headers("ann", "editor"), headers("bob", "editor")
    late = {**form_of(client, "caps", "food", **bob), **CAP, "share": "0.9", "reason": "Mine", "action": "set"}
    assert save(client, CAP, **ann).status_code == 200
    answer = client.post("/rule", data=late, headers=bob)
    assert answer.status_code == 409
    assert re.search(r"caps.food was changed by ann at .* \(version 1, set\)", answer.text)
    assert 'value="0.9"' in answer.text
    assert [version.changed_by for version in versions(folder)] == ["ann"]


def test_a_change_that_is_committed_meanwhile_is_read_before_another(folder: Path) -> None:
    client, warehouse = desk(folder, **ON), str(folder / "warehouse")
    seen: list[int] = []

    def change(known: Any) -> RuleVersion:
        seen.append(len(known))
        if len(seen) < 3:  # next to the creation of the table, and to an append
            assert save(client, {**CAP, "name": f"food{len(seen)}"}).status_code == 200
        return RuleVersion(**{**vars(versions(folder)[0]), "version": len(known) + 1})

    assert add_version(warehouse, change).version == 3
    assert seen == [0, 1, 2]
    assert [version.version for version in versions(folder)] == [1, 2, 3]


def test_a_second_person_approves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, headers = signed_in(folder, monkeypatch, second_person=True)
    ann, bob, eve = headers("ann", "editor", "approver"), headers("bob", "approver"), headers("eve")
    assert "It waits until another person approves it." in save(client, CAP, **ann).text
    assert not plan_of(folder).caps

    def answer(action: str, expected: int = 1, **who: str) -> int:
        own = {"form_key": form_key(client, **who), "kind": "caps", "name": "food", "expected": str(expected)}
        return client.post("/rule", data={**own, "action": action}, headers=who).status_code

    assert "Approve" not in client.get("/rules", headers=ann).text.replace("Approved", "")
    assert "Approve" in client.get("/rules", headers=bob).text
    assert [answer("approve", **who) for who in (ann, eve)] == [403, 403]
    assert save(client, {**CAP, "share": "0.1"}, **bob).status_code == 403
    assert answer("approve", expected=7, **bob) == 409
    assert answer("approve", **bob) == 200
    assert answer("approve", expected=2, **bob) == 409
    assert plan_of(folder).caps["food"].share == 0.3
    assert save(client, {"kind": "caps", "name": "food"}, "end", **ann).status_code == 200
    assert plan_of(folder).caps["food"].share == 0.3
    assert answer("reject", expected=3, **ann) == 200  # her own
    assert [(v.action, v.changed_by) for v in versions(folder)][-2:] == [("end", "ann"), ("reject", "ann")]


def test_a_form_is_answered_only_if_the_desk_has_shown_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client, headers = signed_in(folder, monkeypatch)
    ann, bob, eve = headers("ann", "editor"), headers("bob", "editor"), headers("eve")
    good = {**form_of(client, "caps", "food", **ann), **CAP, "reason": "A test", "action": "set"}

    def status(fields: dict[str, str], **sent: str) -> int:
        named = {name.replace("_", "-"): value for name, value in sent.items()}
        return client.post("/rule", data=fields, headers=named).status_code

    assert status({**good, "form_key": form_key(client, **bob)}, **ann) == 403
    assert status({**good, "form_key": ""}, **ann) == 403
    assert status(good, **ann, Origin="http://evil.example") == 403
    assert status(good, **ann, Sec_Fetch_Site="cross-site") == 403
    assert status({**good, "form_key": form_key(client, **eve)}, **eve) == 403  # a reader
    assert status(good) == 401
    assert status({**good, "one_of": "x" * 20_000}, **ann) == 413
    assert status({f"f{number}": "x" for number in range(101)}, **ann) == 413
    assert not versions(folder)
    assert status(good, **ann, Origin="http://localhost", Sec_Fetch_Site="same-origin") == 200


def test_saved_rules_that_no_longer_fit_are_named_and_left_out(folder: Path) -> None:
    assert save(desk(folder, **ON), CAP).status_code == 200
    bad = {"floors": {"food": {"column": "category", "equals": "Food", "share": 0.1}}}
    page = desk(folder, **ON, plan=bad).get("/rules").text
    assert "plan.caps.food: a floor has this name as well." in page
    assert "caps.food (version 1, local)" in page


def test_no_html_of_a_rule_reaches_a_page(folder: Path) -> None:
    client = desk(folder, **ON)
    assert save(client, {**CAP, "equals": SCRIPT, "reason": SCRIPT, "owner": SCRIPT}).status_code == 200
    for address in ("/rules", "/rule?kind=caps&name=food", "/rule?kind=caps&name=" + SCRIPT, "/tables?name=plan_rules"):
        page = client.get(address)
        assert SCRIPT not in page.text
        assert "<script>document" not in page.text
    assert PLAN_RULES.name in client.get("/tables").text


def signed_in(
    folder: Path, monkeypatch: pytest.MonkeyPatch, **keys: Any
) -> tuple[TestClient, Callable[..., dict[str, str]]]:
    monkeypatch.setenv("LONGTAIL_DESK_SECRET", SECRET)
    client = desk(folder, desk={"access": "token", "rules": True, **keys})

    def headers(user: str, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {signed_token(SECRET, user, list(roles) or ['reader'], 1)}"}

    return client, headers


def form_key(client: TestClient, **headers: str) -> str:
    """The key in the forms of a visitor, who may not see one."""
    user = client.get("/rules", headers=headers).text.split("Signed in as ")[1].split(".")[0]
    return FormKeys(SECRET).of(user)
