"""tf.train.Example in its wire form, written here so that workers need no TensorFlow and bytes never vary.

The message is a map from name to a list of bytes, integers or floats; protobuf leaves the order of a map open, and
its libraries use that freedom. Here the names are sorted. A message is (field << 3 | wire type), a length, a body:
https://protobuf.dev/programming-guides/encoding/.
"""

from __future__ import annotations

from collections.abc import Mapping

_LENGTH_DELIMITED = 2
_VARINT_LIST, _BYTES_LIST = 3, 1  # fields of tf.train.Feature


def serialize_example(features: Mapping[str, bytes | str | int]) -> bytes:
    """Returns the features as a serialized tf.train.Example, one value each, names in sorted order."""
    entries = b"".join(_field(1, _entry(name, features[name])) for name in sorted(features))
    return _field(1, entries)


def _entry(name: str, value: bytes | str | int) -> bytes:
    return _field(1, name.encode()) + _field(2, _feature(value))


def _feature(value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return _field(_VARINT_LIST, _field(1, _varint(value & (1 << 64) - 1)))
    return _field(_BYTES_LIST, _field(1, value.encode() if isinstance(value, str) else value))


def _field(number: int, body: bytes) -> bytes:
    return b"".join((_varint(number << 3 | _LENGTH_DELIMITED), _varint(len(body)), body))


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
