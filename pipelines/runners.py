"""Where a Beam pipeline runs: one table of runners, and one door through which every job starts."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from imaging.errors import ImagicError, MisuseError
from pipelines.dataflow import DataflowOptions
from pipelines.flink import FlinkOptions
from pipelines.prism import PrismOptions

if TYPE_CHECKING:
    import apache_beam as beam
    from apache_beam.options.pipeline_options import PipelineOptions

MODES = ("multi_threading", "multi_processing", "in_memory")
_ROOT = Path(__file__).resolve().parent.parent

Engine = DataflowOptions | FlinkOptions | PrismOptions
ENGINES: dict[str, type[Engine]] = {"dataflow": DataflowOptions, "flink": FlinkOptions, "prism": PrismOptions}
RUNNERS = ("fnapi", *ENGINES)


@dataclass(frozen=True)
class RunnerOptions:
    """Where and how widely a job runs.

    Attributes:
        runner: one of `RUNNERS`: "fnapi" works in this process, the others are engines of their own.
        workers: threads or processes that work at the same time.
        mode: how the local runner works: "multi_threading" (the libraries release the GIL), "multi_processing" or
            "in_memory" (one after the other).
        flags: further flags, passed to Beam as they are.
        engine: where the engine is; None for "fnapi".
    """

    runner: str = "fnapi"
    workers: int = 2
    mode: str = "multi_threading"
    flags: tuple[str, ...] = ()
    engine: Engine | None = field(default=None, metadata={"choices": ENGINES})

    def __post_init__(self) -> None:
        if self.runner not in RUNNERS:
            raise MisuseError(f"A runner is one of {', '.join(RUNNERS)}", self.runner)
        if not isinstance(self.engine, ENGINES.get(self.runner, type(None))):
            told = f"{self.runner} with {type(self.engine).__name__}"
            remedy = "Add --flink-master, --prism-location or --dataflow-project with what belongs to it"
            raise MisuseError("An engine is described by its own options, and only fnapi needs none", told, remedy)
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


def pipeline_options(options: RunnerOptions) -> PipelineOptions:
    """Returns Beam's own options for `options`; nothing is read from the command line."""
    import_beam()
    from apache_beam.options.pipeline_options import PipelineOptions

    flags = options.engine.flags(options.workers) if options.engine else _fnapi(options)
    return PipelineOptions([*flags, *options.flags])


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
        raise ImagicError(*told_by(error)) from error


def hush() -> None:
    """Keeps the chatter of Beam, its job servers and TensorFlow off the terminal."""
    for name in ("apache_beam", "absl", "tensorflow"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    for name in ("PrismJobServer", "FlinkJarJobServer"):  # Beam sets their levels again with every job
        server = logging.getLogger(name)
        server.propagate, server.handlers = False, [logging.NullHandler()]
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


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


def told_by(error: Exception) -> tuple[str, str, str]:
    """Returns rule, received and remedy of what a worker raised: Beam hands it over as the text of a traceback."""
    text = re.sub(r" ?\[while running '.*?'\]", "", str(error))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in reversed(lines):
        if found := re.search(r"(?:ImagicError|MisuseError): (.+?)\.?$", line):
            return found.group(1), "", ""
    last = lines[-1] if lines else type(error).__name__
    return "A Beam job must run to its end, and this one failed", last[:500], "What it finished is kept; start it again"


def _share_import_path() -> None:
    """Lets worker processes, which start from the module name only, import this project."""
    paths = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if str(_ROOT) not in paths:
        os.environ["PYTHONPATH"] = os.pathsep.join([str(_ROOT), *filter(None, paths)])
