"""A job built but not run: is its graph small, and can a clean process load every step?

Engines answer these questions after minutes of starting machines; a rehearsal answers them here, offline.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from imaging.errors import ImagicError
from pipelines.check import check_runner
from pipelines.dataflow import DataflowOptions
from pipelines.runners import RunnerOptions, import_beam, run_pipeline

if TYPE_CHECKING:
    import apache_beam as beam

GRAPH_LIMIT = 1_000_000  # bytes; Dataflow refuses graphs over 10 MB, and ours hold no data
STEP_LIMIT = 100_000  # bytes of one pickled step
_ROOT = Path(__file__).resolve().parent.parent
_LOAD = """
import base64, json, sys
from apache_beam.internal import pickler
for name, payload in json.load(sys.stdin).items():
    try:
        pickler.loads(base64.b64decode(payload))
    except Exception as error:
        print(json.dumps([name, f"{type(error).__name__}: {error}"]))
"""


@dataclass(frozen=True)
class Rehearsal:
    """What was found.

    Attributes:
        graph_bytes: size of the whole pipeline in Beam's portable form.
        step_bytes: size of each pickled step, by name.
    """

    graph_bytes: int
    step_bytes: dict[str, int]

    def lines(self) -> list[str]:
        """For people."""
        largest = max(self.step_bytes, key=lambda name: self.step_bytes[name])
        return [
            f"job graph: {self.graph_bytes:,} bytes (limit {GRAPH_LIMIT:,}), the same for any number of pictures",
            f"largest step: {largest}, {self.step_bytes[largest]:,} bytes (limit {STEP_LIMIT:,})",
            f"all {len(self.step_bytes)} steps load in a clean process",
        ]


def rehearse(assemble: Callable[[beam.Pipeline], object], code: Path = _ROOT) -> Rehearsal:
    """Builds a pipeline and checks what can be known before it runs.

    Args:
        assemble: adds the steps.
        code: the folder that a worker would import IMagic from.

    Raises:
        ImagicError: the graph or a step is too large, or a step cannot be loaded by a worker.
    """
    graph_bytes, steps = _built(assemble)
    sizes = {name: len(payload) for name, payload in steps.items()}
    if graph_bytes > GRAPH_LIMIT:
        rule = f"A job graph has at most {GRAPH_LIMIT:,} bytes: data is read by workers, not sent with the job"
        raise ImagicError(rule, f"{graph_bytes:,} bytes")
    if large := [f"{name} ({size:,} bytes)" for name, size in sizes.items() if size > STEP_LIMIT]:
        raise ImagicError(f"A step has at most {STEP_LIMIT:,} bytes", ", ".join(large), "Let it read what it needs")
    if unloadable := _load_in_clean_process(steps, code):
        rule = "A worker can load every step of a job"
        raise ImagicError(rule, "; ".join(unloadable), "Move the step's code into an importable module")
    return Rehearsal(graph_bytes, sizes)


def rehearse_on(runner: RunnerOptions, assemble: Callable[[beam.Pipeline], object]) -> list[str]:
    """Rehearses a job for its engine and tells what was found; Dataflow's own translation is tried, too, offline.

    Raises:
        ImagicError: the job would not run.
    """
    if not runner.engine:
        return []
    lines = rehearse(assemble).lines()
    if isinstance(runner.engine, DataflowOptions):
        offline = replace(runner, engine=replace(runner.engine, dry_run=True))
        check_runner(offline)
        run_pipeline(offline, assemble)
        lines.append("Dataflow's runner accepts the job (nothing was sent)")
    return lines


def _built(assemble: Callable[[beam.Pipeline], object]) -> tuple[int, dict[str, bytes]]:
    """Returns the size of the portable graph, and the pickled function of each of its steps."""
    transforms = import_beam()
    from apache_beam.options.pipeline_options import PipelineOptions
    from apache_beam.portability import common_urns
    from apache_beam.portability.api import beam_runner_api_pb2

    pipeline = transforms.Pipeline(options=PipelineOptions(["--runner=FnApiRunner"]))
    assemble(pipeline)
    graph = pipeline.to_runner_api()
    steps = {}
    for one in graph.components.transforms.values():
        if one.spec.urn == common_urns.primitives.PAR_DO.urn:
            payload = beam_runner_api_pb2.ParDoPayload.FromString(one.spec.payload)
            steps[one.unique_name] = payload.do_fn.payload
    return graph.ByteSize(), steps


def _load_in_clean_process(steps: dict[str, bytes], code: Path) -> list[str]:
    """Unpickles each step where nothing was imported before, and returns what went wrong."""
    told = json.dumps({name: base64.b64encode(payload).decode() for name, payload in steps.items()})
    with tempfile.TemporaryDirectory() as empty:
        run = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", _LOAD],
            input=told,
            capture_output=True,
            text=True,
            cwd=empty,
            env={**os.environ, "PYTHONPATH": str(code)},
        )
    if run.returncode:
        return [run.stderr.strip().splitlines()[-1]]
    return [": ".join(json.loads(line)) for line in run.stdout.splitlines()]
