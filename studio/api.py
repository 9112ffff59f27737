"""The studio's HTTP interface: what the page uses, and every other program may use too."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse
from pydantic import ValidationError

from studio import samples, sheets
from studio.commands import build_command, enhance_command
from studio.forms import MEDIA
from studio.queue import Client, FairQueue, Job, Work
from studio.refusals import KINDS, Refused, refusal_of
from studio.store import Kept
from studio.treatment import BuildRequest, EnhanceRequest, Form, Treatment
from studio.workshop import Workshop

COOKIE = "imagic_client"
_CLIENT = re.compile(r"[A-Za-z0-9_-]{16,64}")
_ASKS_EVERY = 0.5
_CLASSICAL_NOTE = "Classical methods are here to compare with; a folder is enhanced by networks."
_OWN_NOTE = "What you paint belongs to this picture; in a folder every picture is judged by itself."

_BODY = {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
_PICTURE_BODY = {"requestBody": _BODY | {"description": "The picture file's bytes, nothing around them."}}
_PNG = {200: {"content": {"image/png": {}}, "description": "A picture."}}
Seed = Annotated[int, Query(ge=0, le=2**53, description="Of everything that is drawn.")]
Name = Annotated[str, Query(max_length=300, description="The file's name; needed only for camera raw.")]


def problems(*kinds: str) -> dict[int | str, dict[str, Any]]:
    """Return the documented refusals of an address."""
    statuses = sorted({KINDS[kind].status for kind in kinds})
    return {
        status: {
            "description": "; ".join(f"{kind}: {KINDS[kind].rule}" for kind in kinds if KINDS[kind].status == status),
            "content": {"application/problem+json": {}},
        }
        for status in statuses
    }


_UPLOAD = problems(
    "empty", "not-an-image", "unsupported", "truncated", "unreadable", "too-large", "too-many-bytes", "no-length",
    "misuse", "too-often", "busy",
)  # fmt: skip


def client_of(request: Request) -> Client:
    """Return who asks: the address, and the name in the cookie that the page was given."""
    name = request.cookies.get(COOKIE, "")
    return Client(request.client.host if request.client else "", name if _CLIENT.fullmatch(name) else "")


class Api:
    """The addresses under /api.

    Args:
        workshop: does the work.
        queue: decides when.
    """

    def __init__(self, workshop: Workshop, queue: FairQueue) -> None:
        self._workshop, self._queue, self._store = workshop, queue, workshop.store
        self.router = APIRouter(prefix="/api")
        for method, path, handler, more in self._table():
            self.router.add_api_route(path, handler, methods=[method], **more)

    def _table(self) -> list[tuple[str, str, Callable[..., Any], dict[str, Any]]]:
        bare: dict[str, Any] = {"response_class": Response}
        gone = {"responses": problems("not-found")}
        upload = {"responses": _UPLOAD, "openapi_extra": _PICTURE_BODY}
        pictures, png = {"tags": ["pictures"]}, bare | {"responses": _PNG}
        return [
            ("POST", "/enhance", self.enhance, {**upload, **bare, "tags": ["enhance"]}),
            ("GET", "/stages", self.stages, {"tags": ["enhance"]}),
            ("POST", "/pictures", self.add_picture, {**upload, **pictures, "status_code": 201}),
            ("DELETE", "/pictures/{picture_id}", self.remove_picture, {**gone, **pictures, "status_code": 204}),
            ("GET", "/pictures/{picture_id}/{view}.png", self.view, {**png, **pictures}),
            ("POST", "/pictures/{picture_id}/mask", self.mask, {**png, **pictures}),
            ("POST", "/pictures/{picture_id}/restore", self.restore, {**gone, **pictures, "status_code": 202}),
            ("GET", "/pictures/{picture_id}/result", self.result, {**gone, **bare, **pictures}),
            ("GET", "/jobs/{job_id}", self.job, {**gone, "tags": ["jobs"]}),
            ("DELETE", "/jobs/{job_id}", self.cancel, {**gone, "status_code": 204, "tags": ["jobs"]}),
            ("POST", "/commands/enhance", self.enhance_line, {"tags": ["commands"]}),
            ("POST", "/commands/build-dataset", self.build_line, {"tags": ["commands"]}),
            ("GET", "/recipes", sheets.recipe_cards, {"tags": ["recipes"]}),
            ("GET", "/recipes/{recipe}/tiles/{variant}.png", self.recipe_tile, {**png, "tags": ["recipes"]}),
            ("GET", "/damages/{damage}/{severity}.png", self.damage_tile, {**png, "tags": ["recipes"]}),
        ]

    async def enhance(
        self,
        request: Request,
        name: Name = "",
        stages: Annotated[str, Query(description="Stages between commas, each with its strength: denoise:0.8")] = "",
        auto: Annotated[bool, Query(description="Measure, and apply only what is needed.")] = False,
        detail: Annotated[float, Query(ge=0, le=1, description="Texture put back, 0 to 1.")] = 0.0,
        stretch: Annotated[float, Query(ge=0, lt=50, description="Percent clipped by a histogram stretch.")] = 0.0,
        form: Annotated[Form, Query(description="PNG, or the format that came.")] = "png",
    ) -> Response:
        """Restore one picture: its file's bytes in, the restored file's bytes out."""
        treatment = treatment_of(stages, auto=auto, detail=detail, stretch=stretch)
        self._check(treatment)
        kept = self._store.add(await request.body(), name)
        try:
            await self._finish(request, lambda report: self._workshop.enhance(kept, treatment, report), kept.name)
            path = kept.results[form]
            return Response(path.read_bytes(), media_type=media_type(path.suffix))
        finally:
            self._store.remove(kept)

    def stages(self) -> dict[str, Any]:
        """List the stages that can be asked for, and the limits."""
        options = self._workshop.options
        return {
            "stages": [asdict(offer) for offer in self._workshop.catalogue.offers],
            "limits": {"max_upload_bytes": options.max_upload_bytes, "max_megapixels": options.max_megapixels},
        }

    async def add_picture(self, request: Request, name: Name = "") -> dict[str, Any]:
        """Upload one picture to work on; the answer says what it is and what was measured."""
        kept = self._store.add(await request.body(), name)
        return await self._finish(request, lambda report: self._workshop.take_in(kept), kept.name)

    def remove_picture(self, picture_id: str) -> Response:
        """Forget a picture and everything made of it."""
        self._store.remove(self._store.find(picture_id))
        return Response(status_code=204)

    def view(self, picture_id: str, view: str) -> FileResponse:
        """Show a picture `before` or `after`, at full resolution with 8 bits a sample."""
        return FileResponse(_form(self._store.find(picture_id), view, ("before", "after")), media_type="image/png")

    async def mask(self, request: Request, picture_id: str, stage: Annotated[str, Query()]) -> Response:
        """Show what a stage takes for damage: white where the picture is damaged."""
        kept = self._store.find(picture_id)
        found = await self._finish(request, lambda report: self._workshop.detect(kept, stage, report), kept.name)
        return Response(found, media_type="image/png")

    def restore(self, request: Request, picture_id: str, treatment: Treatment) -> dict[str, Any]:
        """Start restoring a picture; ask `GET /api/jobs/{id}` how far it is."""
        kept = self._store.find(picture_id)
        self._check(treatment)
        work: Work = lambda report: self._workshop.restore(kept, treatment, report)  # noqa: E731
        return self._state(self._queue.submit(client_of(request), work))

    def result(self, picture_id: str, form: Form = "png") -> FileResponse:
        """Download the restored picture, as PNG or in the format that came with everything its file said."""
        kept = self._store.find(picture_id)
        path = _form(kept, form, ("png", "original"))
        stem = kept.name.rpartition(".")[0] or kept.name
        return FileResponse(path, media_type=media_type(path.suffix), filename=f"{stem}-restored{path.suffix}")

    def job(self, job_id: str) -> dict[str, Any]:
        """Say how far a job is: waiting (behind so many), running (the share done), done, failed or cancelled."""
        return self._state(self._queue.find(job_id))

    def cancel(self, job_id: str) -> Response:
        """Stop a job: at once while it waits, between two stages while it runs."""
        self._queue.cancel(self._queue.find(job_id))
        return Response(status_code=204)

    def enhance_line(self, request: EnhanceRequest) -> dict[str, str]:
        """Return the command that does to a folder what a treatment does to a picture, and what it leaves out."""
        offers = [self._workshop.catalogue.find(stage.model) for stage in request.treatment.stages]
        if any(offer.classical for offer in offers):
            return {"command": "", "note": _CLASSICAL_NOTE}
        own = any(offer.mask or offer.points for offer in offers)
        return {"command": enhance_command(request), "note": _OWN_NOTE if own else ""}

    def build_line(self, request: BuildRequest) -> dict[str, str]:
        """Return the command that builds a recipe's dataset."""
        return {"command": build_command(request)}

    def recipe_tile(self, recipe: str, variant: int, sample: str = "astronaut", seed: Seed = 0) -> Response:
        """Show a sample degraded by a recipe; the header X-Imagic-Steps says how."""
        content, steps = sheets.degraded_tile(recipe, samples.sample(sample), sample, seed, variant)
        return Response(content, media_type="image/png", headers={"X-Imagic-Steps": ", ".join(steps)})

    def damage_tile(self, damage: str, severity: int, sample: str = "astronaut", seed: Seed = 0) -> Response:
        """Show a sample with one damage at a severity from 1 to 5."""
        return Response(sheets.severity_tile(damage, samples.sample(sample), severity, seed), media_type="image/png")

    def _check(self, treatment: Treatment) -> None:
        """Refuse what cannot be done before it waits for its turn."""
        if treatment.auto == bool(treatment.stages):
            names = ",".join(stage.model for stage in treatment.stages)
            raise Refused("misuse", names, "Either stages are named or auto chooses them", "Ask for one of both")
        for stage in treatment.stages:
            self._workshop.catalogue.find(stage.model)

    async def _finish(self, request: Request, work: Work, name: str) -> Any:
        """Return what the work returns when its turn has come; it is dropped when the client goes away."""
        job = self._queue.submit(client_of(request), work)
        outcome = asyncio.wrap_future(job.future)
        while not (await asyncio.wait([outcome], timeout=_ASKS_EVERY))[0]:
            if await request.is_disconnected():
                self._queue.cancel(job)
        try:
            return outcome.result()
        except Exception as error:
            raise refusal_of(error, name) from error

    def _state(self, job: Job) -> dict[str, Any]:
        state: dict[str, Any] = {"id": job.id, "state": job.state, "share": round(job.share, 3), "note": job.note}
        if state["state"] == "waiting":
            state["ahead"] = self._queue.ahead(job)
        elif state["state"] == "done":
            state |= {"share": 1.0, "result": job.future.result()}
        elif state["state"] == "failed":
            error = job.future.exception()
            refused = refusal_of(error if isinstance(error, Exception) else Refused("failed"))
            state["problem"] = {"kind": refused.kind, "detail": str(refused)}
        return state


def treatment_of(stages: str, **rest: Any) -> Treatment:
    """Return the treatment that a comma list of stages and their strengths asks for."""
    parts = [part.strip() for part in stages.split(",") if part.strip()]
    try:
        return Treatment(stages=tuple(map(_stage, parts)), **rest)
    except (ValidationError, ValueError) as error:
        received = error.errors()[0]["input"] if isinstance(error, ValidationError) else stages
        rule = "Stages are names with strengths from 0 to 1: denoise,low-light:0.5"
        raise Refused("misuse", received, rule, "See GET /api/stages") from None


def _stage(text: str) -> Any:
    name, colon, strength = text.rpartition(":")
    numeric = colon and strength.replace(".", "", 1).isdigit()
    return {"model": name, "strength": float(strength)} if numeric else {"model": text}


def media_type(suffix: str) -> str:
    """Return the media type of a suffix that the workshop writes."""
    return next((media for media, known in MEDIA.values() if known == suffix), "application/octet-stream")


def _form(kept: Kept, form: str, known: tuple[str, ...]) -> Any:
    path = kept.results.get(form) if form in known else None
    if path is None:
        raise Refused("not-found", form, "This picture has no such form yet", "Restore it first")
    return path
