"""The language as pydantic models: every key of a spec, its type, and its description in editors.

These judge single values. `validation/cross_field.py` and `validation/optimizer_options.py` judge how keys combine.
"""

from __future__ import annotations

import math
import re
from functools import cached_property
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    create_model,
)
from pydantic.types import Strict
from pydantic_core import PydanticCustomError

from lrspec.diagnostics.codes import ADJUSTABLE, Code, Severity
from lrspec.diagnostics.source import Path
from lrspec.spec.axes import AXES, SETTINGS
from lrspec.spec.limits import MAX_PATTERN, MAX_RULES
from lrspec.spec.times import TIME, is_time
from lrspec.spec.torch_optim import plain_type

RULE_NAME = re.compile(r"[A-Za-z0-9_-]{1,200}")
WHOLE_NAME = rf"^{RULE_NAME.pattern}(?![\s\S])"
"""The same for a JSON Schema, where `$` may be Python's, which matches before a final line break."""

TAG_NAME = re.compile(r"[A-Za-z0-9_]{1,200}")

ONLY = "optimizer"
"""The name of a spec's only optimizer, which the spec does not name."""

_A_TIME = "a number of steps, 1 or more, or a percentage of all steps, such as `5%`"

TAGS = frozenset({"<scalar>", "<list>", "<mapping>"})
"""The steps of pydantic's locations that are tags of the unions below, not keys."""


def _tag(value: Any) -> str:
    if isinstance(value, list | tuple):
        return "<list>"
    return "<mapping>" if isinstance(value, dict | BaseModel) else "<scalar>"


def _either(expected: str) -> Discriminator:
    return Discriminator(_tag, custom_error_type="kind", custom_error_message=expected)


def _option_number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PydanticCustomError("float_type", "a number")
    return _option_scalar(value)


def _option_scalar(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("finite_number", "a finite number")
    return value


def _tag_value(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise PydanticCustomError("tag", "a number, true or false, or text")
    return _option_scalar(value)


def _tag_name(name: str) -> str:
    if not TAG_NAME.fullmatch(name):
        raise PydanticCustomError("tag_name", "up to 200 letters, digits and `_` only")
    return name


def _power(value: float) -> float:
    if value == 0:
        raise PydanticCustomError("power", "a number other than 0")
    return value


def _time(value: Any) -> Any:
    if not is_time(value):
        raise PydanticCustomError("time", _A_TIME)
    return value


def _version(value: Any) -> Any:
    if value != 1 or type(value) is not int:
        raise PydanticCustomError("version", "1, the version of the language")
    return value


def _error_message(message: str, **schema: str) -> Any:
    """Return a field with the message that editors show for a value of the wrong type or pattern."""
    return Field(json_schema_extra={"errorMessage": message, **schema})


_T = TypeVar("_T")
_Lax = Strict(False)  # a list of a document becomes a tuple; its items stay strict
_Scalar = Annotated[_T, Tag("<scalar>")]
_Listed = Annotated[tuple[_T, ...], Field(min_length=1), _Lax, Tag("<list>")]
_Mapping = Annotated[_T, Tag("<mapping>")]

Regex: TypeAlias = Annotated[str, Field(min_length=1, max_length=MAX_PATTERN)]
Patterns: TypeAlias = Annotated[_Scalar[Regex] | _Listed[Regex], _either("a regex, or a list of regexes")]
NonNegative: TypeAlias = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Factor: TypeAlias = Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)]
Dimension: TypeAlias = Annotated[int, Field(ge=0)]
Dimensions: TypeAlias = Annotated[
    _Scalar[Dimension] | _Listed[Dimension], _either("a whole number, or a list of whole numbers")
]
Declared: TypeAlias = Literal["embedding", "head", "no_weight_decay"]
Declarations: TypeAlias = Annotated[
    _Scalar[Declared] | _Listed[Declared],
    _either("`embedding`, `head` or `no_weight_decay`, or a list of these"),
]
OptionNumber: TypeAlias = Annotated[Any, AfterValidator(_option_number), WithJsonSchema({"type": "number"})]
OptionScalar: TypeAlias = Annotated[
    Any, AfterValidator(_option_scalar), WithJsonSchema({"type": ["number", "boolean", "string", "null"]})
]
OptionValue: TypeAlias = Annotated[
    _Scalar[OptionScalar] | Annotated[tuple[OptionNumber, ...], _Lax, Tag("<list>")],
    _either("a number, true or false, null, text, or a list of numbers"),
    Field(title="option", description="An argument of the optimizer's class."),
]
TagValue: TypeAlias = Annotated[
    Any,
    AfterValidator(_tag_value),
    WithJsonSchema({"type": ["number", "boolean", "string"]}),
    Field(title="tag", description="A key of the optimizer's groups, for a loop that reads it."),
]
Time: TypeAlias = Annotated[
    Any,
    AfterValidator(_time),
    WithJsonSchema(
        {"type": ["integer", "string"], "minimum": 1, "pattern": TIME, "errorMessage": f"Expected {_A_TIME}."}
    ),
]
Count: TypeAlias = Annotated[int, Field(ge=1)]
Counts: TypeAlias = Annotated[_Scalar[Count] | _Listed[Count], _either("a whole number, or a list of whole numbers")]
RuleName: TypeAlias = Annotated[
    str,
    Field(pattern=f"^{RULE_NAME.pattern}$"),
    _error_message("Letters, digits, `_` and `-` only.", pattern=WHOLE_NAME),
]
TagName: TypeAlias = Annotated[str, AfterValidator(_tag_name)]
SeverityName: TypeAlias = Annotated[
    Literal["error", "warning", "ignore"],
    Field(json_schema_extra={"enumDescriptions": ["reported: no groups", "reported", "not reported"]}),
]


class _Part(BaseModel):
    """A part of a spec: frozen, with strict types and no unknown keys."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class ModelSource(_Part, title="model"):
    """A model with the arguments that build it."""

    source: str
    """What to build: `resnet18` or `timm:resnet18`, `torchvision:resnet50`, `hf:DIR`, `params:FILE`."""
    args: dict[str, Any] = Field(default_factory=dict, title="a mapping of arguments")
    """Arguments for building it, such as `{num_classes: 2}`."""


class Where(_Part, title="a mapping of ndim, module and declared"):
    """What narrows a rule beyond names."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    ndim: Dimensions | None = None
    """Number of dimensions of the parameter: one, or a list of which any will do. `[0, 1]`: norms and biases."""
    module: Regex | None = None
    """A regex, searched in the class names of the module that owns the parameter: its own and its bases'."""
    declared: Declarations | None = None
    """What the model declares it as: `embedding`, `head` or `no_weight_decay`; or a list of which any will do."""


class Decay(_Part, title="layer_decay"):
    """A layer-wise decay, by its factor and a floor, or by what the first layer has."""

    factor: Factor | None = None
    """What each layer has of the rate of the layer after it, in (0, 1]."""
    min_mult: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None
    """The multiplier that no layer falls below, in [0, 1]."""
    first: Factor | None = None
    """The multiplier of the first layer, in (0, 1], in place of a factor; the last layer has 1."""


class Entry(_Part, title="an entry of layers"):
    """An entry of a ladder that shares layers, puts several numbers on one, or leaves layers empty."""

    join: Patterns | None = None
    """A regex, or a list of them, whose parameters share a layer of the entry before it."""
    to: Literal["first", "last"] | None = None
    """Which layer of those whose captures begin with the `join`'s: `last`, the default, or `first`."""
    match: Patterns | None = None
    """A regex, or a list of them, whose last group captures a number: `every` of these numbers are one layer."""
    every: Annotated[int, Field(ge=2)] | None = None
    """How many numbers there are to a layer, from 2."""
    gap: Count | None = None
    """This many layers that no parameter is on."""


LayerEntry: TypeAlias = Annotated[
    _Scalar[Regex] | _Listed[Regex] | _Mapping[Entry],
    _either("a regex, a list of regexes, or a mapping with `join`, `every` or `gap`"),
]
Layers: TypeAlias = Annotated[_Scalar[Regex] | _Listed[LayerEntry], _either("a regex, or a list of layers")]
LayerDecay: TypeAlias = Annotated[
    _Scalar[Factor] | _Mapping[Decay], _either("a number, `{factor: …, min_mult: …}` or `{first: …}`")
]
_NOT_0 = Field(
    json_schema_extra={
        "if": {"const": 0},
        "then": {"enum": [-1, -0.5, 0.5, 1], "errorMessage": "Expected a number other than 0."},  # the usual ones
    }
)


class SizeFactor(_Part, title="a factor from a shape"):
    """A factor that follows from the shape of each parameter: `(size / base) ** power`."""

    of: Literal["rows", "cols", "fan_in", "fan_out"]
    """Which size: the `rows` or `cols` of a matrix, or `fan_in` or `fan_out` as `torch.nn.init` has them."""
    power: Annotated[float, Field(allow_inf_nan=False), AfterValidator(_power), _NOT_0]
    """The power, such as -1 or 0.5; not 0."""
    base: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    """The size at which the factor is 1."""


Scale: TypeAlias = Annotated[
    _Scalar[NonNegative] | _Mapping[SizeFactor], _either("a number, or `{of: fan_in, base: …, power: …}`")
]


class Thaw(_Part, title="freeze"):
    """Freezing for a while, or of all layers but the last."""

    until: Time | None = None
    """When it thaws: a number of optimizer steps, or a percentage of all, such as `10%`."""
    every: Time | None = None
    """How much later each layer thaws than the layer after it, in steps or percent as `until`. Needs `layers`."""
    but_last: Count | None = None
    """How many layers train from the start, counted from the last. Needs `layers`."""

    def __str__(self) -> str:
        given = {key: value for key, value in self if value is not None}
        return f"{{{', '.join(f'{key}: {value}' for key, value in given.items())}}}"

    @property
    def by_layer(self) -> bool:
        """True if it counts the layers of a ladder."""
        return self.every is not None or self.but_last is not None


Freeze: TypeAlias = Annotated[
    _Scalar[bool] | _Mapping[Thaw], _either("true, false, or `{until: …, every: …, but_last: …}`")
]


class Power(_Part, title="power"):
    """A polynomial shape."""

    power: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    """The power, above 0: 1 is linear."""


Shape: TypeAlias = Annotated[
    _Scalar[Literal["linear", "cosine", "sqrt", "exponential", "inverse_sqrt"]] | _Mapping[Power],
    _either("`linear`, `cosine`, `sqrt`, `exponential`, `inverse_sqrt` or `{power: …}`"),
]


class Segment(_Part, title="a segment"):
    """A segment of a schedule, from the end of the one before it."""

    model_config = ConfigDict(serialize_by_alias=True)

    until: Time | None = None
    """When it ends: a number of optimizer steps, or a percentage of all, such as `5%`. Only the last needs none."""
    begins: NonNegative | None = Field(None, alias="from", title="from")
    """The factor at its beginning; by default where the segment before it ended, and 1 for the first."""
    to: NonNegative | None = None
    """The factor at its end; 1 by default."""
    shape: Shape = "linear"
    """How it goes between the two."""

    def to_dict(self) -> dict[str, Any]:
        """The segment as it is written, with `to` and `shape` filled in; `inverse_sqrt` has no `to`."""
        end = None if self.shape == "inverse_sqrt" else 1.0 if self.to is None else self.to
        return {key: value for key, value in {**self.model_dump(), "to": end}.items() if value is not None}


Schedule: TypeAlias = Annotated[tuple[Segment, ...], Field(min_length=1), _Lax]
Model: TypeAlias = Annotated[_Scalar[str] | _Mapping[ModelSource], _either("a model, or `{source: …, args: …}`")]
Models: TypeAlias = Annotated[
    _Scalar[str] | _Mapping[ModelSource] | _Listed[Model], _either("a model, or a list of models")
]

Check = create_model(
    "Check",
    __base__=_Part,
    __cls_kwargs__={"title": "a mapping of names to severities"},
    __doc__="Severities by the names of diagnostics.",
    **{
        code.name.replace("-", "_"): (
            SeverityName | None,
            Field(
                None,
                alias=code.name,
                description=f"{code.code}, by default: {code.severity}. `lrspec explain {code.code}` says more.",
            ),
        )
        for code in ADJUSTABLE.values()
    },  # type: ignore[call-overload]
)

EXCLUSIVE = (("match", "layers"), *(axis.keys for axis in AXES.values() if len(axis.keys) > 1))
"""The keys of a rule that exclude each other."""

NOT_WITH_FREEZE = (*(key for key in SETTINGS if key != "freeze"), "layers")
"""The keys of a rule that `freeze: true` excludes."""


def default_rule_name(index: int) -> str:
    """Return the name of a rule that has none, by its 0-based index: `rule-1`, `rule-2`, …"""
    return f"rule-{index + 1}"


class Rule(_Part, title="a rule"):
    """One rule: it selects parameters and sets things on them."""

    name: RuleName | None = None
    """What reports and groups call the rule: up to 200 letters, digits, `_` and `-`. `rule-N` without one."""
    match: Patterns | None = None
    """A regex, or a list of which any will do, searched in the parameter's name. Anchor it: `^head\\.`"""
    layers: Layers | None = None
    """A ladder, from the model's input to its output: each entry a layer, or one a capture: `^blocks\\.(\\d+)\\.`"""
    exclude: Patterns | None = None
    """A regex, or a list of them: names that the rule does not take after all."""
    where: Where | None = None
    """What narrows the rule beyond names: `{ndim: [0, 1]}`, `{module: Norm}`, `{declared: head}`."""
    expect: Counts | None = None
    """How many parameters the rule selects: a number, or a list of which any will do."""
    lr: NonNegative | None = None
    """The learning rate, absolute."""
    lr_mult: NonNegative | None = None
    """The learning rate, as a multiple of `optimizer.lr`."""
    layer_decay: LayerDecay | None = None
    """The factor between a layer of `layers` and the layer after it, in (0, 1]; or `{factor, min_mult}`."""
    lr_scale: Scale | None = None
    """A further factor on the learning rate, for what cuts across: biases at twice the rate. Or one from shapes."""
    weight_decay: NonNegative | None = None
    """The weight decay, absolute."""
    weight_decay_mult: Scale | None = None
    """The weight decay, as a multiple of `optimizer.weight_decay`: a number, or a factor from shapes."""
    freeze: Freeze | None = None
    """`true`: not trained, and in no group. `false`: trained even if the model has it frozen. Or until when."""
    options: Annotated[dict[str, OptionValue], Field(title="a mapping of arguments")] | None = None
    """Other arguments of the optimizer: `{betas: [0.9, 0.99]}`. Needs `optimizer.type`."""
    optimizer: RuleName | None = None
    """Which of `optimizers` trains what the rule selects."""
    schedule: RuleName | None = None
    """Which of `schedules` the rate follows."""
    tags: Annotated[dict[TagName, TagValue], Field(min_length=1, title="a mapping of names to values")] | None = None
    """Keys of the optimizer's groups, for a loop that reads them: `{is_last_layer: true}`."""
    fallback: bool = False
    """For what is left: sets only what no earlier rule has decided."""
    optional: bool = False
    """Selecting nothing, as a whole or in some of its regexes, is fine."""
    check: Check | None = None
    """Severities of findings about this rule, by name: `{unused-pattern: ignore}`."""

    @property
    def sets_rate(self) -> bool:
        """True if it says at which rate something trains."""
        return any(value is not None for value in (self.lr, self.lr_mult, self.layer_decay))


class Optimizer(_Part, title="a mapping of type, lr, …"):
    """What every group starts from; other keys are arguments of the class that `type` names."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, OptionValue]

    type: Annotated[str, Field(min_length=1), AfterValidator(plain_type)] | None = None
    """A class of torch.optim, such as `AdamW`; another package's, with dots, is recorded and not checked."""
    lr: NonNegative | None = None
    """The learning rate that multipliers multiply."""
    weight_decay: NonNegative | None = None
    """The weight decay of whatever no rule says otherwise about."""

    @property
    def options(self) -> dict[str, Any]:
        """The arguments other than `lr` and `weight_decay`."""
        return dict(self.__pydantic_extra__ or {})


Optimizers: TypeAlias = Annotated[
    dict[RuleName, Optimizer], Field(min_length=1, title="a mapping of names to optimizers")
]

Schedules: TypeAlias = Annotated[dict[RuleName, Schedule], Field(min_length=1, title="a mapping of names to schedules")]


class Spec(_Part):
    """An lrspec: rules that map parameter names to learning rates, weight decays, freezing and options."""

    lrspec: Annotated[Literal[1], BeforeValidator(_version), _error_message("Expected 1, the version of the language.")]
    """The version of the language: 1."""
    models: Models | None = None
    """The model, or the list of models, that the spec is for; paths are relative to the spec."""
    optimizer: Optimizer = Optimizer()
    """What every group starts from."""
    optimizers: Optimizers | None = None
    """Several optimizers by names of your own, in place of `optimizer`; the first is the default."""
    schedules: Schedules | None = None
    """Schedules by names of your own, each a list of segments: factors on the rate. The first is the default."""
    rules: Annotated[
        tuple[Rule, ...],
        Field(min_length=1, max_length=MAX_RULES),
        _Lax,
        _error_message("Rules are a list: begin each with `- `."),
    ]
    """The rules, in order: on each axis of a parameter the first that sets it wins."""
    check: Check | None = None
    """Severities by name: `{unmatched-parameter: warning}`."""

    @cached_property
    def rule_names(self) -> tuple[str, ...]:
        """The names of the rules; `rule-N` for the N-th if it has none."""
        return tuple(rule.name or default_rule_name(index) for index, rule in enumerate(self.rules))

    @cached_property
    def bases(self) -> dict[str, Optimizer]:
        """The optimizers by their names, the default first; that of `optimizer` is called `optimizer`."""
        return {ONLY: self.optimizer} if self.optimizers is None else self.optimizers

    @property
    def default(self) -> str:
        """The name of the optimizer of all parameters that no rule gives to another."""
        return next(iter(self.bases))

    @property
    def default_schedule(self) -> str | None:
        """The name of the schedule of all parameters that no rule gives another; None without `schedules`."""
        return next(iter(self.schedules), None) if self.schedules else None

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The names of the tags that any rule sets."""
        return tuple(dict.fromkeys(name for rule in self.rules for name in rule.tags or ()))

    def base_path(self, name: str) -> Path:
        """Return the path to the description of an optimizer."""
        return (ONLY,) if self.optimizers is None else ("optimizers", name)

    @property
    def sources(self) -> tuple[ModelSource, ...]:
        """The models, each with its arguments."""
        models = self.models if isinstance(self.models, tuple) else (self.models,) if self.models else ()
        return tuple(ModelSource(source=model) if isinstance(model, str) else model for model in models)

    def severity(self, code: Code, rule: int | None) -> Severity:
        """Return the severity of a diagnostic: of the `check` of a rule, else of the spec's, else its own."""
        checks = [self.check] if rule is None else [self.rules[rule].check, self.check]
        named = (getattr(check, code.name.replace("-", "_"), None) for check in checks)
        return Severity(next(filter(None, named), code.severity))
