"""The desk in the system's Chromium: each flow by keyboard alone, phone and laptop, light and dark, its policy kept."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from jobs.desk.application import application
from jobs.desk.rules.previews import Previews
from tests.jobs.desk.chromium import Tab, tab
from tests.jobs.desk.small_warehouse import FIRST, SECOND, write_night, write_suggestions
from tests.jobs.desk.test_desk import conf_in
from tests.jobs.desk.test_previews import DIFFERENCE
from tests.jobs.report.browser import BROWSER

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROWSER is None, reason="there is no chromium (Debian: apt-get install chromium)"),
]
PAGES = (
    "/", "/products", "/product?item=tea", "/product?item=salt", "/shopper?user=ann&against=2024-05-01", "/shopper",
    "/suggestions", "/tables", "/tables?name=item_features", "/product?item=nothing", "/rules",
    "/rule?kind=floors&name=cold", "/rule?kind=pins",
)  # fmt: skip
# In place of jobs/what_if.py: it answers once there is a file.
WAITING = """import pathlib, time
while not pathlib.Path({place!r}).exists(): time.sleep(0.1)
print({answer!r})"""
# The contrast of each text with the ground behind it, by the formula of WCAG 2; below 4.5 it is listed.
_PALE = """(() => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const linear = (c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  const light = ([r, g, b]) => [r, g, b].map(c => linear(c / 255))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return rgb("white");
  };
  const pale = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility() || element.closest("svg, option")) continue;
    const [one, other] = [light(rgb(getComputedStyle(element).color)), light(ground(element))];
    const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
    if (contrast < 4.5) pale.push(`${element.tagName} ${element.className} ${contrast.toFixed(2)}`);
  }
  return pale;
})()"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("browser")
    write_night(folder / "warehouse", FIRST)
    write_night(folder / "warehouse", SECOND, shown=("tea", "rice"))
    write_suggestions(folder / "warehouse", SECOND)
    return folder


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    previews = Previews(
        [sys.executable, "-c", WAITING.format(place=str(folder / "answer"), answer=DIFFERENCE.as_json())], 600.0
    )
    app = application(conf_in(folder, desk={"rules": True}), previews)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
    previews.close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with tab(tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


def focused(browser: Tab) -> Any:
    return browser.value("document.activeElement.textContent.trim() || document.activeElement.id")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_every_page_fits_is_readable_and_breaks_no_policy(browser: Tab, address: str, width: int, dark: bool) -> None:
    browser.look(width, dark=dark)
    for page in PAGES:
        browser.errors.clear()
        browser.open(address + page)
        assert browser.value("document.documentElement.scrollWidth") <= width, page
        assert browser.value(_PALE) == [], page
        assert [message for message in browser.errors if "404" not in message] == [], page
        assert browser.value("document.title") != "broken"


def test_a_product_is_found_and_opened_by_keyboard_alone(browser: Tab, address: str) -> None:
    browser.look(1280)
    browser.open(f"{address}/products")
    browser.press("/")
    assert focused(browser) == "q"
    browser.write("wild")
    browser.press("Enter")
    browser.wait_for("location.search.includes('q=wild') && document.readyState === 'complete'")
    for _ in range(20):
        browser.press("Tab")
        if focused(browser) == "Wild Rice":
            break
    assert browser.value("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    browser.press("Enter")
    browser.wait_for("document.querySelector('h1').textContent === 'Wild Rice' && document.readyState === 'complete'")
    browser.press("Tab")
    assert focused(browser) == "To the content"


def test_a_rule_is_saved_by_keyboard_alone(browser: Tab, address: str) -> None:
    browser.look(360)
    browser.open(f"{address}/rule?kind=pins")
    browser.value("document.getElementById('name').focus()")
    for text in ("tea", "2", "", "", "Ann", "Launch"):  # id, share, first and last night, owner, reason
        if text:
            browser.value("document.activeElement.select()")
            browser.write(text)
        for _ in range(1 if text else 4):  # a date has fields of day, month and year, and a button
            browser.press("Tab")
    assert focused(browser) == "Save"
    browser.press("Enter")
    browser.wait_for("document.getElementById('wrong-share') && document.readyState === 'complete'")
    assert browser.value("document.querySelector('[aria-invalid]').id") == "share"
    assert browser.value(_PALE) == []
    browser.value("document.getElementById('share').select()")
    browser.write("0.02")
    browser.press("Enter")
    browser.wait_for("location.pathname === '/rules' && document.readyState === 'complete'")
    assert "pins.tea: set is saved as version 1." in browser.value("document.body.textContent")
    assert browser.value("document.documentElement.scrollWidth") <= 360
    assert [message for message in browser.errors if "400" not in message] == []


def test_a_rule_is_previewed_and_saved(browser: Tab, address: str, folder: Path) -> None:
    browser.look(360)
    browser.open(f"{address}/rule?kind=pins")
    for name, text in (("name", "rice"), ("share", "0.02"), ("owner", "Ann"), ("reason", "Launch")):
        browser.value(f"document.getElementById('{name}').value = '{text}'")
    browser.value("document.querySelector('button[value=preview]').focus()")
    browser.press("Enter")
    browser.wait_for("document.querySelector('[data-preview]') && document.readyState === 'complete'")
    for dark in (False, True):
        browser.look(360, dark=dark)
        assert (browser.value(_PALE), browser.value("document.documentElement.scrollWidth")) == ([], 360)
    (folder / "answer").touch()
    browser.wait_for("document.getElementById('products') && document.readyState === 'complete'")
    for width, dark in ((360, True), (1280, False)):
        browser.look(width, dark=dark)
        assert (browser.value(_PALE), browser.value("document.documentElement.scrollWidth")) == ([], width)
    assert browser.value("document.title") != "broken"
    browser.value("document.querySelector('button[value=set]').focus()")
    browser.press("Enter")
    browser.wait_for("location.pathname === '/rules' && document.readyState === 'complete'")
    assert "pins.rice: set is saved as version" in browser.value("document.body.textContent")


def test_another_night_is_chosen_and_kept(browser: Tab, address: str) -> None:
    browser.open(f"{address}/product?item=tea")
    browser.value("night.value = '2024-05-01'; night.dispatchEvent(new Event('change'))")
    browser.wait_for("location.search.includes('night=2024-05-01') && document.readyState === 'complete'")
    assert browser.value("new URL(location).searchParams.get('item')") == "tea"
    assert "The newest complete one is" in browser.value("document.getElementById('notices').textContent")


def test_a_page_left_open_announces_the_next_night(browser: Tab, address: str, folder: Path) -> None:
    browser.open(f"{address}/products?q=rice")
    write_night(folder / "warehouse", SECOND.replace(day=3))
    browser.value("look()")
    browser.wait_for("document.getElementById('notices').textContent.includes('3 May 2024 is there')")
    link = browser.value("document.querySelector('#notices a').href")
    assert "q=rice" in link
    assert "night=2024-05-03" in link
