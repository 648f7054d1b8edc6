"""A real browser, by keyboard: Chromium through Selenium.

`make browser` installs Chromium and axe where it can. Without them these tests are skipped, but where CI or
REQUIRE_BROWSER is set, they fail.
"""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from selenium.webdriver import Chrome

PROJECT = Path(__file__).resolve().parents[2]
TIMEOUT_S = 60.0
OPTIONS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars",
)  # fmt: skip
FOLDERS = "/usr/bin:/usr/local/bin:/usr/lib/chromium"


def program(*names: str) -> str | None:
    """The first of these programs that is on this machine."""
    return next((found for name in names if (found := shutil.which(name, path=FOLDERS))), None)


def missing(why: str) -> NoReturn:
    """Skip the test, or let it fail where it must run."""
    if os.environ.get("CI") or os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(why)
    pytest.skip(why)


def axe() -> str:
    """The source of axe-core."""
    path = PROJECT / ".browser" / "node_modules" / "axe-core" / "axe.min.js"
    if not path.exists():
        missing(f"{path} does not exist: `make browser` installs it")
    return path.read_text(encoding="utf-8")


def start() -> Chrome:
    """A browser; skips the test if there is none."""
    chromium = program("chromium", "chromium-browser", "google-chrome")
    driver = program("chromedriver")
    if chromium is None or driver is None:
        missing("no Chromium with chromedriver on this machine: `make browser` installs them")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in OPTIONS:
        options.add_argument(option)
    return webdriver.Chrome(options, webdriver.ChromeService(driver))


class Browser:
    """What a person sees and types.

    Args:
        driver: the browser.
        origin: of the site.
    """

    def __init__(self, driver: Chrome, origin: str) -> None:
        self.driver = driver
        self.origin = origin

    def set_colors(self, scheme: str) -> None:
        """Prefer "light" or "dark"."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})

    def set_width(self, width: int, height: int) -> None:
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)

    def go(self, path: str) -> None:
        """Open a page; stories do it once, and then only type."""
        self.driver.get(self.origin + path)

    def press(self, *keys: str) -> None:
        """Type keys, wherever the focus is; the script of the page runs by then."""
        from selenium.webdriver.common.action_chains import ActionChains

        self.wait(self._is_ready, "the end of loading")
        ActionChains(self.driver).send_keys(*keys).perform()

    def submit(self) -> None:
        """Press Ctrl+Enter."""
        from selenium.webdriver.common.action_chains import ActionChains
        from selenium.webdriver.common.keys import Keys

        chain = ActionChains(self.driver).key_down(Keys.CONTROL)
        chain.send_keys(Keys.ENTER).key_up(Keys.CONTROL).perform()

    def run(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    @property
    def text(self) -> str:
        """All visible text."""
        return str(self.run("return document.body.innerText"))

    @property
    def focused(self) -> str:
        """The text or the value of what has the focus."""
        return str(
            self.run(
                "const one = document.activeElement;"
                "return one.matches('body, main') ? '' : one.value ?? one.innerText"
            )
        )

    def wait(self, condition: Callable[[], Any], what: str) -> Any:
        """Wait for a condition; a page that is being loaded does not fulfil it."""
        from selenium.common.exceptions import WebDriverException

        deadline = time.monotonic() + TIMEOUT_S
        while True:
            try:
                found = condition()
            except WebDriverException:
                found = None
            if found:
                return found
            assert time.monotonic() < deadline, (
                f"{what} did not happen; the page says:\n{self.text}"
            )
            time.sleep(0.02)

    def sees(self, text: str) -> None:
        self.wait(lambda: text in self.text, f"{text!r}")

    def misses(self, text: str) -> None:
        self.wait(lambda: text not in self.text, f"the end of {text!r}")

    def is_at(self, path: str) -> None:
        """Wait until a page is there, and its script runs."""

        def there() -> bool:
            return self._is_ready() and self.driver.current_url.startswith(self.origin + path)

        self.wait(there, f"page {path}")

    def _is_ready(self) -> bool:
        return bool(self.run("return document.readyState === 'complete' && !!window.htmx"))

    def move_to(self, text: str) -> None:
        """Press j until the item with this text has the focus."""
        for _ in range(60):
            if text in self.focused:
                return
            self.press("j")
        raise AssertionError(f"no item {text!r}: {self.text}")
