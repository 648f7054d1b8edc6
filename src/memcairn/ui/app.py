"""The application: which address shows which page, and which form does what."""

from __future__ import annotations

import asyncio
import contextvars
import os
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)
from starlette.routing import Route

from memcairn import __version__
from memcairn.cli import output
from memcairn.cli.text import count
from memcairn.errors import MemcairnError, NoteMissing, OutsideRoot, StateError
from memcairn.settings import caller
from memcairn.sqlite import SQLiteError
from memcairn.ui import strings
from memcairn.ui.pages import health, inbox, injected, memory_md, notes, search, settings, today
from memcairn.ui.site import Ask, Download, Shown, address

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.requests import Request

    from memcairn.ui.site import Site

HERE = os.path.dirname(os.path.abspath(__file__))
PAGES: Mapping[str, tuple[str, Callable[[Ask], Mapping[str, object]]]] = {
    "/": ("today", today.page),
    "/injected": ("injected", injected.page),
    "/notes": ("notes", notes.page),
    "/note": ("note", notes.note),
    "/inbox": ("inbox", inbox.page),
    "/memory-md": ("memory_md", memory_md.page),
    "/search": ("search", search.page),
    "/health": ("health", health.page),
    "/settings": ("settings", settings.page),
    "/settings/host": ("host", settings.host),
    "/settings/snapshot": ("snapshot", settings.snapshot),
    "/settings/delete": ("delete", settings.delete_page),
}
ACTIONS: Mapping[str, Callable[[Ask], str | Shown | Download]] = {
    "/note/save": notes.save,
    "/note/pin": notes.pin,
    "/note/forget": notes.forget,
    "/note/undo": notes.undo,
    "/note/restore": notes.restore,
    "/question": injected.question,
    "/inbox/decide": inbox.decide,
    "/inbox/undo": inbox.undo,
    "/inbox/consent": inbox.consent,
    "/memory-md/refresh": memory_md.refresh,
    "/health/fix": health.fix,
    "/health/flush": health.flush,
    "/health/discard": health.discard,
    "/settings/set": settings.set_,
    "/settings/host": settings.apply_host,
    "/settings/snapshot": settings.create_snapshot,
    "/settings/snapshot/restore": settings.restore_snapshot,
    "/settings/export": settings.export,
    "/settings/pause": settings.pause,
    "/settings/delete": settings.delete,
}
STATIC = {"style.css": "text/css", "ui.js": "text/javascript", "htmx.min.js": "text/javascript"}
# A proxy or a browser may close a stream that says nothing.
KEEPALIVE_S = 15.0


def application(site: Site) -> Starlette:
    """The pages of a site, without the guard."""
    templates = _environment(site)
    routes = [
        *(
            Route(path, partial(_page, site, templates, *page), methods=["GET"])
            for path, page in PAGES.items()
        ),
        *(
            Route(path, partial(_action, site, templates, action), methods=["POST"])
            for path, action in ACTIONS.items()
        ),
        Route("/events", partial(_events, site), methods=["GET"]),
        Route("/static/{name}", _static, methods=["GET"]),
    ]
    return Starlette(routes=routes, exception_handlers={404: partial(_missing, templates)})


def _environment(site: Site) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(os.path.join(HERE, "templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "t": strings.TEXT,
        "version": __version__,
        "sections": strings.SECTIONS,
        "address": address,
        "now": lambda: datetime.now(UTC).timestamp(),
        "inbox_count": inbox.waiting,
        "is_resident": bool(site.facts()),
    }
    environment.filters |= {
        "count": count,
        "size": output.size,
        "ago": _ago,
        "moment": _moment,
        "day": lambda text: _moment(injected.seconds(text)),
        "short": _short,
        "share": lambda part, whole: round(100 * part / whole, 1) if whole else 0.0,
    }
    return environment


def _ago(seconds: float) -> str:
    passed = max(0.0, datetime.now(UTC).timestamp() - seconds)
    return strings.TEXT.just_now if passed < 5 else f"{output.age(passed)} {strings.TEXT.ago}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")


def _short(path: str) -> str:
    """A path with ~ for the user's home folder, and no byte that is not UTF-8."""
    top = os.path.expanduser("~").rstrip(os.sep) + os.sep
    below = f"~{os.sep}{path.removeprefix(top)}" if path.startswith(top) else path
    return os.fsencode(below).decode("utf-8", "replace")


async def _in_thread(site: Site, work: Callable[[], Any]) -> Any:
    context = contextvars.copy_context()
    context.run(caller.CURRENT.set, site.as_nobody())
    return await asyncio.get_running_loop().run_in_executor(site.pool, context.run, work)


def _ask(site: Site, request: Request) -> Ask:
    path, query = request.url.path, request.url.query
    return Ask(
        site,
        site.memory(),
        request.scope["visitor"],
        f"{path}?{query}" if query else path,
        dict(request.query_params),
        request.scope.get("form", {}),
        "hx-request" in request.headers,
    )


async def _page(
    site: Site,
    templates: Environment,
    template: str,
    page: Callable[[Ask], Mapping[str, object]],
    request: Request,
) -> Response:
    def work() -> Response:
        ask = _ask(site, request)
        try:
            return _rendered(templates, ask, Shown(template, page(ask)))
        except (MemcairnError, SQLiteError, OSError) as error:
            return _rendered(templates, ask, _failure(error))

    answer: Response = await _in_thread(site, work)
    return answer


async def _action(
    site: Site,
    templates: Environment,
    action: Callable[[Ask], str | Shown | Download],
    request: Request,
) -> Response:
    def work() -> Response:
        ask = _ask(site, request)
        try:
            done = action(ask)
        except (MemcairnError, SQLiteError, OSError) as error:
            ask.say(_sentence(error), "failed")
            done = back(ask)
        if isinstance(done, Shown):
            return _rendered(templates, ask, done)
        if isinstance(done, Download):
            return FileResponse(
                done.path, filename=done.name, background=BackgroundTask(os.unlink, done.path)
            )
        return RedirectResponse(quote(done, safe="/?&=%+"), 303)

    answer: Response = await _in_thread(site, work)
    site.changes.notify()
    return answer


def back(ask: Ask) -> str:
    """The page that a form was on; never another site."""
    place = ask.form.get("back", "/")
    return place if place.startswith("/") and place[1:2] not in ("/", "\\") else "/"


def _rendered(templates: Environment, ask: Ask, shown: Shown) -> Response:
    messages, notices = [], []
    if not ask.is_update:
        messages, notices = list(ask.visitor.messages), list(ask.memory.notices)
        ask.visitor.messages.clear()
        ask.memory.notices.clear()
    html = templates.get_template(f"{shown.template}.html").render(
        **shown.values, ask=ask, memory=ask.memory, messages=messages, notices=notices
    )
    return HTMLResponse(html.encode("utf-8", "replace"), shown.status)


def _failure(error: Exception) -> Shown:
    if isinstance(error, NoteMissing | OutsideRoot):
        status = 404
    else:
        is_ours = not isinstance(error, MemcairnError) or isinstance(error, StateError)
        status = 500 if is_ours else 400
    hint = error.hint if isinstance(error, MemcairnError) else None
    return Shown("error", {"text": str(error), "hint": hint or ""}, status)


def _sentence(error: Exception) -> str:
    hint = error.hint if isinstance(error, MemcairnError) else None
    return f"{error} ({hint})" if hint else str(error)


async def _missing(templates: Environment, request: Request, _: Exception) -> Response:
    template = templates.get_template("missing.html")
    return HTMLResponse(template.render(path=request.url.path), 404)


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in STATIC:
        return Response(status_code=404)
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
