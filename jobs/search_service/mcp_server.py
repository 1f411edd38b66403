"""A server of the Model Context Protocol on standard input and output, with the service's three questions as tools.

A message is a line of JSON-RPC 2.0. Of the protocol it has what tools need: initialize, ping, tools/list, tools/call.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TextIO

from jobs.runtime.logs import warning
from jobs.serving.client import SearchClient, StorefrontUnavailable

# Revisions of the protocol that differ in nothing that this server uses; the newest first.
REVISIONS = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
_PARSE_ERROR, _INVALID_REQUEST, _NO_METHOD, _INVALID_PARAMETERS = -32700, -32600, -32601, -32602
_LONGEST_LINE = 100_000  # characters
_HINTS = {"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False}
Json = dict[str, Any]


@dataclass(frozen=True)
class Tool:
    """A tool. parameters: by name their JSON schemas, of which the first is required"""

    name: str
    title: str
    description: str
    parameters: dict[str, Json]
    call: Callable[[SearchClient, Json], Json]

    def described(self) -> Json:
        """As tools/list returns it."""
        schema = {
            "type": "object",
            "properties": self.parameters,
            "required": [next(iter(self.parameters))],
            "additionalProperties": False,
        }
        return {
            "name": self.name, "title": self.title, "description": self.description, "inputSchema": schema,
            "annotations": _HINTS,
        }  # fmt: skip

    def problem(self, arguments: Json) -> str:
        """What is wrong with the arguments, '' if nothing is."""
        unknown = sorted(set(arguments) - set(self.parameters))
        if unknown:
            return f"{self.name} has no parameter {unknown[0]}"
        for number, (name, schema) in enumerate(self.parameters.items()):
            if name not in arguments:
                if number == 0:
                    return f"{self.name} needs {name}"
            elif not _is_of(schema, arguments[name]):
                return f"{name} is not {schema['type']} within its bounds"
        return ""


def _is_of(schema: Json, value: object) -> bool:
    if schema["type"] == "string":
        return isinstance(value, str) and schema.get("minLength", 0) <= len(value) <= schema["maxLength"]
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and schema["minimum"] <= value <= schema["maximum"]


def _text(description: str, longest: int) -> Json:
    return {"type": "string", "minLength": 1, "maxLength": longest, "description": description}


TOOLS = (
    Tool(
        "search_tail", "Search the long tail",
        "Finds products outside the best sellers for what a shopper looks for, the best first, with scores.",
        {
            "query": _text("What is looked for, in a few words.", 300),
            "user_id": _text("Shopper, whose own boosts count with consent.", 256),
            "count": {"type": "integer", "minimum": 1, "maximum": 50, "description": "Most products; 10 by default."},
        },
        lambda client, a: client.search(a["query"], a.get("user_id"), a.get("count", 10), tail_only=True),
    ),
    Tool(
        "explain_item", "Explain a product's exposure",
        "Says where the live night shows a product and why, or why not and what could help.",
        {"item_id": _text("Identifier of the product, as search_tail returns it.", 256)},
        lambda client, a: client.explain(a["item_id"]),
    ),
    Tool(
        "answer", "Answer a shopper's question",
        "Returns the store's own answer to a question with the products it names. `answer` is null if none fits: then "
        "say that the store has no answer, and make none up.",
        {"question": _text("The question, as the shopper asked it.", 300)},
        lambda client, a: client.answer(a["question"]),
    ),
)  # fmt: skip


class McpServer:
    """Answers messages by asking the search service."""

    def __init__(self, client: SearchClient, version: str, tools: Iterable[str] | None = None) -> None:
        """version: of Longtail; tools: names of those that are offered, None for all"""
        self._client, self._version = client, version
        self._tools = {tool.name: tool for tool in TOOLS if tools is None or tool.name in set(tools)}

    def serve(self, lines: Iterable[str], out: TextIO) -> None:
        """Answers each line until the input ends."""
        for line in lines:
            if line.strip():
                response = self.response(line)
                if response is not None:
                    out.write(json.dumps(response) + "\n")
                    out.flush()

    def response(self, line: str) -> Json | None:
        """The answer to one message; None for a notification."""
        number: object = None
        try:
            message = _message(line)
            if "id" not in message:
                return None
            number = message["id"]
            result = self._result(message["method"], message.get("params", {}))
        except _ProtocolError as error:
            return {"jsonrpc": "2.0", "id": number, "error": {"code": error.code, "message": str(error)}}
        return {"jsonrpc": "2.0", "id": number, "result": result}

    def _result(self, method: str, parameters: object) -> Json:
        methods: dict[str, Callable[[Json], Json]] = {
            "initialize": self._greeting,
            "ping": lambda _: {},
            "tools/list": lambda _: {"tools": [tool.described() for tool in self._tools.values()]},
            "tools/call": self._called,
        }
        if method not in methods:
            raise _ProtocolError(_NO_METHOD, "the server has only tools")
        if not isinstance(parameters, dict):
            raise _ProtocolError(_INVALID_PARAMETERS, "params is not an object")
        return methods[method](parameters)

    def _greeting(self, parameters: Json) -> Json:
        wanted = parameters.get("protocolVersion")
        return {
            "protocolVersion": wanted if wanted in REVISIONS else REVISIONS[0],
            "capabilities": {"tools": {}},
            "serverInfo": {"name": "longtail", "title": "Longtail", "version": self._version},
        }

    def _called(self, parameters: Json) -> Json:
        tool, arguments = self._tools.get(str(parameters.get("name"))), parameters.get("arguments") or {}
        if tool is None or not isinstance(arguments, dict):
            names = ", ".join(self._tools)
            raise _ProtocolError(_INVALID_PARAMETERS, f"name one of {names}, with an object of arguments")
        # What a model can correct, or say to a person, is a result and no error of the protocol.
        wrong = tool.problem(arguments)
        if wrong:
            return _content(f"{wrong}.", is_error=True)
        try:
            response = tool.call(self._client, arguments)
        except (StorefrontUnavailable, ValueError) as error:
            return _content(str(error), is_error=True)
        except Exception as error:  # its message may hold what was asked
            warning("tool failed", tool=tool.name, error=type(error).__name__)
            return _content(f"The tool failed ({type(error).__name__}).", is_error=True)
        return _content(json.dumps(response, ensure_ascii=False)) | {"structuredContent": response}


class _ProtocolError(Exception):
    """A message that is none of the protocol's. code: of JSON-RPC"""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def _message(line: str) -> Json:
    try:
        message = json.loads(line) if len(line) <= _LONGEST_LINE else None
    except ValueError as error:
        raise _ProtocolError(_PARSE_ERROR, "the line is not JSON") from error
    if not isinstance(message, dict) or not isinstance(message.get("method"), str):
        raise _ProtocolError(_INVALID_REQUEST, "the line is not a request of JSON-RPC, or is too long")
    return message


def _content(text: str, *, is_error: bool = False) -> Json:
    return {"content": [{"type": "text", "text": text}], "isError": is_error}
