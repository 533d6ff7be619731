"""The tags of a charge: read from the spellings that exports use."""

import json
from collections.abc import Iterable
from typing import Any

Tags = dict[str, str]
_NONE = {"", "null", "{}", "[]"}
_EXPECTED = (
    'Expected {"team": "search"}, team=search;env=dev or [{"Key": "team", "Value": "search"}].'
)


def parse_tags(value: Any) -> Tags:
    """Tags as a dict of texts; None, "" and "NULL" are no tags.

    Read are JSON objects, "k=v;k=v", lists of {"Key": …, "Value": …} objects, lists of pairs (how
    Parquet stores a map) and dicts. A key without a value has the value "true", as FOCUS writes it.
    Raises ValueError for anything else.
    """
    if value is None or value != value:
        return {}
    if isinstance(value, str):
        return _from_text(value.strip())
    if isinstance(value, dict):
        return {str(key): _text(each) for key, each in value.items() if each is not None}
    if isinstance(value, Iterable):
        return dict(_pair(each) for each in value)
    raise ValueError(f"Tags {value!r} cannot be read. {_EXPECTED}")


def _from_text(text: str) -> Tags:
    if text.lower() in _NONE:
        return {}
    if text[0] not in "{[":
        return dict(_assigned(part) for part in text.split(";") if part.strip())
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"Tags {_short(text)} are no JSON ({error}). {_EXPECTED}") from error
    return parse_tags(found)


def _assigned(part: str) -> tuple[str, str]:
    key, sign, value = part.partition("=")
    if not sign or not key.strip():
        raise ValueError(f"Tags {_short(part)} have no key and value. {_EXPECTED}")
    return key.strip(), value.strip()


def _pair(entry: Any) -> tuple[str, str]:
    if isinstance(entry, dict):
        lower = {str(key).lower(): each for key, each in entry.items()}
        if lower.keys() >= {"key", "value"}:
            return str(lower["key"]), _text(lower["value"])
    elif isinstance(entry, tuple | list) and len(entry) == 2:
        return str(entry[0]), _text(entry[1])
    raise ValueError(f"Tags {_short(str(entry))} cannot be read. {_EXPECTED}")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
