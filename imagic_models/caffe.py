"""Just enough of Caffe's two file formats to read a network's layers and weights, without Caffe and without protobuf.

References:
    Protocol Buffers encoding (protobuf.dev/programming-guides/encoding); field numbers from Caffe's caffe.proto:
    NetParameter.layer = 100, LayerParameter.{name = 1, type = 2, blobs = 7}, BlobProto.{num, channels, height, width =
    1..4, data = 5, shape = 7, double_data = 8}, BlobShape.dim = 1.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from imaging.errors import ImagicError

_VARINT, _EIGHT_BYTES, _LENGTH, _FOUR_BYTES = 0, 1, 2, 5
_LAYER, _NAME, _TYPE, _BLOBS = 100, 1, 2, 7
_LEGACY_SIDES, _DATA, _SHAPE, _DOUBLE_DATA, _DIM = (1, 2, 3, 4), 5, 7, 8, 1

_TOKEN = re.compile(r'\s*(?:#[^\n]*\n?|("(?:[^"\\]|\\.)*"|\'[^\']*\'|[{}:]|[^\s{}:#"\']+))')


@dataclass(frozen=True)
class CaffeLayer:
    """One layer of a caffemodel: name, type and weights, each an array of float32."""

    name: str
    kind: str
    blobs: tuple[np.ndarray, ...]


def read_caffemodel(content: bytes) -> dict[str, CaffeLayer]:
    """Returns the layers that carry weights, by name.

    Raises:
        ImagicError: where the content is no caffemodel, or is cut off.
    """
    try:
        layers = [_layer(value) for field, value in _fields(memoryview(content)) if field == _LAYER]
    except (IndexError, ValueError, TypeError, struct.error, UnicodeDecodeError) as error:
        raise ImagicError("A caffemodel is a serialized NetParameter", error, "Download the file again") from None
    found = {layer.name: layer for layer in layers if layer.blobs}
    if not found:
        raise ImagicError("A caffemodel holds layers with weights", "none", "Download the file again")
    return found


def read_prototxt(text: str) -> list[dict[str, Any]]:
    """Returns the `layer` blocks of a prototxt as nested dictionaries; repeated fields become lists.

    Raises:
        ImagicError: where braces or values are missing.
    """
    tokens = [token for token in _TOKEN.findall(text) if token]
    try:
        message, rest = _message(tokens, 0)
    except IndexError:
        raise ImagicError("Every brace of a prototxt is closed and every field has a value", "end of file") from None
    if rest != len(tokens):
        raise ImagicError("Every brace of a prototxt is closed once", tokens[rest])
    layers = message.get("layer", [])
    return layers if isinstance(layers, list) else [layers]


def _layer(content: memoryview) -> CaffeLayer:
    name, kind, blobs = "", "", []
    for field, value in _fields(content):
        if field == _NAME:
            name = bytes(value).decode()
        elif field == _TYPE:
            kind = bytes(value).decode()
        elif field == _BLOBS:
            blobs.append(_blob(value))
    return CaffeLayer(name, kind, tuple(blobs))


def _blob(content: memoryview) -> np.ndarray:
    """Returns the array of a BlobProto, of the new form (shape) or the old one (num, channels, height, width)."""
    values: list[np.ndarray] = []
    shape: list[int] = []
    sides: dict[int, int] = {}
    for field, value in _fields(content):
        if field in (_DATA, _DOUBLE_DATA):
            values.append(_numbers(value, "<f4" if field == _DATA else "<f8"))
        elif field == _SHAPE:
            shape = [side for dim, part in _fields(value) if dim == _DIM for side in _varints(part)]
        elif field in _LEGACY_SIDES:
            sides[field] = int(value)
    data = np.concatenate(values) if values else np.zeros(0, np.float32)
    return data.astype(np.float32).reshape(shape or [sides.get(field, 1) for field in _LEGACY_SIDES])


def _numbers(value: Any, dtype: str) -> np.ndarray:
    """Returns packed numbers, or the single one of an unpacked field, which arrives as its raw bytes."""
    return np.frombuffer(value, dtype)


def _varints(value: Any) -> list[int]:
    """Returns packed varints, or the single one of an unpacked field."""
    if isinstance(value, int):
        return [value]
    numbers, place = [], 0
    while place < len(value):
        number, place = _varint(value, place)
        numbers.append(number)
    return numbers


def _fields(content: memoryview) -> Iterator[tuple[int, Any]]:
    """Yields (field number, value) of a message: an integer for varints, bytes for everything else."""
    place = 0
    while place < len(content):
        key, place = _varint(content, place)
        field, wire = key >> 3, key & 7
        if wire == _VARINT:
            value, place = _varint(content, place)
            yield field, value
            continue
        if wire == _LENGTH:
            size, place = _varint(content, place)
        elif wire in (_EIGHT_BYTES, _FOUR_BYTES):
            size = 8 if wire == _EIGHT_BYTES else 4
        else:
            raise ValueError(f"unknown wire type {wire}")
        if place + size > len(content):
            raise ValueError(f"{place + size - len(content)} bytes are missing")
        yield field, content[place : place + size]
        place += size


def _varint(content: memoryview, place: int) -> tuple[int, int]:
    number, shift = 0, 0
    while True:
        byte = content[place]
        number |= (byte & 0x7F) << shift
        place += 1
        if byte < 0x80:
            return number, place
        shift += 7


def _message(tokens: list[str], place: int) -> tuple[dict[str, Any], int]:
    """Returns the fields up to the closing brace (or the end), and the place behind."""
    fields: dict[str, Any] = {}
    while place < len(tokens) and tokens[place] != "}":
        name, place = tokens[place], place + 1
        if tokens[place] == ":":
            place += 1
        if tokens[place] == "{":
            value, place = _message(tokens, place + 1)
            if tokens[place] != "}":
                raise IndexError
            place += 1
        else:
            value, place = _scalar(tokens[place]), place + 1
        _append(fields, name, value)
    return fields, place


def _scalar(token: str) -> Any:
    if token[0] in "\"'":
        return token[1:-1]
    for kind in (int, float):
        try:
            return kind(token)
        except ValueError:
            continue
    return {"true": True, "false": False}.get(token, token)


def _append(fields: dict[str, Any], name: str, value: Any) -> None:
    if name not in fields:
        fields[name] = value
    elif isinstance(fields[name], list):
        fields[name].append(value)
    else:
        fields[name] = [fields[name], value]
