"""Where the parameter files of the model lie."""

from importlib.resources import files
from importlib.resources.abc import Traversable


def data_file(name: str) -> Traversable:
    return files("reprieve.model") / "data" / f"{name}.toml"
