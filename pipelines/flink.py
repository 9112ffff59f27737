"""An existing Flink cluster, reached through Beam's job server. Imports no Beam."""

from __future__ import annotations

import re
import shutil
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from imaging.errors import ImagicError, MisuseError
from pipelines.endpoints import WORKER_POOL_PORT, get_json, host_port, require_open

# What Beam 2.77 has a job server for; a job server works with the Flink of its own minor version only.
SUPPORTED = ("1.19", "1.20", "2.0", "2.1", "2.2")
FETCH = "Fetch it: python deploy/flink/fetch.py"
# What Flink's own start scripts open for Java 17; without them its jobs cannot serialize.
_OPENED = "lang net io nio lang.reflect text time util util.concurrent util.concurrent.atomic util.concurrent.locks"
JAVA_OPENS = tuple(f"--add-opens=java.base/java.{name}=ALL-UNNAMED" for name in _OPENED.split())
_JAR_NAME = re.compile(r"beam-runners-flink-(\d+\.\d+)-job-server-([\d.]+)\.jar")
_BEAM_PROPERTIES = "org/apache/beam/sdk/sdk.properties"


@dataclass(frozen=True)
class FlinkOptions:
    """Where a Flink cluster is and how work reaches it.

    Attributes:
        master: HOST:PORT of the JobManager's REST service.
        job_server_jar: Beam's job server, started here for as long as the job runs; its name tells its versions.
        job_server: HOST:PORT of a job server that runs already; then no jar and no Java are needed here.
        worker_pool: HOST:PORT of the `pipelines.worker_pool` as each TaskManager sees it: one beside every TaskManager,
            so "localhost:50000" also on many machines.
    """

    master: str
    job_server_jar: str = ""
    job_server: str = ""
    worker_pool: str = f"localhost:{WORKER_POOL_PORT}"

    def __post_init__(self) -> None:
        host_port(self.master, "A Flink master")
        host_port(self.worker_pool, "A worker pool")
        if bool(self.job_server) == bool(self.job_server_jar):
            raise MisuseError(
                "A job reaches Flink through Beam's job server: its jar, or the address of one that runs",
                self.job_server or "neither",
                f"Add --flink-job-server-jar FILE or --flink-job-server HOST:PORT. {FETCH}",
            )
        if self.job_server:
            host_port(self.job_server, "A job server")

    def flags(self, workers: int) -> list[str]:
        """Beam's flags for this runner."""
        jar = ["--runner=FlinkRunner", f"--flink_master={self.master}", f"--flink_job_server_jar={self.job_server_jar}"]
        server = ["--runner=PortableRunner", f"--job_endpoint={self.job_server}"]
        java = [f"--job_server_jvm_properties={one}" for one in ("-Xmx512m", *JAVA_OPENS)]
        return [
            *(server if self.job_server else [*jar, *java]),
            "--environment_type=EXTERNAL",
            f"--environment_config={self.worker_pool}",
            f"--parallelism={workers}",
        ]

    def check(self, workers: int) -> None:
        """Refuses what would fail, or wait for ever, once the job is submitted.

        Raises:
            ImagicError: nobody answers, versions do not fit, or the cluster is too small; with the remedy.
        """
        remedy = "Start a cluster (python deploy/flink/cluster.py start) or correct --flink-master"
        running = str(get_json(f"http://{self.master}/config", "The Flink master", remedy).get("flink-version", ""))
        if _minor(running) not in SUPPORTED:
            rule = f"Beam {version('apache-beam')} runs on Flink {', '.join(SUPPORTED)}"
            raise ImagicError(
                rule, f"Flink {running or 'of an unknown version'} at {self.master}", "Use such a cluster"
            )
        slots = get_json(f"http://{self.master}/overview", "The Flink master", remedy).get("slots-total", 0)
        if slots < workers:
            rule = "A Flink cluster has at least as many slots as the job has workers"
            raise ImagicError(rule, f"{slots} slots for {workers} workers", "Add TaskManagers or lower --workers")
        if self.job_server:
            require_open(self.job_server, "The job server", "Start it, or correct its address")
        else:
            _check_jar(Path(self.job_server_jar), _minor(running))


def _check_jar(jar: Path, running: str) -> None:
    if not jar.is_file():
        raise ImagicError("Beam's job server is a jar on this machine", jar, FETCH)
    if not shutil.which("java"):
        raise ImagicError("Beam's job server needs Java", "no `java` on the PATH", "Install Java 17")
    flink, beam = jar_versions(jar)
    if flink and flink != running:
        rule = "The job server is made for the cluster's version of Flink"
        raise ImagicError(rule, f"{jar.name} for a cluster with Flink {running}", "Fetch the one for that version")
    if beam and beam != version("apache-beam"):
        rule = "The job server and the Python package come from one release of Beam"
        raise ImagicError(rule, f"{jar.name} has {beam}, Python has {version('apache-beam')}", FETCH)


def jar_versions(jar: Path) -> tuple[str, str]:
    """Returns the versions of Flink (minor) and Beam that a job server is made for, "" where it does not say.

    Raises:
        ImagicError: the file is no jar.
    """
    named = _JAR_NAME.fullmatch(jar.name)
    flink, beam = (named[1], named[2]) if named else ("", "")
    try:
        with zipfile.ZipFile(jar) as archive:
            if _BEAM_PROPERTIES in archive.namelist():
                told = re.search(r"^version=(\S+)", archive.read(_BEAM_PROPERTIES).decode(), re.MULTILINE)
                beam = told[1] if told else beam
    except (OSError, zipfile.BadZipFile) as error:
        raise ImagicError("Beam's job server is a whole jar", f"{jar} ({error})", FETCH) from error
    return flink, beam


def _minor(told: str) -> str:
    return ".".join(told.split(".")[:2])
