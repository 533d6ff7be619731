"""Recorded traces from the web, each checked against the sha256 that its copy here is known by."""

from pathlib import Path

import pooch

# "Can't Be Late" (Wu et al., NSDI'24), the traces that started on 26 October 2022: AWS, us-west-2.
ADDRESS = (
    "https://raw.githubusercontent.com/skypilot-org/spot-traces/"
    "221da1ab9bdfe7966da296265d7694d52dc0c5a6/availability/1-node/aws-10-26-2022/"
)
SHA256 = {
    "us-west-2a_k80_1": "56ece817845572653c37691eefe3814ad99cf1f277c772a0a6fc615b16cfa594",
    "us-west-2a_k80_8": "ecb5f2986bff1f5e80b2ea44d23aca29cfd03ca47c7bc2e309b525ca42f8b571",
    "us-west-2a_v100_1": "51100f536cec660cd324125f02cdb45a4bdda3ccfdad790a1842b9c94bd365e2",
    "us-west-2a_v100_8": "41971ffc4be92abc945b42e10edd8489f7ecbb59806e69c329b703b9b8d3b831",
    "us-west-2b_k80_1": "9697653ce4f26491498a27f4cd4841085af9de89578983be6a9fe728ec489245",
    "us-west-2b_k80_8": "ab59caed709b533ea9c03a853cf238cdbc475af3723bc4513e289f38d9ac3f5c",
    "us-west-2b_v100_1": "37690146ecbd330903e0aa791b748d40574a4766af0647cbd6b8841d33c42ce3",
    "us-west-2b_v100_8": "bbbd8b70b6b6075cec63804bffd1e105b46d7fd8466d6d3d06217d51fd39323f",
}


def fetch_trace(name: str, folder: str | Path | None = None, *, address: str = ADDRESS) -> Path:
    """The file of a recorded trace, for `load_trace`: downloaded once, then read from `folder`.

    `folder` is the user's cache without one. Raises ValueError for a name that is not in `SHA256` and
    for a file that is not the one recorded, ConnectionError when it cannot be reached.
    """
    if name not in SHA256:
        raise ValueError(f"There is no recorded trace {name!r}; choose one of {', '.join(SHA256)}.")
    place = Path(folder) if folder is not None else Path(pooch.os_cache("mlopt-lessons")) / "spot"
    return _download(f"{address}{name}.json", SHA256[name], place)


def _download(url: str, sha256: str, folder: Path) -> Path:
    """Fetches into `folder`, or keeps what is there when its hash is the right one."""
    name = url.rpartition("/")[2]
    try:
        return Path(pooch.retrieve(url, f"sha256:{sha256}", fname=name, path=folder))
    except ValueError as error:
        raise ValueError(
            f"{url} is not the trace that was recorded: its sha256 differs. Nothing was kept."
        ) from error
    except OSError as error:
        raise ConnectionError(
            f"{url} could not be reached; go online, or use simulated traces (`generate`)."
        ) from error
