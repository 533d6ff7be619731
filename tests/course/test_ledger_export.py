"""The ledger as files: read by pandas and by a browser's parser, and never over somebody's work."""

import errno
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from ledger_story import SAVED, SPEEDS, half_way

from mlopt_lessons.course import claims, export_ledger
from mlopt_lessons.course.ledger_export import NO_WORKSPACE, ledger_csv
from mlopt_lessons.course.store import open_store

VOID = {"meta", "br", "link", "img", "hr"}


class Balanced(HTMLParser):
    """Fails for a tag that closes another than the last opened; collects tags and addresses."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_table_comes_back_in_pandas(workspace: Path) -> None:
    half_way(open_store())
    done = export_ledger()
    assert [path.name for path in done.paths] == ["ledger.html", "ledger.csv"]
    table = pd.read_csv(done.paths[1])
    speeds = table[(table.claim == "quant-3") & (table.figure == "speed")].set_index("case")
    assert speeds.found.to_dict() == SPEEDS
    assert speeds.dollars.sum() == sum(SAVED.values())
    assert set(speeds.predicted.astype(float)) == {3.0}
    assert (speeds.verdict == "holds").sum() == 1
    hidden = table[table.claim == "quant-1"].iloc[0]
    assert hidden.verdict == "predict first"
    assert pd.isna(hidden.found)
    cost = table[table.figure == "cost"].iloc[0]
    assert (cost["case"], cost.kind, cost.seed) == ("saved <hourly>", "simulated", 7)
    assert set(table.claim) == set(claims.CLAIMS)


def test_the_page_needs_nothing_else_and_prints(workspace: Path) -> None:
    half_way(open_store())
    text = export_ledger().paths[0].read_text(encoding="utf-8")
    page = Balanced(text)
    assert page.open == []
    assert page.addresses == []
    assert not page.tags & {"script", "link", "img", "iframe"}
    assert "url(" not in text
    assert "@import" not in text
    for rule in ("@media print", "prefers-color-scheme: dark", "@page"):
        assert rule in text
    assert "saved &lt;hourly&gt;" in text
    assert "2 of 4 predictions were close" in text
    assert "smart MLOps = great models + minimal costs" in text
    assert "3.97" not in text


def test_outside_a_workspace_nothing_is_written_unless_a_folder_is_named(
    no_workspace: Path,
) -> None:
    done = export_ledger()
    assert (done.paths, repr(done)) == ((), NO_WORKSPACE)
    assert list(no_workspace.iterdir()) == []
    named = export_ledger(no_workspace / "a" / "b")
    assert all(path.is_file() for path in named.paths)
    assert len(pd.read_csv(named.paths[1])) == ledger_csv().count("\n") - 1


def test_an_own_export_is_replaced_and_a_changed_one_stays(workspace: Path) -> None:
    first = export_ledger()
    assert "Replaced" not in first.sentence
    half_way(open_store())
    second = export_ledger()
    assert second.paths == first.paths
    assert second.sentence.endswith("Replaced, an earlier export: ledger.html, ledger.csv.")
    second.paths[1].write_text("my notes", encoding="utf-8")
    third = export_ledger()
    assert [path.name for path in third.paths] == ["ledger-2.html", "ledger-2.csv"]
    assert third.sentence.endswith("left as they are: ledger.csv.")
    assert second.paths[1].read_text(encoding="utf-8") == "my notes"


def test_a_file_in_the_place_of_the_folder(workspace: Path) -> None:
    place = workspace / "notes"
    place.write_text("mine", encoding="utf-8")
    for folder in (place, place / "inside"):
        with pytest.raises(OSError, match="is a file or lies in one; name a folder"):
            export_ledger(folder)
    assert place.read_text(encoding="utf-8") == "mine"


def test_a_full_disk_leaves_the_earlier_export_and_no_half(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {path: path.read_bytes() for path in export_ledger().paths}
    half_way(open_store())

    def full(*_paths: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="Free some space"):
        export_ledger()
    assert {path: path.read_bytes() for path in (workspace / "ledger").iterdir()} == before


def test_numbers_are_not_rounded(workspace: Path) -> None:
    half_way(open_store())
    row = next(line for line in ledger_csv().splitlines() if "a market" in line)
    assert re.search(r",931(\.0)?,", row)
