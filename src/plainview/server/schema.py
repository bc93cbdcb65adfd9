"""The OpenAPI schema where Litestar cannot tell it from a handler's types: bodies that are decoded here, raw
JSON, and what the fields mean."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from litestar.openapi.spec import OpenAPI, OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from msgspec import Raw


class Holds:
    """In an annotation of `Raw`: the type whose JSON it is."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind


class RawSchemas(OpenAPISchemaPlugin):
    """Gives `Annotated[Raw, Holds(X)]` the schema of X."""

    def is_plugin_supported_field(self, field_definition: FieldDefinition) -> bool:
        """Whether the field is raw JSON."""
        return field_definition.annotation is Raw

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: Any) -> Schema:
        """The schema of what the field holds."""
        for mark in field_definition.metadata:
            if isinstance(mark, Holds):
                return schema_creator.for_field_definition(FieldDefinition.from_annotation(mark.kind))  # type: ignore[no-any-return]
        return Schema()


def takes(kind: type[msgspec.Struct], **held: type[msgspec.Struct]) -> type[Operation]:
    """The operation of a route whose JSON body is a `kind`; `held` says what its lists of raw JSON hold."""
    schema = _schema(kind)
    for name, inner in held.items():
        schema["properties"][name]["items"] = _schema(inner)
    # Litestar writes any mapping as it stands.
    body = RequestBody(content={"application/json": OpenAPIMediaType(schema=schema)}, required=True)  # type: ignore[arg-type]

    @dataclass
    class Taking(Operation):
        def __post_init__(self) -> None:
            self.request_body = body

    return Taking


def _schema(kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON schema of a struct that holds no other."""
    _, schemas = msgspec.json.schema_components([kind])
    schema: dict[str, Any] = schemas[kind.__name__]
    for name, text in _words(kind).items():
        schema["properties"][name]["description"] = text
    return schema


def describe(schema: OpenAPI, kinds: Iterable[type[msgspec.Struct]]) -> None:
    """Say in `schema` what those of `kinds` and their fields mean that it holds as components."""
    held = schema.components.schemas
    for kind in kinds:
        component = held.get(kind.__name__)
        if component is None:
            continue
        component.description = " ".join((inspect.getdoc(kind) or "").split())
        for name, text in _words(kind).items():
            field = (component.properties or {})[name]
            if isinstance(field, Schema):
                field.description = text


def _words(kind: type[msgspec.Struct]) -> dict[str, str]:
    """What the fields of a struct mean: the strings below them in its source."""
    (definition,) = ast.parse(inspect.getsource(kind)).body
    assert isinstance(definition, ast.ClassDef)
    words: dict[str, str] = {}
    for field, text in zip(definition.body, definition.body[1:], strict=False):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                words[name] = " ".join(said.split())
    return words
