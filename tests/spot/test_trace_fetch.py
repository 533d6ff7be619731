"""Recorded traces are fetched from a server of our own, and only the very file is taken."""

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from spot_data import FOLDER

from mlopt_lessons.spot import fetch
from mlopt_lessons.spot.trace import load_trace

NAME = "us-west-2a_v100_1"
CONTENT = b'{"metadata": {"gap_seconds": 600}, "data": [1, 0, 1]}'


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_) -> None:
        pass


@pytest.fixture
def served(tmp_path, monkeypatch):
    """A folder that is served on the loopback, and its address; its one file is the one known."""
    folder = tmp_path / "served"
    folder.mkdir()
    (folder / f"{NAME}.json").write_bytes(CONTENT)
    monkeypatch.setitem(fetch.SHA256, NAME, hashlib.sha256(CONTENT).hexdigest())
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


def test_a_trace_is_fetched_once_and_can_be_read(served, tmp_path):
    folder, address = served
    file = fetch.fetch_trace(NAME, tmp_path / "mine", address=address)
    assert load_trace(file).available.tolist() == [True, False, True]
    (folder / f"{NAME}.json").unlink()
    assert fetch.fetch_trace(NAME, tmp_path / "mine", address=address) == file


def test_another_file_is_refused_and_not_kept(served, tmp_path):
    folder, address = served
    (folder / f"{NAME}.json").write_bytes(CONTENT + b" ")
    with pytest.raises(ValueError, match="is not the trace that was recorded"):
        fetch.fetch_trace(NAME, tmp_path / "mine", address=address)
    assert not list((tmp_path / "mine").glob("*"))


def test_a_server_that_is_not_there_is_told(served, tmp_path):
    _, address = served
    for gone in ("http://127.0.0.1:9/", f"{address}elsewhere/"):
        with pytest.raises(ConnectionError, match="go online, or use simulated traces"):
            fetch.fetch_trace(NAME, tmp_path / "mine", address=gone)


def test_an_unknown_name_is_told_the_known_ones(tmp_path):
    with pytest.raises(ValueError, match=r"no recorded trace 'mine'.*us-west-2a_v100_1"):
        fetch.fetch_trace("mine", tmp_path)


@pytest.mark.parametrize("name", fetch.SHA256)
def test_the_hashes_are_those_of_the_recorded_files(name):
    file = FOLDER / "aws-10-26-2022" / f"{name}.json"
    if not file.exists():
        pytest.skip("The recorded traces are not beside this checkout.")
    assert hashlib.sha256(file.read_bytes()).hexdigest() == fetch.SHA256[name]
