"""The wanted parts of any JSON, against json's own reader, and within limits of memory and time."""

import json
import subprocess
import sys

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from release import ROOT

from mlopt_lessons.grading.handin_json import MOST_DEPTH, wanted
from mlopt_lessons.grading.records import HandinProblem

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
WANT = {"a": {}, "b": [{"a": {}}], "c": {"a": {}}}


def kept(value: object, want: object) -> object:
    """What is wanted of a value, of the parsed whole."""
    if want is None or isinstance(value, bool | float):
        return None
    if isinstance(value, dict):
        inner = want if isinstance(want, dict) else None
        if inner is None:
            return None
        return {key: kept(value[key], part) for key, part in inner.items() if key in value}
    if isinstance(value, list):
        return [kept(each, want[0]) for each in value] if isinstance(want, list) else None
    if isinstance(value, int):
        return value if 0 <= value < 10**9 else None
    return value


@given(st.dictionaries(st.sampled_from("abcd"), VALUES) | VALUES, st.sampled_from([None, 0, 2]))
def test_of_any_json_the_wanted_parts_are_kept(value: object, indent: int | None) -> None:
    if not isinstance(value, dict):
        value = {"b": [value, {"a": value}], "c": value}
    assert wanted(json.dumps(value, indent=indent), WANT) == kept(value, WANT)
    assert wanted(json.dumps(value, ensure_ascii=False), WANT) == kept(value, WANT)


SIGNS = st.text('[]{},:"\\ \n\tntru0123456789.eE+-fals/N\u00e9\u2028\x00', max_size=25)


@given(SIGNS | st.tuples(VALUES.map(json.dumps), SIGNS, st.integers(0, 40)))
@example("[1,]")
@example('{"a":1,}')
@example("01")
@example("-")
@example("1.")
@example('"\\u12"')
@example("\ufeff1")
@example("\u00a01")
@settings(max_examples=400)
def test_what_is_json_is_what_json_says(text: object) -> None:
    if isinstance(text, tuple):
        text = text[0][: text[2]] + text[1] + text[0][text[2] :]
    try:
        json.loads(text)
        right = True
    except ValueError:
        right = False
    try:
        wanted(text, None)
        ours = True
    except HandinProblem:
        ours = False
    assert ours == right


def test_lists_may_be_as_deep_as_told_and_no_deeper() -> None:
    assert wanted("[" * MOST_DEPTH + "1" + "]" * MOST_DEPTH, None) is None
    with pytest.raises(HandinProblem, match="too much"):
        wanted("[" * (MOST_DEPTH + 1) + "1" + "]" * (MOST_DEPTH + 1), None)


LARGE = {
    "pairs of lists": "b'{\"x\":[' + b'[],' * (N // 3 - 9) + b'[]]}'",
    "objects": "b'{\"nbformat\":4,\"cells\":[' + b'{},' * (N // 3 - 20) + b'{}]}'",
    "numbers": "b'{\"x\":[' + b'1.5,' * (N // 4 - 9) + b'1]}'",
    "lines": "b'{\"nbformat\":4,\"cells\":[{\"source\":[' + b'\"aa\",' * (N // 5 - 20) + b'\"\"]}]}'",
    "keys": "b'{' + b','.join(b'\"%06x\":1' % n for n in range(N // 11)) + b'}'",
    "wide text": "'{\"nbformat\":4,\"cells\":[{\"cell_type\":\"code\",\"source\":\"'.encode()"
    " + '\\U0001f600'.encode() * (N // 4 - 40) + b'\"}]}'",
}  # fmt: skip
MEASURE = r"""
import re, time
from pathlib import Path
from mlopt_lessons.grading.handin import parse
from mlopt_lessons.grading.records import HandinProblem
N = 10_000_000
raw = {raw}
assert 0.8 * N < len(raw) <= N, len(raw)
before = time.process_time()
try:
    parse(raw)
except HandinProblem as problem:
    print(problem)
# Not ru_maxrss, which a process takes over from the one that started it.
peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(time.process_time() - before, peak)
"""


@pytest.mark.parametrize("name", LARGE)
def test_ten_megabytes_of_anything_need_little_memory_and_time(name: str) -> None:
    code = MEASURE.format(raw=LARGE[name])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    seconds, peak_mb = map(float, done.stdout.split()[-2:])
    assert peak_mb < 200
    assert seconds < 20
