"""Specs of one's own networks, read from files, and what is told of a wrong one."""

import json
import math

import pytest

from mlopt_lessons.gpu.memory import demand
from mlopt_lessons.gpu.spec import Spec, load_spec


def write(path, **content):
    path.write_text(json.dumps(content))
    return path


def test_a_spec_is_read_from_a_file(tmp_path):
    file = write(tmp_path / "mine.json", parameters=1000, flops=500, activation_bytes=400)
    assert load_spec(file) == Spec("mine", 1000, 500, 400)
    file = write(
        tmp_path / "b.json", name="b", parameters=1e3, flops=1, activation_bytes=4, trained=0
    )
    assert demand(load_spec(file), 1).parts["optimizer"] == 0


@pytest.mark.parametrize(
    ("content", "error", "told"),
    [
        ({"parameters": 1, "flops": 1}, ValueError, "lacks activation_bytes"),
        (
            {"parameters": 0, "flops": 1, "activation_bytes": 1},
            ValueError,
            "parameters of mine must be above 0",
        ),
        ({"parameters": "7B", "flops": 1, "activation_bytes": 1}, TypeError, "must be a number"),
        ({"parameters": None, "flops": 1, "activation_bytes": 1}, TypeError, "must be a number"),
        (
            {"parameters": 1, "flops": math.nan, "activation_bytes": 1},
            ValueError,
            "flops of mine must be above 0",
        ),
        (
            {"parameters": 1, "flops": 1, "activation_bytes": 1, "weights": 2},
            ValueError,
            "not known: weights",
        ),
    ],
)
def test_a_spec_that_is_wrong_is_told_why(tmp_path, content, error, told):
    with pytest.raises(error, match=told):
        load_spec(write(tmp_path / "mine.json", **content))


@pytest.mark.parametrize(("text", "told"), [("{", "is not JSON"), ("[1]", "must hold one object")])
def test_a_file_that_is_no_spec_is_refused(tmp_path, text, told):
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(ValueError, match=told):
        load_spec(tmp_path / "mine.json")
