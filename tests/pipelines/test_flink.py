import json
import shutil
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

import pytest

from imaging.errors import ImagicError, MisuseError
from pipelines import check
from pipelines.check import check_runner
from pipelines.flink import JAVA_OPENS, FlinkOptions, jar_versions
from pipelines.runners import RunnerOptions, pipeline_options

BEAM = version("apache-beam")


@pytest.fixture
def master():
    """A stand-in for a JobManager's REST service; its answers can be changed."""
    answers = {"/config": {"flink-version": "2.2.0"}, "/overview": {"slots-total": 4}}

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps(answers[self.path]).encode())

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", answers
    server.shutdown()
    server.server_close()


def job_server(folder, flink="2.2", beam=BEAM, inside=BEAM):
    jar = folder / f"beam-runners-flink-{flink}-job-server-{beam}.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        archive.writestr("org/apache/beam/sdk/sdk.properties", f"# made for a test\nversion={inside}\n")
    return str(jar)


def refusal(options, workers=2):
    with pytest.raises(ImagicError) as caught:
        check_runner(RunnerOptions("flink", workers, engine=options))
    return str(caught.value)


@pytest.fixture(autouse=True)
def java(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")


def test_a_cluster_that_fits_is_accepted_and_its_workers_are_met(master, tmp_path, monkeypatch):
    met = []
    monkeypatch.setattr(check, "meet_workers", lambda options, patience: met.append(options.engine.worker_pool))
    check_runner(RunnerOptions("flink", 4, engine=FlinkOptions(master[0], job_server(tmp_path))))
    assert met == ["localhost:50000"]


def test_nobody_at_the_master_s_address(tmp_path):
    said = refusal(FlinkOptions("127.0.0.1:9", job_server(tmp_path)))
    assert "The Flink master must answer" in said and "127.0.0.1:9" in said and "cluster.py start" in said


def test_something_else_at_the_master_s_address(master, tmp_path):
    master[1]["/config"] = ["not", "Flink"]
    assert "JSON object" in refusal(FlinkOptions(master[0], job_server(tmp_path)))


@pytest.mark.parametrize("told", ["2.3.0", "1.18.1", ""])
def test_a_flink_that_beam_does_not_know(master, tmp_path, told):
    master[1]["/config"] = {"flink-version": told}
    said = refusal(FlinkOptions(master[0], job_server(tmp_path)))
    assert (told or "unknown version") in said and "1.19, 1.20, 2.0, 2.1, 2.2" in said


def test_too_few_slots_would_wait_for_ever(master, tmp_path):
    assert "4 slots for 5 workers" in refusal(FlinkOptions(master[0], job_server(tmp_path)), workers=5)


def test_a_missing_jar_says_how_to_get_it(master, tmp_path):
    said = refusal(FlinkOptions(master[0], str(tmp_path / "none.jar")))
    assert "none.jar" in said and "python deploy/flink/fetch.py" in said


def test_a_missing_java(master, tmp_path, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert "Java" in refusal(FlinkOptions(master[0], job_server(tmp_path)))


def test_a_job_server_for_another_flink(master, tmp_path):
    said = refusal(FlinkOptions(master[0], job_server(tmp_path, flink="1.20")))
    assert "1.20" in said and "Flink 2.2" in said


def test_a_job_server_of_another_beam_is_found_out_by_what_is_in_the_jar(master, tmp_path):
    said = refusal(FlinkOptions(master[0], job_server(tmp_path, inside="2.60.0")))
    assert "has 2.60.0" in said and BEAM in said


def test_a_half_downloaded_jar(master, tmp_path):
    jar = tmp_path / "job-server.jar"
    jar.write_bytes(b"PK half")
    assert "whole jar" in refusal(FlinkOptions(master[0], str(jar)))


def test_a_renamed_jar_is_taken_by_its_content(tmp_path):
    renamed = shutil.copy(job_server(tmp_path), tmp_path / "renamed.jar")
    assert jar_versions(renamed) == ("", BEAM)


def test_a_running_job_server_that_does_not_run(master):
    said = refusal(FlinkOptions(master[0], job_server="127.0.0.1:9"))
    assert "The job server must answer" in said and "127.0.0.1:9" in said


@pytest.mark.parametrize(
    "told",
    [
        {"master": "flink.example", "job_server": "127.0.0.1:8099"},
        {"master": "127.0.0.1:99999", "job_server": "127.0.0.1:8099"},
        {"master": "127.0.0.1:8081"},
        {"master": "127.0.0.1:8081", "job_server": "127.0.0.1:8099", "job_server_jar": "both.jar"},
        {"master": "127.0.0.1:8081", "job_server": "8099"},
        {"master": "127.0.0.1:8081", "job_server": "127.0.0.1:8099", "worker_pool": "here"},
    ],
)
def test_addresses_and_choices_are_checked_at_birth(told):
    with pytest.raises(MisuseError):
        FlinkOptions(**told)


def test_beam_understands_every_flag():
    options = FlinkOptions("127.0.0.1:8081", "job-server.jar", worker_pool="localhost:50001")
    given = pipeline_options(RunnerOptions("flink", 3, engine=options)).get_all_options(drop_default=True)
    assert given == {
        "runner": "FlinkRunner",
        "flink_master": "127.0.0.1:8081",
        "flink_job_server_jar": "job-server.jar",
        "job_server_jvm_properties": ["-Xmx512m", *JAVA_OPENS],
        "environment_type": "EXTERNAL",
        "environment_config": "localhost:50001",
        "parallelism": 3,
    }
