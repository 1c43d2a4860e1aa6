"""The JSON Schemas of the spec, the plan, the inventory and the check, made from the pydantic models."""

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

from lrspec.formats.json_files import CheckFile, PlanFile
from lrspec.models.inventory_file import InventoryFile
from lrspec.spec.language import Spec
from lrspec.spec.schema_conditions import with_conditions

Kind: TypeAlias = Literal["spec", "plan", "params", "check"]

MODELS: dict[Kind, type[BaseModel]] = {"spec": Spec, "plan": PlanFile, "params": InventoryFile, "check": CheckFile}
FILES: dict[Kind, str] = {
    "spec": "lrspec.v1.schema.json",
    "plan": "lrspec-plan.v1.schema.json",
    "params": "lrspec-params.v1.schema.json",
    "check": "lrspec-check.v1.schema.json",
}
"""What the schemas are called in `schemas/`."""

_TITLES: dict[Kind, str] = {
    "spec": "lrspec",
    "plan": "lrspec plan",
    "params": "lrspec parameter inventory",
    "check": "lrspec check",
}


class _Generator(GenerateJsonSchema):
    """What is written below a field describes it."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        for field, description in _descriptions(schema["cls"]).items():
            made["properties"][field]["description"] = description
        return made


class _FileGenerator(_Generator):
    """For the files that lrspec writes: titles that only repeat the key are left out, and so is null as a default."""

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class _SpecGenerator(_Generator):
    """For specs, which people write: a key that is not given is absent, never null; titles are what editors show."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def get_title_from_name(self, name: str) -> str:
        return name

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """One schema with several types: of `oneOf` few validators say what was expected."""
        choices = {_TYPES[str(tag)]: self.generate_inner(choice) for tag, choice in schema["choices"].items()}
        scalar = choices.pop(None)
        types = scalar["type"] if isinstance(scalar["type"], list) else [scalar["type"]]
        message = f"Expected {schema['custom_error_message']}."
        conditions = [{"if": {"type": kind}, "then": choice} for kind, choice in choices.items()]
        condition = conditions[0] if len(conditions) == 1 else {"allOf": conditions}
        return {**scalar, "type": [*types, *choices], "errorMessage": message, **condition}


_TYPES = {"<scalar>": None, "<list>": "array", "<mapping>": "object"}
"""The tags of `spec.TAGS` in JSON Schema; a scalar says itself of which type it is."""


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """What is written below each field of a model. pydantic could read that, but does so at every start."""
    source = ast.parse(inspect.getsource(sys.modules[model.__module__]))
    bodies = [node.body for node in source.body if isinstance(node, ast.ClassDef) and node.name == model.__name__]
    found = {}
    for field, below in (pair for body in bodies for pair in pairwise(body)):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = inspect.cleandoc(text)
    return found


def schema(kind: Kind) -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of one of the formats."""
    made = _spec_schema() if kind == "spec" else MODELS[kind].model_json_schema(schema_generator=_FileGenerator)
    return {"$schema": GenerateJsonSchema.schema_dialect, **made, "title": _TITLES[kind]}


def _spec_schema() -> dict[str, Any]:
    made: dict[str, Any] = _in_markdown(Spec.model_json_schema(schema_generator=_SpecGenerator))
    return with_conditions(made)


def _in_markdown(schema: Any) -> Any:
    """The schema with its descriptions as Markdown, too: language servers show backticks of plain ones as they are."""
    if isinstance(schema, list):
        return [_in_markdown(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    description = schema.get("description")
    markdown = {"markdownDescription": description} if isinstance(description, str) else {}
    return {key: _in_markdown(value) for key, value in schema.items()} | markdown


def schema_text(kind: Kind) -> str:
    """The JSON Schema as the text of its file."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"
