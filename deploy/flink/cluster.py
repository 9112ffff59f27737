"""A small Flink cluster on this machine: one JobManager, TaskManagers as processes of their own, and a worker pool.

    python deploy/flink/cluster.py start     # waits until it is ready, prints the flags that reach it
    python deploy/flink/cluster.py status
    python deploy/flink/cluster.py stop

Everything listens on 127.0.0.1. Logs and process ids lie in .flink/run. Tests use `Cluster` directly.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent)]

import fetch  # noqa: E402

from imaging.errors import ImagicError  # noqa: E402
from pipelines.endpoints import WORKER_POOL_PORT  # noqa: E402
from pipelines.flink import JAVA_OPENS  # noqa: E402

HOST = "127.0.0.1"
RUN = fetch.HOME / "run"
READY_S = 60.0
_END_S = 10.0
_JOB_MANAGER = "org.apache.flink.runtime.entrypoint.StandaloneSessionClusterEntrypoint"
_TASK_MANAGER = "org.apache.flink.runtime.taskexecutor.TaskManagerRunner"


@dataclass
class Cluster:
    """A cluster's processes, by name; entering starts them, leaving stops them.

    Attributes:
        folder: for configuration, logs and process ids.
        task_managers: processes that hold slots.
        slots: of each.
        port: of the REST service.
        pool_port: of the worker pool.
        job_port: of Beam's job server, which is started when its jar is there.
    """

    folder: Path = RUN
    task_managers: int = 2
    slots: int = 2
    port: int = 8081
    pool_port: int = WORKER_POOL_PORT
    job_port: int = 8099
    pids: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Cluster:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    @property
    def master(self) -> str:
        """Address of the REST service, as `--flink-master` takes it."""
        return f"{HOST}:{self.port}"

    def start(self) -> None:
        """Starts everything and waits until it is ready.

        Raises:
            ImagicError: a part is missing, a port is taken, or a process ended early; nothing is left running then.
        """
        _require_parts()
        for port in (self.port, self.pool_port):
            _require_free(port)
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "conf").mkdir(parents=True)
        (self.folder / "conf" / "config.yaml").write_text(json.dumps(self._settings(_free_port()), indent=1))
        shutil.copy(HERE / "log4j.properties", self.folder / "conf")
        try:
            self._launch("job-manager", _java("512m", self.folder, _JOB_MANAGER))
            for index in range(self.task_managers):
                self.start_task_manager(index)
            self._launch("worker-pool", [sys.executable, "-m", "pipelines.worker_pool", "--port", str(self.pool_port)])
            if fetch.JOB_SERVER.is_file():
                self._launch("job-server", self._job_server())
            self._await_ready()
        except BaseException:
            self.stop()
            raise

    def start_task_manager(self, index: int) -> None:
        """Starts one TaskManager, also in the place of a killed one."""
        self._launch(f"task-manager-{index}", _java("640m", self.folder, _TASK_MANAGER))

    def kill(self, name: str) -> None:
        """Ends a process as a power cut would, and waits until it is gone."""
        pid = self.pids.pop(name)
        os.kill(pid, signal.SIGKILL)
        _await_end(pid)

    def overview(self) -> dict[str, Any]:
        """Returns what the JobManager says of itself; empty while it does not answer."""
        try:
            with urllib.request.urlopen(f"http://{self.master}/overview", timeout=2) as answer:
                told: dict[str, Any] = json.load(answer)
                return told
        except (OSError, ValueError):
            return {}

    def stop(self) -> None:
        """Stops whatever of it still runs, the last started first."""
        for name, pid in reversed(list(self.pids.items())):
            if _is_ours(pid, name):
                os.kill(pid, signal.SIGTERM)
                if not _await_end(pid):
                    os.kill(pid, signal.SIGKILL)
                    _await_end(pid)
        self.pids.clear()
        (self.folder / "pids.json").unlink(missing_ok=True)

    def _settings(self, rpc_port: int) -> dict[str, object]:
        return {
            "jobmanager.rpc.address": HOST,
            "jobmanager.rpc.port": rpc_port,
            "jobmanager.bind-host": HOST,
            "jobmanager.memory.heap.size": "512m",
            "taskmanager.host": HOST,
            "taskmanager.bind-host": HOST,
            "taskmanager.numberOfTaskSlots": self.slots,
            # Without Flink's start scripts nobody derives these from one number.
            "taskmanager.cpu.cores": self.slots,
            "taskmanager.memory.task.heap.size": "512m",
            "taskmanager.memory.task.off-heap.size": "0m",
            "taskmanager.memory.framework.heap.size": "128m",
            "taskmanager.memory.framework.off-heap.size": "64m",
            "taskmanager.memory.jvm-metaspace.size": "192m",
            "taskmanager.memory.jvm-overhead.min": "64m",
            "taskmanager.memory.jvm-overhead.max": "64m",
            "taskmanager.memory.managed.size": "128m",
            "taskmanager.memory.network.min": "64m",
            "taskmanager.memory.network.max": "64m",
            "rest.address": HOST,
            "rest.bind-address": HOST,
            "rest.port": self.port,
            # A lost TaskManager is noticed after seconds, and the job starts again: shards that are done stay done.
            "heartbeat.interval": "1 s",
            "heartbeat.timeout": "6 s",
            "restart-strategy.type": "fixed-delay",
            "restart-strategy.fixed-delay.attempts": 10,
            "restart-strategy.fixed-delay.delay": "2 s",
            "io.tmp.dirs": str(self.folder / "tmp"),
        }

    def _job_server(self) -> list[str]:
        """Returns Beam's job server on fixed ports, so that jobs need no Java of their own."""
        flags = {
            "flink-master": f"http://{self.master}",
            "job-host": HOST,
            "job-port": self.job_port,
            "artifact-port": 0,
            "expansion-port": 0,
            "artifacts-dir": self.folder / "artifacts",
        }
        return [
            "java",
            "-Xmx512m",
            "-jar",
            str(fetch.JOB_SERVER),
            *(f"--{name}={value}" for name, value in flags.items()),
        ]

    def _launch(self, name: str, command: list[str]) -> None:
        with open(self.folder / f"{name}.log", "ab") as log:
            self.pids[name] = subprocess.Popen(
                command,
                stdout=log,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                cwd=fetch.ROOT,
                env={**os.environ, "IMAGIC_CLUSTER": f"{name}@{self.folder}"},
                start_new_session=True,
            ).pid
        (self.folder / "pids.json").write_text(json.dumps(self.pids))

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_S
        ports = [self.pool_port, *([self.job_port] if "job-server" in self.pids else [])]
        while self.overview().get("taskmanagers") != self.task_managers or not all(map(_answers, ports)):
            dead = [name for name, pid in self.pids.items() if _await_end(pid, 0)]
            if dead or time.monotonic() > deadline:
                raise ImagicError(
                    "A cluster's processes are ready within a minute",
                    f"{', '.join(dead) or 'the cluster'}: {self._last_words(dead)}",
                    f"Read the logs in {self.folder}",
                )
            time.sleep(0.2)

    def _last_words(self, names: list[str]) -> str:
        lines = [line for name in names for line in (self.folder / f"{name}.log").read_text().splitlines()[-1:]]
        return " / ".join(lines)[:300] or "did not answer"


def running(folder: Path = RUN) -> dict[str, int]:
    """Returns the process ids of a cluster that `start` left running."""
    try:
        told: dict[str, int] = json.loads((folder / "pids.json").read_text())
    except (OSError, ValueError):
        return {}
    return {name: pid for name, pid in told.items() if _is_ours(pid, name)}


def missing_parts() -> list[str]:
    """Returns what a cluster cannot start without, in words; the job server counts only for Beam jobs."""
    lacks = [] if shutil.which("java") else ["Java 17 (no `java` on the PATH)"]
    return lacks if fetch.LIBRARIES.is_dir() else [*lacks, f"Flink's jars in {fetch.LIBRARIES}"]


def _require_parts() -> None:
    if lacks := missing_parts():
        raise ImagicError("A local cluster needs Java and Flink's jars", f"without {', '.join(lacks)}", _remedy())


def _remedy() -> str:
    return "Install Java 17 and run: python deploy/flink/fetch.py"


def _java(heap: str, folder: Path, main: str) -> list[str]:
    logging = f"-Dlog4j.configurationFile=file:{folder / 'conf' / 'log4j.properties'}"
    options = [f"-Xmx{heap}", "-XX:+UseSerialGC", *JAVA_OPENS, logging, "-cp", f"{fetch.LIBRARIES}/*"]
    return ["java", *options, main, "--configDir", str(folder / "conf")]


def _is_ours(pid: int, name: str) -> bool:
    """Whether a process is still the one that was started: process ids are given out again."""
    try:
        told = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return False
    return f"IMAGIC_CLUSTER={name}@".encode() in told


def _await_end(pid: int, seconds: float = _END_S) -> bool:
    """Whether a process ends within the time; a child is also taken off the process table."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            ended = os.waitpid(pid, os.WNOHANG)[0] == pid
        except ChildProcessError:
            ended = not Path(f"/proc/{pid}").exists()
        if ended or time.monotonic() >= deadline:
            return ended
        time.sleep(0.05)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _require_free(port: int) -> None:
    if _answers(port):
        raise ImagicError(
            "A cluster needs its ports", f"{HOST}:{port} is taken", "Stop what listens there: cluster.py stop"
        )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _start(told: argparse.Namespace) -> list[str]:
    if running():
        raise ImagicError("One cluster runs at a time", RUN, "python deploy/flink/cluster.py stop")
    cluster = Cluster(task_managers=told.task_managers, slots=told.slots, port=told.port)
    cluster.start()
    reached = f"--runner flink --flink-master {cluster.master} --workers {told.task_managers * told.slots}"
    server = (
        f"--flink-job-server {HOST}:{cluster.job_port}"
        if "job-server" in cluster.pids
        else "--flink-job-server-jar FILE"
    )
    return [*_status(told), f"use it: {reached} {server}"]


def _stop(told: argparse.Namespace) -> list[str]:
    found = running()
    Cluster(pids=dict(found)).stop()
    return [f"stopped {name}" for name in found] or ["nothing runs"]


def _status(told: argparse.Namespace) -> list[str]:
    return [f"{name}: process {pid}" for name, pid in running().items()] or ["nothing runs"]


COMMANDS = {"start": _start, "stop": _stop, "status": _status}


def main() -> None:
    """Runs one of `COMMANDS`."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--task-managers", type=int, default=2, help="default: %(default)s")
    parser.add_argument("--slots", type=int, default=2, help="of each TaskManager (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8081, help="of the REST service (default: %(default)s)")
    told = parser.parse_args()
    try:
        print("\n".join(COMMANDS[told.command](told)))
    except ImagicError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
