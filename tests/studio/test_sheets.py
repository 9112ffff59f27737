from __future__ import annotations

import cv2
import numpy as np
import pytest

from imaging.recipes import list_recipes
from studio.samples import SAMPLES, SIDE, TRIES, sample


def picture(answer) -> np.ndarray:
    assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    return cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR_RGB)


def test_every_recipe_has_a_card_with_its_damages(client):
    cards = client.get("/api/recipes").json()
    assert tuple(card["name"] for card in cards) == list_recipes()
    assert all(card["damages"] and card["summary"] for card in cards)


def test_a_tile_is_what_the_recipe_makes_and_says_how(client):
    from imaging.pixels import from_float
    from imaging.recipes import get_recipe

    answer = client.get("/api/recipes/denoise/tiles/2.png?sample=cat&seed=5")
    expected, trace = get_recipe("denoise").apply(sample("cat"), key="cat", seed=5, variant=2)
    assert np.array_equal(picture(answer), from_float(expected, np.uint8))
    assert answer.headers["X-Imagic-Steps"].lower().replace(" ", "_") == trace["steps"][0]["name"]


def test_a_damage_grows_with_its_severity(client):
    clean = np.rint(sample("coffee") * 255)
    addresses = [f"/api/damages/gaussian_noise/{severity}.png?sample=coffee" for severity in (1, 3, 5)]
    errors = [np.abs(picture(client.get(address)) - clean).mean() for address in addresses]
    assert errors == sorted(errors) and errors[0] < errors[-1]


@pytest.mark.parametrize(
    "address",
    [
        "/api/recipes/nope/tiles/0.png",
        "/api/recipes/..%2fsecret.yaml/tiles/0.png",
        "/api/damages/nope/1.png",
        "/api/damages/gaussian_noise/6.png",
        "/api/damages/gaussian_noise/1.png?sample=/etc/passwd",
        "/api/damages/gaussian_noise/1.png?seed=-1",
        "/api/damages/gaussian_noise/one.png",
    ],
)
def test_what_there_is_not_is_a_clear_refusal(client, address):
    answer = client.get(address)
    assert answer.status_code in (404, 422) and answer.json()["title"]


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_is_small_and_in_range(name):
    image = sample(name)
    assert max(image.shape) == SIDE and 0 <= image.min() < image.max() <= 1


def test_what_is_offered_to_begin_with_exists():
    assert all(recipe in list_recipes() and name in SAMPLES for _, recipe, name, _ in TRIES)
