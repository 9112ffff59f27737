"""Google Cloud Dataflow: the flags of a job, and what is refused before it costs anything. Imports no Beam."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from imaging.errors import ImagicError, MisuseError
from pipelines.storage import place, remote, require_writable

SETUP_FILE = Path(__file__).resolve().parent.parent / "setup.py"
_GPU_DRIVER = "install-nvidia-driver"
_NEEDS_CLOUD = "pip install 'apache-beam[gcp]==2.77.0'"


@dataclass(frozen=True)
class DataflowOptions:
    """One job on Dataflow.

    Attributes:
        project: Google Cloud project that pays.
        region: where the workers run; the bucket should be there too.
        bucket: "gs://NAME" or a folder in it, for staged code and temporary files.
        image: worker container with IMagic and its weights inside (deploy/dataflow/Dockerfile); "" stages setup.py,
            and then every worker installs the requirements when it starts.
        machine: type of the workers' machines.
        threads: shards or pictures that one worker works on at a time; each holds a few pictures in memory, so that
            4 GB a thread are plenty.
        disk_gb: of each worker.
        max_workers: the autoscaler stays below.
        gpu: type of accelerator per worker, such as "nvidia-tesla-t4"; "" for none.
        labels: KEY=VALUE, for the bill.
        service_account: that the workers act as; "" for the project's default one.
        dry_run: build and validate the job without an account and without sending it.
    """

    project: str
    region: str
    bucket: str
    image: str = ""
    machine: str = "n2-standard-4"
    threads: int = 4
    disk_gb: int = 50
    max_workers: int = 50
    gpu: str = ""
    labels: tuple[str, ...] = ("application=imagic",)
    service_account: str = ""
    dry_run: bool = False

    def __post_init__(self) -> None:
        label = re.compile(r"[a-z][a-z0-9_-]{0,62}=[a-z0-9_-]{0,63}")
        rules: list[tuple[object, str, object]] = [
            (
                re.fullmatch(r"[a-z][a-z0-9:.-]{4,61}[a-z0-9]", self.project),
                "A project is a Google Cloud id",
                self.project,
            ),
            (re.fullmatch(r"[a-z]+-[a-z]+\d+", self.region), 'A region is written like "europe-west4"', self.region),
            (re.fullmatch(r"gs://[a-z0-9][a-z0-9._-]+(/.*)?", self.bucket), "A bucket is gs://NAME", self.bucket),
            (self.threads >= 1, "A worker has at least one thread", self.threads),
            (self.disk_gb >= 30, "A worker's disk has at least 30 GB for its container", self.disk_gb),
            (self.max_workers >= 1, "A job has at least one worker", self.max_workers),
            (all(label.fullmatch(one) for one in self.labels), "A label is key=value in small letters", self.labels),
        ]
        for holds, rule, received in rules:
            if not holds:
                raise MisuseError(rule, received or "nothing")

    def flags(self, workers: int) -> list[str]:
        """Beam's flags for this runner; `workers` is where the autoscaler begins."""
        folder = self.bucket.rstrip("/")
        told = {
            "runner": "DataflowRunner",
            "project": self.project,
            "region": self.region,
            "job_name": "imagic-" + uuid.uuid4().hex[:12],
            "temp_location": f"{folder}/temp",
            "staging_location": f"{folder}/staging",
            "worker_machine_type": self.machine,
            "number_of_worker_harness_threads": str(self.threads),
            "disk_size_gb": str(self.disk_gb),
            "autoscaling_algorithm": "THROUGHPUT_BASED",
            "num_workers": str(min(workers, self.max_workers)),
            "max_num_workers": str(self.max_workers),
            "service_account_email": self.service_account,
            **({"sdk_container_image": self.image, "sdk_location": "container"} if self.image else self._staged()),
        }
        # One process per machine: its threads share the loaded model, and the libraries release the GIL.
        more = ["--experiments=no_use_multiple_sdk_containers", *(f"--labels={label}" for label in self.labels)]
        if self.gpu:
            more.append(f"--dataflow_service_options=worker_accelerator=type:{self.gpu};count:1;{_GPU_DRIVER}")
        if self.dry_run:
            more += ["--dry_run=True", "--no_auth"]
        return [f"--{name}={value}" for name, value in told.items() if value] + more

    def check(self, workers: int) -> None:
        """Refuses a job that could not be sent, or whose workers could not write.

        Raises:
            ImagicError: with the remedy.
        """
        if not _cloud_parts():
            raise ImagicError("Dataflow needs Beam's Google Cloud part", "it is not installed", _NEEDS_CLOUD)
        if not (self.image or SETUP_FILE.is_file()):
            remedy = "Build deploy/dataflow/Dockerfile and name it: --dataflow-image IMAGE"
            raise ImagicError("Workers get IMagic from a checkout's setup.py or from a container", SETUP_FILE, remedy)
        if not self.dry_run:
            require_writable(place(self.bucket))

    def _staged(self) -> dict[str, str]:
        return {"setup_file": str(SETUP_FILE)}


def require_remote(paths: Iterable[str]) -> None:
    """Refuses paths that only this machine sees.

    Raises:
        MisuseError: one is not in a bucket.
    """
    for path in paths:
        if not remote(path):
            remedy = "Copy the pictures there (gcloud storage rsync -r DIR gs://BUCKET/DIR) and name that"
            raise MisuseError("Dataflow's workers see buckets, not this machine's disk", path, remedy)


def _cloud_parts() -> bool:
    try:
        return bool(find_spec("apitools") and find_spec("google.cloud.storage") and find_spec("google.auth"))
    except ModuleNotFoundError:
        return False
