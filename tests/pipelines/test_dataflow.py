import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from imaging.errors import ImagicError, MisuseError
from pipelines import dataflow
from pipelines.check import check_runner
from pipelines.dataflow import DataflowOptions, require_remote
from pipelines.dataset.job import add_steps
from pipelines.rehearsal import rehearse
from pipelines.runners import RunnerOptions, import_beam, pipeline_options, run_pipeline
from pipelines.storage import require_writable

ROOT = Path(__file__).resolve().parent.parent.parent
PLACE = {"project": "my-museum", "region": "europe-west4", "bucket": "gs://pictures/imagic"}
with_cloud = pytest.mark.skipif(
    not dataflow._cloud_parts(), reason="Beam's Google Cloud part is not installed: pip install 'apache-beam[gcp]'"
)


def flags(**more):
    return DataflowOptions(**PLACE, **more).flags(4)


@pytest.mark.parametrize(
    ("wrong", "rule"),
    [
        ({"project": ""}, "A project is"),
        ({"project": "My Museum"}, "A project is"),
        ({"region": "Amsterdam"}, "A region is"),
        ({"bucket": "/home/pictures"}, "A bucket is"),
        ({"bucket": "s3://pictures"}, "A bucket is"),
        ({"threads": 0}, "at least one thread"),
        ({"disk_gb": 5}, "30 GB"),
        ({"max_workers": 0}, "at least one worker"),
        ({"labels": ("Museum=North",)}, "A label is"),
    ],
)
def test_nonsense_is_refused_at_birth(wrong, rule):
    with pytest.raises(MisuseError, match=rule):
        DataflowOptions(**{**PLACE, **wrong})


def test_without_an_image_setup_py_is_staged_and_with_one_it_is_not():
    assert any(flag.startswith("--setup_file=") for flag in flags())
    with_image = flags(image="europe-docker.pkg.dev/p/r/imagic:1")
    assert "--sdk_container_image=europe-docker.pkg.dev/p/r/imagic:1" in with_image
    assert not any(flag.startswith("--setup_file=") for flag in with_image)


def test_a_gpu_comes_with_its_driver():
    (flag,) = [flag for flag in flags(gpu="nvidia-tesla-t4") if "accelerator" in flag]
    assert flag.endswith("worker_accelerator=type:nvidia-tesla-t4;count:1;install-nvidia-driver")
    assert not any("accelerator" in flag for flag in flags())


def test_the_autoscaler_never_starts_above_its_limit():
    told = DataflowOptions(**PLACE, max_workers=3).flags(workers=10)
    assert {"--num_workers=3", "--max_num_workers=3", "--autoscaling_algorithm=THROUGHPUT_BASED"} <= set(told)


def test_every_job_has_a_name_of_its_own():
    names = {flag for _ in range(2) for flag in flags() if flag.startswith("--job_name=")}
    assert len(names) == 2


def test_a_dry_run_needs_no_account():
    assert {"--dry_run=True", "--no_auth"} <= set(flags(dry_run=True))
    assert "--no_auth" not in flags()


def test_beam_understands_every_flag():
    told = DataflowOptions(**PLACE, gpu="nvidia-tesla-t4", service_account="worker@p.iam.gserviceaccount.com")
    given = pipeline_options(RunnerOptions("dataflow", 4, engine=told)).get_all_options(drop_default=True)
    assert given["machine_type"] == "n2-standard-4" and given["number_of_worker_harness_threads"] == 4
    assert given["labels"] == ["application=imagic"] and given["disk_size_gb"] == 50
    assert given["service_account_email"] == "worker@p.iam.gserviceaccount.com"


def test_without_beam_s_cloud_part_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(dataflow, "_cloud_parts", lambda: False)
    with pytest.raises(ImagicError, match=r"pip install 'apache-beam\[gcp\]"):
        check_runner(RunnerOptions("dataflow", engine=DataflowOptions(**PLACE)))


def test_paths_that_only_this_machine_sees_are_refused():
    require_remote(["gs://pictures/in"])
    with pytest.raises(MisuseError, match="/home/me/pictures"):
        require_remote(["gs://pictures/in", "/home/me/pictures"])


def test_pictures_on_this_machine_are_refused_before_anything_else():
    runner = RunnerOptions("dataflow", engine=DataflowOptions(**PLACE))
    with pytest.raises(MisuseError, match="gcloud storage rsync"):
        check_runner(runner, ["/home/me/pictures", "gs://pictures/data"])


def test_a_folder_that_can_be_written_is_left_as_it_was(tmp_path):
    require_writable(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told_with_the_remedy(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ImagicError, match="ask for the right to read, write and delete") as caught:
        require_writable(tmp_path / "file")
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@with_cloud
def test_the_job_is_built_and_validated_offline():
    """Dataflow's own runner translates the job; nothing is sent, and no account is asked for."""
    runner = RunnerOptions("dataflow", engine=DataflowOptions(**PLACE, image="example/imagic:1", dry_run=True))
    check_runner(runner)
    run_pipeline(runner, lambda pipeline: add_steps(pipeline, "gs://pictures/data/restoration_pairs/jpeg/1.0.0"))


def graph_of(folder):
    return rehearse(lambda pipeline: add_steps(pipeline, folder))


def test_the_job_graph_is_small_and_holds_no_shard():
    found = graph_of("gs://pictures/data/restoration_pairs/jpeg/1.0.0")
    assert found.graph_bytes < 20_000
    assert "load in a clean process" in found.lines()[-1]


def test_data_in_the_graph_is_refused():
    def with_names(pipeline):
        return pipeline | import_beam().Create([os.urandom(8).hex() for _ in range(200_000)])

    with pytest.raises(ImagicError, match="job graph has at most 1,000,000 bytes"):
        rehearse(with_names)


def test_data_in_a_step_is_refused():
    from functools import partial

    ballast = os.urandom(80_000)
    with pytest.raises(ImagicError, match="A step has at most"):
        rehearse(lambda pipeline: pipeline | import_beam().Create([1]) | import_beam().Map(partial(max, ballast)))


def test_a_step_that_workers_cannot_import_is_named(tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def double(x):\n    return 2 * x\n")
    monkeypatch.syspath_prepend(tmp_path)
    import only_here

    with pytest.raises(ImagicError, match="No module named 'only_here'"):
        rehearse(lambda pipeline: pipeline | import_beam().Create([1]) | import_beam().Map(only_here.double))


@pytest.mark.slow
def test_what_setup_py_packs_is_enough_to_load_every_step(tmp_path):
    """Dataflow's workers get this archive: a package, recipe or weight that is not in it is missing there."""
    packed = shutil.copytree(ROOT, tmp_path / "checkout", ignore=_only_sources)
    subprocess.run(
        [sys.executable, "setup.py", "-q", "sdist", "-d", str(tmp_path)], cwd=packed, check=True, capture_output=True
    )
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as file:
        file.extractall(tmp_path, filter="data")
    (code,) = tmp_path.glob("imagic*/")
    shutil.rmtree(packed)
    rehearse(lambda pipeline: add_steps(pipeline, "gs://pictures/data"), code)
    (loaded,) = {str(Path(path).relative_to(code)) for path in _module_files(code, ["pipelines.dataset.shards"])}
    assert loaded == "pipelines/dataset/shards.py"
    recipes = {path.name for path in (ROOT / "imaging" / "recipes").glob("*.yaml")}
    assert recipes and {path.name for path in (code / "imaging" / "recipes").glob("*.yaml")} == recipes


def _only_sources(folder, names):
    return {
        name
        for name in names
        if name.startswith(".") or name in ("build", "runs", "tests") or name.endswith(".egg-info")
    }


def _module_files(code, modules):
    """Where a clean process finds modules when a worker's folder comes first."""
    program = "import importlib.util, sys; [print(importlib.util.find_spec(name).origin) for name in sys.argv[1:]]"
    command = [sys.executable, "-c", program, *modules]
    ran = subprocess.run(
        command, cwd=code.parent, env={**os.environ, "PYTHONPATH": str(code)}, capture_output=True, text=True
    )
    return ran.stdout.split()
