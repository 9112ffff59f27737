"""The command line: fast help, options that agree with their classes, one line for each mistake."""

from __future__ import annotations

import dataclasses
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import cli
import clickable
from imaging.errors import ImagicError, MisuseError

ROOT = Path(__file__).resolve().parent.parent
FRAMEWORKS = ("apache_beam", "tensorflow", "keras", "scrapy", "twisted", "tensorflow_datasets", "fastapi", "openvino")


def run(*words: str) -> object:
    return CliRunner().invoke(cli.main, list(words))


def imported_by(*words: str) -> set[str]:
    code = (
        f"import sys\nsys.argv = ['cli.py', *{list(words)!r}]\nimport cli\ntry:\n    cli.main()\nexcept SystemExit:\n"
    )
    code += f"    print('LOADED', *[name for name in {FRAMEWORKS!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED")[2].split())


@pytest.mark.parametrize("name", ["", *cli.COMMANDS])
def test_help_imports_no_framework(name):
    assert imported_by(*name.split(), "--help") == set()


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_option_is_explained(name):
    command = clickable.build(name, cli.COMMANDS[name])
    unexplained = [p.name for p in command.params if getattr(p, "help", "argument") in (None, "")]
    assert unexplained == []


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_the_example_in_help_is_accepted_by_the_parser(name):
    command = clickable.build(name, cli.COMMANDS[name])
    command.make_context(name, shlex.split(cli.COMMANDS[name].example))


def test_the_commands_of_the_contract_exist():
    assert {"crawl", "build-dataset", "preview", "train", "tune", "evaluate", "enhance", "serve", "demo"} <= set(
        cli.COMMANDS
    )


@dataclasses.dataclass(frozen=True)
class Inner:
    """Inner.

    Attributes:
        workers: how many.
    """

    workers: int = 2


@dataclasses.dataclass(frozen=True)
class Ship:
    """Ship.

    Attributes:
        port: where from.
        slow: whether under sail.
    """

    port: str
    slow: bool = False


@dataclasses.dataclass(frozen=True)
class Train:
    """Train.

    Attributes:
        cars: how many.
    """

    cars: int = 3


@dataclasses.dataclass(frozen=True)
class Outer:
    """Outer.

    Attributes:
        images: the pictures.
        levels: which levels, and
            which not.
        runner: where.
        quiet: no words.
        bars: whether bars are drawn.
        way: how it travels.
    """

    images: str
    levels: tuple[int, ...] = (1, 3)
    runner: Inner = dataclasses.field(default_factory=Inner)
    quiet: bool = False
    bars: bool = True
    way: Ship | Train | None = dataclasses.field(default=None, metadata={"choices": {"ship": Ship, "train": Train}})


@dataclasses.dataclass
class Said:
    exit_code: int
    text: str

    def lines(self) -> list[str]:
        return [self.text]


def said(options: Outer) -> Said:
    return Said(3, repr(options))


def failing(options: Outer) -> Said:
    raise ImagicError("Rules hold", "a\nb", "Do this")


OUTER = clickable.Command(f"{__name__}:Outer", f"{__name__}:said", "Say it.", "pics", arguments=("images",))


@pytest.fixture
def outer(monkeypatch):
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])
    monkeypatch.setitem(cli.COMMANDS, "outer", OUTER)
    monkeypatch.setitem(cli.COMMANDS, "failing", dataclasses.replace(OUTER, function=f"{__name__}:failing"))


def test_options_travel_whole_and_the_report_decides_the_exit_code(outer):
    result = run("outer", "pics", "--levels", "2,4", "--workers", "7", "--no-bars")
    assert result.output.strip() == repr(Outer("pics", (2, 4), Inner(7), False, False))
    assert result.exit_code == 3


def test_options_that_were_not_given_keep_the_defaults_of_the_class(outer):
    assert run("outer", "pics").output.strip() == repr(Outer("pics"))


def test_help_carries_the_texts_and_defaults_of_the_class(outer):
    text = " ".join(run("outer", "--help").output.split())
    assert "Which levels, and which not. [default: 1,3]" in text and "How many. [default: 2]" in text


def test_one_of_several_option_classes_is_chosen_by_its_options(outer):
    assert run("outer", "pics", "--ship-port", "Oslo", "--ship-slow").output.strip() == repr(
        Outer("pics", way=Ship("Oslo", True))
    )
    assert run("outer", "pics", "--train-cars", "9").output.strip() == repr(Outer("pics", way=Train(9)))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--ship-slow"], "Error: ship is described wholly. Received: no port. Add --ship-port.\n"),
        (
            ["--ship-port", "x", "--train-cars", "1"],
            "Error: Options of one of these at a time. Received: ship, train.\n",
        ),
    ],
)
def test_a_choice_that_is_half_or_twice_described_is_refused(outer, words, message):
    result = run("outer", "pics", *words)
    assert (result.output, result.exit_code) == (message, 2)


def test_an_error_is_one_line_with_rule_received_and_remedy(outer):
    result = run("failing", "pics")
    assert result.output == "Error: Rules hold. Received: a\\nb. Do this.\n"
    assert result.exit_code == ImagicError.exit_code == 1


def test_what_the_operating_system_refuses_has_the_same_form():
    assert str(clickable.describe(PermissionError(13, "Permission denied", "/x"))) == (
        "The operating system allows what is asked. Received: Permission denied: /x. "
        "Check the path, its rights and the space."
    )


def test_a_list_of_numbers_that_is_none_is_refused(outer):
    result = run("outer", "pics", "--levels", "2,x")
    assert result.exit_code == MisuseError.exit_code == 2
    assert "A list of numbers is written 1,3,5. Received: 2,x" in result.output


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["build-dataset", "nosuch", "--images", "{empty}", "--data-dir", "{out}"], "Received: nosuch"),
        (["build-dataset", "denoise", "--images", "{empty}/missing", "--data-dir", "{out}"], "missing"),
        (["build-dataset", "denoise", "--images", "{empty}", "--data-dir", "{out}"], "at least one picture"),
        (["train", "nosuch", "--images", "{empty}", "--run-dir", "{out}"], "Received: nosuch"),
        (["enhance", "{empty}/missing", "--out", "{out}", "--auto"], "missing"),
        (["enhance", "{empty}", "--out", "{empty}", "--auto"], "neither holds the originals"),
        (["evaluate", "baseline:nlm", "--protocol", "nosuch", "--images", "{empty}"], "Received: nosuch"),
        (["crawl", "nosuch", "--out", "{out}"], "nosuch"),
    ],
)
def test_bad_input_is_one_clear_line_and_leaves_nothing_behind(tmp_path, words, sentence):
    empty, out = tmp_path / "empty", tmp_path / "out"
    empty.mkdir()
    result = run(*[word.format(empty=empty, out=out) for word in words])
    assert result.exit_code in (1, 2), result.output
    assert result.output.startswith("Error: ") and result.output.count("\n") == 1 and sentence in result.output
    assert not list(tmp_path.rglob("*.*"))
