import logging
import subprocess
import sys

import pytest

from imaging.errors import ImagicError, MisuseError
from pipelines.runners import RUNNERS, RunnerOptions, engine_options, pipeline_options, run_pipeline

TOLD = {
    "fnapi": {},
    "prism": {"location": "prism"},
    "flink": {"master": "127.0.0.1:8081", "job_server": "127.0.0.1:8099"},
    "dataflow": {"project": "my-museum", "region": "europe-west4", "bucket": "gs://pictures", "threads": "2"},
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
def test_every_runner_can_be_asked_for_in_words(name):
    options = RunnerOptions(name, engine=engine_options(name, TOLD[name]))
    (flag,) = [flag for flag in _flags(options) if flag.startswith("--runner=")]
    assert flag.lower().startswith({"flink": "--runner=portable"}.get(name, f"--runner={name}"))


def _flags(options):
    return options.engine.flags(options.workers) if options.engine else ["--runner=FnApiRunner"]


@pytest.mark.parametrize("name", [name for name in RUNNERS if name != "fnapi"])
def test_an_engine_without_its_address_says_which_flag_is_missing(name):
    with pytest.raises(MisuseError, match="Add --"):
        engine_options(name, {})
    with pytest.raises(MisuseError, match=name):
        RunnerOptions(name)


@pytest.mark.parametrize(
    ("name", "told", "word"),
    [
        ("prism", {"colour": "red"}, "colour"),
        ("fnapi", {"master": "127.0.0.1:8081"}, "master"),
        ("dataflow", {**TOLD["dataflow"], "threads": "many"}, "many"),
        ("dataflow", {**TOLD["dataflow"], "dry_run": "perhaps"}, "perhaps"),
    ],
)
def test_options_that_an_engine_does_not_have_are_refused(name, told, word):
    with pytest.raises(MisuseError, match=word):
        engine_options(name, told)


def test_empty_words_count_as_not_told():
    assert engine_options("fnapi", {"master": "", "location": ""}) is None


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
