"""RunInference's view of the job: a batch of tasks in, their records out.

Beam's own handlers stack a batch into one array, which pictures of many sizes are not, and lose the whole batch to one
bad element. Here an element is a path, a batch is one picture (whose tiles are what a network is given), and an error
is a record like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from apache_beam.ml.inference.base import ModelHandler

from pipelines.enhance.ledger import Record
from pipelines.enhance.models import Factory
from pipelines.enhance.options import EnhanceOptions
from pipelines.enhance.worker import Task, Worker


class EnhanceHandler(ModelHandler[Task, Record, Worker]):
    """Makes one `Worker` per process and gives it tasks; the arguments are the worker's."""

    def __init__(self, options: EnhanceOptions, factory: Factory, run: int, allowed: int | None) -> None:
        super().__init__(min_batch_size=1, max_batch_size=1)
        self._arguments = (options, factory, run, allowed)

    def load_model(self) -> Worker:
        """Load every model that the job may need."""
        return Worker(*self._arguments)

    def run_inference(
        self, batch: Sequence[Task], model: Worker, inference_args: dict[str, Any] | None = None
    ) -> Iterable[Record]:
        """Yield the record of each task; nothing a picture does raises."""
        return [model.do(task) for task in batch]

    def get_metrics_namespace(self) -> str:
        """Name the counters in Beam's metrics."""
        return "enhance"
