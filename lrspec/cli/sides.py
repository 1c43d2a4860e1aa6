"""Reads the sides of a diff: a spec for its models, a lock, or a plan; a file, or one of a revision of git."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import click

from lrspec.cli.inputs import build, read_spec
from lrspec.cli.options import CannotRun, say
from lrspec.cli.outputs import print_report
from lrspec.cli.revisions import RevisionFile, revision_file, working_tree
from lrspec.diagnostics.escape import harmless, printable
from lrspec.files import is_file, read_at_most
from lrspec.spec.file_names import ENDINGS

if TYPE_CHECKING:
    from lrspec.models.inventory import Inventory
    from lrspec.review.diff.diff import Model, Side
    from lrspec.spec.language import ModelSource
    from lrspec.spec.load import Reading, SpecFile

_LOCK = b"lrspec-lock"
"""What locks begin with."""

_MOST_BYTES = 2**28
"""The most bytes of a plan: about a thousand for each of the parameters that a model may have."""


@dataclass(frozen=True)
class GivenModels:
    """The models that the command line names, how they are built, and when reports on specs are coloured.

    `locked` are those of a lock on the other side: they stand in for models whose library is not installed.
    """

    models: Sequence[str]
    args: dict[str, Any]
    params: Sequence[str]
    outside: bool
    cache: bool
    color: str
    locked: list[Model] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.models) + len(self.params)

    @property
    def are_used(self) -> bool:
        """Whether a spec was compiled for them."""
        return "inventories" in vars(self)

    @cached_property
    def inventories(self) -> list[tuple[str, dict[str, Any], Inventory]]:
        """The source, the arguments and the inventory of each; CannotRun if one cannot be built or read."""
        from lrspec.models.by_name import read_params
        from lrspec.models.sources.model_error import ModelError

        try:
            saved = [(f"params:{path}", dict[str, Any](), read_params(Path(path))) for path in self.params]
        except ModelError as failure:
            raise CannotRun(str(failure)) from None
        return [*((name, self.args, build(name, self.args, cache=self.cache)) for name in self.models), *saved]


def read_sides(old: str, new: str, given: GivenModels) -> tuple[Side, Side]:
    """Read both sides of a diff; models that neither is compiled for are refused."""
    from lrspec.review.lock.lock import ENDING

    if new.endswith(ENDING):  # it is read first, to stand in for models of the other
        after = read_side(new, given)
        sides = read_side(old, given), after
    else:
        sides = read_side(old, given), read_side(new, given)
    if given and not given.are_used:
        raise click.UsageError("--model and --params go with a spec: a lock or a plan is of its own models")
    return sides


def read_side(name: str, given: GivenModels) -> Side:
    """Read one side of a diff; CannotRun if it is none, or if it is a spec with errors."""
    from lrspec.review.diff.diff import Side
    from lrspec.review.diff.plan_file import PlanFileError
    from lrspec.review.diff.plan_file import parse as parse_plan
    from lrspec.review.lock.reader import LockError

    place = revision_file(name)
    data = _content(name, place)
    try:
        if data is not None and data.startswith(_LOCK):
            given.locked.extend(models := _locked(_decoded(data, name), name))
            return Side(name, models)
        if data is not None and b'"lrspec_plan"' in data and not name.endswith(ENDINGS):
            return Side(name, [parse_plan(_decoded(data, name), name)])
        if data is not None and b'"lrspec_params"' in data and not name.endswith(ENDINGS):
            raise CannotRun(f"{printable(name)}: an inventory: give it with --params, and name a spec")
    except (LockError, PlanFileError) as failure:
        raise CannotRun(str(failure)) from None
    file = _file(_reading(name, data), given)
    if given:
        return Side(name, [_compiled(file, given, *each) for each in given.inventories])
    return Side(name, _own_models(file, place, given))


def read_two_models(name: str, given: GivenModels) -> tuple[Side, Side]:
    """Read a spec for two models, each a side."""
    from lrspec.review.diff.diff import Side

    data = _content(name, revision_file(name))
    if data is not None and data.startswith(_LOCK):
        raise CannotRun(f"{printable(name)}: a lock: name its spec")
    file = _file(_reading(name, data), given)
    old, new = (Side(name, [_compiled(file, given, *each)]) for each in given.inventories)
    return old, new


def _content(name: str, place: RevisionFile | None) -> bytes | None:
    """The bytes of a file; None if it has to be read as a spec, which says what is wrong with it."""
    if place is not None:
        data = place.read(_MOST_BYTES)
        if data is None:
            raise CannotRun(f"{printable(name)}: {place.missing()}")
        return data
    if not is_file(Path(name)) and not name.startswith("/dev/"):
        return None
    try:
        with Path(name).open("rb") as file:
            return read_at_most(file, _MOST_BYTES + 1)
    except OSError:
        return None


def _decoded(data: bytes, name: str) -> str:
    if len(data) > _MOST_BYTES:
        raise CannotRun(f"{printable(name)}: larger than {_MOST_BYTES:,} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise CannotRun(f"{printable(name)}: not UTF-8") from None


def _locked(text: str, name: str) -> list[Model]:
    from lrspec.review.diff.diff import Model
    from lrspec.review.lock.reader import parse

    return [Model(model.source, model.args, model.snapshot) for model in parse(text, name).models]


def _reading(name: str, data: bytes | None) -> Reading:
    from lrspec.spec.load import ENOUGH, read
    from lrspec.spec.syntax.document import format_of

    return read_spec(name, None) if data is None else read(data[:ENOUGH], name, format_of(name))


def _file(reading: Reading, given: GivenModels) -> SpecFile:
    if reading.spec is None:
        raise _with_errors(reading, reading, given)
    return reading.file()


def _with_errors(reading: Any, source: Any, given: GivenModels) -> CannotRun:
    """Print the report of a spec, and return the error that ends the command."""
    print_report(reading.diagnostics, source, given.color)
    return CannotRun(f"{source.document.path}: the spec has errors, so there is nothing to compare")


def _compiled(file: SpecFile, given: GivenModels, source: str, args: dict[str, Any], inventory: Inventory) -> Model:
    from lrspec.compiler.compile import attempt
    from lrspec.review.diff.diff import Model
    from lrspec.review.snapshot import of_plan

    outcome = attempt(file, inventory)
    if outcome.plan is None or outcome.plan.groups is None:
        raise _with_errors(outcome, file, given)
    return Model(source, args, of_plan(outcome.plan))


def _own_models(file: SpecFile, place: RevisionFile | None, given: GivenModels) -> list[Model]:
    if not file.spec.sources:
        raise CannotRun(f"{file.path}: no model: the spec names none; give --model or --params")
    if place is None:
        folder = Path(file.path).parent
        return [_own_model(file, number, folder, given) for number in range(len(file.spec.sources))]
    with TemporaryDirectory(prefix="lrspec-") as top:
        models = []
        for number, source in enumerate(file.spec.sources):
            written = _write(place, source, Path(top))
            folder = (Path(top) if written else working_tree()) / place.folder
            models.append(_own_model(file, number, folder, given, (f"{top}/", f"{place.revision}:")))
        return models


def _own_model(
    file: SpecFile, number: int, folder: Path, given: GivenModels, shown: tuple[str, str] = ("", "")
) -> Model:
    """Compile a spec for one of its models; in messages, the second of `shown` replaces the first."""
    from lrspec.models.cached import cached_inventory_of
    from lrspec.models.sources.model_error import ModelError, NoLibraryError

    own = file.spec.sources[number]
    try:
        inventory = cached_inventory_of(own.source, own.args, folder, outside=given.outside, cache=given.cache)
    except ModelError as failure:
        same = [each for each in given.locked if (each.source, each.args) == (own.source, own.args)]
        if same and isinstance(failure, NoLibraryError):
            say(harmless(f"lrspec: {file.path}: {own.source} is not built here, and is taken from the lock"))
            return _compiled(file, given, own.source, own.args, same[0].snapshot.inventory)
        start, message = file.model_span(number).start, str(failure)
        message = message.replace(*shown) if shown[0] else message
        raise CannotRun(f"{file.path}:{start.line}:{start.column}: {message}") from None
    return _compiled(file, given, own.source, own.args, inventory)


def _write(place: RevisionFile, source: ModelSource, top: Path) -> bool:
    """Write the file that a model of a spec is read from, as the revision has it; without one, it is said."""
    from lrspec.models.inventory_file import MOST_BYTES
    from lrspec.spec.model_kinds import scheme_and_name

    (top / place.folder).mkdir(parents=True, exist_ok=True)
    scheme, name = scheme_and_name(source.source)
    if scheme not in ("params", "hf"):
        return True
    choices = [place.beside(name), place.beside(f"{name}/config.json") if scheme == "hf" else None]
    for choice in filter(None, choices):
        if (content := choice.read(MOST_BYTES)) is not None:
            (top / choice.path).parent.mkdir(parents=True, exist_ok=True)
            (top / choice.path).write_bytes(content)
            return True
    where = place.revision or "the index"
    say(harmless(f"lrspec: {where} does not have {printable(name)}: it is read as it is in the working tree"))
    return False
