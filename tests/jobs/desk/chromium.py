"""Drives the system's Chromium by its DevTools protocol over two pipes: pages, keys, sizes, colours, pictures."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.jobs.report.browser import BROWSER

_KEYS = {"Enter": (13, "\r"), "Tab": (9, ""), "/": (191, "/")}
_LIMIT_SECONDS = 60.0


class Tab:
    """One page of a browser. errors: messages of its console and refused loads, such as those of a policy"""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back, self._read, self._number = to, back, b"", 0
        self._session: str | None = None
        self.errors: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> Any:
        """The result of a command of the protocol."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, address: str) -> None:
        """Opens an address and waits until it is loaded."""
        self.call("Page.navigate", url=address)
        self.wait_for(f"document.readyState === 'complete' && location.href === {json.dumps(address)}")

    def value(self, script: str) -> Any:
        """What a script returns; None while a page is being replaced."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        return result["result"].get("value")

    def wait_for(self, condition: str) -> None:
        end = time.monotonic() + _LIMIT_SECONDS
        while self.value(condition) is not True:
            assert time.monotonic() < end, f"{condition} stays false at {self.value('location.href')}"
            time.sleep(0.05)

    def press(self, key: str) -> None:
        code, text = _KEYS[key]
        shared = {"key": key, "windowsVirtualKeyCode": code}
        self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **shared)
        self.call("Input.dispatchKeyEvent", type="keyUp", **shared)

    def write(self, text: str) -> None:
        self.call("Input.insertText", text=text)

    def look(self, width: int, height: int = 900, *, dark: bool = False) -> None:
        """Sets the size of the window in CSS pixels, and which colours the visitor prefers."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1,
                  mobile=width < 600)  # fmt: skip
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def picture(self, place: Path, *, complete: bool = False) -> None:
        """Writes a PNG of the window, or of the complete page."""
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=complete)["data"]
        place.write_bytes(base64.b64decode(data))

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._read:
            part = os.read(self._back, 1 << 20)
            assert part, "the browser has ended"
            self._read += part
        line, _, self._read = self._read.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        if message.get("method") == "Log.entryAdded":
            self.errors.append(message["params"]["entry"]["text"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.errors.append(str(message["params"]["exceptionDetails"]))
        return message


@contextmanager
def tab(folder: Path) -> Iterator[Tab]:
    """A browser with one tab, and its profile in a folder."""
    assert BROWSER is not None
    to_browser, to = os.pipe()
    back, from_browser = os.pipe()

    options = (
        "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe",
        "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", f"--user-data-dir={folder / 'profile'}",
    )  # fmt: skip
    # Chromium reads commands from 3 and writes answers to 4.
    redirected = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
    process = subprocess.Popen(
        ["bash", "-c", redirected, "bash", BROWSER, *options], pass_fds=(to_browser, from_browser),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield Tab(to, back)
    finally:
        process.kill()
        process.wait()
        for end in (to_browser, to, back, from_browser):
            os.close(end)
