import keras
import numpy as np
import pytest
from keras import ops

from imagic_models.architectures import ARCHITECTURES, build_network, size_multiple
from imagic_models.architectures.resampling import Doubling, PixelShuffle
from imaging.errors import MisuseError

# Small forms of every network: name, its settings, channels of its inputs.
NETWORKS = {
    "unet": ("unet", {"width": 8}, (3,)),
    "unet with hints and mask": ("unet", {"width": 8, "hint_channels": 2, "mask_head": True}, (3, 2)),
    "unet of lightness": ("unet", {"width": 8, "input_channels": 1, "output_channels": 2, "residual": False}, (1,)),
    "rednet": ("rednet", {"depth": 4, "width": 8}, (3,)),
    "dncnn": ("dncnn", {"depth": 5, "width": 8}, (3,)),
    "sequential_unet": ("sequential_unet", {"width": 8, "levels": 2}, (3,)),
    "mirnet": ("mirnet", {"width": 8, "groups": 1, "blocks": 1}, (3,)),
    "zero_dce": ("zero_dce", {"width": 8}, (3,)),
    "subpixel": ("subpixel", {"scale": 2, "width": 8, "blocks": 2}, (3,)),
    "colornet": ("colornet", {"width": 8, "hint_channels": 3}, (1, 3)),
}


def inputs_of(channels, size, seed=0):
    rng = np.random.default_rng(seed)
    arrays = [rng.random((1, *size, count), np.float32) for count in channels]
    return arrays if len(arrays) > 1 else arrays[0]


def outputs_of(model, inputs):
    outputs = model(inputs, training=False)
    return [
        np.asarray(ops.convert_to_numpy(output)) for output in (outputs if isinstance(outputs, list) else [outputs])
    ]


def test_every_architecture_is_tested():
    assert {architecture for architecture, _, _ in NETWORKS.values()} == set(ARCHITECTURES)


@pytest.mark.parametrize("case", NETWORKS)
def test_the_restored_picture_has_the_size_of_the_input_times_the_scale(case):
    architecture, shape, channels = NETWORKS[case]
    multiple = size_multiple(architecture, **shape)
    model = build_network(architecture, **shape)
    size = (multiple * 2, multiple * 3)
    restored = outputs_of(model, inputs_of(channels, size))[0]
    scale = shape.get("scale", 1)
    assert restored.shape[1:3] == (size[0] * scale, size[1] * scale)
    assert restored.dtype == np.float32


@pytest.mark.parametrize("case", NETWORKS)
def test_every_variable_gets_a_gradient(case):
    tf = pytest.importorskip("tensorflow")
    architecture, shape, channels = NETWORKS[case]
    keras.utils.set_random_seed(1)
    model = build_network(architecture, **shape)
    with tf.GradientTape() as tape:
        outputs = model(inputs_of(channels, (32, 32)), training=True)
        outputs = outputs if isinstance(outputs, list) else [outputs]
        loss = sum(tf.reduce_mean(tf.square(output - 0.3)) for output in outputs)
    gradients = tape.gradient(loss, [variable.value for variable in model.trainable_variables])
    idle = [
        variable.path
        for variable, gradient in zip(model.trainable_variables, gradients, strict=True)
        if gradient is None or not np.any(np.abs(gradient) > 0)
    ]
    assert idle == []


RECEPTIVE_FIELDS = {
    "rednet": 4 * 4 + 1,
    "dncnn": 2 * 5 + 1,
    "zero_dce": 15,
    "subpixel": 4 * 2 + 7,
}


@pytest.mark.parametrize("case", RECEPTIVE_FIELDS)
def test_the_receptive_field_is_the_documented_one(case):
    architecture, shape, channels = NETWORKS[case]
    keras.utils.set_random_seed(2)
    if case == "dncnn":
        shape = shape | {"normalise": False}
    model = build_network(architecture, **shape)
    assert reach(model, channels, 48, shape.get("scale", 1)) == RECEPTIVE_FIELDS[case]


def test_the_unet_sees_as_far_as_its_docstring_says():
    keras.utils.set_random_seed(2)
    model = build_network("unet", width=8)
    assert reach(model, (3,), 256, 1) in range(100, 121)


def reach(model, channels, side, scale):
    """The width of the square of input pixels that the central output pixel depends on."""
    tf = pytest.importorskip("tensorflow")
    picture = tf.Variable(np.random.default_rng(3).random((1, side, side, channels[0]), np.float32))
    with tf.GradientTape() as tape:
        output = model(picture, training=False)
        output = output[0] if isinstance(output, list) else output
        centre = tf.reduce_sum(output[0, side * scale // 2, side * scale // 2])
    influence = np.abs(tape.gradient(centre, picture)[0]).sum(axis=(1, 2)) > 0
    rows = np.flatnonzero(influence)
    return int(rows[-1] - rows[0] + 1)


def test_pixel_shuffle_places_channels_in_rows_and_columns():
    channels = np.arange(4, dtype=np.float32).reshape(1, 1, 1, 4)
    picture = ops.convert_to_numpy(PixelShuffle(2)(channels))
    assert picture[0, :, :, 0].tolist() == [[0.0, 1.0], [2.0, 3.0]]


def test_doubling_is_linear_between_pixel_centres():
    column = np.array([0.0, 4.0, 8.0], np.float32).reshape(1, 3, 1, 1)
    assert ops.convert_to_numpy(Doubling()(column))[0, :, 0, 0].tolist() == [0, 1, 3, 5, 7, 8]
    assert ops.convert_to_numpy(Doubling()(column))[0, :, 1, 0].tolist() == [0, 1, 3, 5, 7, 8]


@pytest.mark.parametrize("case", NETWORKS)
def test_sizes_may_change_from_call_to_call(case):
    architecture, shape, channels = NETWORKS[case]
    model = build_network(architecture, **shape)
    multiple, scale = size_multiple(architecture, **shape), shape.get("scale", 1)
    for size in ((multiple, multiple), (2 * multiple, 3 * multiple), (4 * multiple, multiple)):
        restored = model.predict_on_batch(inputs_of(channels, size))
        restored = restored[0] if isinstance(restored, list) else restored
        assert restored.shape[1:3] == (size[0] * scale, size[1] * scale)


def test_zero_dce_keeps_black_and_white_in_place():
    model = build_network("zero_dce", width=8)
    restored, _ = outputs_of(model, np.stack([np.zeros((8, 8, 3)), np.ones((8, 8, 3))]).astype(np.float32))
    assert np.allclose(restored[0], 0)
    assert np.allclose(restored[1], 1)


def test_selective_fusion_weighs_streams_so_that_equal_streams_pass_unchanged():
    from imagic_models.architectures.mirnet import _selective_fusion

    streams = [keras.Input((None, None, 8)) for _ in range(3)]
    fusion = keras.Model(streams, _selective_fusion(streams, "float32"))
    picture = np.random.default_rng(0).random((1, 6, 6, 8), np.float32)
    assert np.allclose(ops.convert_to_numpy(fusion([picture] * 3)), picture, atol=1e-5)


def test_mirnet_listens_to_every_stream():
    from imagic_models.architectures.mirnet import _selective_fusion

    streams = [keras.Input((None, None, 8)) for _ in range(3)]
    fusion = keras.Model(streams, _selective_fusion(streams, "float32"))
    rng = np.random.default_rng(0)
    pictures = [rng.random((1, 6, 6, 8), np.float32) for _ in range(3)]
    whole = ops.convert_to_numpy(fusion(pictures))
    for stream in range(3):
        changed = [picture * (0.5 if place == stream else 1) for place, picture in enumerate(pictures)]
        assert not np.allclose(ops.convert_to_numpy(fusion(changed)), whole)


@pytest.mark.parametrize("case", NETWORKS)
def test_outputs_stay_float32_in_mixed_precision(case):
    architecture, shape, _ = NETWORKS[case]
    model = build_network(architecture, dtype="mixed_bfloat16", **shape)
    assert {str(output.dtype) for output in model.outputs} == {"float32"}


@pytest.mark.parametrize("case", NETWORKS)
def test_a_saved_network_loads_in_safe_mode_and_restores_the_same(case, tmp_path):
    architecture, shape, channels = NETWORKS[case]
    model = build_network(architecture, **shape)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", safe_mode=True, compile=False)
    inputs = inputs_of(channels, (16, 24))
    for mine, theirs in zip(outputs_of(model, inputs), outputs_of(loaded, inputs), strict=True):
        assert np.array_equal(mine, theirs)


def test_an_unknown_architecture_is_refused_by_name():
    with pytest.raises(MisuseError, match="unet, rednet"):
        build_network("transformer")


def test_an_unknown_setting_is_refused():
    with pytest.raises(MisuseError, match="takes width, encoder_blocks"):
        build_network("unet", size=3)
