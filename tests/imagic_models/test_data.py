import cv2
import numpy as np
import pytest
from skimage import data

from imagic_models.data import CleanPictures, CropSource, Cutting, load_pictures, prefetched
from imagic_models.mixtures import Ingredient, degrade_crop, draw_ingredient, parse_mixture
from imagic_models.presets import PRESETS
from imagic_models.tasks import TASKS, mask_hint
from imaging.errors import MisuseError
from imaging.recipes import list_recipes


def source_of(preset="denoise", crop=32, canvas=0, cuts=1, batch_size=4, seed=0, validation=1):
    pictures = [
        cv2.resize(picture, (96, 80)) for picture in (data.astronaut(), data.coffee(), data.chelsea(), data.rocket())
    ]
    row = PRESETS[preset]
    return CropSource(
        CleanPictures(pictures, validation=validation, seed=seed),
        row.mixture,
        TASKS[row.task],
        Cutting(crop, canvas, cuts, row.scale),
        batch_size,
        seed,
    )


def arrays(batch):
    return (*batch.inputs, *batch.targets)


def test_a_batch_is_a_function_of_seed_and_step():
    first, again = source_of().batch(7), source_of().batch(7)
    assert all(np.array_equal(one, other) for one, other in zip(arrays(first), arrays(again), strict=True))
    for other in (source_of().batch(8), source_of(seed=1).batch(7)):
        assert not np.array_equal(first.targets[0], other.targets[0])


def test_prefetching_keeps_the_order_and_can_be_left():
    source = source_of()
    batches = prefetched(source.batch, range(3, 9), ahead=2)
    assert np.array_equal(next(batches).targets[0], source.batch(3).targets[0])
    assert np.array_equal(next(batches).targets[0], source.batch(4).targets[0])
    batches.close()


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_packs_what_its_task_needs(preset):
    source = source_of(preset, crop=64, canvas=PRESETS[preset].canvas and 80, cuts=PRESETS[preset].cuts)
    batch = source.batch(0)
    scale, task = PRESETS[preset].scale, PRESETS[preset].task
    inputs = {"restore": [(64 // scale, 3)], "repair": [(64, 3), (64, 2)], "colorize": [(64, 1), (64, 3)]}
    targets = {"restore": [(64, 3)], "repair": [(64, 3), (64, 1)], "colorize": [(64, 2)]}
    assert [(array.shape[1], array.shape[3]) for array in batch.inputs] == inputs[task]
    assert [(array.shape[1], array.shape[3]) for array in batch.targets] == targets[task]
    assert {array.dtype for array in arrays(batch)} == {np.dtype(np.float32)}
    assert {len(array) for array in arrays(batch)} == {4}


def test_presets_and_recipes_share_their_names():
    assert set(PRESETS) == set(list_recipes())


def test_pairs_are_aligned():
    batch = source_of("super-resolution-x2", crop=64).batch(0)
    for degraded, clean in zip(batch.inputs[0], batch.targets[0], strict=True):
        assert np.abs(cv2.resize(clean, (32, 32), interpolation=cv2.INTER_AREA) - degraded).mean() < 0.02


def test_float_noise_is_not_clipped():
    ingredient = Ingredient("gaussian_noise", clip=False, parameters={"sigma_range": (0.2, 0.2)})
    degraded, _ = degrade_crop(ingredient, np.ones((32, 32, 3), np.float32), np.random.default_rng(0))
    assert degraded.max() > 1.2


def test_ingredients_are_drawn_by_weight():
    mixture = (Ingredient("speckle", 3.0), Ingredient("jpeg", 1.0))
    rng = np.random.default_rng(0)
    drawn = [draw_ingredient(mixture, rng).source for _ in range(400)]
    assert 260 < drawn.count("speckle") < 340


def test_a_mixture_is_written_as_names_and_weights():
    mixture = parse_mixture(("denoise=3", "jpeg"))
    assert [(one.source, one.weight) for one in mixture] == [("denoise", 3.0), ("jpeg", 1.0)]
    with pytest.raises(MisuseError, match="NAME=WEIGHT"):
        parse_mixture(("denoise=much",))
    with pytest.raises(MisuseError, match="art-restoration"):
        parse_mixture(("unheard-of",))


def test_validation_is_fixed_and_held_out():
    source = source_of()
    first, again = source.validation(), source.validation()
    assert list(first) == [f"{index}_{one.source}" for index, one in enumerate(source.mixture)]
    assert all(np.array_equal(first[name].inputs[0], again[name].inputs[0]) for name in first)
    held_out = source.pictures.validation
    assert len(held_out) == 1
    assert all(picture is not held_out[0] for picture in source.pictures.training)
    assert len(source.hashes()) == 4


def test_small_pictures_are_mirrored_up_to_the_crop():
    source = CropSource(
        CleanPictures([np.full((5, 7, 3), 9, np.uint8)], validation=0, seed=0),
        PRESETS["denoise"].mixture,
        TASKS["restore"],
        Cutting(32),
        2,
        0,
    )
    assert source.batch(0).targets[0].shape == (2, 32, 32, 3)
    assert source.validation() == {}


def test_a_mask_nobody_gave_is_zeros_and_a_known_one_says_so():
    assert not mask_hint(None, (3, 4)).any()
    known = mask_hint(np.ones((3, 4)), (3, 4))
    assert known.shape == (3, 4, 2)
    assert known.all()


def test_half_of_the_repair_crops_come_with_the_mask():
    source = source_of("art-restoration", canvas=64, cuts=1, batch_size=64)
    known = source.batch(0).inputs[1][..., 1].mean()
    assert 0.25 < known < 0.75


def test_pictures_that_cannot_be_read_are_passed_over(photographs, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    picture = next(photographs.glob("*.png"))
    (tmp_path / "fine.png").write_bytes(picture.read_bytes())
    assert len(load_pictures(tmp_path)) == 1


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(MisuseError, match="a folder with pictures"):
        load_pictures(tmp_path)
