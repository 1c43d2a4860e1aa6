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

from lrspec.formats import CheckFile, InventoryFile, PlanFile
from lrspec.spec import Spec

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
    """A key that is not given is absent, never null; titles that only repeat the key are left out."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        made = super().model_schema(schema)
        for field, description in _descriptions(schema["cls"]).items():
            made["properties"][field]["description"] = description
        return made

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        if schema.get("default", ...) is None:
            return self.generate_inner(schema["schema"])
        return super().default_schema(schema)

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


class _PlanGenerator(_Generator):
    """In the files that lrspec writes, null is a value: a shape that is not known."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return GenerateJsonSchema.nullable_schema(self, schema)


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
    generator = _Generator if kind == "spec" else _PlanGenerator
    made = MODELS[kind].model_json_schema(schema_generator=generator)
    made["title"] = _TITLES[kind]
    return {"$schema": GenerateJsonSchema.schema_dialect, **made}


def schema_text(kind: Kind) -> str:
    """The JSON Schema as the text of its file."""
    return json.dumps(schema(kind), indent=2, ensure_ascii=False) + "\n"
