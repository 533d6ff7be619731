"""Usage logs are read as they were written, and one that is wrong is told where and why."""

import numpy as np
import pytest
from usage_data import by_hand

from mlopt_lessons.resources.usage import STORY, Request, Usage
from mlopt_lessons.resources.usage_log import load_usage, save_usage

HEAD = "time,cpu_cores,memory_gib\n"


def write(folder, text, encoding="utf-8"):
    file = folder / "log.csv"
    file.write_bytes(text.encode(encoding))
    return file


def test_what_is_saved_is_read_again_to_the_last_bit(tmp_path):
    rng = np.random.default_rng(0)
    first = by_hand(rng.random(30), rng.random(30), Request(0.1, 1 / 3), 300, "train a")
    second = by_hand(rng.random(5), rng.random(5), None, 60, "serve")
    save_usage([first, second], tmp_path / "mine.csv")
    again = load_usage(tmp_path / "mine.csv")
    assert [each.job for each in again] == ["train a", "serve"]
    for old, new in zip((first, second), again, strict=True):
        assert np.array_equal(old.cpu, new.cpu)
        assert np.array_equal(old.memory_gib, new.memory_gib)
        assert (old.interval_s, old.request) == (new.interval_s, new.request)
        assert new.source == "recorded: mine.csv"
    with pytest.raises(ValueError, match="no job to save"):
        save_usage([], tmp_path / "none.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_iso_times_jobs_in_turn_and_a_request_that_changes(tmp_path, encoding):
    text = (
        "job,time,cpu_cores,memory_gib,cpu_request,memory_request_gib\n"
        "é,2026-11-24T08:00:00Z,1,2,4,8\n"
        "b,2026-11-24T08:00:00Z,5,6,,\n"
        "é,2026-11-24T09:05:00+01:00,3,4,2,6\n"
        "b,2026-11-24T09:00:00Z,7,8,,\n\n"
    )
    one, two = load_usage(write(tmp_path, text, encoding))
    assert (one.job, one.cpu.tolist(), one.memory_gib.tolist()) == ("é", [1, 3], [2, 4])
    assert (one.interval_s, one.request) == (300, Request(2, 6))
    assert (two.interval_s, two.request, two.cpu.tolist()) == (3600, None, [5, 7])


def test_without_a_job_it_is_named_after_the_file(tmp_path):
    (found,) = load_usage(write(tmp_path, HEAD + "0,1,1\n0.1,1,1\n0.21,1,1\n"))
    assert found.job == "log"
    assert found.interval_s == pytest.approx(0.105)


def test_gaps_are_refused_or_joined(tmp_path):
    file = write(tmp_path, HEAD + "0,1,1\n60,1,1\n120,1,1\n600,1,1\n660,1,1\n")
    with pytest.raises(ValueError, match=r"480 s pass before line 5 and 60 s .* 1 such place"):
        load_usage(file)
    (found,) = load_usage(file, ignore_gaps=True)
    assert (len(found.cpu), found.interval_s) == (5, 60)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "log.csv is empty"),
        ("\n \n", "log.csv is empty"),
        (HEAD, "names of columns and no samples"),
        ("time;cpu_cores;memory_gib\n0;1;1\n", "separate columns with commas"),
        (
            "time,cpu,memory_gib\n0,1,1\n",
            r"lacks cpu_cores \(is it 'cpu'\? rename it\). It has: time",
        ),
        (
            "timestamp,cpu_cores,mem\n0,1,1\n",
            r"lacks time \(is it 'timestamp'.*memory_gib \(is it 'mem'",
        ),
        (HEAD.strip() + ",cpu_request\n0,1,1,1\n", "cpu_request alone"),
        (HEAD + "0,1,1\n60,,1\n", "line 3: cpu_cores is empty or NaN"),
        (HEAD + "0,1,1\n\n60,1,NaN\n", "line 4: memory_gib is empty or NaN"),
        (HEAD + "0,1,1\n60,-0.5,1\n", r"line 3: cpu_cores is -0.5, below 0"),
        (HEAD + "0,1,inf\n60,1,1\n", "line 2: memory_gib is infinite"),
        (HEAD + "0,1,8Gi\n60,1,1\n", "line 2: memory_gib is '8Gi', not a number"),
        (HEAD + "0,1,1\n", "has one sample"),
        (HEAD + "0,1,1\n60,1,1\n30,1,1\n", "jumps back by 30 s at line 4"),
        (HEAD + "0,1,1\n60,1,1\n60,1,1\n", "time repeats at line 4"),
        (HEAD + "0,1,1\n60,1,1\n120,1,1\n130,1,1\n190,1,1\n", "10 s pass before line 5 and 60 s"),
        (HEAD + "yesterday,1,1\n60,1,1\n", "line 2: time is 'yesterday'"),
        (HEAD + ",1,1\n60,1,1\n", "line 2: time is nan"),
        ("job," + HEAD + "a,0,1,1\n,60,1,1\n", "line 3: job is empty"),
        (HEAD + "0,1,1\n60,1,1,9,9\n", "not a table with commas"),
    ],
)
def test_a_log_that_is_wrong_is_told_where(tmp_path, text, told):
    with pytest.raises(ValueError, match=told):
        load_usage(write(tmp_path, text))


def test_a_file_that_is_not_there_or_not_text(tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load_usage(tmp_path / "none.csv")
    with pytest.raises(ValueError, match="not text in UTF-8"):
        load_usage(write(tmp_path, HEAD + "0,1,1\n", "utf-16"))
    with pytest.raises(ValueError, match=r"not text in UTF-8 \(byte 0\)"):
        load_usage(write(tmp_path, "é," + HEAD, "latin-1"))


@pytest.mark.parametrize(
    ("cpu", "memory", "interval", "told"),
    [
        ([], [], 1, "one length"),
        ([1.0], [1.0, 2.0], 1, "one length"),
        ([np.nan], [1.0], 1, "not finite"),
        ([1.0], [-1.0], 1, "below 0"),
        ([1.0], [1.0], 0, "not above 0"),
    ],
)
def test_usage_that_cannot_be_is_refused(cpu, memory, interval, told):
    with pytest.raises(ValueError, match=told):
        Usage("job", np.array(cpu), np.array(memory), interval, None, "simulated: by hand")


def test_a_request_that_cannot_be_is_refused():
    with pytest.raises(ValueError, match="cpu is -1"):
        Request(-1, 0)
    with pytest.raises(ValueError, match="memory_gib is nan"):
        Request(1, float("nan"))


def test_the_story_wastes_14_cores_and_56_gib():
    assert STORY.request.cpu - STORY.cpu.mean() == 14
    assert STORY.request.memory_gib - STORY.memory_gib.max() == 56
    assert STORY.hours == 28 * 24
    assert STORY.part(0, 12).hours_at[-1] == pytest.approx(11 / 12)
