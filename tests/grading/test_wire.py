"""Values across the wire: plain ones come back the same, and all else is refused."""

import base64
import json
import math
from collections import namedtuple

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from mlopt_lessons.grading.wire import MAX_TEXT, MAX_VALUES, WireError, decode, encode, parse

ALLOWED = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
]
Pair = namedtuple("Pair", "left right")


def there_and_back(value):
    return decode(parse(json.dumps(encode(value)).encode("ascii")))


def array_of(dtype, shape, data):
    return {"__array__": {"dtype": dtype, "shape": shape, "data": base64.b64encode(data).decode()}}


plain_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**100), 2**100)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs", "Pc"])), inner)
    ),
    max_leaves=20,
)


@given(plain_values)
def test_plain_values_come_back_the_same(value):
    back = there_and_back(value)
    assert back == value
    assert repr(back) == repr(
        value
    )  # 1, 1.0 and True are told apart, tuples and lists, 0.0 and -0.0


@given(hnp.arrays(st.sampled_from(ALLOWED), hnp.array_shapes(min_dims=0, min_side=0)))
def test_arrays_come_back_with_type_shape_and_bits(array):
    back = there_and_back(array)
    assert np.asarray(back).dtype == array.dtype
    assert np.shape(back) == array.shape
    assert np.asarray(back).tobytes() == array.tobytes()


def test_what_is_not_a_number_comes_back():
    back = there_and_back([math.nan, math.inf, -math.inf])
    assert math.isnan(back[0])
    assert back[1:] == [math.inf, -math.inf]


def test_an_array_that_came_can_be_written_to_and_is_native():
    back = there_and_back(np.arange(3, dtype=">i4"))
    back[0] = 7
    assert back.tolist() == [7, 1, 2]
    assert back.dtype == np.int32


def test_a_strided_array_keeps_its_order():
    array = np.arange(12).reshape(3, 4)[::-1, ::2].T
    assert there_and_back(array).tolist() == array.tolist()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), np.float32(0.5)),
        (np.bool_(True), np.bool_(True)),
        (np.int64(3), np.int64(3)),
        (np.array(["a", "b"]), ["a", "b"]),
        (np.str_("a"), "a"),
        (range(3), [0, 1, 2]),
        (Pair(1, 2.0), (1, 2.0)),
    ],
)
def test_near_relatives_of_plain_values_travel_as_them(value, expected):
    back = there_and_back(value)
    assert back == expected
    assert type(back) is type(expected)


def test_tensors_and_series_travel_as_arrays():
    tensor = torch.tensor([[1.0, 2.0]], requires_grad=True)
    assert there_and_back({"w": tensor})["w"].tolist() == [[1.0, 2.0]]
    assert there_and_back(torch.ones(2, dtype=torch.bfloat16)).dtype == np.float32
    assert there_and_back(pd.Series([1, 2, 3])).tolist() == [1, 2, 3]


def holds_itself():
    loop = []
    loop.append(loop)
    return loop


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (pd.DataFrame({"a": [1]}), "DataFrame"),
        (object(), "object"),
        ({1, 2}, "set"),
        (b"x", "bytes"),
        (1j, "complex"),
        (lambda: 1, "function"),
        (np.array([object()]), "object"),
        (np.array([1j]), "complex128"),
        (np.array(["2020-01-01"], "datetime64[D]"), "datetime64"),
        ({1: 2}, "text as keys"),
        ({"__array__": 1}, "other names"),
        (holds_itself(), "too deep"),
        ([0] * (MAX_VALUES + 1), "numpy array"),
        ("x" * (MAX_TEXT + 1), "text of more than"),
        (10**40, "digits"),
        (np.zeros(9_000_000), "64 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 99 else "",
)
def test_anything_else_is_refused_with_a_sentence(value, told):
    with pytest.raises(WireError, match=told):
        encode(value)


ONE = (1).to_bytes(8, "little")


@pytest.mark.parametrize(
    "message",
    [
        array_of("object", [1], ONE),
        array_of("O", [1], ONE),
        array_of("float128", [1], ONE * 2),
        array_of("complex128", [1], ONE * 2),
        array_of("datetime64[D]", [1], ONE),
        array_of(">i8", [1], ONE),
        array_of("V8", [1], ONE),
        array_of(["int64"], [1], ONE),
        array_of({"names": ["a"]}, [1], ONE),
        array_of("int64", [2], ONE),
        array_of("int64", [1], ONE + b"x"),
        array_of("int64", [-1], ONE),
        array_of("int64", [-1, -1], ONE),
        array_of("int64", [True], ONE),
        array_of("int64", [1.0], ONE),
        array_of("int64", 1, ONE),
        array_of("int64", None, ONE),
        array_of("int64", [1] * 65, ONE),
        array_of("int64", [0, 2**62], b""),
        array_of("int64", [0, 2**30, 2**30, 2**30], b""),
        array_of("bool", [3], b"\1\2\0"),
        array_of("bool", [1], b"\xff"),
        {"__array__": {"dtype": "int64", "shape": [1], "data": "not base64!!"}},
        {"__array__": {"dtype": "int64", "shape": [1], "data": "AQAAAAAAAAA=\n"}},
        {"__array__": {"dtype": "int64", "shape": [1], "data": "é"}},
        {"__array__": {"dtype": "int64", "shape": [1], "data": [1]}},
        {"__array__": {"dtype": "int64", "shape": [1]}},
        {"__array__": {"dtype": "int64", "shape": [1], "data": "", "more": 1}},
        {"__array__": [1]},
        {"__array__": "cos\nsystem\n(S'true'\ntR."},
        {"__tuple__": 3},
        {"__tuple__": {"a": 1}},
        "x" * (MAX_TEXT + 1),
    ],
)
def test_forged_values_are_refused(message):
    with pytest.raises(WireError):
        decode(message)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"1 2",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b"[" * 100_000 + b"]" * 100_000,
        b"[" * 1_500 + b"]" * 1_500,
        b'{"a":' * 1_500 + b"1" + b"}" * 1_500,
        b"[" + b"0," * MAX_VALUES + b"0]",
        b"[" + b"[]," * MAX_VALUES + b"[]]",
        b"9" * 41,
        b"-" + b"9" * 41,
        b"9" * 5000,
        b"0." + b"1" * 100,
        b"1e" + b"0" * 100,
        '"é"'.encode(),
        '"é"'.encode("latin-1"),
        b"\xef\xbb\xbf1",
        b'"\x00"',
        b"True",
        b"'a'",
        b"\x80\x04K\x01.",
    ],
    ids=lambda body: body[:20].hex(),
)
def test_what_is_not_proper_json_is_refused(body):
    with pytest.raises(WireError):
        parse(body)


def test_lists_too_deep_are_refused():
    message = 0
    for _ in range(60):
        message = [message]
    with pytest.raises(WireError, match="deep"):
        decode(message)


@pytest.mark.parametrize("inner", [[""] * 999, np.zeros(999, "u1"), {"a": [np.zeros(999, "u1")]}])
def test_texts_that_numpy_would_make_as_wide_as_the_longest_are_refused(inner):
    """The longest has 4,000 characters of four bytes; of what stands in a dict numpy makes no array."""
    message = encode([["x" * 4000, *[""] * 998], *[inner] * 40])
    if isinstance(inner, dict):
        assert len(decode(message)) == 41
        message = encode({"texts": [["x" * 4000] * 30, *[np.zeros(30, "u1")] * 100]})
    with pytest.raises(WireError, match="long texts among many"):
        decode(message)


def test_a_text_beside_a_large_array_comes_back():
    back = there_and_back({"name": "weights", "weights": np.zeros(1_000_000, "u1")})
    assert (back["name"], back["weights"].size) == ("weights", 1_000_000)


def test_half_a_character_becomes_a_question_mark():
    assert decode(parse(b'["\\ud800", {"\\udfff": 1}]')) == ["?", {"?": 1}]
