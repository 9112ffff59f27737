"""What a worker does with one picture, from its file to its row: errors become records here, and nothing is raised."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from imagic_models.chain import Finish, Step, enhance_picture
from imaging.colour import space_of, to_working
from imaging.diagnosis import Detect, decide, diagnose
from imaging.errors import ImagicError
from imaging.files import LostPassport, UnreadableImage, draft_of, publish, write_picture
from imaging.guard import DecoderPool
from imaging.header import SUFFIXES, reading
from imaging.picture import Picture
from imaging.pixels import Image
from pipelines.enhance.ledger import DONE, FAILED, LEDGER_NAME, NOT_REACHED, SKIPPED, STARTED, Ledger, Record, readable
from pipelines.enhance.models import Factory, key_of, possible_stages, restorer_of, settings_of, steps_of
from pipelines.enhance.options import EnhanceOptions, Stage

_DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Task:
    """One picture to do: its path and that of its result, below the input and the output folder."""

    path: str
    output: str
    collision: str = ""


class Worker:
    """Does tasks; made once per process and shared by its threads.

    Args:
        options: of the job.
        factory: loads a model by name and engine.
        run: number of the run in the ledger.
        allowed: how many pictures may fail before the run is stopped; None for any number.
    """

    def __init__(self, options: EnhanceOptions, factory: Factory, run: int, allowed: int | None = None) -> None:
        self._options, self._factory, self._run, self._allowed = options, factory, run, allowed
        self._settings = settings_of(options, factory)
        self._there = {stage.model for stage in possible_stages(options, factory)}
        self._ledger = Ledger(options.out / LEDGER_NAME)
        self._source = options.input if options.input.is_dir() else options.input.parent
        self._decoders = DecoderPool(seconds=options.decode_seconds, max_pixels=int(options.max_megapixels * 1e6))

    def close(self) -> None:
        """Give back processes and connections."""
        self._decoders.close()
        self._ledger.close()

    def do(self, task: Task) -> Record:
        """Bring one picture to its outcome, write that into the ledger and return it."""
        name = readable(task.path)
        blank = Record(name, readable(task.output))
        stopped = self._ledger.stopped(self._run)
        record = replace(blank, status=NOT_REACHED) if stopped else self._outcome(task, blank)
        self._ledger.finish(record, self._run)
        if record.status == FAILED:
            self._stop_after_too_many()
        return record

    def _outcome(self, task: Task, blank: Record) -> Record:
        began = time.monotonic()
        record = blank
        try:
            if task.collision:
                return replace(blank, reason="collision", detail=task.collision)
            record = self._identified(self._source / task.path, blank)
            record = self._settled(record) or self._enhanced(record, task)
        except UnreadableImage as error:
            record = replace(record, reason=error.reason, detail=error.detail)
        except LostPassport as error:
            record = replace(record, reason="passport", detail=error.received)
        except ImagicError as error:
            record = replace(record, reason="refused", detail=str(error))
        except OSError as error:
            record = self._os_failure(record, error)
        except MemoryError:
            record = replace(record, reason="too-large", detail="out of memory")
        except Exception as error:  # a model may raise anything; the archive goes on
            record = replace(record, reason="error", detail=f"{type(error).__name__}: {error}"[:300])
        return record if record.seconds else replace(record, seconds=round(time.monotonic() - began, 4))

    def _os_failure(self, blank: Record, error: OSError) -> Record:
        if error.errno in _DISK_FULL:
            self._ledger.stop(self._run, "disk-full")
            return replace(blank, status=NOT_REACHED, detail=str(error))
        return replace(blank, reason="missing" if error.errno == errno.ENOENT else "unwritable", detail=str(error))

    def _identified(self, source: Path, blank: Record) -> Record:
        """Return the record with size, time, content and key; an unchanged file is not read again for it."""
        try:
            stat = source.stat()
        except FileNotFoundError as error:
            raise UnreadableImage("missing", source, str(error)) from error
        except OSError as error:
            raise UnreadableImage("unreadable", source, str(error)) from error
        record = replace(blank, bytes=stat.st_size, modified_ns=stat.st_mtime_ns)
        known = self._ledger.find(blank.path)
        same = known and known.content and _stamp(known) == _stamp(record)
        with reading(source):
            content = known.content if known and same else _digest(source)
        return replace(record, content=content, key=key_of(content, self._settings))

    def _settled(self, record: Record) -> Record | None:
        """Return the outcome that stands from an earlier run: a whole result, or a failure not to be retried."""
        known = self._ledger.find(record.path)
        if known is None or known.key != record.key:
            return None
        if known.status == FAILED:
            return None if self._options.retry_failed else known
        target = self._options.out / record.output
        whole = known.status in DONE and target.is_file() and target.stat().st_size == known.bytes_out
        return replace(known, status=SKIPPED) if whole else None

    def _claim(self, record: Record, source: Path, target: Path) -> None:
        """Announce the result, unless a file that is not the job's own is in its place; an outdated result goes."""
        known = self._ledger.find(record.path)
        if target.exists() and source.samefile(target):
            raise ImagicError("An original is never written over", target, "Name another --out")
        ours = known is not None and known.output == record.output and known.status in (*DONE, STARTED)
        if os.path.lexists(target) and not ours:
            raise ImagicError("A result takes no other file's place", target, "Move that file away")
        self._ledger.begin(record, self._run)
        target.unlink(missing_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)

    def _enhanced(self, record: Record, task: Task) -> Record:
        source, target = self._source / task.path, self._options.out / task.output
        self._claim(record, source, target)
        picture = self._decoders.read(source)
        if picture.passport.modified_ns != record.modified_ns:
            raise UnreadableImage("unreadable", source, "it changed while it was read")
        record = self._decided(replace(record, **_described(picture, source)), picture)
        steps = steps_of(self._options, self._factory, tuple(Stage(*stage) for stage in record.stages))
        if self._options.auto and not steps and picture.passport.format != "raw":
            return self._passed(record, source, target)
        record = replace(record, stages=[(step.name, step.strength) for step in steps])
        write_picture(target, self._result(picture, steps, record))
        if self._options.sidecar:
            self._write_sidecar(record, target)
        return replace(record, status="enhanced", bytes_out=target.stat().st_size)

    def _decided(self, record: Record, picture: Picture) -> Record:
        """Return the record with the stages to apply: those asked for, or those that the measurements ask for."""
        if not self._options.auto:
            return replace(record, stages=[(stage.model, stage.strength) for stage in self._options.stages])
        measured = diagnose(self._rgb(picture), self._detect())
        needed = decide(measured)
        lacking = [preset for preset, _ in needed if preset not in self._there]
        stages = [choice for choice in needed if choice[0] not in lacking]
        detail = f"needs {', '.join(lacking)}, which has no weights here" if lacking else record.detail
        return replace(record, measured=measured, stages=stages, detail=detail)

    def _rgb(self, picture: Picture) -> Image:
        """Return the first page in the working space, which is what models will see of it."""
        samples = picture.pages[0].samples
        return to_working(samples, space_of(samples, picture.passport.icc))

    def _detect(self) -> Detect | None:
        """Return how the model for old prints finds damage, if there is one that can."""
        if "old-photo" not in self._there:
            return None
        restorer = restorer_of(self._factory, "old-photo", self._options.engine)
        return getattr(restorer, "detect", None) if getattr(restorer, "accepts_mask", False) else None

    def _result(self, picture: Picture, steps: list[Step], record: Record) -> Picture:
        finish = Finish(self._options.detail, self._options.stretch)
        result = enhance_picture(picture, steps, finish, record.content)
        if picture.passport.format != "raw":
            return result
        return replace(result, passport=replace(result.passport, format=self._options.raw_format))

    def _passed(self, record: Record, source: Path, target: Path) -> Record:
        """Copy a picture that needs nothing, byte for byte."""
        draft = draft_of(target)
        try:
            shutil.copyfile(source, draft)
            os.utime(draft, ns=(record.modified_ns, record.modified_ns))
            if _digest(draft) != record.content:
                raise UnreadableImage("unreadable", source, "it changed while it was copied")
            publish(draft, target)
        finally:
            draft.unlink(missing_ok=True)
        return replace(record, status="passed", bytes_out=record.bytes)

    def _write_sidecar(self, record: Record, target: Path) -> None:
        path = target.with_name(target.name + ".imagic.json")
        draft = draft_of(path)
        draft.write_text(json.dumps({**asdict(record), "settings": self._settings}, indent=1), "utf-8")
        publish(draft, path)

    def _stop_after_too_many(self) -> None:
        failed = self._ledger.counts(self._run).get(FAILED, 0)
        if self._allowed is not None and failed > self._allowed:
            self._ledger.stop(self._run, "too many failures")


def _described(picture: Picture, source: Path) -> dict[str, Any]:
    """Return what the record says of a picture; a wrong suffix is noted, and kept, for others may refer to it."""
    height, width = picture.pages[0].samples.shape[:2]
    kind, suffix = picture.passport.format, source.suffix.lower()
    wrong = "" if SUFFIXES.get(suffix, kind) in (kind, "raw") else f"named {suffix}, but it holds {kind}"
    return {"format": kind, "width": width, "height": height, "pages": len(picture.pages), "detail": wrong}


def _stamp(record: Record) -> tuple[int, int]:
    return record.bytes, record.modified_ns


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
