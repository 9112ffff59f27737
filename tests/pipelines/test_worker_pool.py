import os
import signal
import socket
import subprocess
import sys
import time

import grpc
import pytest
from apache_beam.portability.api import beam_fn_api_pb2, beam_fn_api_pb2_grpc

from imaging.errors import ImagicError
from pipelines.worker_pool import serve


@pytest.fixture
def pool():
    pool, server, port = serve("127.0.0.1", 0)
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield pool, beam_fn_api_pb2_grpc.BeamFnExternalWorkerPoolStub(channel)
    server.stop(0)
    pool.close()


def start(stub, name):
    request = beam_fn_api_pb2.StartWorkerRequest(worker_id=name)
    request.control_endpoint.url = "127.0.0.1:9"
    return stub.StartWorker(request)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_worker_is_a_process_of_the_pool_s_own_interpreter(pool):
    assert start(pool[1], "first").error == ""
    (pid,) = pool[0].pids()
    assert os.path.samefile(f"/proc/{pid}/exe", sys.executable)


def test_a_stopped_worker_is_gone(pool):
    start(pool[1], "first")
    (pid,) = pool[0].pids()
    pool[1].StopWorker(beam_fn_api_pb2.StopWorkerRequest(worker_id="first"))
    assert not alive(pid) and pool[0].pids() == []


def test_stopping_a_worker_that_never_was_is_no_error(pool):
    assert pool[1].StopWorker(beam_fn_api_pb2.StopWorkerRequest(worker_id="nobody")).error == ""


def test_a_killed_worker_is_forgotten(pool):
    start(pool[1], "first")
    (pid,) = pool[0].pids()
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while pool[0].pids() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert pool[0].pids() == []


def test_closing_stops_all_workers(pool):
    for name in ("first", "second"):
        start(pool[1], name)
    pids = pool[0].pids()
    pool[0].close()
    assert len(pids) == 2 and not any(map(alive, pids))


def test_a_taken_port_is_told():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(ImagicError, match="free port"):
            serve("127.0.0.1", other.getsockname()[1])


def test_the_command_serves_on_the_loopback_only_and_ends_on_sigterm():
    command = [sys.executable, "-m", "pipelines.worker_pool", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().startswith("workers are started at 127.0.0.1:")
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr.read() == ""
