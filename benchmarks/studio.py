"""Load on the studio: clients that each restore one picture after the other, and one that asks for several at once.

Prints one table: pictures and errors per client, waiting times, how evenly the turns are shared, and the memory of the
studio with its decoders at the start, after a quarter of the time, and at the end.

    python benchmarks/studio.py --clients 8 --seconds 60 --stage baseline:nlm
"""

from __future__ import annotations

import argparse
import http.client
import multiprocessing
import secrets
import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import psutil
from skimage import data

sys.path[0] = str(Path(__file__).resolve().parent.parent)  # this file's own name hides the package that it measures
GREEDY = 4  # requests that the last client has open at the same time


@dataclass
class Client:
    """One browser: its name in the cookie, and what became of its requests."""

    name: str
    seconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def restore(self, port: int, stage: str, content: bytes) -> None:
        """Send one request and note its time, or what was wrong."""
        began = time.monotonic()
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            headers = {"Cookie": f"imagic_client={self.name}"}
            connection.request("POST", f"/api/enhance?stages={stage}", content, headers)
            answer = connection.getresponse()
            body = answer.read()
            connection.close()
        except OSError as error:
            self.errors.append(str(error))
            return
        if answer.status == 200 and body.startswith(b"\x89PNG"):
            self.seconds.append(time.monotonic() - began)
        else:
            self.errors.append(f"{answer.status} {body[:80]!r}")


def serve_into(port: multiprocessing.Queue) -> None:
    """Serve a studio on a free port, and say which."""
    import uvicorn

    from studio.app import create_app
    from studio.options import StudioOptions
    from studio.server import listen

    cv2.setNumThreads(1)
    options = StudioOptions(port=0, rate=0)
    listening = listen(options)
    port.put(listening.getsockname()[1])
    uvicorn.Server(uvicorn.Config(create_app(options), log_level="warning")).run(sockets=[listening])


@contextmanager
def studio() -> Iterator[tuple[int, psutil.Process]]:
    """A studio in a process of its own: its port and the process."""
    spawn = multiprocessing.get_context("spawn")
    port = spawn.Queue()
    process = spawn.Process(target=serve_into, args=(port,))
    process.start()
    try:
        yield port.get(timeout=60), psutil.Process(process.pid)
    finally:
        process.terminate()
        process.join(timeout=20)


def memory_mib(process: psutil.Process) -> float:
    """Resident memory of the studio and its decoders."""
    return sum(one.memory_info().rss for one in [process, *process.children(recursive=True)]) / 2**20


def load(port: int, clients: list[Client], stage: str, content: bytes, until: float) -> list[threading.Thread]:
    def work(client: Client) -> None:
        while time.monotonic() < until:
            client.restore(port, stage, content)

    threads = [threading.Thread(target=work, args=(client,)) for client in clients]
    threads += [threading.Thread(target=work, args=(clients[-1],)) for _ in range(GREEDY - 1)]
    for thread in threads:
        thread.start()
    return threads


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--stage", default="baseline:gamma")
    asked = parser.parse_args()
    content = cv2.imencode(".png", np.ascontiguousarray(data.astronaut()[:, :, ::-1]))[1].tobytes()
    clients = [Client(secrets.token_urlsafe(18)) for _ in range(asked.clients)]
    with studio() as (port, process):
        Client("warm").restore(port, asked.stage, content)
        memory = [memory_mib(process)]
        threads = load(port, clients, asked.stage, content, time.monotonic() + asked.seconds)
        for share in (0.25, 0.7):
            time.sleep(asked.seconds * share)
            memory.append(memory_mib(process))
        for thread in threads:
            thread.join()
    print(table(clients, memory, asked.seconds))
    raise SystemExit(1 if any(client.errors for client in clients) else 0)


def table(clients: list[Client], memory: list[float], seconds: float) -> str:
    """The figures as lines."""
    modest, greedy = clients[:-1], clients[-1]
    counts = [len(client.seconds) for client in modest]
    waits = sorted(second for client in modest for second in client.seconds)
    errors = [error for client in clients for error in client.errors]
    rows = [
        ("pictures in all", f"{sum(counts) + len(greedy.seconds)}"),
        ("pictures a second", f"{(sum(counts) + len(greedy.seconds)) / seconds:.2f}"),
        ("errors", f"{len(errors)} {errors[0] if errors else ''}"),
        (f"pictures of each of {len(modest)} clients, least to most", f"{min(counts)} to {max(counts)}"),
        (f"pictures of the client with {GREEDY} requests open", f"{len(greedy.seconds)}"),
        ("seconds for a picture, median", f"{statistics.median(waits):.2f}"),
        ("seconds for a picture, slowest of 20", f"{waits[int(len(waits) * 0.95)]:.2f}"),
        ("MiB at the start, after a quarter, at the end", " / ".join(f"{value:.0f}" for value in memory)),
    ]
    return "\n".join(f"{name:<52}{value}" for name, value in rows)


if __name__ == "__main__":
    main()
