"""The pages of the Python API: the public names by what they are for, from their docstrings."""

from __future__ import annotations

from enum import Enum
from inspect import getdoc
from typing import Any, NamedTuple

import lrspec


class Topic(NamedTuple):
    """A page: its file, its title, a sentence, and the names on it, in one text."""

    file: str
    title: str
    text: str
    names: str


TOPICS = (
    Topic(
        "plans",
        "Specs and plans",
        "From a spec and a model to a plan, and to groups in one call.",
        "load loads compile check param_groups SpecFile Plan Group PlannedParameter Settings Layer "
        "Status OverrideError",
    ),
    Topic(
        "optimizers",
        "Optimizers and schedulers",
        "From a plan to what trains, and what stops a plan from being bound to a model.",
        "build_optimizer build_optimizers build_scheduler build_schedulers rates_by_group BindError BuildError",
    ),
    Topic(
        "running",
        "Running and resuming",
        "Whether a run does what its spec says, what an optimizer does without one, and saved state by name.",
        "audit Audit from_optimizer load_optimizer_state Resumed ChangedSetting VerifyError AuditError "
        "GroupsError ResumeError LockError",
    ),
    Topic(
        "models",
        "Models",
        "The parameters of a model as lrspec sees them, also without the model.",
        "Inventory Parameter InventoryError",
    ),
    Topic(
        "diagnostics",
        "Diagnostics",
        "What is found in a spec, and how it reaches the caller.",
        "Diagnostic Severity Suggestion SpecError SpecWarning",
    ),
)
OVERVIEW = "api/index.md"
TRAINERS = ("lrspec.trainers.lightning", "lrspec.trainers.transformers")
_HEAD = """\
# Python API

Every public name, from its docstring. [The Python package](../python.md) shows how they work together.
"""
_TRAINERS_HEAD = """\
# Trainers

Callbacks and hooks for Lightning and for transformers. [Where you train](../training.md) shows them in scripts.
"""


def navigation() -> list[Any]:
    """The overview and the pages."""
    return [OVERVIEW, *({topic.title: f"api/{topic.file}.md"} for topic in TOPICS), {"Trainers": "api/trainers.md"}]


def pages() -> dict[str, str]:
    """The pages by their paths in docs."""
    topics = {f"api/{topic.file}.md": _page(topic) for topic in TOPICS}
    trainers = _TRAINERS_HEAD + "".join(
        f"\n::: {name}\n    options: {{show_root_full_path: true, filters: ['!^_', '!^on_']}}\n" for name in TRAINERS
    )
    return {OVERVIEW: _HEAD + "".join(map(_table, TOPICS)) + _trainers_table(), **topics, "api/trainers.md": trainers}


def _page(topic: Topic) -> str:
    return f"# {topic.title}\n\n{topic.text}\n" + "".join(map(_object, topic.names.split()))


def _object(name: str) -> str:
    public = getattr(lrspec, name)
    members = isinstance(public, type) and issubclass(public, Enum)  # these have no docstrings
    return f"\n::: lrspec.{name}\n" + ("    options: {show_if_no_docstring: true}\n" if members else "")


def _table(topic: Topic) -> str:
    rows = "".join(f"| [`{name}`][lrspec.{name}] | {_summary(name)} |\n" for name in topic.names.split())
    return f"\n## [{topic.title}]({topic.file}.md)\n\n{topic.text}\n\n| name | what it is |\n|-|-|\n{rows}"


def _summary(name: str) -> str:
    """The first sentence of a docstring."""
    return (getdoc(getattr(lrspec, name)) or "").partition("\n\n")[0].replace("\n", " ").replace("|", "\\|")


def _trainers_table() -> str:
    return "\n## [Trainers](trainers.md)\n\n" + "".join(f"- [`{name}`][{name}]\n" for name in TRAINERS)
