"""What the README promises is executed: its five commands, its Python, its links."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")

# A reader has hours, a test has seconds: the last of two equal options counts.
SHORTENED = {"train": "--steps 3 --width 8 --batch-size 2 --validation-crops 1", "evaluate": "--limit 1 --levels 25"}
SITES = {"met", "rijks"}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("sh") for line in block.splitlines()]
    return [shlex.split(line)[2:] for line in lines if line.startswith("python cli.py")]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory):
    """A folder with photographs to start from and scans to enhance."""
    place = tmp_path_factory.mktemp("readme")
    packaged = Path(skimage.__file__).parent / "data"
    for folder, names in {"photos": ["astronaut.png", "coffee.png", "rocket.jpg"], "scans": ["chelsea.png"]}.items():
        (place / folder).mkdir()
        for name in names:
            shutil.copy(packaged / name, place / folder)
    return place


@pytest.mark.slow
def test_the_five_commands_work_one_after_the_other(workplace):
    local = [words for words in commands() if not SITES & set(words)]
    assert [words[0] for words in local] == ["crawl", "build-dataset", "train", "evaluate", "enhance"]
    for words in local:
        words = [*words, *SHORTENED.get(words[0], "").split()]
        done = subprocess.run(
            [sys.executable, str(ROOT / "cli.py"), *words], cwd=workplace, capture_output=True, text=True, timeout=170
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    assert (workplace / "enhanced" / "chelsea.png").exists()


@pytest.mark.slow
def test_the_python_works_on_what_the_commands_made(workplace, monkeypatch):
    monkeypatch.chdir(workplace)
    clean = np.full((37, 53, 3), 0.5, np.float32)
    names = {"image": np.full((37, 53, 3), 128, np.uint8), "clean": clean}
    (code,) = blocks("python")
    exec(code, names)
    assert names["restored"].shape == (37, 53, 3) and names["degraded"].shape == clean.shape
    assert len(list(names["pairs"].take(1))) == 1


def test_commands_that_need_the_network_are_understood():
    import cli
    from clickable import build

    needing = [words for words in commands() if SITES & set(words)]
    assert needing
    for name, *words in needing:
        build(name, cli.COMMANDS[name]).make_context(name, words)


def test_every_file_that_the_readme_names_exists():
    named = set(re.findall(r"docs/[\w./-]*\w|[A-Z]+\.md", README))
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
