"""Take screenshots of the pages of `memcairn ui --demo`; some of them stand in the documentation."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT / "tests"))

from ui.browser import Browser, start  # noqa: E402 - a helper of the tests

SIZES = {1280: 800, 360: 720}
PAGES = {
    "today": "/", "injected": "", "sessions": "/injected", "notes": "/notes", "note": "", "inbox": "/inbox",
    "memory-md": "/memory-md", "search": "/search?q=switch+the+router+to+the+idle+environment",
    "health": "/health", "settings": "/settings", "host": "/settings/host?name=cursor",
}  # fmt: skip
# Of the documentation: page, width and colors.
KEPT = (
    ("today", 1280, "light"), ("injected", 1280, "light"), ("search", 1280, "dark"), ("inbox", 1280, "light"),
)  # fmt: skip


def main() -> None:
    """Open the demo, and take them."""
    command = [
        sys.executable,
        "-c",
        "from memcairn.cli import main; main()",
        "ui",
        "--demo",
        "--no-browser",
    ]
    everything = PROJECT / "build" / "screenshots"
    everything.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo:  # noqa: S603 - memcairn
        assert demo.stdout is not None
        url = demo.stdout.readline().strip()
        driver = start()
        try:
            driver.get(url)
            browser = Browser(driver, "http://" + urlsplit(url).netloc)
            browser.misses("Checking each agent")
            take(browser, everything)
        finally:
            driver.quit()
            demo.terminate()


def take(browser: Browser, folder: Path) -> None:
    """Take all pages in all sizes and colors."""
    pages = dict(PAGES)
    for name, place, item in (
        ("injected", "/injected", "session="),
        ("note", "/notes", "blue-green"),
    ):
        browser.go(place)
        href = browser.run("return document.querySelector(`a[href*='${arguments[0]}']`).href", item)
        pages[name] = href.removeprefix(browser.origin)
    for scheme in ("light", "dark"):
        browser.set_colors(scheme)
        for width, height in SIZES.items():
            browser.set_width(width, height)
            for name, path in pages.items():
                browser.go(path)
                browser.is_at(path.partition("?")[0])
                file = folder / f"{name}-{width}-{scheme}.png"
                browser.driver.save_screenshot(str(file))
                if (name, width, scheme) in KEPT:
                    kept = PROJECT / "docs" / "screenshots" / file.name
                    kept.parent.mkdir(exist_ok=True)
                    kept.write_bytes(file.read_bytes())


if __name__ == "__main__":
    os.chdir(PROJECT)
    main()
