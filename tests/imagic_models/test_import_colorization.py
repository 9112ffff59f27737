import struct

import numpy as np
import pytest

from imagic_models import load_restorer
from imagic_models.architectures.colornet import _GROUPS
from imagic_models.caffe import read_caffemodel, read_prototxt
from imagic_models.import_colorization import import_colorization
from imagic_models.network_file import find_network
from imagic_models.options import ImportColorizationOptions
from imaging.errors import ImagicError, MisuseError

WIDTH, SHARPNESS = 4, 2.5
BINS = np.array([(a, b) for a in range(-40, 50, 20) for b in range(-40, 50, 20)])


# A caffemodel written by hand, with the real list of layers in a small width.


def varint(number):
    out = b""
    while True:
        number, byte = number >> 7, number & 0x7F
        out += bytes([byte | (0x80 if number else 0)])
        if not number:
            return out


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def blob(array):
    shape = field(7, field(1, b"".join(varint(side) for side in array.shape)))
    return shape + field(5, array.astype("<f4").tobytes())


def legacy_blob(array):
    sides = (*[1] * (4 - array.ndim), *array.shape)
    head = b"".join(varint(number << 3) + varint(side) for number, side in enumerate(sides, 1))
    data = b"".join(varint(5 << 3 | 5) + struct.pack("<f", value) for value in array.ravel())
    return head + data


def layer(name, kind, arrays, write=blob):
    content = field(1, name.encode()) + field(2, kind.encode())
    return field(100, content + b"".join(field(7, write(array)) for array in arrays))


def layers_of():
    """(name, type, input channels, output channels, kernel, stride, dilation) in order."""
    rows, channels = [], 1
    for group, convolutions in _GROUPS.items():
        for number, (factor, stride, dilation) in enumerate(convolutions, 1):
            rows.append((f"{group}_{number}", "Convolution", channels, factor * WIDTH, 3, stride, dilation))
            channels = factor * WIDTH
        rows.append((f"{group}_{len(convolutions)}norm", "BatchNorm", channels, channels, 0, 0, 0))
    rows.append(("conv8_1", "Deconvolution", channels, 4 * WIDTH, 4, 2, 1))
    rows += [(f"conv8_{number}", "Convolution", 4 * WIDTH, 4 * WIDTH, 3, 1, 1) for number in (2, 3)]
    rows.append(("conv8_313", "Convolution", 4 * WIDTH, len(BINS), 1, 1, 1))
    return rows


def published_name(name):
    return "bw_conv1_1" if name == "conv1_1" else name


def prototxt():
    text = 'name: "imitation" # of the published description\n'
    for name, kind, _, outputs, kernel, stride, dilation in layers_of():
        text += f'layer {{\n  name: "{published_name(name)}"\n  type: "{kind}"\n'
        if kind != "BatchNorm":
            steps = f" stride: {stride}" if stride > 1 else ""
            gaps = f" dilation: {dilation} pad: {dilation}" if dilation > 1 else ""
            text += f"  convolution_param {{ num_output: {outputs} kernel_size: {kernel}{steps}{gaps} }}\n"
        text += "}\n"
    return text + (
        f'layer {{ name: "conv8_313_rh" type: "Scale" scale_param {{ filler {{ value: {SHARPNESS} }} }} }}\n'
        'layer { name: "class8_ab" type: "Convolution" convolution_param { num_output: 2 kernel_size: 1 } }\n'
    )


@pytest.fixture(scope="module")
def weights():
    rng = np.random.default_rng(0)
    arrays = {}
    for name, kind, inputs, outputs, kernel, _, _ in layers_of():
        if kind == "BatchNorm":
            arrays[name] = [rng.normal(size=outputs) * 3, rng.uniform(1, 4, outputs) * 3, np.array([3.0])]
            continue
        shape = (inputs, outputs) if kind == "Deconvolution" else (outputs, inputs)
        spread = np.sqrt(2 / (inputs * kernel**2))
        arrays[name] = [rng.normal(size=(*shape, kernel, kernel)) * spread, rng.normal(size=outputs) * 0.1]
    return arrays


@pytest.fixture
def files(tmp_path, weights):
    content = b"".join(
        layer(published_name(name), kind, weights[name], legacy_blob if name == "conv1_2" else blob)
        for name, kind, *_ in layers_of()
    )
    (tmp_path / "net.prototxt").write_text(prototxt())
    (tmp_path / "net.caffemodel").write_bytes(field(1, b"imitation") + content)
    np.save(tmp_path / "bins.npy", BINS)
    return ImportColorizationOptions(
        *(str(tmp_path / name) for name in ("net.prototxt", "net.caffemodel", "bins.npy", "out"))
    )


# Caffe's arithmetic in NumPy, NCHW without N.


def convolved(x, kernel, bias, stride, dilation):
    outputs, _, size, _ = kernel.shape
    pad = dilation * (size - 1) // 2
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    span = dilation * (size - 1) + 1
    height, width = ((side - span) // stride + 1 for side in x.shape[1:])
    result = np.zeros((outputs, height, width)) + bias[:, None, None]
    for row in range(size):
        for column in range(size):
            rows = slice(row * dilation, row * dilation + stride * (height - 1) + 1, stride)
            columns = slice(column * dilation, column * dilation + stride * (width - 1) + 1, stride)
            result += np.einsum("oi,ihw->ohw", kernel[:, :, row, column], x[:, rows, columns])
    return result


def deconvolved(x, kernel, bias):
    """Kernel 4, stride 2, pad 1: every input pixel adds its kernel to the output."""
    _, height, width = x.shape
    full = np.zeros((kernel.shape[1], 2 * height + 2, 2 * width + 2))
    for row in range(4):
        for column in range(4):
            added = np.einsum("io,ihw->ohw", kernel[:, :, row, column], x)
            full[:, row : row + 2 * height : 2, column : column + 2 * width : 2] += added
    return full[:, 1:-1, 1:-1] + bias[:, None, None]


def colours_by_caffe(lightness, weights):
    x = lightness[None] - 50.0
    for name, kind, _, _, _, stride, dilation in layers_of():
        if kind == "BatchNorm":
            mean, variance, factor = weights[name]
            x = (x - (mean / factor)[:, None, None]) / np.sqrt((variance / factor)[:, None, None] + 1e-5)
        elif kind == "Deconvolution":
            x = np.maximum(deconvolved(x, *weights[name]), 0)
        else:
            x = convolved(x, *weights[name], stride, dilation)
            x = x if name == "conv8_313" else np.maximum(x, 0)
    odds = np.exp(SHARPNESS * (x - x.max(axis=0)))
    return np.einsum("qhw,qc->hwc", odds / odds.sum(axis=0), BINS)


def test_the_imported_network_computes_what_caffe_would(files, weights):
    report = import_colorization(files)
    assert report.exit_code == 0
    assert "imported" in report.lines()[0]
    model = find_network(files.out).build()
    lightness = np.random.default_rng(1).uniform(0, 100, (32, 48))
    small = model.get_layer("colours").output
    import keras

    inner = keras.Model(model.inputs, small)
    colours = np.asarray(inner((lightness / 100).astype(np.float32)[None, ..., None]))[0] * 110
    assert np.abs(colours - colours_by_caffe(lightness, weights)).max() < 0.02  # of a and b, float32 through 22 layers


def test_the_imported_folder_is_a_colorize_model(files):
    import_colorization(files)
    restorer = load_restorer(files.out, engine="keras")
    assert restorer.preset == "colorize"
    assert restorer.restore(np.full((37, 53), 100, np.uint8)).shape == (37, 53, 3)
    with pytest.raises(MisuseError, match="Choose another --out"):
        import_colorization(files)


def test_a_truncated_caffemodel_is_refused(files, tmp_path):
    path = tmp_path / "net.caffemodel"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ImagicError, match=r"bytes are missing.*Download the file again"):
        import_colorization(files)


def test_another_network_is_refused_by_the_layer_that_differs(files, tmp_path):
    path = tmp_path / "net.prototxt"
    path.write_text(path.read_text().replace("dilation: 2", "dilation: 4", 1))
    with pytest.raises(ImagicError, match="conv5_1 has"):
        import_colorization(files)


def test_a_missing_layer_is_refused_by_name(files, tmp_path, weights):
    content = b"".join(layer(published_name(n), k, weights[n]) for n, k, *_ in layers_of() if n != "conv7_2")
    (tmp_path / "net.caffemodel").write_bytes(content)
    with pytest.raises(ImagicError, match="none for conv7_2"):
        import_colorization(files)


def test_a_missing_file_is_a_misuse(files, tmp_path):
    (tmp_path / "bins.npy").unlink()
    with pytest.raises(MisuseError, match=r"bins\.npy: No such file"):
        import_colorization(files)


@pytest.mark.parametrize("text", ["layer { name: ", "layer { } }", "layer { name: 'a' "])
def test_a_broken_description_is_refused(text):
    with pytest.raises(ImagicError, match="brace"):
        read_prototxt(text)


def test_a_description_may_have_comments_lists_and_no_colons():
    text = 'layer { name: "a" # note { \n bottom: "x" bottom: "y" on: true param { lr: 1e-3 } }'
    assert read_prototxt(text) == [{"name": "a", "bottom": ["x", "y"], "on": True, "param": {"lr": 1e-3}}]


def test_random_bytes_are_no_caffemodel():
    with pytest.raises(ImagicError, match="A caffemodel"):
        read_caffemodel(np.random.default_rng(0).bytes(1000))
