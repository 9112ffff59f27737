"""The studio put together: guard, pages, interface and workshop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles

from imaging.errors import ImagicError
from imaging.guard import DecoderPool
from studio import refusals
from studio.api import Api
from studio.catalogue import Catalogue, Offer, Restorer, shipped_offers
from studio.gate import Gate
from studio.options import StudioOptions
from studio.pages import Pages
from studio.queue import FairQueue
from studio.results import Results
from studio.store import Store
from studio.workshop import Workshop

STATIC = Path(__file__).with_name("static")
DECODE_SECONDS = 20.0
DESCRIPTION = "Restore pictures, and see what recipes do to them. Everything stays on the machine that runs the studio."


def create_app(
    options: StudioOptions,
    *,
    load: Callable[[str], Restorer] | None = None,
    offers: Sequence[Offer] | None = None,
) -> FastAPI:
    """Return the studio as an ASGI application.

    Args:
        options: address and limits.
        load: name -> restorer; `imagic_models.load_restorer` when None.
        offers: the presets to offer; those whose weights are shipped when None.
    """
    catalogue = Catalogue(load or _loader(options.engine), shipped_offers() if offers is None else offers)
    store = Store(int(options.store_mb * 1e6), options.keep_minutes * 60)
    decoders = DecoderPool(seconds=DECODE_SECONDS, max_pixels=options.max_pixels)
    queue = FairQueue(options.workers, options.waiting)

    @asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        yield
        queue.close()
        decoders.close()
        store.close()

    app = FastAPI(
        title="IMagic studio",
        description=DESCRIPTION,
        version="0.1.0",
        lifespan=life,
        docs_url=None,
        redoc_url=None,
    )
    for kind, handler in _HANDLERS:
        app.add_exception_handler(kind, handler)
    app.add_middleware(Gate, options=options)
    api = Api(Workshop(options, catalogue, store, decoders), queue)
    app.include_router(api.router)
    results = Results(tuple(map(Path, options.results)))
    app.include_router(Pages(options, catalogue, results, app.openapi).router)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    app.state.store, app.state.results = store, results
    return app


_HANDLERS: tuple[tuple[type[Exception], Any], ...] = (
    (ImagicError, refusals.on_imagic_error),
    (HTTPException, refusals.on_http_error),
    (RequestValidationError, refusals.on_invalid),
)


def _loader(engine: str) -> Callable[[str], Restorer]:
    def load(name: str) -> Restorer:
        from imagic_models import load_restorer

        return load_restorer(name, engine=engine)

    return load
