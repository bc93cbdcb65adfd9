"""Writes records.md from the structs of plainview.records, and controls.md from the table of controls, into
docs/reference: `python docs/reference/generate.py`.

What a field means stands once, in the string below it in the source; what a control looks at, in its table.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import msgspec

from plainview.oversight.controls.table import CONTROLS, TOPICS
from plainview.records import KINDS, PUBLIC, fields, owner_of

HEADING = """\
# Records

<!-- Written by docs/reference/generate.py from the structs' own docstrings: change those, then `make reference`. -->

A record's body is JSON in UTF-8 without white space, its keys in the order given here and every field present. A body
with an unknown, missing or repeated field, a wrong type, a number out of range or any other spelling is refused, and
the error names the field. `time` is journal time; the journal's writer fills it in.

A *public* record's fields stand in its leaf of the transparency log. A *personal* record's leaf is its salted
commitment and nothing else; its body belongs to one owner.
"""


CONTROLS_HEADING = """\
# Controls

<!-- Written by docs/reference/generate.py from plainview.oversight.controls: change that, then `make reference`. -->

What [`plainview controls`](../how-to/see-the-controls.md) looks at, and what may be otherwise all the same. A control
is *met* only where records show it, *not applicable* where nothing has happened that it is about, and else *not met*.
With a [finding](findings.md) that bears on it, it is not met.
"""
CONTROLS_JSON = """\
## As JSON

`--json` prints one object:

| field | is |
| --- | --- |
| `charter` | digest of the log's first charter |
| `time` | when it was asked, in Unix milliseconds |
| `records` | how many the mirrored log has |
| `opened` | how many of them, from the first on, were opened to the partner |
| `met`, `not_met`, `not_applicable` | how many of `controls` are |
| `controls` | a list, of those that were asked for |
| `obligations` | of licences, those whose time has come: `licence` (its number), `due` (Unix milliseconds), `text` |

Each control has:

| field | is |
| --- | --- |
| `number`, `topic`, `title`, `source` | as above |
| `state` | `met`, `not met` or `not applicable` |
| `said` | why, in words |
| `records` | a list: `kind`, `count`, indexes of the `first` hundred (none of the partner's own viewers), and `which` |
| `findings` | a list: its `file`, the `index` of the record that it is about or null, and in a `sentence` what it is |
| `looks_at`, `leaves_open` | as above |
"""


def controls_page() -> str:
    """All of controls.md, as it should be committed."""
    lines = [CONTROLS_HEADING]
    for topic in TOPICS:
        lines += [
            f"## {topic}\n",
            "| | control | drawn from | looked at | left open |",
            "| --- | --- | --- | --- | --- |",
        ]
        for one in CONTROLS:
            if one.topic == topic:
                cells = (str(one.number), one.title, one.source, one.looks_at, one.leaves_open)
                lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join([*lines, CONTROLS_JSON])


def records_page() -> str:
    """All of records.md, as it should be committed."""
    parts = {part.__name__: part for struct in KINDS.values() for part in _structs_within(struct)}
    lines = [HEADING]
    for kind, struct in sorted(KINDS.items()):
        owner = owner_of(struct(**dict.fromkeys(struct.__struct_fields__, 0))).partition(":")[0]
        face = "Public" if kind in PUBLIC else "Personal"
        lines += [f"## {kind}\n", f"{_sentence(struct)} *{face}; owned by the {owner}.*\n"]
        lines += [*_table(struct), ""]
    lines += ["# Parts of records\n"]
    for name, part in sorted(parts.items()):
        lines += [f"## {name}\n", f"{_sentence(part)}\n", *_table(part), ""]
    lines += ["# Field types\n", "| type | is | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {_code(value)} | {text} |" for name, value, text in _aliases()]
    return "\n".join(lines) + "\n"


def _structs_within(struct: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    info = msgspec.inspect.type_info(struct)
    assert isinstance(info, msgspec.inspect.StructType)
    for field in info.fields:
        inner: msgspec.inspect.Type = field.type
        if isinstance(inner, msgspec.inspect.VarTupleType):
            inner = inner.item_type
        if isinstance(inner, msgspec.inspect.StructType):
            yield inner.cls
            yield from _structs_within(inner.cls)


def _sentence(struct: type[msgspec.Struct]) -> str:
    return " ".join((inspect.getdoc(struct) or "").split())


def _table(struct: type[msgspec.Struct]) -> Iterator[str]:
    yield from ("| field | type | meaning |", "| --- | --- | --- |")
    (definition,) = ast.parse(inspect.getsource(struct)).body
    assert isinstance(definition, ast.ClassDef)
    for name, annotation, text in _documented(definition.body):
        yield f"| `{name}` | {_code(annotation)} | {text} |"


def _aliases() -> Iterator[tuple[str, ast.expr, str]]:
    for name, value, text in _documented(ast.parse(inspect.getsource(fields)).body):
        if isinstance(value, ast.Subscript):
            yield name, value, text


def _documented(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr, str]]:
    """Each name that `body` declares, its annotation or value, and the string below it."""
    for at, statement in enumerate(body):
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=expression, value=None):
                pass
            case ast.Assign(targets=[ast.Name(id=name)], value=expression):
                pass
            case _:
                continue
        text = ""
        if at + 1 < len(body):
            match body[at + 1]:
                case ast.Expr(value=ast.Constant(value=str(string))):
                    text = " ".join(string.split())
        yield name, expression, text


def _code(expression: ast.expr) -> str:
    return "`" + ast.unparse(expression).replace("|", "\\|") + "`"


PAGES = {"records.md": records_page, "controls.md": controls_page}
"""By their names beside this file."""

if __name__ == "__main__":
    for name, page in PAGES.items():
        Path(__file__).with_name(name).write_text(page(), encoding="utf-8")
