"""The client of the search service and the server for assistants, against the service over HTTP."""

from __future__ import annotations

import io
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from features.contract import SEARCHES
from jobs.search_service.application import application
from jobs.search_service.live_index import LiveIndex
from jobs.search_service.loading import Loader
from jobs.search_service.mcp_server import REVISIONS, McpServer
from jobs.serving.client import SearchClient, StorefrontUnavailable
from tests.jobs.search_service.small_service import Online, conf_in, eventually, without_models, write_items

SECRET = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A service that needs the secret."""
    folder = tmp_path_factory.mktemp("served")
    write_items(folder / "warehouse")
    line = {"question": "How do I store a ladder?", "answer": "Lay it flat.", "item_id": "tall"}
    (folder / "answers.jsonl").write_text(json.dumps(line), encoding="utf-8")
    conf, online = conf_in(folder, search_service={"answers": str(folder / "answers.jsonl")}), Online()
    with pytest.MonkeyPatch.context() as patch:
        without_models(patch)
        patch.setenv("LONGTAIL_SEARCH_SECRET", SECRET)
        index = LiveIndex(online.published, Loader(conf).load)
        app = application(conf, index, online)  # type: ignore[arg-type]
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        listening = socket.create_server(("127.0.0.1", 0))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        try:
            assert eventually(lambda: _answers_are_read(url))
            yield url
        finally:
            server.should_exit = True
            thread.join(60)


def _answers_are_read(url: str) -> bool:
    try:
        SearchClient(url, secret=SECRET, timeout_seconds=60.0).answer("ladder")
    except StorefrontUnavailable:
        return False
    return True


@pytest.fixture
def client(url: str) -> SearchClient:
    return SearchClient(url, secret=SECRET, timeout_seconds=60.0)


def test_the_client_searches_answers_and_explains(client: SearchClient) -> None:
    assert [item["item_id"] for item in client.search("ladder", "ann", 5, tail_only=True)["items"]] == ["tall", "mug"]
    assert client.search("lamp", "ann", count=1)["personal"]
    assert not client.search("lamp", count=1)["personal"]
    reply = client.answer("how do I store ladders?")
    assert (reply["answer"], reply["items"][0]["item_id"]) == ("Lay it flat.", "tall")
    assert client.explain("mug")["title"] == "Mug"
    with pytest.raises(ValueError, match="does not know this item"):
        client.explain("a/b?c#d")
    with pytest.raises(TypeError):
        client.search(None)  # type: ignore[arg-type]


def test_what_the_service_refuses_and_what_it_fails_differ(url: str) -> None:
    with pytest.raises(ValueError, match="The secret is missing or wrong"):
        SearchClient(url, timeout_seconds=60.0).search("lamp")
    with pytest.raises(ValueError, match="no valid value of q"):
        SearchClient(url, secret=SECRET, timeout_seconds=60.0).search("x" * 301)
    with socket.create_server(("127.0.0.1", 0)) as silent:  # it accepts, and never answers
        hanging = SearchClient(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout_seconds=0.05)
        with pytest.raises(StorefrontUnavailable):
            hanging.search("lamp")
    with pytest.raises(StorefrontUnavailable, match="did not answer"):
        SearchClient("http://127.0.0.1:1").search("lamp")


def test_a_question_without_an_answer_is_a_search_without_a_result() -> None:
    at = datetime(2024, 3, 8, tzinfo=UTC)
    row = SearchClient.search_row("does it float", [], "r-1", user_id="ann", at=at)
    assert (row["results"], row["results_count"], row["search_time"]) == ([], 0, at)
    assert set(row) <= set(SEARCHES.column_names)
    assert row["search_id"] == SearchClient.search_row("does it float", [], "r-1", user_id="ann")["search_id"]
    assert SearchClient.search_row("lamp", ["a", "b"], "r-2", visitor_id="v")["results_count"] == 2
    with pytest.raises(ValueError, match="give user_id or visitor_id"):
        SearchClient.search_row("lamp", [], "r-3")


def answers(server: McpServer, *messages: Any) -> list[Any]:
    out = io.StringIO()
    lines = [message if isinstance(message, str) else json.dumps(message) for message in messages]
    server.serve(lines, out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def request(method: str, number: int = 1, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def test_an_assistant_is_greeted_in_its_revision_and_gets_the_tools(client: SearchClient) -> None:
    server = McpServer(client, "1")
    first, second, listed, ping = answers(
        server,
        request("initialize", 1, protocolVersion="2025-03-26", capabilities={}, clientInfo={}),
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        request("initialize", 2, protocolVersion="1999-01-01"),
        "",
        request("tools/list", 3),
        request("ping", 4),
    )
    assert first["result"]["protocolVersion"] == "2025-03-26"
    assert second["result"]["protocolVersion"] == REVISIONS[0]
    assert (listed["id"], ping["id"], ping["result"]) == (3, 4, {})
    tools = {tool["name"]: tool for tool in listed["result"]["tools"]}
    assert set(tools) == {"search_tail", "explain_item", "answer"}
    assert tools["search_tail"]["inputSchema"]["required"] == ["query"]


def test_only_the_tools_that_are_offered_can_be_called(client: SearchClient) -> None:
    server = McpServer(client, "1", ["answer"])
    listed, called = answers(server, request("tools/list"), request("tools/call", name="search_tail"))
    assert [tool["name"] for tool in listed["result"]["tools"]] == ["answer"]
    assert called["error"]["message"] == "name one of answer, with an object of arguments"


def test_tools_ask_the_service(client: SearchClient) -> None:
    def called(name: str, **arguments: Any) -> dict[str, Any]:
        [answer] = answers(McpServer(client, "1"), request("tools/call", name=name, arguments=arguments))
        return dict(answer["result"])

    response = called("search_tail", query="ladder", count=1)
    assert not response["isError"]
    assert json.loads(response["content"][0]["text"]) == response["structuredContent"]
    assert [item["item_id"] for item in response["structuredContent"]["items"]] == ["tall"]
    assert called("answer", question="how to store a ladder")["structuredContent"]["answer"] == "Lay it flat."
    assert called("explain_item", item_id="mug")["structuredContent"]["sentences"]
    unknown = called("explain_item", item_id="unheard")
    assert unknown["isError"]
    assert "does not know this item" in unknown["content"][0]["text"]
    for wrong in ({}, {"query": ""}, {"query": 3}, {"query": "a", "count": True}, {"query": "a", "more": 1}):
        assert called("search_tail", **wrong)["isError"]


def test_other_lines_are_errors_of_the_protocol(client: SearchClient) -> None:
    codes = [
        answer["error"]["code"]
        for answer in answers(
            McpServer(client, "1"), "{", "[]", "x" * 100_001, request("resources/list"),
            request("tools/call", name="forget"), {"jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1]},
        )
    ]  # fmt: skip
    assert codes == [-32700, -32600, -32600, -32601, -32602, -32602]


def test_a_failing_tool_names_no_argument(tmp_path: Path) -> None:
    class Broken:
        def answer(self, question: str) -> None:
            raise RuntimeError(question)

    message = request("tools/call", name="answer", arguments={"question": "a secret of ann"})
    [answer] = answers(McpServer(Broken(), "1"), message)  # type: ignore[arg-type]
    assert answer["result"] == {
        "content": [{"type": "text", "text": "The tool failed (RuntimeError)."}],
        "isError": True,
    }
