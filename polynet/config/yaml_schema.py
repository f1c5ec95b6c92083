"""YAML as configs use it: numbers as YAML 1.2 reads them, no dates, no duplicate keys, no bombs.

PyYAML follows YAML 1.1, where `1e-3` is a string, `010` is eight, `1:30` is ninety and `2026-01-31` a date. A
learning rate must not turn into a string, so numbers follow the core schema of YAML 1.2 here, for reading and writing
alike. Booleans keep the spellings of 1.1 (`yes`, `off`), which many existing configs use.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from polynet.config.limits import MAX_DEPTH

MAX_MERGED_KEYS = 100_000

_FIRST_CHARACTERS = {
    "tag:yaml.org,2002:int": "-+0123456789",
    "tag:yaml.org,2002:float": "-+.0123456789",
}
_NUMBERS = {
    "tag:yaml.org,2002:float": re.compile(
        r"^(?:[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
    ),
    "tag:yaml.org,2002:int": re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$"),
}
_REPLACED = {*_NUMBERS, "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}


def _resolvers(inherited: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """PyYAML's table of what plain scalars mean, the numbers' rows replaced; integers are tried before floats."""
    table = {first: [row for row in rows if row[0] not in _REPLACED] for first, rows in inherited.items()}
    for tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
        for first in _FIRST_CHARACTERS[tag]:
            table.setdefault(first, []).append((tag, _NUMBERS[tag]))
    return table


class Loader(yaml.SafeLoader):
    """A safe loader with the schema above."""

    yaml_implicit_resolvers = _resolvers(yaml.SafeLoader.yaml_implicit_resolvers)

    def fetch_flow_collection_start(self, TokenClass: Any) -> None:  # noqa: N803 - the scanner's own name for it
        """Refuse deep nesting at once: the scanner's time grows with its square."""
        if self.flow_level >= MAX_DEPTH:
            message = f"nested deeper than {MAX_DEPTH} levels"
            raise yaml.scanner.ScannerError(None, None, message, self.get_mark())
        super().fetch_flow_collection_start(TokenClass)

    def construct_integer(self, node: yaml.ScalarNode) -> int:
        """An integer of YAML 1.2: decimal, `0x…` or `0o…`."""
        text = str(self.construct_scalar(node))
        try:
            return int(text, 0) if text[:2] in ("0x", "0o") else int(text)
        except ValueError as error:  # longer than Python converts
            raise yaml.constructor.ConstructorError(None, None, str(error), node.start_mark) from error

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """A mapping in which every key is a plain value given once."""
        seen = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "a key must be a plain value", key_node.start_mark)
            key = (key_node.tag, key_node.value)
            if key in seen and key_node.tag != "tag:yaml.org,2002:merge":
                message = f"the key {key_node.value!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, message, key_node.start_mark)
            seen.add(key)
        return dict(super().construct_mapping(node, deep=deep))

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Resolve `<<`, within bounds: mappings merged into mappings can double at every line of a file."""
        total = 0
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                for source in value_node.value if isinstance(value_node, yaml.SequenceNode) else [value_node]:
                    if isinstance(source, yaml.MappingNode):
                        self.flatten_mapping(source)
                        total += len(source.value)
                    if total > MAX_MERGED_KEYS:
                        message = f"more than {MAX_MERGED_KEYS} keys are merged with <<"
                        raise yaml.constructor.ConstructorError(None, None, message, node.start_mark)
        super().flatten_mapping(node)


Loader.add_constructor("tag:yaml.org,2002:int", Loader.construct_integer)


class Dumper(yaml.SafeDumper):
    """A safe dumper that quotes what `Loader` would read as something else, and writes no aliases."""

    yaml_implicit_resolvers = _resolvers(yaml.SafeDumper.yaml_implicit_resolvers)

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out where it stands."""
        return True

    def represent_text(self, data: str) -> yaml.ScalarNode:
        """A string; one with invisible characters in double quotes, where they are escaped and survive."""
        visible = all(character.isprintable() or character == "\n" for character in data)
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=None if visible else '"')


Dumper.add_representer(str, Dumper.represent_text)
