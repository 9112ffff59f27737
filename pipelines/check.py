"""Is the engine there, does it fit, and do its workers answer? Asked before any data is touched."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterable
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path

from imaging.errors import ImagicError
from pipelines.dataflow import DataflowOptions, require_remote
from pipelines.runners import RunnerOptions, import_beam, pipeline_options, told_by

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_S = 60.0


def check_runner(options: RunnerOptions, paths: Iterable[str] = ()) -> None:
    """Refuses an engine that is not there or does not fit, or whose workers are not like this process.

    Args:
        options: where the job is to run.
        paths: what its workers are to read and write.

    Raises:
        ImagicError: what is wrong, and the remedy.
    """
    if not options.engine:
        return
    if isinstance(options.engine, DataflowOptions):
        require_remote(paths)
    options.engine.check(options.workers)
    if getattr(options.engine, "worker_pool", ""):
        meet_workers(options, _PATIENCE_S)


def meet_workers(options: RunnerOptions, patience_s: float) -> None:
    """Sends a greeting through the engine, as a job of one element.

    Raises:
        ImagicError: the workers lack IMagic, have another version of it or of Beam, or do not answer.
    """
    beam = import_beam()
    pipeline = beam.Pipeline(options=pipeline_options(options))
    _ = pipeline | beam.Create([versions()]) | beam.Map(greet)
    try:
        result = pipeline.run()
        state = result.wait_until_finish(duration=int(patience_s * 1000))
    except Exception as error:
        if "No module named" in str(error):
            remedy = "Start the pool from the environment that has it: python -m pipelines.worker_pool"
            raise ImagicError(
                "Workers have IMagic and its requirements installed", told_by(error)[1], remedy
            ) from error
        raise ImagicError(*told_by(error)) from error
    if state != "DONE":
        result.cancel()
        remedy = "See the logs of the worker pool, and that engine and pool reach each other"
        raise ImagicError(f"Workers answer within {patience_s:.0f} seconds", f"state {state}", remedy)


def greet(expected: str) -> None:
    """Runs on a worker: refuses to work for a process of other versions."""
    if versions() != expected:
        rule = "Workers and the process that starts the job have one version of IMagic, Beam and Python"
        raise ImagicError(rule, f"{versions()} on the worker, {expected} here", "Update the one that is behind")


@lru_cache(maxsize=1)
def versions() -> str:
    """Returns what results depend on, in one line: Python, Beam and a digest of the code that makes pictures."""
    code = hashlib.sha256()
    for path in sorted(
        [*_ROOT.glob("imaging/**/*.py"), *_ROOT.glob("imaging/**/*.yaml"), *_ROOT.glob("pipelines/**/*.py")]
    ):
        code.update(path.relative_to(_ROOT).as_posix().encode() + path.read_bytes())
    python = ".".join(platform.python_version_tuple()[:2])
    return f"Python {python}, Beam {version('apache-beam')}, IMagic {code.hexdigest()[:12]}"
