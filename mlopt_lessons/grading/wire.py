"""What passes between grader and box: frames of JSON that hold plain values and arrays, never pickle.

The grader reads what a stranger wrote: length, number of values, depth and sizes are bounded
before they can cost memory, and every type is checked.
"""

from __future__ import annotations

import base64
import json
import math
import os
import select
import threading
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlopt_lessons.course.checking_values import plain

MAX_VALUES = 50_000
MAX_DEPTH = 20
MAX_TEXT = 1_000_000
MAX_WIDE = 10_000_000  # characters, four bytes each
MAX_DIGITS = 39  # as many as 128 bits have
MAX_DIMENSIONS = 16
NUMBERS = ("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8")
DTYPES = {np.dtype(code).name: np.dtype("<" + code) for code in ("b1", *NUMBERS)}
MAX_ARRAY_BYTES = 64_000_000
MOST_OUTPUTS = 500  # of a cell
PICTURES = 10  # so many times the limit of text they may take
READY = {"ready": True}  # what the box says first
ARRAY, TUPLE = "__array__", "__tuple__"
USABLE = "return numbers, text, lists, dicts or numpy arrays"
_CHUNK = 1 << 16
_one_at_a_time = threading.Lock()  # many boxes may send their largest at the same moment
# Bound here, so that what a learner's code makes of the json module changes nothing by accident.
_dumps = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class WireError(ValueError):
    """A value that cannot travel, or a message that is not what it must be; its text is a sentence."""


def encode(value: Any) -> Any:
    """A value as JSON can hold it: arrays, numpy scalars and tensors with their type, tuples as such.

    Raises WireError with a sentence for the learner where it is anything but plain data.
    """
    return _Encoder().node(value, 0)


def decode(message: Any) -> Any:
    """The value of what `encode` gave. Raises WireError for anything that `encode` cannot give."""
    value = _decoded(message, 0)
    _extent(value)
    return value


def write_frame(
    fd: int, message: Any, deadline: float | None = None, limit: int = 2**32 - 1
) -> None:
    """Writes a message: four bytes of length, then ASCII JSON of at most `limit` bytes.

    Raises WireError where it is longer, TimeoutError after the deadline (monotonic), OSError if nobody reads.
    """
    body = _dumps(message).encode("ascii")
    if len(body) > limit:
        raise WireError(f"It is larger than {limit / 1e6:g} MB; return less.")
    rest = memoryview(len(body).to_bytes(4, "big") + body)
    while rest:
        _wait(fd, select.POLLOUT, deadline)
        try:
            rest = rest[os.write(fd, rest[:_CHUNK]) :]
        except BlockingIOError:
            continue


def read_frame(fd: int, limit: int, deadline: float | None = None) -> Any:
    """The next message. Raises what `read_body` and `parse` raise."""
    return parse(read_body(fd, limit, deadline))


def read_body(fd: int, limit: int, deadline: float | None = None) -> bytearray:
    """The next message as it came, of at most `limit` bytes.

    Raises WireError when it is longer, EOFError when there is none, and TimeoutError as `write_frame`.
    """
    length = int.from_bytes(_read(fd, 4, deadline), "big")
    if length > limit:
        raise WireError("It sent more bytes at once than are allowed.")
    return _read(fd, length, deadline)


def parse(body: bytes | bytearray) -> Any:
    """Strict JSON: ASCII, no key twice, bounded numbers, not too many values. Raises WireError."""
    if sum(body.count(each) for each in b"[{,") > MAX_VALUES:
        raise WireError(f"It sent more than {MAX_VALUES:,} values.")
    try:
        with _one_at_a_time:
            return json.loads(
                body.decode("ascii"),
                object_pairs_hook=_object,
                parse_int=_whole_number,
                parse_float=_number,
            )
    except (ValueError, RecursionError) as error:
        raise WireError("It sent something that is not proper JSON.") from error


def _wait(fd: int, event: int, deadline: float | None) -> None:
    poll = select.poll()
    poll.register(fd, event)
    left = None if deadline is None else max(0.0, deadline - time.monotonic()) * 1000
    if not poll.poll(left):
        raise TimeoutError


def _read(fd: int, count: int, deadline: float | None) -> bytearray:
    """Exactly so many bytes; memory grows with what came, not with what was announced."""
    body = bytearray()
    while len(body) < count:
        _wait(fd, select.POLLIN, deadline)
        chunk = os.read(fd, min(_CHUNK, count - len(body)))
        if not chunk:
            raise EOFError
        body += chunk
    return body


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise WireError("It sent an object with a key twice.")
    return made


def _whole_number(text: str) -> int:
    if len(text) > MAX_DIGITS + 1:
        raise WireError("It sent a whole number that is too long.")
    return int(text)


def _number(text: str) -> float:
    if len(text) > 64:
        raise WireError("It sent a number that is too long.")
    return float(text)


class _Encoder:
    """Counts the values as it goes, so that a list that holds itself ends in a sentence."""

    def __init__(self) -> None:
        self.count = 0

    def node(self, value: Any, depth: int) -> Any:
        self.count += 1
        if self.count > MAX_VALUES or depth > MAX_DEPTH:
            raise WireError("It holds too many values, or lists too deep; return a numpy array.")
        kind = type(value).__name__
        if kind == "DataFrame":
            raise WireError(f"It is a DataFrame; {USABLE}.")
        if hasattr(value, "detach"):  # a torch tensor
            value = plain(value)
        if value is None or isinstance(value, bool | int | float | str):
            return _scalar(value)
        if isinstance(value, dict):
            return self.object(value, depth)
        if isinstance(value, tuple):
            return {TUPLE: [self.node(each, depth + 1) for each in value]}
        if isinstance(value, list | range):
            return [self.node(each, depth + 1) for each in value]
        return self.array(value, kind, depth)

    def object(self, value: dict[Any, Any], depth: int) -> dict[str, Any]:
        if not all(isinstance(key, str) for key in value):
            raise WireError("It has keys that are not text; use text as keys.")
        if value.keys() & {ARRAY, TUPLE}:
            raise WireError(f"{ARRAY} and {TUPLE} cannot be keys; use other names.")
        return {str(key): self.node(each, depth + 1) for key, each in value.items()}

    def array(self, value: Any, kind: str, depth: int) -> Any:
        if not hasattr(value, "__array__"):  # which Series and numpy's scalars have, too
            raise WireError(f"It is a {kind}; {USABLE}.")
        array = np.asarray(value)
        if array.dtype.kind == "U":
            return self.node(array.tolist(), depth + 1)
        if array.dtype.name not in DTYPES:
            raise WireError(f"It is an array of {array.dtype.name}; use numbers or True and False.")
        if array.nbytes > MAX_ARRAY_BYTES:
            raise WireError("It is an array of more than 64 MB; return less.")
        if _is_endless(array.shape):
            raise WireError("It is an empty array of a shape that is too large; return less.")
        data = np.ascontiguousarray(array, dtype=DTYPES[array.dtype.name])
        return {
            ARRAY: {
                "dtype": array.dtype.name,
                "shape": list(array.shape),
                "data": base64.b64encode(data.tobytes()).decode("ascii"),
            }
        }


def _scalar(value: bool | int | float | str | None) -> Any:
    """The plain value of a number or text, also where its type is a subclass, as np.float64 is."""
    if isinstance(value, np.generic):
        return _Encoder().array(value, "number", 0)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return float(value)
    if isinstance(value, int):
        if abs(value) >= 10**MAX_DIGITS:
            raise WireError(f"It holds a whole number of more than {MAX_DIGITS} digits.")
        return int(value)
    if len(value) > MAX_TEXT:
        raise WireError(f"It holds a text of more than {MAX_TEXT:,} characters.")
    return str(value)


def _decoded(message: Any, depth: int) -> Any:
    if depth > 2 * MAX_DEPTH + 2:  # a tuple takes two levels
        raise WireError("It sent lists too deep.")
    if isinstance(message, str):
        return text(message)
    if isinstance(message, list):
        return [_decoded(each, depth + 1) for each in message]
    if not isinstance(message, dict):
        return message
    if message.keys() == {ARRAY}:
        return _array(message[ARRAY])
    if message.keys() == {TUPLE}:
        if not isinstance(message[TUPLE], list):
            raise WireError("It sent a tuple that is none.")
        return tuple(_decoded(each, depth + 1) for each in message[TUPLE])
    return {text(key): _decoded(each, depth + 1) for key, each in message.items()}


def _extent(value: Any) -> tuple[int, int]:
    """How many values an array of this would have, and the longest text among them; a dict is one.

    Raises WireError where a list would be too large: numpy makes every value of a list, and of the
    arrays in it, as wide as its longest text.
    """
    if isinstance(value, dict):
        for each in value.values():
            _extent(each)
        return 1, 0
    if not isinstance(value, list | tuple):
        return np.size(value), len(value) if isinstance(value, str) else 0
    sizes, texts = zip((0, 0), *map(_extent, value), strict=True)
    count, longest = sum(sizes), max(texts)
    if count * longest > MAX_WIDE:
        raise WireError("It sent long texts among many other values.")
    return count, longest


def text(message: str) -> str:
    """A text that came, of bounded length, that any encoding can hold."""
    if len(message) > MAX_TEXT:
        raise WireError(f"It sent a text of more than {MAX_TEXT:,} characters.")
    return message.encode("utf-8", "replace").decode("utf-8")


def _array(parts: Any) -> Any:
    """An array, or a numpy scalar where it has no dimension."""
    if not isinstance(parts, dict) or parts.keys() != {"dtype", "shape", "data"}:
        raise WireError("It sent an array without its parts.")
    name, shape, data = parts["dtype"], parts["shape"], parts["data"]
    if not (isinstance(name, str) and isinstance(data, str) and name in DTYPES):
        raise WireError("It sent an array of a type that is not allowed.")
    raw = _bytes(data)
    if not _is_shape(shape) or math.prod(shape) * DTYPES[name].itemsize != len(raw):
        raise WireError("It sent an array whose shape does not fit its data.")
    if _is_endless(shape):
        raise WireError("It sent an empty array of an impossible shape.")
    if name == "bool" and raw.strip(b"\0\1"):
        raise WireError("It sent True and False that are neither.")
    array = np.frombuffer(raw, DTYPES[name]).reshape(shape).astype(name)
    return array if shape else array[()]


def _is_endless(shape: Sequence[int]) -> bool:
    """Whether an array holds nothing, and a loop over it would not end all the same."""
    return 0 in shape and math.prod(max(1, each) for each in shape) > MAX_VALUES


def _is_shape(shape: Any) -> bool:
    fits = isinstance(shape, list) and len(shape) <= MAX_DIMENSIONS
    return fits and all(type(each) is int and 0 <= each < 2**31 for each in shape)


def _bytes(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except ValueError as error:
        raise WireError("It sent data that is not base64.") from error
