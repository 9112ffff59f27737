"""On a real Flink cluster of this machine: a JobManager, two TaskManagers, a worker pool, each a process of its own.

`python deploy/flink/fetch.py` brings what it needs; without that everything here is skipped, and says what is missing.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import engine_trial
from engine_trial import Accident, make_archive, pool_environment

from imaging.errors import ImagicError
from pipelines.check import check_runner
from pipelines.flink import JAVA_OPENS, FlinkOptions
from pipelines.runners import RunnerOptions

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "deploy" / "flink"))

import cluster as local  # noqa: E402
import fetch  # noqa: E402

LACKS = local.missing_parts()
pytestmark = [
    pytest.mark.flink,
    pytest.mark.slow,
    pytest.mark.skipif(bool(LACKS), reason=f"no Flink here: {', '.join(LACKS)}; python deploy/flink/fetch.py"),
]
with_job_server = pytest.mark.skipif(
    not fetch.JOB_SERVER.is_file(),
    reason=f"Beam's job server {fetch.JOB_SERVER.name} is not there; python deploy/flink/fetch.py job-server",
)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return make_archive(tmp_path_factory.mktemp("flink") / "archive")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    os.environ["PYTHONPATH"] = pool_environment()["PYTHONPATH"]
    ports = {"port": free_port(), "pool_port": free_port(), "job_port": free_port()}
    with local.Cluster(tmp_path_factory.mktemp("cluster") / "run", **ports) as running:
        yield running


def runner_of(cluster, workers=2):
    """Two of four slots, so that the loss of one TaskManager leaves enough."""
    server = (
        {"job_server": f"127.0.0.1:{cluster.job_port}"} if fetch.JOB_SERVER.is_file() else {"job_server_jar": "none"}
    )
    engine = FlinkOptions(cluster.master, **server, worker_pool=f"127.0.0.1:{cluster.pool_port}")
    return RunnerOptions("flink", workers, engine=engine)


def await_task_managers(cluster, wanted):
    deadline = time.monotonic() + 30
    while cluster.overview().get("taskmanagers") != wanted:
        assert time.monotonic() < deadline, cluster.overview()
        time.sleep(0.2)


def killing_one(cluster, folder, pattern):
    return Accident(folder, pattern, lambda: cluster.kill("task-manager-0"))


@pytest.fixture
def whole_cluster(cluster):
    yield cluster
    if "task-manager-0" not in cluster.pids:
        cluster.start_task_manager(0)
        await_task_managers(cluster, 2)


def test_the_cluster_answers_as_flink_2_2_with_all_its_slots(cluster):
    told = cluster.overview()
    assert told["flink-version"] == fetch.FLINK
    assert (told["taskmanagers"], told["slots-total"]) == (2, 4)


def test_everything_listens_on_the_loopback_only(cluster):
    inodes = {link for pid in cluster.pids.values() for link in _sockets(pid)}
    listening = [
        line.split() for table in ("tcp", "tcp6") for line in Path(f"/proc/net/{table}").read_text().splitlines()
    ]
    addresses = {row[1].split(":")[0] for row in listening[1:] if row[3] == "0A" and row[9] in inodes}
    assert addresses and addresses <= {"0100007F", "0000000000000000FFFF00000100007F"}


def _sockets(pid):
    links = [os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_symlink()]
    return [link.removeprefix("socket:[").removesuffix("]") for link in links if link.startswith("socket:[")]


def test_more_workers_than_slots_are_refused_before_anything_is_sent(cluster):
    with pytest.raises(ImagicError, match="4 slots for 5 workers"):
        check_runner(runner_of(cluster, 5))


def test_a_second_cluster_on_the_same_port_is_refused(cluster, tmp_path):
    with pytest.raises(ImagicError, match="is taken"):
        local.Cluster(tmp_path / "other", port=cluster.port).start()


def test_a_killed_task_manager_is_missed_and_a_new_one_takes_its_place(whole_cluster):
    whole_cluster.kill("task-manager-0")
    await_task_managers(whole_cluster, 1)
    whole_cluster.start_task_manager(0)
    await_task_managers(whole_cluster, 2)


@pytest.mark.skipif(not shutil.which("javac"), reason="compiles a job for Flink: no `javac` on the PATH")
def test_shards_that_flink_hands_out_twice_are_the_same_bytes(whole_cluster, archive, tmp_path):
    """Flink itself, in the place of Beam's runner on it, starts the lost shards again: they must come out the same."""
    here = engine_trial.build(archive, tmp_path / "here", RunnerOptions())
    folder = planned_copy(tmp_path / "here", tmp_path / "there")
    names = sorted(here.files)
    accident = killing_one(whole_cluster, folder, "receipts/*")
    submit(whole_cluster, tmp_path, [sys.executable, str(folder), *names])
    assert accident.happened
    assert " to FAILED on " in (whole_cluster.folder / "job-manager.log").read_text(), "nothing had to be done again"
    assert engine_trial.digests({name: folder / name for name in names}) == here.files


@with_job_server
@pytest.mark.parametrize(
    ("job", "first_file"), [(engine_trial.build, "receipts/*"), (engine_trial.restore, "piece-*.png")]
)
def test_beam_on_flink_survives_the_loss_of_a_task_manager(whole_cluster, archive, tmp_path, job, first_file):
    there_folder = tmp_path / "there"
    accident = killing_one(whole_cluster, tmp_path, first_file)
    there = job(archive, there_folder, runner_of(whole_cluster))
    assert accident.happened
    assert there == job(archive, tmp_path / "here", RunnerOptions())


def planned_copy(done, copy):
    """A copy of a finished dataset's folder with its plan, and without the shards and receipts."""
    shutil.copytree(done, copy)
    (hidden,) = copy.rglob(".build")
    for path in [*hidden.glob("receipts/*"), *hidden.parent.glob("*.tfrecord-*")]:
        path.unlink()
    return hidden.parent


def submit(cluster, folder, arguments):
    """Compiles Shards.java, hands it to the cluster and waits for its end."""
    flink = f"{fetch.LIBRARIES}/*"
    source = Path(__file__).with_name("Shards.java")
    subprocess.run(["javac", "-cp", flink, "-d", str(folder / "classes"), str(source)], check=True)
    subprocess.run(["jar", "cf", str(folder / "shards.jar"), "-C", str(folder / "classes"), "."], check=True)
    client = ["java", "-Xmx256m", *JAVA_OPENS, "-cp", flink, "org.apache.flink.client.cli.CliFrontend", "run"]
    job = ["-m", cluster.master, "-c", "Shards", str(folder / "shards.jar"), *arguments]
    environment = {**os.environ, "FLINK_CONF_DIR": str(cluster.folder / "conf")}
    ran = subprocess.run([*client, *job], env=environment, capture_output=True, text=True, timeout=150)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-3000:]
