"""The application: which address shows which page, and which form does what."""

from __future__ import annotations

import asyncio
import contextvars
import os
import time
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, StreamingResponse
from starlette.routing import Route

from memcairn import __version__
from memcairn.cli import output
from memcairn.cli.text import count
from memcairn.errors import MemcairnError, NoteMissing, OutsideRoot, StateError
from memcairn.hosts import recall_log
from memcairn.settings import calling_process
from memcairn.sqlite import SQLiteError
from memcairn.ui import TEXT
from memcairn.ui.pages import health, inbox, injected, memory_md, notes, settings, today
from memcairn.ui.site import Ask, Shown, address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response

    from memcairn.ui.site import Site

    Work = Callable[[Ask], "str | Shown | Response"]

HERE = os.path.dirname(os.path.abspath(__file__))
PAGES: Mapping[str, Callable[[Ask], Shown]] = {
    "/": today.page, "/injected": injected.page, "/notes": notes.page, "/note": notes.note,
    "/inbox": inbox.page, "/memory-md": memory_md.page, "/search": injected.search, "/health": health.page,
    "/settings": settings.page, "/settings/host": settings.host, "/settings/snapshot": settings.snapshot,
    "/settings/delete": settings.delete_page,
}  # fmt: skip
ACTIONS: Mapping[str, Work] = {
    "/note/save": notes.save, "/note/pin": notes.pin, "/note/forget": notes.forget,
    "/note/undo": notes.undo, "/note/restore": notes.restore, "/question": injected.question,
    "/inbox/decide": inbox.decide, "/inbox/undo": inbox.undo, "/inbox/look": inbox.look,
    "/inbox/consent": inbox.consent, "/memory-md/refresh": memory_md.refresh,
    "/health/fix": health.fix, "/health/flush": health.flush, "/health/discard": health.discard,
    "/settings/set": settings.set_, "/settings/host": settings.apply_host,
    "/settings/snapshot": settings.create_snapshot, "/settings/export": settings.export,
    "/settings/snapshot/restore": settings.restore_snapshot, "/settings/pause": settings.pause,
    "/settings/delete": settings.delete,
}  # fmt: skip
STATIC = {"style.css": "text/css", "ui.js": "text/javascript", "htmx.min.js": "text/javascript"}
# A proxy or a browser may close a stream that says nothing.
KEEPALIVE_S = 15.0
_EXPECTED = (MemcairnError, SQLiteError, OSError)


def application(site: Site) -> Starlette:
    """The pages of a site, without the guard."""
    environment = _environment()
    answer = partial(_answer, site, environment)
    routes = [
        *(Route(path, partial(answer, work), methods=["GET"]) for path, work in PAGES.items()),
        *(Route(path, partial(answer, work), methods=["POST"]) for path, work in ACTIONS.items()),
        Route("/events", partial(_events, site), methods=["GET"]),
        Route("/static/{name}", _static, methods=["GET"]),
    ]
    missing = partial(_missing, answer)
    return Starlette(routes=routes, exception_handlers={404: missing})


async def _missing(
    answer: Callable[..., Awaitable[Response]], request: Request, _: Exception
) -> Response:
    return await answer(lambda _: Shown("error", {"title": TEXT.no_page}, 404), request)


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(os.path.join(HERE, "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "t": TEXT, "version": __version__, "address": address, "now": time.time,
        "inbox_count": inbox.count_waiting,
    }  # fmt: skip
    environment.filters |= {
        "count": count, "size": output.size, "ago": _ago, "moment": _moment, "short": _short,
        "day": lambda text: _moment(recall_log.seconds(text)), "score": "{:.2f}".format,
        "digits": "{:,}".format, "ms": "{:,.0f} ms".format,
    }  # fmt: skip
    return environment


def _ago(seconds: float) -> str:
    passed = max(0.0, time.time() - seconds)
    return str(TEXT.just_now) if passed < 5 else f"{output.age(passed)} {TEXT.ago}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def _short(path: str) -> str:
    """A path with ~ for the user's home folder, and no byte that is not UTF-8."""
    top = os.path.expanduser("~").rstrip(os.sep) + os.sep
    below = f"~{os.sep}{path.removeprefix(top)}" if path.startswith(top) else path
    return os.fsencode(below).decode("utf-8", "replace")


async def _answer(site: Site, environment: Environment, work: Work, request: Request) -> Response:
    """Do the work of a page or a form in a thread, as a person in no session of a host."""

    def done() -> Response:
        ask = Ask.of(site, request)
        try:
            result = work(ask)
        except _EXPECTED as error:
            if request.method == "GET":
                result = _failure(error)
            else:
                hint = getattr(error, "hint", None)
                ask.say(f"{error} ({hint})" if hint else str(error), "failed")
                result = ask.back
        if isinstance(result, Shown):
            return _rendered(environment, ask, result)
        if isinstance(result, str):
            return RedirectResponse(quote(result, safe="/?&=%+#"), 303)
        return result

    context = contextvars.copy_context()
    context.run(
        calling_process.CURRENT.set, calling_process.Caller({}, site.memory().home, os.getpid(), 0)
    )
    answer = await asyncio.get_running_loop().run_in_executor(site.pool, context.run, done)
    if request.method == "POST":
        site.changes.notify()
    return answer


def _rendered(environment: Environment, ask: Ask, shown: Shown) -> Response:
    values: dict[str, Any] = {"ask": ask, "memory": ask.memory, "messages": [], "notices": []}
    if not ask.is_update:
        values |= {"messages": ask.visitor.messages[:], "notices": ask.memory.notices[:]}
        ask.visitor.messages.clear()
        ask.memory.notices.clear()
    values["m"] = environment.get_template("macros.html").make_module(values)
    html = environment.get_template(f"{shown.template}.html").render(**values, **shown.values)
    return HTMLResponse(html.encode("utf-8", "replace"), shown.status)


def _failure(error: Exception) -> Shown:
    is_ours = not isinstance(error, MemcairnError) or isinstance(error, StateError)
    status = 404 if isinstance(error, NoteMissing | OutsideRoot) else 500 if is_ours else 400
    hint = getattr(error, "hint", None) or ""
    return Shown("error", {"title": TEXT.error_title, "text": str(error), "hint": hint}, status)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        return HTMLResponse(status_code=404)
    path = os.path.join(HERE, "static", name)
    return FileResponse(path, media_type=STATIC[name], headers={"Cache-Control": "max-age=600"})


async def _events(site: Site, request: Request) -> Response:  # noqa: ARG001 - what routes are called with
    return StreamingResponse(_stream(site), media_type="text/event-stream")


async def _stream(site: Site) -> AsyncIterator[str]:
    changed = site.changes.subscribe()
    try:
        yield "retry: 3000\n\n"
        while True:
            try:
                await asyncio.wait_for(changed.wait(), KEEPALIVE_S)
            except TimeoutError:
                yield ": still here\n\n"
                continue
            changed.clear()
            yield "event: changed\ndata: \n\n"
    finally:
        site.changes.unsubscribe(changed)
