"""Reading a table from CSV (also .gz) or Parquet, each text stored once."""

import csv as plain_csv
from collections.abc import Callable, Mapping
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

Wanted = Callable[[list[str]], Mapping[str, bool]]
_NULLS = ["", "NULL", "null", "Null", "None", r"\N"]
_HEAD_BYTES = 1 << 16
_TEXT = pa.dictionary(pa.int32(), pa.string())
_CONVERT = "Open it in a text editor and save it as UTF-8, or run: iconv -f {} -t UTF-8 IN > OUT."
_NO_ROWS = "{} has column names and no rows; export a period with charges."
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_KINDS = {b"PK\x03\x04": "a zip or Excel file", b"\xd0\xcf\x11\xe0": "an old Excel file"}


def read_table(path: Path, wanted: Wanted) -> pd.DataFrame:
    """The columns of a file that `wanted` picks; texts become categoricals.

    `wanted` gets the column names of the file and returns those to read, each with whether it holds
    numbers. A column of numbers stays text where one of them is none. Empty fields and NULL are missing
    values. Raises OSError where there is no such file, ValueError
    with a sentence for one that is empty, no table, not UTF-8 or without rows.
    """
    head = _head(path)
    table = _parquet(path, wanted) if head.startswith(b"PAR1") else _csv(path, head, wanted)
    if not table.num_rows:
        raise ValueError(_NO_ROWS.format(path.name))
    return table.to_pandas(strings_to_categorical=True, split_blocks=True, self_destruct=True)


def _head(path: Path) -> bytes:
    if not path.exists():
        raise FileNotFoundError(f"There is no file {path}; check the path.")
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; name the file in it.")
    try:
        with _open(path) as file:
            return file.read(_HEAD_BYTES)
    except OSError as error:
        if error.errno:
            raise
        raise ValueError(f"{path.name} is a broken .gz file ({error}); copy it again.") from error


def _open(path: Path) -> pa.NativeFile:
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    return pa.input_stream(str(path), compression="gzip" if packed else None)


def _parquet(path: Path, wanted: Wanted) -> pa.Table:
    try:
        columns = list(wanted(parquet.read_schema(path).names))
        return parquet.read_table(path, columns=columns)
    except pa.ArrowException as error:
        raise ValueError(
            f"{path.name} is no whole Parquet file ({error}). Copy it again."
        ) from error


def _csv(path: Path, head: bytes, wanted: Wanted) -> pa.Table:
    _check_text(head, path.name)
    names, delimiter = _header(head)
    columns = wanted(names)
    read = csv.ReadOptions(skip_rows=_blank_lines(head))
    parse = csv.ParseOptions(delimiter=delimiter, newlines_in_values=True)
    try:
        table = _read(path, read, parse, columns)
        # Text instead, so that whoever converts it can say which row is wrong.
        return table or _read(path, read, parse, dict.fromkeys(columns, False))
    except pa.ArrowException as error:
        raise ValueError(_reason(str(error), path.name)) from error


def _read(
    path: Path, read: csv.ReadOptions, parse: csv.ParseOptions, columns: Mapping[str, bool]
) -> pa.Table | None:
    """The table, or None where a column of numbers holds something else."""
    numbers = [name for name, number in columns.items() if number]
    convert = csv.ConvertOptions(
        column_types={name: pa.float64() if columns[name] else _TEXT for name in columns},
        include_columns=list(columns),
        null_values=_NULLS,
        strings_can_be_null=True,
    )
    try:
        with _open(path) as file:
            table = csv.read_csv(file, read, parse, convert)
    except pa.ArrowInvalid as error:
        if "conversion error to double" in str(error):
            return None
        raise
    finite = (pc.all(pc.is_finite(table[name]), min_count=0).as_py() for name in numbers)
    return table if all(finite) else None


def _check_text(head: bytes, name: str) -> None:
    for magic, kind in _KINDS.items():
        if head.startswith(magic):
            raise ValueError(f"{name} is {kind}; save the table as CSV (UTF-8) or Parquet.")
    if head.startswith(_UTF16) or b"\x00" in head:
        raise ValueError(f"{name} is not UTF-8; it looks like UTF-16. {_CONVERT.format('UTF-16')}")
    if not head.strip(b"\xef\xbb\xbf \t\r\n"):
        raise ValueError(f"{name} is empty; export the bill again.")


def _blank_lines(head: bytes) -> int:
    """Blank lines before the column names."""
    text = head.removeprefix(b"\xef\xbb\xbf")
    return text[: len(text) - len(text.lstrip(b"\r\n"))].count(b"\n")


def _header(head: bytes) -> tuple[list[str], str]:
    line = (
        head.removeprefix(b"\xef\xbb\xbf")
        .lstrip(b"\r\n")
        .splitlines()[0]
        .decode("utf-8", "replace")
    )
    delimiter = max(",;\t|", key=line.count)
    return next(plain_csv.reader([line], delimiter=delimiter)), delimiter


def _reason(error: str, name: str) -> str:
    if "UTF8" in error:
        return f"{name} is not UTF-8; it may be Latin-1. {_CONVERT.format('LATIN1')}"
    if "Empty CSV" in error:  # the names are its last line, without a line break
        return _NO_ROWS.format(name)
    return f"{name} is no whole CSV table ({error}). Export it again."
