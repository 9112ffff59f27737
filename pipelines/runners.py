"""Where a Beam pipeline runs: one table of runners, and one door through which every job starts."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from imaging.errors import ImagicError, MisuseError

if TYPE_CHECKING:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

MODES = ("multi_threading", "multi_processing", "in_memory")
_ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class RunnerOptions:
    """Where and how widely a job runs.

    Attributes:
        runner: a name of `RUNNERS`.
        workers: threads or processes that work at the same time.
        mode: how the local runner works: "multi_threading" (the libraries release the GIL), "multi_processing" or
            "in_memory" (one after the other).
        flags: further flags, passed to Beam as they are.
    """

    runner: str = "fnapi"
    workers: int = 2
    mode: str = "multi_threading"
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.runner not in RUNNERS:
            raise MisuseError(f"A runner is one of {', '.join(sorted(RUNNERS))}", self.runner)
        if self.mode not in MODES:
            raise MisuseError(f"A running mode is one of {', '.join(MODES)}", self.mode)
        if self.workers < 1:
            raise MisuseError("A job has at least one worker", self.workers)


def _fnapi(options: RunnerOptions) -> list[str]:
    """Beam's in-process runner, by name: "DirectRunner" would first try to download the Prism runner."""
    return [
        "--runner=FnApiRunner",
        f"--direct_num_workers={options.workers}",
        f"--direct_running_mode={options.mode}",
    ]


RUNNERS: dict[str, Callable[[RunnerOptions], list[str]]] = {"fnapi": _fnapi}


def pipeline_options(options: RunnerOptions) -> PipelineOptions:
    """Returns Beam's own options for `options`; nothing is read from the command line."""
    import_beam()
    from apache_beam.options.pipeline_options import PipelineOptions

    return PipelineOptions([*RUNNERS[options.runner](options), *options.flags])


def run_pipeline(options: RunnerOptions, assemble: Callable[[beam.Pipeline], object]) -> None:
    """Builds a pipeline by `assemble`, runs it and waits for its end.

    Raises:
        ImagicError: the job failed; the message is the worker's own where it raised an `ImagicError`.
    """
    beam = import_beam()
    beam_options = pipeline_options(options)
    _share_import_path()
    try:
        with beam.Pipeline(options=beam_options) as pipeline:
            assemble(pipeline)
    except ImagicError:
        raise
    except Exception as error:
        raise ImagicError(*_told(error)) from error


def hush(verbose: bool = False) -> None:
    """Keeps Beam's and TensorFlow's start-up chatter off the terminal, unless `verbose`."""
    level = logging.INFO if verbose else logging.CRITICAL
    for name in ("apache_beam", "absl", "tensorflow"):
        logging.getLogger(name).setLevel(level)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if verbose else "3")


def import_beam() -> ModuleType:
    """Imports Beam without its warning about the optional parts that are not installed."""
    hush()
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        import apache_beam
    finally:
        logging.disable(before)
    return apache_beam


def _share_import_path() -> None:
    """Lets worker processes, which start from the module name only, import this project."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(_ROOT) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *filter(None, paths)])


def _told(error: Exception) -> tuple[str, str, str]:
    """Returns rule, received and remedy of what a worker raised: Beam hands it over as the text of a traceback."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    for line in reversed(lines):
        found = re.search(r"(?:ImagicError|MisuseError): (.+?)\.?(?: \[while running .*)?$", line)
        if found:
            return found.group(1), "", ""
    last = next((line for line in reversed(lines) if not line.startswith("[while running")), type(error).__name__)
    return "A Beam job must run to its end, and this one failed", last[:500], "What it finished is kept; start it again"
