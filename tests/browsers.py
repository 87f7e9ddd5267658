"""Chromium, and pages in it that are watched for whatever goes wrong."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def chromium() -> Iterator[Any]:
    """The system's, or Playwright's own."""
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        try:
            browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        except playwright.Error:
            pytest.skip("there is no Chromium: install it, or run `playwright install chromium`")
        yield browser
        browser.close()


def watched(browser: Any, url: str, place: str = "", **options: Any) -> tuple[Any, list[str]]:
    """A page, and whatever is wrong as it is used: messages, errors, requests that fail or leave its place.

    `place` is the beginning of the addresses that it may ask for, that of the page unless another is given.
    """
    page, wrong = browser.new_page(**options), []

    def refuse(dialog: Any) -> None:
        wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def ask(request: Any) -> None:
        if not request.url.startswith((place or url, f"blob:{url}", "data:")):
            wrong.append(f"request: {request.url}")

    page.on("console", lambda message: wrong.append(f"console: {message.text}"))
    page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
    page.on("dialog", refuse)
    page.on("request", ask)
    page.on("requestfailed", lambda request: wrong.append(f"failed: {request.url}"))
    page.goto(url)
    return page, wrong


def wait_until(page: Any, expression: str) -> None:
    """Wait as `page.wait_for_function` does, which security policies forbid."""
    for _ in range(2400):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"{expression}; {page.locator('body').inner_text()}")
