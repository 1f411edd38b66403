"""Who may read which pages of the desk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.desk.access import COOKIE, PROXY_HEADER, signed_token
from jobs.runtime.errors import ConfigurationError
from jobs.runtime.redaction import redacted
from tests.jobs.desk.small_warehouse import FIRST, write_night
from tests.jobs.desk.test_desk import conf_in, desk

SECRET = "a-secret-of-the-desk-of-32-letters"
GROUPS = {"reader": ["merchandisers"], "shoppers": ["care"]}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("access")
    write_night(folder / "warehouse", FIRST)
    return folder


def client_of(store: Path, monkeypatch: pytest.MonkeyPatch, **keys: Any) -> TestClient:
    monkeypatch.setenv("LONGTAIL_DESK_SECRET", SECRET)
    return desk(store, desk=keys)


def test_behind_a_proxy_groups_give_roles(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(store, monkeypatch, access="proxy", groups=GROUPS)

    def status(address: str, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return client.get(address, headers=named).status_code

    sent = {PROXY_HEADER: SECRET, "X_Forwarded_User": "eve"}
    assert status("/", X_Forwarded_User="eve", X_Forwarded_Groups="merchandisers") == 401  # past the proxy
    assert status("/", **{**sent, PROXY_HEADER: SECRET + "x"}, X_Forwarded_Groups="merchandisers") == 401
    assert status("/", **sent, X_Forwarded_Groups="others") == 403
    assert status("/", **sent, X_Forwarded_Groups="others, merchandisers") == 200
    assert status("/shopper", **sent, X_Forwarded_Groups="merchandisers") == 403
    assert status("/tables?name=exposure_scores", **sent, X_Forwarded_Groups="merchandisers") == 403
    export = "/export?name=exposure_scores&form=csv"
    assert status(export, **sent, X_Forwarded_Groups="merchandisers") == 403
    assert status(export, **sent, X_Forwarded_Groups="care") == 200
    assert status("/tables?name=metrics", **sent, X_Forwarded_Groups="merchandisers") == 200
    assert status("/shopper?user=ann", **sent, X_Forwarded_Groups="care") == 200


def test_a_token_opens_the_pages_of_its_roles_until_it_expires(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(store, monkeypatch, access="token")

    def status(token: str, address: str = "/") -> int:
        return client.get(address, headers={"Authorization": f"Bearer {token}"}).status_code

    reader = signed_token(SECRET, "ann", ["reader"], 1)
    assert (status(reader), status(reader, "/shopper")) == (200, 403)
    assert status(signed_token(SECRET, "ann", ["shoppers"], 1), "/shopper") == 200
    assert status(signed_token(SECRET, "ann", ["reader"], -1)) == 401
    assert status(signed_token(SECRET + "x", "ann", ["reader"], 1)) == 401
    assert status(signed_token(SECRET, "ann", [], 1)) == 403
    unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4iLCJyb2xlcyI6WyJyZWFkZXIiXSwiZXhwIjo5OTk5OTk5OTk5fQ."
    assert status(unsigned) == 401


def test_a_browser_signs_in_with_a_token(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = client_of(store, monkeypatch, access="token")
    assert client.get("/").status_code == 401
    assert client.post("/sign-in", data={"token": "wrong"}).status_code == 401
    token = {"token": signed_token(SECRET, "ann", ["reader"], 1)}
    elsewhere = client.post("/sign-in", data=token, headers={"Origin": "http://evil.example"})
    assert (elsewhere.status_code, client.cookies.get(COOKIE)) == (403, None)
    answer = client.post("/sign-in", data=token, headers={"Origin": "http://localhost"})
    assert answer.status_code == 200
    assert "Signed in as ann." in answer.text
    cookie = answer.history[0].headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie


def test_the_secret_has_to_be_there_and_is_hidden(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for secret in ("", "short-secret"):
        monkeypatch.setenv("LONGTAIL_DESK_SECRET", secret)
        with pytest.raises(ConfigurationError, match="LONGTAIL_DESK_SECRET has"):
            desk(store, desk={"access": "token"})
    client_of(store, monkeypatch, access="token")
    assert SECRET not in redacted(f"failed with {SECRET} in it")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"host": "0.0.0.0"}, "desk.access is local"),
        ({"host": "0.0.0.0", "access": "proxy"}, "desk.hosts is empty"),
        ({"groups": {"owner": ["all"]}}, "desk.groups.owner"),
        ({"second_person": True}, "desk.second_person is set"),
    ],
)
def test_other_machines_reach_it_only_if_they_are_known(keys: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=message):
        conf_in(tmp_path, desk=keys)
