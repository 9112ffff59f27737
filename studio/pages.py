"""The studio's pages, made on the server; what moves in them is in static/."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from starlette.responses import Response
from starlette.templating import Jinja2Templates

from imaging.header import RAW_SUFFIXES
from studio import samples, sheets
from studio.api import COOKIE
from studio.catalogue import Catalogue
from studio.gate import REPORT_POLICY
from studio.options import StudioOptions
from studio.results import Results, ledger_view, report_file, scorecard_tables

_TEMPLATES = Jinja2Templates(directory=Path(__file__).with_name("templates"))
TABS = (("/", "Restore"), ("/dataset", "Dataset"), ("/results", "Results"), ("/api", "API"))


class Pages:
    """The addresses that people open.

    Args:
        options: the limits, to be told.
        catalogue: the stages.
        results: what can be browsed.
        openapi: returns the description of the interface.
    """

    def __init__(
        self, options: StudioOptions, catalogue: Catalogue, results: Results, openapi: Callable[[], dict[str, Any]]
    ) -> None:
        self._options, self._catalogue, self._results, self._openapi = options, catalogue, results, openapi
        self.router = APIRouter(include_in_schema=False)
        for path, handler in (
            ("/", self.restore),
            ("/dataset", self.dataset),
            ("/results", self.results),
            ("/results/{result_id}", self.result),
            ("/results/{result_id}/files/{name:path}", self.report),
            ("/api", self.api),
        ):
            self.router.add_api_route(path, handler, methods=["GET"], response_class=HTMLResponse)

    def restore(self, request: Request) -> Response:
        """Upload, choose, compare, download."""
        networks = [offer for offer in self._catalogue.offers if not offer.classical]
        classical = [offer for offer in self._catalogue.offers if offer.classical]
        raw = sorted(RAW_SUFFIXES)
        content = {"networks": networks, "classical": classical, "raw_suffixes": raw, "tries": samples.TRIES}
        return self._page(request, "restore.html", **content)

    def dataset(self, request: Request) -> Response:
        """What recipes do."""
        return self._page(request, "dataset.html", recipes=sheets.recipe_cards(), samples=list(samples.SAMPLES))

    def results(self, request: Request) -> Response:
        """The list of ledgers and reports."""
        return self._page(request, "results.html", results=self._results.list(), folders=self._options.results)

    def result(
        self,
        request: Request,
        result_id: str,
        column: Annotated[str, Query(max_length=100)] = "",
        value: Annotated[str, Query(max_length=200)] = "",
    ) -> Response:
        """One ledger, scorecard or report."""
        found = self._results.find(result_id)
        content: dict[str, Any] = {"result": found}
        if found.kind == "ledger":
            content["ledger"] = ledger_view(found.path, (column, value) if column else None)
        elif found.kind == "scorecard":
            content["head"], content["tables"] = scorecard_tables(found.path)
        return self._page(request, "result.html", **content)

    def report(self, result_id: str, name: str) -> Response:
        """A file of a report, in a box of its own."""
        path, media = report_file(self._results.find(result_id), name)
        headers = {
            "Content-Security-Policy": REPORT_POLICY,
            "Cross-Origin-Resource-Policy": "cross-origin",  # the box has no origin; the id in the address is a secret
            "X-Frame-Options": "SAMEORIGIN",
        }
        return FileResponse(path, media_type=media, headers=headers)

    def api(self, request: Request) -> Response:
        """The interface's description, readable."""
        schema = self._openapi()
        operations = [
            {"path": path, "method": method.upper(), **operation}
            for path, methods in schema["paths"].items()
            for method, operation in methods.items()
        ]
        base, example = str(request.base_url).rstrip("/"), self._catalogue.offers[0].name
        return self._page(request, "api.html", operations=operations, base=base, example=example)

    def _page(self, request: Request, template: str, **content: Any) -> Response:
        """Return a page; the first one gives the browser a name, so that the queue can tell browsers apart."""
        common = {"tabs": TABS, "here": "/" + request.url.path.strip("/").partition("/")[0], "options": self._options}
        response = _TEMPLATES.TemplateResponse(request, template, common | content)
        if COOKIE not in request.cookies:
            response.set_cookie(COOKIE, secrets.token_urlsafe(18), httponly=True, samesite="strict")
        return response
