"""A pool of Python workers for an engine that runs elsewhere: `python -m pipelines.worker_pool`.

Beam's own pool (`apache_beam.runners.worker.worker_pool_main`) listens on every network interface and starts whatever
`python` comes first on the PATH; one without Beam dies unseen, and the job waits for ever. This one listens where it is
told, on the loopback interface unless told otherwise, and starts its workers with its own interpreter, so that a pool
that starts at all can also work. Whoever reaches the port can run code here: never open it to a network of others.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc

from imaging.errors import ImagicError
from pipelines.endpoints import WORKER_POOL_PORT
from pipelines.runners import import_beam

import_beam()
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc  # noqa: E402

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE_S = 5.0  # for a worker to end by itself
_WORK = "import sys; from apache_beam.runners.worker.sdk_worker import SdkHarness; \
SdkHarness(sys.argv[1], worker_id=sys.argv[2]).run()"


class WorkerPool(beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolServicer):
    """Starts one process per worker that an engine asks for, and stops them."""

    def __init__(self) -> None:
        self._workers: dict[str, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def StartWorker(self, request: Any, context: Any) -> Any:
        """Beam's call: start a worker that connects to the engine's control endpoint."""
        try:
            self._start(request.worker_id, request.control_endpoint.url)
        except OSError:
            return beam_fn_api_pb2.StartWorkerResponse(error=traceback.format_exc())
        return beam_fn_api_pb2.StartWorkerResponse()

    def StopWorker(self, request: Any, context: Any) -> Any:
        """Beam's call: the worker is not needed any more."""
        with self._lock:
            worker = self._workers.pop(request.worker_id, None)
        if worker:
            _stop(worker)
        return beam_fn_api_pb2.StopWorkerResponse()

    def pids(self) -> list[int]:
        """Process ids of the workers that run now."""
        with self._lock:
            # A worker whose engine was killed ends by itself, and nobody asks to stop it: forget it here.
            self._workers = {name: worker for name, worker in self._workers.items() if worker.poll() is None}
            return [worker.pid for worker in self._workers.values()]

    def close(self) -> None:
        """Stops all workers."""
        with self._lock:
            workers, self._workers = list(self._workers.values()), {}
        for worker in workers:
            _stop(worker)

    def _start(self, name: str, control: str) -> None:
        self.pids()
        paths = [str(_ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
        worker = subprocess.Popen([sys.executable, "-c", _WORK, control, name], env=environment)
        with self._lock:
            self._workers[name] = worker


def serve(host: str, port: int) -> tuple[WorkerPool, grpc.Server, int]:
    """Opens a pool.

    Args:
        host: interface to listen on.
        port: 0 for any free one.

    Returns:
        The pool, its server, and the port.

    Raises:
        ImagicError: the port is taken.
    """
    pool = WorkerPool()
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
    beam_fn_api_pb2_grpc.add_BeamFnExternalWorkerPoolServicer_to_server(pool, server)
    try:
        bound = server.add_insecure_port(f"{host}:{port}")
    except RuntimeError as error:
        raise ImagicError("A worker pool needs a free port", f"{host}:{port}", "Name another --port") from error
    server.start()
    return pool, server, bound


def main() -> None:
    """Serves until SIGTERM or Ctrl-C, then stops its workers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--host", default="127.0.0.1", help="interface to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=WORKER_POOL_PORT, help="0 for any free one (default: %(default)s)")
    told = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    try:
        pool, server, port = serve(told.host, told.port)
    except ImagicError as error:
        sys.exit(f"Error: {error}")
    print(f"workers are started at {told.host}:{port}", flush=True)
    ended.wait()
    server.stop(0)
    pool.close()


def _stop(worker: subprocess.Popen[bytes]) -> None:
    worker.terminate()
    try:
        worker.wait(_PATIENCE_S)
    except subprocess.TimeoutExpired:
        worker.kill()
        worker.wait()


if __name__ == "__main__":
    main()
