from __future__ import annotations

import doctest
import shlex

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cli
from studio import commands, results, sheets, store
from studio.commands import build_command, enhance_command
from studio.treatment import BuildRequest, EnhanceRequest, Treatment


def parsed(line: str) -> dict:
    """What the command line makes of a line."""
    python, script, name, *words = shlex.split(line)
    assert (python, script) == ("python", "cli.py")
    command = cli.main.get_command(click.Context(cli.main), name)
    return command.make_context(name, words).params


def test_the_enhance_line_is_understood_as_it_was_meant():
    stages = [{"model": "denoise"}, {"model": "low-light", "strength": 0.35}]
    request = EnhanceRequest(treatment=Treatment(stages=stages, detail=0.2, stretch=0.5), input="my scans", out="-out")
    values = parsed(enhance_command(request))
    assert [(stage.model, stage.strength) for stage in values["stages"]] == [("denoise", 1.0), ("low-light", 0.35)]
    assert (str(values["input"]), values["detail"], values["stretch"], values["auto"]) == ("my scans", 0.2, 0.5, False)


def test_the_auto_line_says_auto():
    values = parsed(enhance_command(EnhanceRequest(treatment=Treatment(auto=True))))
    assert values["auto"] and not values["stages"]


@given(st.text(alphabet=st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=40))
def test_no_folder_name_breaks_out_of_its_word(name):
    words = shlex.split(enhance_command(EnhanceRequest(treatment=Treatment(auto=True), input=name)))
    assert words[3] in (name, f"./{name}") and not words[3].startswith("-") and len(words) == 7


def test_the_build_line_is_understood_as_it_was_meant():
    request = BuildRequest(recipe="denoise", images="o", data_dir="d", seed=3, variants=2)
    values = parsed(build_command(request))
    assert (values["recipes"], values["seed"], values["variants"]) == (("denoise",), 3, 2)


@pytest.mark.parametrize("module", [commands, results, sheets, store])
def test_the_examples_in_the_docstrings_hold(module):
    assert doctest.testmod(module).failed == 0
