"""What is done to a picture here: taken in, looked at, measured, restored, handed out."""

from __future__ import annotations

import base64
import binascii
import hashlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from imagic_models.chain import Finish, Step, enhance_picture
from imaging.colour import to_rgb
from imaging.files import Header, Picture, UnreadableImage, probe, read_picture, write_picture
from imaging.guard import DecoderPool
from imaging.pixels import Image, from_float
from studio.catalogue import Catalogue
from studio.findings import diagnosed, needed_networks
from studio.forms import MEDIA, as_png, png_of, rgb_of
from studio.guided import Guided, Progress, Report
from studio.options import StudioOptions
from studio.refusals import Refused, refusal_of
from studio.store import Kept, Store
from studio.treatment import StageRequest, Treatment

RAW_BECOMES = "tiff"
MOST_MASK_PIXELS = 1 << 27
MOST_GROWTH = 2  # times max_megapixels that a result may have


@dataclass(frozen=True)
class Workshop:
    """The hands of the studio; every method may take long and runs in the queue.

    Attributes:
        options: the limits.
        catalogue: the stages.
        store: where pictures are kept.
        decoders: processes that decode, so that a codec that crashes or hangs costs one upload.
    """

    options: StudioOptions
    catalogue: Catalogue
    store: Store
    decoders: DecoderPool

    def _checked_header(self, kept: Kept) -> Header:
        """Return the header of an upload that is within the limits, and of a kind that can be handed back."""
        header = probe(kept.source, max_pixels=self.options.max_pixels)
        if header.format != "raw" and header.format not in MEDIA:
            raise UnreadableImage("unsupported", kept.name)
        return header

    def first_page(self, kept: Kept) -> Picture:
        """Return the first page of an upload."""
        return self.decoders.read(kept.source, pages=1)

    def take_in(self, kept: Kept) -> dict[str, Any]:
        """Return the facts of an upload and what was measured, and prepare the view of it.

        Raises:
            Refused: for anything that is not a readable picture within the limits; it is then gone from the store.
        """
        try:
            with self.store.working_on(kept):
                header = self._checked_header(kept)
                picture = self.first_page(kept)
                view = kept.folder / "before.png"
                view.write_bytes(png_of(rgb_of(picture)))
                kept.results["before"] = view
                samples = picture.pages[0].samples
                return facts(kept, header, samples) | {"diagnosis": diagnosed(picture, self.catalogue)}
        except Exception as error:
            self.store.remove(kept)
            raise refusal_of(error, kept.name) from error

    def enhance(self, kept: Kept, treatment: Treatment, report: Report) -> dict[str, Any]:
        """Restore an upload that nobody looks at; return what was done."""
        self._checked_header(kept)
        return self.restore(kept, treatment, report)

    def restore(self, kept: Kept, treatment: Treatment, report: Report) -> dict[str, Any]:
        """Restore a picture and write its forms; return what was done."""
        with self.store.working_on(kept):
            started = time.monotonic()
            picture = self.decoders.read(kept.source)
            steps = self.steps(treatment, picture, report)
            finish = Finish(treatment.detail, treatment.stretch)
            content = hashlib.sha256(kept.source.read_bytes()).hexdigest()
            restored = enhance_picture(picture, steps, finish, content)
            report(0.9, "writing")
            for name in ("png", "original", "after"):
                kept.results.pop(name, None)
            passed = treatment.auto and not steps and picture.passport.format != "raw"
            self._write(kept, picture if passed else restored, passed)
            height, width = restored.pages[0].samples.shape[:2]
            seconds = time.monotonic() - started
            stages = [{"model": step.name, "strength": step.strength} for step in steps]
            return {"width": width, "height": height, "seconds": round(seconds, 2), "stages": stages}

    def _write(self, kept: Kept, restored: Picture, passed: bool) -> None:
        """Write the result in its own format (the upload itself, where nothing was needed), as PNG and for the eyes."""
        own = RAW_BECOMES if restored.passport.format == "raw" else restored.passport.format
        original, png = kept.folder / f"original{MEDIA[own][1]}", kept.folder / "result.png"
        if passed:
            shutil.copyfile(kept.source, original)
        else:
            write_picture(original, replace(restored, passport=replace(restored.passport, format=own)))
        if own == "png":
            png = original
        else:
            write_picture(png, as_png(restored))
        kept.results |= {"png": png, "original": original}
        if "before" in kept.results:
            kept.results["after"] = kept.folder / "after.png"
            kept.results["after"].write_bytes(png_of(rgb_of(restored)))

    def steps(self, treatment: Treatment, picture: Picture, report: Report) -> list[Step]:
        """Return the stages of a treatment with their restorers, loaded where they are not yet."""
        stages = treatment.stages
        if treatment.auto:
            stages = needed_networks(picture, self.catalogue)
        self._check_growth(stages, picture)
        _check_points(treatment, picture.pages[0].samples)
        mask, progress = decoded_mask(treatment.mask), Progress(report, len(stages) * len(picture.pages))
        points = [(point.row, point.column, point.rgb) for point in treatment.points]
        steps = []
        for stage in stages:
            offer = self.catalogue.find(stage.model)
            report(0.0, f"loading {offer.title}")
            restorer, seen = self.catalogue.restorer(stage.model), mask if offer.mask else None
            guided = Guided(offer.title, restorer, progress, seen, points if offer.points else ())
            steps.append(Step(stage.model, guided, stage.strength))
        return steps

    def _check_growth(self, stages: Sequence[StageRequest], picture: Picture) -> None:
        """Refuse a chain that enlarges a picture beyond what the machine is to hold."""
        pixels = sum(page.samples.shape[0] * page.samples.shape[1] for page in picture.pages)
        for stage in stages:
            pixels *= self.catalogue.find(stage.model).scale ** 2
        if pixels > MOST_GROWTH * self.options.max_pixels:
            most = MOST_GROWTH * self.options.max_megapixels
            rule = f"A result has at most {most:g} megapixels, all pages together"
            raise Refused("too-large", f"{pixels / 1e6:.0f}", rule)

    def detect(self, kept: Kept, stage: str, report: Report) -> bytes:
        """Return what a stage takes for damage, as a PNG that is white there."""
        if not self.catalogue.find(stage).mask:
            takers = ", ".join(offer.name for offer in self.catalogue.offers if offer.mask)
            raise Refused("misuse", stage, f"Damage is shown by {takers}")
        with self.store.working_on(kept):
            image = rgb_of(self.first_page(kept))
            report(0.1, "looking for damage")
            found = self.catalogue.restorer(stage).detect(image)
            return png_of(from_float(found, np.uint8))


def _check_points(treatment: Treatment, samples: Image) -> None:
    height, width = samples.shape[:2]
    for point in treatment.points:
        if point.row >= height or point.column >= width:
            rule = f"A known colour lies in its picture of {width} x {height}"
            raise Refused("misuse", f"row {point.row}, column {point.column}", rule)


def facts(kept: Kept, header: Header, samples: Image) -> dict[str, Any]:
    """Return what the page shows of a picture."""
    own = RAW_BECOMES if header.format == "raw" else header.format
    return {
        "id": kept.id,
        "name": kept.name,
        "format": header.format,
        "original_suffix": MEDIA[own][1],
        "width": samples.shape[1],
        "height": samples.shape[0],
        "bit_depth": header.bit_depth,
        "pages": header.pages,
        "bytes": header.bytes,
    }


def decoded_mask(text: str | None) -> Image | None:
    """Return the mask that the page sent, HW uint8; None where it sent none."""
    if not text:
        return None
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("misuse", text[:20], "A mask is a PNG in base64") from None
    return to_rgb(read_picture(content, max_pixels=MOST_MASK_PIXELS, pages=1).pages[0].samples, None)[:, :, 0]
