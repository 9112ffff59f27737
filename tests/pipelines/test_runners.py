import logging
import subprocess
import sys

import pytest

from imaging.errors import ImagicError, MisuseError
from pipelines.dataflow import DataflowOptions
from pipelines.flink import FlinkOptions
from pipelines.prism import PrismOptions
from pipelines.runners import RUNNERS, RunnerOptions, pipeline_options, run_pipeline

DESCRIBED = {
    "fnapi": None,
    "prism": PrismOptions("prism"),
    "flink": FlinkOptions("127.0.0.1:8081", job_server="127.0.0.1:8099"),
    "dataflow": DataflowOptions("my-museum", "europe-west4", "gs://pictures"),
}


def fail_with_rule(name):
    raise ImagicError("A shard must be written to the disk", name, "Make room")


def fail_without_rule(name):
    raise ZeroDivisionError(name)


def run_over(function):
    import apache_beam as beam

    run_pipeline(RunnerOptions(), lambda pipeline: pipeline | beam.Create(["one"]) | beam.Map(function))


def test_the_local_runner_is_named_so_that_beam_does_not_look_for_another():
    given = pipeline_options(RunnerOptions(workers=3)).get_all_options()
    assert given["runner"] == "FnApiRunner"
    assert (given["direct_num_workers"], given["direct_running_mode"]) == (3, "multi_threading")


def test_further_flags_reach_beam():
    options = RunnerOptions(flags=("--job_name=pictures",))
    assert pipeline_options(options).get_all_options()["job_name"] == "pictures"


@pytest.mark.parametrize("wrong", [{"runner": "dask"}, {"mode": "fibres"}, {"workers": 0}])
def test_nonsense_is_refused_before_beam_is_imported(wrong):
    with pytest.raises(MisuseError) as caught:
        RunnerOptions(**wrong)
    assert str(next(iter(wrong.values()))) in str(caught.value)


@pytest.mark.parametrize("name", RUNNERS)
def test_every_runner_can_be_asked_for(name):
    options = RunnerOptions(name, engine=DESCRIBED[name])
    chosen = pipeline_options(options).get_all_options()["runner"].lower()
    assert chosen.startswith({"flink": "portable"}.get(name, name))


@pytest.mark.parametrize(("name", "other"), [(one, two) for one in RUNNERS for two in RUNNERS if one != two])
def test_a_runner_with_another_s_options_is_refused(name, other):
    with pytest.raises(MisuseError, match=f"{name} with .*Add --flink-master"):
        RunnerOptions(name, engine=DESCRIBED[other])


def test_a_worker_s_own_words_reach_the_user():
    with pytest.raises(ImagicError) as caught:
        run_over(fail_with_rule)
    assert str(caught.value) == "A shard must be written to the disk. Received: one. Make room."


def test_an_unforeseen_failure_is_told_in_one_line():
    with pytest.raises(ImagicError) as caught:
        run_over(fail_without_rule)
    assert "ZeroDivisionError: one" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_logging_is_as_it_was_after_a_run():
    before = logging.root.manager.disable
    run_over(str.upper)
    assert logging.root.manager.disable == before


@pytest.mark.slow
def test_beam_starts_without_chatter():
    code = (
        "from pipelines.runners import *\n"
        "beam = import_beam()\n"
        "run_pipeline(RunnerOptions(), lambda pipeline: pipeline | beam.Create(['one']) | beam.Map(str.upper))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
