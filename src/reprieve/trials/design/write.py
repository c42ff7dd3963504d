"""Writing a design as TOML, so that what was built elsewhere, in a web form for one, becomes a file.

Only what was said is written; what was left out keeps its default when the file is read again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reprieve.trials.design.form import DesignForm

_DELETE = chr(127)  # the one character that JSON leaves as it is and TOML does not allow


def to_toml(design: DesignForm) -> str:
    """Return the file of a design. Reading it back gives an equal design."""
    table = design.model_dump(mode="json", by_alias=True, exclude_unset=True, exclude_none=True)
    return "\n".join(_lines(table, "")).lstrip("\n") + "\n"


def _lines(table: Mapping[str, Any], path: str) -> Iterator[str]:
    """The lines of a table: plain values first, then the tables in it."""
    for key, value in table.items():
        if not _is_table(value) and not _is_tables(value):
            yield f"{key} = {_value(value)}"
    for key, value in table.items():
        name = f"{path}.{key}" if path else key
        if _is_table(value):
            yield from ("", f"[{name}]")
            yield from _lines(value, name)
        elif _is_tables(value):
            for entry in value:
                yield from ("", f"[[{name}]]")
                yield from _lines(entry, name)


def _is_table(value: object) -> bool:
    return isinstance(value, Mapping)


def _is_tables(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_is_table(one) for one in value)


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace(_DELETE, "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(_value(one) for one in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value)
