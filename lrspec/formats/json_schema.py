"""The JSON Schemas of specs and of all that lrspec writes, made from the pydantic models."""

from __future__ import annotations

import ast
import inspect
import json
import sys
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from lrspec.address import SITE
from lrspec.formats.json_files import AuditFile, CheckFile, DiffFile, PlanFile
from lrspec.models.inventory_file import InventoryFile
from lrspec.spec.language import Spec
from lrspec.spec.schema_conditions import with_conditions

Format: TypeAlias = Literal["spec", "plan", "params", "check", "audit", "diff"]

_FORMATS: dict[Format, tuple[type[BaseModel], str, str]] = {
    "spec": (Spec, "lrspec.v1.schema.json", "lrspec"),
    "plan": (PlanFile, "lrspec-plan.v1.schema.json", "lrspec plan"),
    "params": (InventoryFile, "lrspec-params.v1.schema.json", "lrspec parameter inventory"),
    "check": (CheckFile, "lrspec-check.v1.schema.json", "lrspec check"),
    "audit": (AuditFile, "lrspec-audit.v1.schema.json", "lrspec audit"),
    "diff": (DiffFile, "lrspec-diff.v1.schema.json", "lrspec diff"),
}
FILES = {format: file for format, (_, file, _) in _FORMATS.items()}
"""The names of the schemas in `schemas/`."""

_TYPES = {"<scalar>": None, "<list>": "array", "<mapping>": "object"}
"""The tags of `language.TAGS` as types of JSON Schema; a scalar's own schema has its type."""


class _Generator(GenerateJsonSchema):
    """Describes each field by the docstring below it. pydantic can do that, too, but would at every start."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        model, generated = schema["cls"], super().model_schema(schema)
        for node in ast.parse(inspect.getsource(sys.modules[model.__module__])).body:
            if not isinstance(node, ast.ClassDef) or node.name != model.__name__:
                continue
            for field, below in pairwise(node.body):
                match field, below:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                        key = model.model_fields[name].alias or name
                        generated["properties"][key]["description"] = inspect.cleandoc(text)
        return generated


class _FileGenerator(_Generator):
    """For the files that lrspec writes: without null as a default, and without titles that only repeat the key."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class _SpecGenerator(_Generator):
    """For specs, which people write: a missing key is absent, never null, and editors show the titles."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def get_title_from_name(self, name: str) -> str:
        return name

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """One schema with several types: for `oneOf`, few validators report what they expected."""
        choices = {_TYPES[str(tag)]: self.generate_inner(choice) for tag, choice in schema["choices"].items()}
        scalar = choices.pop(None)
        types = scalar["type"] if isinstance(scalar["type"], list) else [scalar["type"]]
        message = f"Expected {schema['custom_error_message']}."
        conditions = [{"if": {"type": tag}, "then": choice} for tag, choice in choices.items()]
        condition: dict[str, Any] = conditions[0] if len(conditions) == 1 else {"allOf": conditions}
        if "enum" in scalar:  # of the other types, it would refuse everything
            words = {"enum": scalar.pop("enum"), "errorMessage": message}
            condition |= {"anyOf": [words, {"type": list(choices)}]}
        return {**scalar, "type": [*types, *choices], "errorMessage": message, **condition}


def schema(format: Format) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a format."""
    model, file, title = _FORMATS[format]
    if format == "spec":
        generated = with_conditions(_in_markdown(model.model_json_schema(schema_generator=_SpecGenerator)))
    else:
        generated = model.model_json_schema(schema_generator=_FileGenerator)
    head = {"$schema": GenerateJsonSchema.schema_dialect, "$id": f"{SITE}/schemas/{file}"}
    return {**head, **generated, "title": title}


def _in_markdown(schema: Any) -> Any:
    """The schema with each description repeated as Markdown: language servers show the backticks of plain ones."""
    if isinstance(schema, list):
        return [_in_markdown(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    description = schema.get("description")
    markdown = {"markdownDescription": description} if isinstance(description, str) else {}
    return {key: _in_markdown(value) for key, value in schema.items()} | markdown


def schema_text(format: Format) -> str:
    """The text of the JSON Schema's file."""
    return json.dumps(schema(format), indent=2, ensure_ascii=False) + "\n"
