"""Previews of drafts, with a script in place of jobs/what_if.py."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from jobs.desk.access import signed_token
from jobs.desk.application import application
from jobs.desk.rules.previews import DONE, FAILED, PREVIEW, PREVIEW_DRAFT, PREVIEW_END, RUNNING, Preview, Previews
from jobs.report.plan_difference import Figure, MovedItem, PlanDifference, RuleCost
from tests.jobs.desk.small_warehouse import FIRST, SCRIPT, write_night
from tests.jobs.desk.test_access import SECRET
from tests.jobs.desk.test_desk import conf_in
from tests.jobs.desk.test_rules import CAP, ON, PIN, form_key, save, versions

DIFFERENCE = PlanDifference(
    (Figure("expected responses", "10", "12", "+2", "+20.0 %", "up"), Figure("items shown", "3", "3", "0", "", "same")),
    "Places that hold another item: 1; lists that differ: those of 1 of 2 shoppers",
    (RuleCost("food (category = Food)", "no rule", "2 (bound 3, gets 3)"),),
    (MovedItem("tea", SCRIPT, "1", "4"),),
    (),
    "Night of 2024-05-01, tail_shelf, what if caps.food",
    ("cold lacks 2 of 5 exposures: too few candidates",),
)
# It writes its arguments next to the draft, so that a test can read them.
ANSWER = f"import sys; open(sys.argv[-1] + '.said', 'w').write(' '.join(sys.argv)); print({DIFFERENCE.as_json()!r})"
ENDLESS = "import time; print('started', flush=True); time.sleep(600)"
REFUSED = (
    "import sys; print('noise\\nwhat_if: plan.pins: no such key. Name another.\\nnoise', file=sys.stderr); sys.exit(2)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_night(tmp_path / "warehouse", FIRST)
    return tmp_path


@pytest.fixture
def previews() -> Iterator[Callable[..., Previews]]:
    """Makes the previews of a script, and ends what still runs."""
    opened: list[Previews] = []

    def previews_of(script: str, limit: float = 60.0) -> Previews:
        opened.append(Previews([sys.executable, "-c", script], limit))
        return opened[-1]

    yield previews_of
    for started in opened:
        started.close()


def client_of(folder: Path, previews: Previews, **desk: object) -> TestClient:
    conf = conf_in(folder, desk={"rules": True, **desk})
    return TestClient(application(conf, previews), base_url="http://localhost")


def ended(previews: Previews) -> Preview:
    assert previews.newest is not None
    previews.newest.wait(60.0)
    return previews.newest


def hidden_fields(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', page))


def test_a_draft_is_previewed_before_it_is_saved(folder: Path, previews: Callable[..., Previews]) -> None:
    opened = previews(ANSWER)
    client = client_of(folder, opened)
    assert client.get("/preview").status_code == 404
    assert save(client, {**CAP, "share": "7"}, PREVIEW).status_code == 400
    assert opened.newest is None
    assert "Preview of caps.food" in save(client, CAP, PREVIEW).text
    preview = ended(opened)
    assert preview.state == DONE
    said = (Path(preview.folder.name) / "rule.json.said").read_text()
    assert f"--json --as-of {FIRST} --rule" in said
    draft = json.loads((Path(preview.folder.name) / "rule.json").read_text())
    assert json.loads(draft["content"]) == {"column": "category", "equals": "Food", "share": 0.3}
    page = client.get("/preview").text
    shown = ("Expected responses", "+20.0 %", "cold lacks 2 of 5", "no rule", "lists that differ", "It took")
    assert [words for words in shown if words not in page] == []
    assert SCRIPT not in page
    assert client.get("/preview.json").json()["state"] == DONE
    assert not versions(folder)
    assert client.post("/rule", data={**hidden_fields(page), "action": "set"}).status_code == 200
    assert [version.key for version in versions(folder)] == ["caps.food"]
    # The form of the preview was read before that version.
    assert client.post("/rule", data={**hidden_fields(page), "action": "set"}).status_code == 409


def test_the_end_of_a_rule_is_previewed(folder: Path, previews: Callable[..., Previews]) -> None:
    opened = previews(ANSWER)
    client = client_of(folder, opened)
    save(client, CAP)
    page = save(client, {"kind": "caps", "name": "food"}, PREVIEW_END).text
    assert "ends the rule" in page
    assert json.loads((Path(ended(opened).folder.name) / "rule.json").read_text())["content"] is None
    page = client.get("/preview").text
    assert "End the rule" in page
    assert client.post("/rule", data={**hidden_fields(page), "action": "end"}).status_code == 200
    assert [version.action for version in versions(folder)] == ["set", "end"]


def test_one_preview_runs_at_a_time_and_is_stopped(folder: Path, previews: Callable[..., Previews]) -> None:
    opened = previews(ENDLESS)
    client = client_of(folder, opened)
    page = save(client, CAP, PREVIEW).text
    assert "It has been running for" in page
    assert client.get("/preview.json?number=1").json()["state"] == RUNNING
    second = save(client, PIN, PREVIEW)
    assert second.status_code == 409
    assert "A preview of caps.food by local is running." in second.text
    assert 'value="0.02"' in second.text  # what was typed stays in the form
    client.post("/rule", data={**hidden_fields(page), "action": "stop"})
    assert (ended(opened).state, "It was stopped by local." in client.get("/preview?number=1").text) == (FAILED, True)
    assert save(client, PIN, PREVIEW).url.query == b"number=2"
    assert "Preview of caps.food" in client.get("/preview?number=1").text
    assert client.get("/preview?number=3").status_code == 404


def test_a_preview_that_takes_too_long_is_stopped(folder: Path, previews: Callable[..., Previews]) -> None:
    opened = previews(ENDLESS, 0.1)
    save(client_of(folder, opened), CAP, PREVIEW)
    outcome = ended(opened).outcome
    assert outcome is not None
    assert outcome.problem == "It was stopped after 0.1 s, the most that desk.preview_minutes allows."


def test_a_preview_that_does_not_end_is_killed(
    folder: Path, previews: Callable[..., Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("jobs.desk.rules.previews._SECONDS_TO_END", 0.2)
    opened = previews(DEAF)
    save(client_of(folder, opened), CAP, PREVIEW)
    preview = opened.newest
    assert preview is not None
    while not (Path(preview.folder.name) / "out").read_text():
        assert preview.state == RUNNING
    opened.close()
    assert (preview.process.returncode, preview.stopped) == (-9, "The desk was stopped.")


@pytest.mark.parametrize(
    ("script", "problem"),
    [
        (REFUSED, "plan.pins: no such key. Name another."),
        ("raise SystemExit(7)", "The preview ended without a result (exit code 7)."),
        ("print('not a difference')", "The preview ended without a result (exit code 0)."),
    ],
)
def test_a_preview_that_fails_says_why(
    folder: Path, previews: Callable[..., Previews], script: str, problem: str
) -> None:
    opened = previews(script)
    client = client_of(folder, opened)
    save(client, CAP, PREVIEW)
    assert ended(opened).state == FAILED
    assert problem in client.get("/preview").text


def test_a_preview_that_cannot_be_started_says_so(folder: Path) -> None:
    answer = save(client_of(folder, Previews(["/no/such/program"], 60.0)), CAP, PREVIEW)
    assert "The preview cannot be started: /no/such/program fails (No such file or directory)." in answer.text


def test_only_some_may_preview_a_draft(
    folder: Path, previews: Callable[..., Previews], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LONGTAIL_DESK_SECRET", SECRET)
    opened = previews(ANSWER)
    client = client_of(folder, opened, access="token", second_person=True)

    def of(user: str, *roles: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {signed_token(SECRET, user, ['reader', *roles], 1)}"}

    ann, bob, eve = of("ann", "editor"), of("bob", "approver"), of("eve")
    save(client, CAP, **ann)
    page = client.get("/rules", headers=bob).text
    assert "Preview<" in page
    assert 'value="preview_draft"' not in client.get("/rules", headers=eve).text
    form = {**hidden_fields(page), "action": PREVIEW_DRAFT}
    key_of_eve = form_key(client, **eve)
    for action in (PREVIEW, PREVIEW_DRAFT, "stop"):
        refused = client.post("/rule", data={**form, **CAP, "form_key": key_of_eve, "action": action}, headers=eve)
        assert refused.status_code == 403, action
    assert client.post("/rule", data={**form, "expected": "9"}, headers=bob).status_code == 409
    assert client.post("/rule", data=form, headers=bob).status_code == 200
    assert ended(opened).draft.version == 1
    page = client.get("/preview", headers=bob).text
    assert "Approve version 1" in page
    assert "Approve version 1" not in client.get("/preview", headers=ann).text
    assert client.get("/preview", headers=eve).status_code == 200
    assert client.post("/rule", data={**hidden_fields(page), "action": "approve"}, headers=bob).status_code == 200
    assert versions(folder)[-1].action == "approve"


def test_without_a_night_or_without_previews_there_is_none(tmp_path: Path, previews: Callable[..., Previews]) -> None:
    opened = previews(ANSWER)
    answer = save(client_of(tmp_path, opened), CAP, PREVIEW)
    assert (answer.status_code, "No night has been planned yet" in answer.text, opened.newest) == (409, True, None)
    client = TestClient(application(conf_in(tmp_path, **ON)), base_url="http://localhost")
    assert "preview" not in client.get("/rule?kind=caps").text
    assert save(client, CAP, PREVIEW).status_code == 403
