"""Write an ONNX model: the few messages of its format that an encoder needs.

An ONNX file is one protocol buffer message. Writing it here, field by field, keeps the build to
NumPy, and its bytes the same on every machine and with every version of every library, so that the
result can be pinned by a checksum. Field numbers: onnx.proto of ONNX, IR version 9.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import numpy as np

IR_VERSION = 9
OPSET = 17

# TensorProto.DataType
TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int64": 7}

# AttributeProto.AttributeType
FLOAT, INT, INTS = 1, 2, 7


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1  # a negative number is written as its 64-bit two's complement
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _int(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _bytes(number: int, value: bytes | str) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _float(number: int, value: float) -> bytes:
    return _varint(number << 3 | 5) + struct.pack("<f", value)


def _attribute(name: str, value: float | Sequence[int]) -> bytes:
    out = _bytes(1, name)
    if isinstance(value, float):
        return out + _float(2, value) + _int(20, FLOAT)
    if isinstance(value, int):
        return out + _int(3, value) + _int(20, INT)
    return out + b"".join(_int(8, item) for item in value) + _int(20, INTS)


def _value_info(name: str, dtype: str, shape: Sequence[int | str]) -> bytes:
    dims = b"".join(
        _bytes(1, _int(1, size) if isinstance(size, int) else _bytes(2, size)) for size in shape
    )
    tensor_type = _int(1, TYPES[dtype]) + _bytes(2, dims)
    return _bytes(1, name) + _bytes(2, _bytes(1, tensor_type))


@dataclass(slots=True)
class Graph:
    """Nodes in the order in which they run, and the constants they use."""

    _nodes: list[bytes] = field(default_factory=list)
    _constants: dict[str, bytes] = field(default_factory=dict)

    def node(
        self, op: str, inputs: Sequence[str], output: str, **attributes: float | Sequence[int]
    ) -> str:
        """Add a node with one output, and return that output's name."""
        names = b"".join(_bytes(1, name) for name in inputs)
        pairs = b"".join(_bytes(5, _attribute(*pair)) for pair in sorted(attributes.items()))
        self._nodes.append(names + _bytes(2, output) + _bytes(3, output) + _bytes(4, op) + pairs)
        return output

    def node_with_outputs(self, op: str, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Add a node that has several outputs and no attributes."""
        names = b"".join(_bytes(1, name) for name in inputs)
        results = b"".join(_bytes(2, name) for name in outputs)
        self._nodes.append(names + results + _bytes(3, outputs[0]) + _bytes(4, op))

    def constant(self, name: str, array: np.ndarray) -> str:
        """Add a constant tensor, and return its name."""
        dims = b"".join(_int(1, size) for size in array.shape)
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        kind = _int(2, TYPES[array.dtype.name])
        self._constants[name] = dims + kind + _bytes(8, name) + _bytes(9, data)
        return name

    def write(
        self,
        path: Path,
        inputs: dict[str, tuple[str, Sequence[int | str]]],
        outputs: dict[str, tuple[str, Sequence[int | str]]],
    ) -> None:
        """Write the model.

        Args:
            path: the file to write.
            inputs: name -> (dtype, shape); a str in a shape is a size that is free.
            outputs: the same.
        """
        graph = b"".join(_bytes(1, node) for node in self._nodes) + _bytes(2, "encoder")
        graph += b"".join(_bytes(5, tensor) for tensor in self._constants.values())
        graph += b"".join(_bytes(11, _value_info(name, *kind)) for name, kind in inputs.items())
        graph += b"".join(_bytes(12, _value_info(name, *kind)) for name, kind in outputs.items())
        opset = _bytes(1, "") + _int(2, OPSET)
        path.write_bytes(_int(1, IR_VERSION) + _bytes(7, graph) + _bytes(8, opset))
