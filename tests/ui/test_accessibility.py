"""axe finds nothing on any page, light and dark, and no page is wider than a small screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from memcairn.memory import Memory
from memcairn.ui import demo
from ui.browser import Browser, axe, start
from ui.conftest import Running

if TYPE_CHECKING:
    from collections.abc import Iterator

PATHS = (
    "/", "/injected", "/notes", "/inbox", "/inbox?edit=1", "/memory-md", "/search?q=main",
    "/health?doctor=1", "/settings?set=queue.window_s", "/settings/host?name=cursor",
    "/settings/delete", "/nothing",
)  # fmt: skip
# What is folded away is read, too; the first ones, since they are alike.
OPEN = (
    "[...document.querySelectorAll('details')].slice(0, 4).forEach((one) => { one.open = true; })"
)
RUN = """
const [only, done] = arguments;
const options = only ? {runOnly: [only]} : {};
axe.run(document, options).then((found) => done(found.violations.map(
  (one) => `${one.id}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 150)).join(" | ")}`)));
"""


@pytest.fixture
def pages() -> Iterator[tuple[Browser, list[str]]]:
    """A browser at the demo, and the addresses of all pages."""
    driver = start()
    with demo.home():
        memory = Memory()
        demo.live(memory)
        assert not memory.notices
        running = Running(memory)
        running.start()
        try:
            driver.get(running.served.url(read_only=False))
            browser = Browser(driver, f"http://127.0.0.1:{running.served.port}")
            found = [*PATHS]
            for place, item in (("/injected", "session="), ("/notes", "note?path=")):
                browser.go(place)
                script = "return document.querySelector(`main a[href*='${arguments[0]}']`).href"
                found.append(str(browser.run(script, item)).removeprefix(browser.origin))
            yield browser, [*found, found[-1] + "&edit=1"]
        finally:
            driver.quit()
            running.stop()


def test_no_page_has_a_barrier(pages: tuple[Browser, list[str]]) -> None:
    browser, paths = pages
    source = axe()
    barriers: dict[str, list[str]] = {}

    for path in paths:
        browser.go(path)
        browser.run(OPEN)
        browser.run(source)
        for scheme, rule in (("light", ""), ("dark", "color-contrast")):
            browser.set_colors(scheme)
            found = browser.driver.execute_async_script(RUN, rule)
            if found:
                barriers[f"{path} {scheme}"] = found
        browser.set_width(360, 780)
        if browser.run("return document.documentElement.scrollWidth") > 360:
            barriers[f"{path} at 360"] = ["wider than the screen"]
        browser.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})

    assert barriers == {}
    browser.go("/")
    browser.press("?")
    browser.run(source)
    assert browser.driver.execute_async_script(RUN, "") == []
