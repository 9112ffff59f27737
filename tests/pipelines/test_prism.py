"""On the real Prism, with workers in processes of their own; `python deploy/flink/fetch.py prism` brings it."""

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from engine_trial import Accident, build, make_archive, pool_environment, restore

from imaging.errors import ImagicError
from pipelines.check import check_runner, greet, meet_workers, versions
from pipelines.prism import PrismOptions
from pipelines.runners import RunnerOptions, pipeline_options
from pipelines.worker_pool import serve

ROOT = Path(__file__).resolve().parent.parent.parent
PRISM = shutil.which("prism") or str(ROOT / ".flink" / "bin" / "prism")
with_prism = pytest.mark.skipif(
    not os.access(PRISM, os.X_OK), reason="Prism is not there; get it with: python deploy/flink/fetch.py prism"
)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return make_archive(tmp_path_factory.mktemp("prism") / "archive")


@pytest.fixture
def pool(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", pool_environment()["PYTHONPATH"])
    pool, server, port = serve("127.0.0.1", 0)
    yield pool, RunnerOptions("prism", engine=PrismOptions(PRISM, f"127.0.0.1:{port}"))
    server.stop(0)
    pool.close()


@with_prism
@pytest.mark.slow
@pytest.mark.parametrize("job", [build, restore])
def test_the_bytes_and_counts_are_those_of_the_local_runner(archive, tmp_path, pool, job):
    here = job(archive, tmp_path / "here", RunnerOptions())
    there = job(archive, tmp_path / "there", pool[1])
    assert there == here and here.exit_code == 3 and here.counted == 32


@with_prism
@pytest.mark.slow
@pytest.mark.parametrize(("job", "first_file"), [(build, "receipts/*"), (restore, "piece-*.png")])
def test_after_a_worker_was_killed_the_same_command_ends_in_the_same_bytes(archive, tmp_path, pool, job, first_file):
    def kill():
        for pid in pool[0].pids():
            os.kill(pid, signal.SIGKILL)

    accident = Accident(tmp_path, first_file, kill)
    with pytest.raises(ImagicError, match="What it finished is kept"):
        job(archive, tmp_path / "there", pool[1])
    assert accident.happened
    there = job(archive, tmp_path / "there", pool[1])
    here = job(archive, tmp_path / "here", RunnerOptions())
    assert (there.exit_code, there.files) == (here.exit_code, here.files)


def test_a_missing_prism_says_how_to_get_it(tmp_path):
    with pytest.raises(ImagicError, match="go install") as caught:
        check_runner(RunnerOptions("prism", engine=PrismOptions(str(tmp_path / "prism"))))
    assert str(tmp_path / "prism") in str(caught.value)


def test_a_file_that_cannot_be_run_is_no_prism(tmp_path):
    (tmp_path / "prism").write_text("not executable")
    with pytest.raises(ImagicError, match="Prism is a program"):
        check_runner(RunnerOptions("prism", engine=PrismOptions(str(tmp_path / "prism"))))


def test_nobody_in_the_worker_pool():
    with pytest.raises(ImagicError, match=r"python -m pipelines\.worker_pool"):
        check_runner(RunnerOptions("prism", engine=PrismOptions(sys.executable, "127.0.0.1:9")))


def test_a_relative_path_is_not_taken_for_a_version_to_download():
    given = pipeline_options(RunnerOptions("prism", engine=PrismOptions("bin/prism"))).get_all_options()
    assert given["prism_location"] == str(Path("bin/prism").resolve())
    assert given["environment_type"] == "LOOPBACK"


@with_prism
@pytest.mark.slow
def test_workers_without_imagic_are_found_out_before_any_data_is_touched(tmp_path):
    """Beam's own pool, started where IMagic is not importable: -P and -S leave only what is named here."""
    beam = Path(importlib.util.find_spec("apache_beam").origin).parent.parent
    program = (
        f"import sys; sys.path = [path for path in sys.path if path != {str(ROOT)!r}] + [{str(beam)!r}];"
        "from apache_beam.runners.worker.worker_pool_main import BeamFnExternalWorkerPoolServicer as Pool;"
        "address, server = Pool.start(); print(address, flush=True); sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    bare = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-S", "-P", "-c", program]
    with subprocess.Popen(command, cwd=tmp_path, env=bare, text=True, **pipes) as pool:
        address = pool.stdout.readline().strip()
        runner = RunnerOptions("prism", engine=PrismOptions(PRISM, address))
        with pytest.raises(ImagicError, match="Workers have IMagic") as caught:
            check_runner(runner)
        pool.stdin.close()
    assert "No module named 'pipelines'" in str(caught.value)


@with_prism
@pytest.mark.slow
def test_workers_that_cannot_start_are_not_waited_for(tmp_path, pool):
    """The pool takes the call and its workers die at once, as with a `python` that has no Beam."""
    pool[0]._start = lambda name, control: None
    with pytest.raises(ImagicError, match="Workers answer within 3 seconds"):
        meet_workers(pool[1], 3)


def test_a_worker_of_another_version_refuses():
    greet(versions())
    with pytest.raises(ImagicError, match="one version of IMagic") as caught:
        greet("Python 3.9, Beam 2.60.0, IMagic 0")
    assert "Beam 2.60.0" in str(caught.value)
