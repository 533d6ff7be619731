"""What a command of the course is given, made into a model, arrays and a price."""

import importlib
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from torch import nn

from mlopt_lessons.sentences import first_line
from mlopt_lessons.workbench import MODELS, Price, load_model, price, prices
from mlopt_lessons.workbench.serving.feeds import Array

DEFAULT_PRICE = "c7i.large"  # the smallest listed machine with VNNI


class CommandInputError(ValueError):
    """A model, a data file or a price that cannot be found or read."""


class CommandUsageError(CommandInputError):
    """An argument that has the wrong form, whatever files exist."""


def find_model(text: str) -> nn.Module | Path:
    """The model that `text` names: an .onnx file, a workbench model, or package.module:name.

    Raises:
        CommandUsageError: `text` is none of the three.
        CommandInputError: the module or the name in it does not exist or gives no nn.Module.
    """
    path = Path(text)
    if path.suffix in {".pt", ".pth", ".ckpt", ".safetensors"}:
        raise CommandInputError(
            f"{text} holds weights without the model's code: "
            "give package.module:function, a function that returns the loaded nn.Module."
        )
    if path.suffix == ".onnx" or path.is_file():
        return path
    if text in MODELS:
        return load_model(text)
    module, colon, name = text.partition(":")
    if colon and module and name:
        return _import_model(module, name)
    raise CommandUsageError(
        f"{text} is no .onnx file, no package.module:function and none of the models "
        f"{', '.join(MODELS)}: give one of these."
    )


def _import_model(module_name: str, name: str) -> nn.Module:
    sys.path.insert(0, str(Path.cwd()))
    try:
        module = importlib.import_module(module_name)
        if not hasattr(module, name):
            raise CommandInputError(f"{module_name} has no {name}: check the name after the colon.")
        found = getattr(module, name)
        model = found if isinstance(found, nn.Module) else _called(found, f"{module_name}:{name}")
    except CommandInputError:
        raise
    except ModuleNotFoundError as error:
        raise CommandInputError(
            f"There is no module {error.name} here: start in the folder that holds it."
        ) from error
    except (Exception, SystemExit) as error:
        raise CommandInputError(
            f"{module_name}:{name} fails with {type(error).__name__} ({first_line(error)}): "
            "it must work without arguments."
        ) from error
    finally:
        sys.path.remove(str(Path.cwd()))
    if not isinstance(model, nn.Module):
        raise CommandInputError(
            f"{module_name}:{name} gives a {type(model).__name__}: it must give a torch.nn.Module."
        )
    return model


def _called(found: object, name: str) -> object:
    if not callable(found):
        raise CommandInputError(
            f"{name} is a {type(found).__name__}: name an nn.Module or a function that returns one."
        )
    return found()


def read_data(path: Path, shape: tuple[int | None, ...] | None, integers: bool = False) -> Array:
    """Rows of inputs from .npy, .npz or .csv; flat CSV rows take the model's input shape.

    Args:
        shape: what the model takes, rows first, where it is known.
        integers: the model takes whole numbers (token ids); a CSV file cannot say so itself.

    Raises:
        CommandInputError: a missing, empty or damaged file, text in it, or several unnamed arrays.
    """
    data = _read(path)
    if isinstance(data, Mapping) or path.suffix != ".csv":
        return data
    if integers:
        return _shaped(_whole(path, data), shape)
    return _shaped(data.astype(np.float32), shape)


def _whole(path: Path, data: NDArray[Any]) -> NDArray[np.int64]:
    if not np.isfinite(data).all() or (data != np.rint(data)).any():
        raise CommandInputError(f"{path} holds numbers that are not whole: the model takes ids.")
    return data.astype(np.int64)


def _shaped(data: NDArray[Any], shape: tuple[int | None, ...] | None) -> NDArray[Any]:
    """Rows as the model takes them when the count fits; otherwise as they are, to be refused."""
    inner = shape[1:] if shape else ()
    sizes = [size for size in inner if size is not None]
    if len(sizes) == len(inner) > 1 and np.prod(sizes) == data.shape[1]:
        return data.reshape(len(data), *sizes)
    return data


def read_labels(path: Path) -> NDArray[np.int64]:
    """Class numbers, one for each row, from .npy, .npz or a CSV file with one column.

    Raises:
        CommandInputError: as for `read_data`, several columns, or numbers that are not whole.
    """
    data = _read(path)
    if isinstance(data, Mapping):
        raise CommandInputError(f"{path} holds several arrays: keep only the labels in it.")
    if path.suffix == ".csv":
        data = data.squeeze(axis=1) if data.shape[1] == 1 else data
        if data.ndim > 1:
            raise CommandInputError(f"{path} has {data.shape[1]} columns: keep only the labels.")
    if data.dtype.kind not in "iuf":
        raise CommandInputError(f"{path} holds {data.dtype}: give class numbers from 0.")
    return _whole_labels(path, data)


def _whole_labels(path: Path, data: NDArray[Any]) -> NDArray[np.int64]:
    if data.dtype.kind == "f" and not (np.isfinite(data) & (data == np.rint(data))).all():
        raise CommandInputError(f"{path} holds labels that are not whole numbers: give classes.")
    return data.astype(np.int64)


def _read(path: Path) -> Any:
    if not path.exists():
        raise CommandInputError(f"There is no file {path}: check the path of the data.")
    readers = {".npy": _read_npy, ".npz": _read_npz, ".csv": _read_csv}
    if path.is_dir() or path.suffix not in readers:
        raise CommandInputError(f"{path} is no .npy, .npz or .csv file: save the data as one.")
    try:
        return readers[path.suffix](path)
    except CommandInputError:
        raise
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise CommandInputError(
            f"{path} cannot be read ({first_line(error)}): save the data again."
        ) from error


def _read_npy(path: Path) -> NDArray[Any]:
    return np.load(path, allow_pickle=False)


def _read_npz(path: Path) -> Any:
    with np.load(path, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    if not arrays:
        raise CommandInputError(f"{path} holds no array: save the data again.")
    return next(iter(arrays.values())) if len(arrays) == 1 else arrays


def _read_csv(path: Path) -> NDArray[np.float64]:
    """Numbers of a CSV file with or without a line of names."""
    table = pd.read_csv(path, header=None, dtype=str, skipinitialspace=True)
    numbers = table.apply(pd.to_numeric, errors="coerce")
    if numbers.iloc[0].isna().all():
        table, numbers = table.iloc[1:], numbers.iloc[1:]
    text = table.notna() & numbers.isna()
    if text.to_numpy().any():
        row, column = np.argwhere(text.to_numpy())[0]
        value = table.iloc[row, column]
        raise CommandInputError(
            f"{path} holds the text {value!r} in row {row + 1}, column {column + 1}: "
            "keep only numbers and at most one line of names."
        )
    return numbers.to_numpy(np.float64)


def find_price(text: str) -> Price:
    """A row of the price list by name, or the learner's own dollars an hour.

    Raises:
        CommandUsageError: neither a known name nor a number above 0.
    """
    try:
        own = float(text)
    except ValueError:
        return _listed(text)
    if not np.isfinite(own) or own <= 0:
        raise CommandUsageError(f"The price is {text}: give dollars an hour above 0.")
    today = pd.Timestamp.now().date().isoformat()
    return Price("mine", usd_per_hour=own, source="given on the command line", date=today)


def _listed(text: str) -> Price:
    try:
        return price(text)
    except (KeyError, ValueError) as error:
        names = ", ".join(prices()["name"])
        raise CommandUsageError(
            f"There is no price named {text}: give dollars an hour or one of {names}."
        ) from error
