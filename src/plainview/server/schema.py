"""The OpenAPI schema where Litestar cannot tell it from a handler's types: bodies that are decoded here, raw JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar.openapi.spec import Components, OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition
from msgspec import Raw

_REF = "#/components/schemas/{name}"


class Holds:
    """In an annotation of `Raw`: the type whose JSON it is."""

    def __init__(self, kind: type[Any]) -> None:
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


def takes(kind: type[msgspec.Struct]) -> type[Operation]:
    """The operation of a route whose JSON body is a `kind`."""
    name = kind.__name__
    content = {"application/json": OpenAPIMediaType(schema=Reference(ref=_REF.format(name=name)))}

    @dataclass
    class Taking(Operation):
        request_body: RequestBody | Reference | None = field(
            default_factory=lambda: RequestBody(content=content, required=True)
        )

        def __post_init__(self) -> None:
            self.request_body = RequestBody(content=content, required=True)

    return Taking


def components(kinds: list[type[msgspec.Struct]], raw: dict[tuple[str, str], str]) -> Components:
    """The schemas of `kinds`. `raw` names the type that a list of raw JSON holds, by struct and field."""
    _, schemas = msgspec.json.schema_components(kinds, ref_template=_REF)
    for (struct, name), held in raw.items():
        schemas[struct]["properties"][name]["items"] = {"$ref": _REF.format(name=held)}
    return Components(schemas=schemas)
