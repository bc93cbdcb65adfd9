"""Writes docs/reference/records.md from the structs of plainview.records: `python docs/reference/generate.py`.

What a field means stands once, in the string below it in the source.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import msgspec

from plainview.records import KINDS, PUBLIC, fields, owner_of

PAGE = Path(__file__).with_name("records.md")

HEADING = """\
# Records

<!-- Written by docs/reference/generate.py from the structs' own docstrings: change those, then `make reference`. -->

A record's body is JSON in UTF-8 without white space, its keys in the order given here and every field present. A body
with an unknown, missing or repeated field, a wrong type, a number out of range or any other spelling is refused, and
the error names the field. `time` is journal time; the journal's writer fills it in.

A *public* record's fields stand in its leaf of the transparency log. A *personal* record's leaf is its salted
commitment and nothing else; its body belongs to one owner.
"""


def page() -> str:
    """The whole page, as it should be committed."""
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


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
