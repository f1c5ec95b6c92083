"""Configs as Scepter has them: one `Config` object, upper-case keys, variables of the environment in files."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from polynet.config.mapping import Config
from polynet.config.merging import merged
from polynet.config.overrides import parse_overrides

Self = TypeVar("Self", bound="ScepterConfig")

ENVIRONMENT: Mapping[str, Any] = {
    "SEED": 2023,
    "USE_PL": False,
    "BACKEND": "nccl",
    "SYNC_BN": False,
    "CUDNN_DETERMINISTIC": True,
    "CUDNN_BENCHMARK": False,
}
"""What a file without an `ENV` block is given; one with such a block is given its seed alone."""

_VARIABLE = re.compile(r"\$\{(\w+)\}")
_NUMBER = re.compile(r"[-+]?\d+(\.\d*)?[eE]-\d+")


def read_values(values: Any) -> Any:
    """Values of a file as Scepter reads them.

    `${NAME}` within a string becomes that variable of the environment, or stays where there is none of the name; a
    string such as `"5e-4"` becomes a number.

    Example:
        >>> read_values({"LEARNING_RATE": "5e-4", "NAME": "e-4", "ROOT": "${NO_SUCH_VARIABLE}/x"})
        {'LEARNING_RATE': 0.0005, 'NAME': 'e-4', 'ROOT': '${NO_SUCH_VARIABLE}/x'}
    """
    if isinstance(values, str):
        text = _VARIABLE.sub(lambda found: os.environ.get(found[1], found[0]), values)
        return float(text) if _NUMBER.fullmatch(text) else text
    if isinstance(values, Mapping):
        return {key: read_values(value) for key, value in values.items()}
    if type(values) in (list, tuple):
        return type(values)(read_values(value) for value in values)
    return values


class ScepterConfig(Config):
    """A `polynet.Config` that is made, read and asked as Scepter's is.

    Args:
        cfg_dict: Values, laid over the file's where there is one.
        load: As Scepter has it; without a file there is nothing to load.
        cfg_file: A file to read: `.yaml`, `.json` or another kind PolyNet knows. `_BASE`, `_BASE_RUN` and `_BASE_MODEL`
            name files it is laid over. It is given the block `ENV` where it has none.
        logger: Taken and not used: what goes wrong is an error here, and nothing else is worth a line.

    Raises:
        ConfigFileError: The file is missing or unreadable, where Scepter goes on with an empty config.
        ConfigError: It is no config.

    Source: Scepter, `scepter.modules.utils.config.Config`.

    Example:
        >>> cfg = ScepterConfig(cfg_dict={"HEAD": {"DIM": 512, "RATE": "5e-4"}}, load=False)
        >>> cfg.HEAD.DIM, cfg.HEAD.RATE, cfg.have("NECK"), cfg.get("NECK", "none"), list(cfg)
        (512, 0.0005, False, 'none', ['HEAD'])
    """

    __slots__ = ()

    def __init__(
        self,
        cfg_dict: Any = None,
        load: bool = True,
        cfg_file: str | os.PathLike[str] | None = None,
        logger: Any = None,
    ) -> None:
        values = cfg_dict
        if load and cfg_file is not None:
            from polynet.config.files import read

            values = merged(_with_environment(read_values(read(cfg_file))), values or {})
        super().__init__(read_values(values))

    def have(self, key: Any) -> bool:
        """Whether there is such a key."""
        return key in self

    def set(self, key: Any, value: Any) -> None:
        """Give a key a value."""
        self[key] = value

    def get_dict(self) -> dict[Any, Any]:
        """A fresh nested dict."""
        return self.to_dict()

    def get_lowercase_dict(self) -> dict[Any, Any]:
        """A fresh nested dict whose keys are in lower case."""
        lowered: dict[Any, Any] = _lowered(self.to_dict())
        return lowered

    def deep_copy(self: Self) -> Self:
        """A copy that shares no container with this one."""
        return self.clone()

    @property
    def cfg_dict(self) -> dict[Any, Any]:
        """A fresh nested dict, under Scepter's name for it."""
        return self.to_dict()

    @classmethod
    def fromfile(cls: type[Self], path: str | os.PathLike[str], overrides: Iterable[str] = ()) -> Self:
        """Read a file as the constructor's `cfg_file`, and lay overrides over it."""
        return cls(cfg_file=path)._apply(parse_overrides(overrides), strict=False)


def _with_environment(values: Mapping[Any, Any]) -> dict[Any, Any]:
    if isinstance(values.get("ENV"), Mapping):
        return {**values, "ENV": {"SEED": ENVIRONMENT["SEED"], **values["ENV"]}}
    return {**values, "ENV": dict(ENVIRONMENT)}


def _lowered(value: Any) -> Any:
    if isinstance(value, dict):
        return {key.lower() if isinstance(key, str) else key: _lowered(item) for key, item in value.items()}
    return [_lowered(item) for item in value] if isinstance(value, list) else value
