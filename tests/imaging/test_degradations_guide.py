"""The guide says what the code does: its examples run, its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from imaging.degradations import DEGRADATIONS
from imaging.errors import MisuseError
from imaging.recipes import get_recipe, list_recipes, parse_recipe

GUIDE = (Path(__file__).parents[2] / "docs" / "degradations.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_python_example_runs() -> None:
    for block in blocks("python"):
        exec(compile(block, "degradations.md", "exec"), {})


def test_the_recipe_of_the_guide_is_valid_and_does_what_its_comments_say() -> None:
    (text,) = blocks("yaml")
    recipe = parse_recipe(yaml.safe_load(text))
    for key in range(30):
        names = [step["name"] for step in recipe.plan(key=str(key))["steps"]]
        assert names[-1] == "jpeg" and len(names) <= 5


def test_the_error_of_the_guide_is_the_error() -> None:
    content = {"name": "attic", "steps": [{"name": "jpeg", "parameters": {"quality_range": [90, 40]}}]}
    with pytest.raises(MisuseError) as refusal:
        parse_recipe(content, where="attic.yaml")
    assert blocks("text") == [f"Error: {refusal.value}\n"]


@pytest.mark.parametrize("name", sorted(DEGRADATIONS))
def test_every_degradation_is_in_the_catalogue_as_the_code_describes_it(name: str) -> None:
    entry = DEGRADATIONS[name]
    drawn = ", ".join(field.rsplit("_", 1)[0] for field in entry.parameters.model_fields)
    assert f"| {entry.theme} | `{name}` | {entry.summary} | {drawn} |" in GUIDE


@pytest.mark.parametrize("name", list_recipes())
def test_every_recipe_is_listed(name: str) -> None:
    assert f"| `{name}` | {get_recipe(name).summary} |" in GUIDE
