"""Facts: the actions and events that one release documents, without any of the documentation's prose.

Rules owned here: the format of `spec/facts/<release>.json`. Messages are sorted by name; the contents of a message keep
their documented order; unset properties are omitted, so that a missing `required` and a `required` of "false" remain
distinct; an object without nested objects is written on one line, so that a diff shows one parameter per line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .trouble import Trouble, TroubleError, Troubles, reason_of

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = re.compile(r"\d+(?:\.\d+)+(?:-(?:cert|rc)\d+)?")

_INNERMOST = re.compile(r"\{[^{}]*\}|\[[^{}\[\]]*\]")
_LINE_BREAK = re.compile(r"\n *")


class Fact(BaseModel):
    """Base class for everything in a facts file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(Fact):
    """An action or an event."""

    name: str = Field(min_length=1)


_Model = TypeVar("_Model", bound=BaseModel)
_Action = TypeVar("_Action", bound=Message)
_Event = TypeVar("_Event", bound=Message)


class Parameter(Fact):
    """A header of an action or an event.

    Attributes:
        name: As documented; `Action-000000` and `ReportXSourceSSRC` denote numbered headers.
        required: As documented; None if unspecified. Within a snapshot, False marks a field that is sent only if it
            has a value.
        multiple: Whether the header may be repeated, as documented; None if unspecified.
        default: As documented; None if unspecified.
        values: The documented values, in order; empty if none are listed.
        snapshot: The snapshot that contains this header; None for a header documented individually.
        prefix: The prefix of that snapshot, which `name` includes: `Dest`, `LocalOne`, or an empty string.
    """

    name: str = Field(min_length=1)
    required: bool | None = None
    multiple: bool | None = None
    default: str | None = None
    values: tuple[str, ...] = ()
    snapshot: Literal["channel", "bridge"] | None = None
    prefix: str = ""


class Reference(Fact):
    """A "see also" entry; `type` is Asterisk's own term (`manager` for an action, `managerEvent` for an event)."""

    type: str
    name: str


class Responses(Fact):
    """The events sent in answer to a list action: one of `items` per member, then `complete`."""

    items: tuple[str, ...] = ()
    complete: str | None = None


class Action(Message):
    """An action; several copies in one document (one per module) are merged into one."""

    modules: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    responses: Responses | None = None
    see_also: tuple[Reference, ...] = ()


class Event(Message):
    """An event; several instances and copies in one document are merged into one, with snapshots expanded.

    Attributes:
        name: As documented; may differ in case from the name on the wire (`NewExten`).
        classes: `EVENT_FLAG_...`, as documented.
        modules: The modules that document it, if the document specifies them (20, 22, 23).
        since: The versions that introduced it, one per branch of Asterisk, if the document specifies them (20 and
            later).
        parameters: Its headers; a snapshot's fields appear at the position of the snapshot.
        see_also: The documentation's cross-references.
        only_in_responses: Whether it is documented only inside the `responses` of an action.
    """

    classes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    see_also: tuple[Reference, ...] = ()
    only_in_responses: bool = False


class FactsFile(Fact, Generic[_Action, _Event]):
    """The facts of one release from one source; both mappings are keyed by message name.

    Attributes:
        command: The generator's command that writes such files.
    """

    command: ClassVar[str]

    release: str = Field(pattern=rf"^{RELEASE.pattern}$")
    actions: Mapping[str, _Action]
    events: Mapping[str, _Event]

    @model_validator(mode="after")
    def _keys_are_names(self) -> Self:
        for kind in (self.actions, self.events):
            for key, message in kind.items():
                if key != message.name:
                    raise ValueError(f"the entry {key} has the name {message.name}")
        return self

    def dump(self) -> str:
        """Return the text of the facts file. Deterministic: equal facts yield equal text."""
        document = self.model_dump(mode="json", exclude_defaults=True)
        document |= {kind: dict(sorted(document[kind].items())) for kind in ("actions", "events")}
        text = json.dumps(document, indent=1, ensure_ascii=False)
        return _INNERMOST.sub(lambda innermost: _LINE_BREAK.sub(" ", innermost[0]), text) + "\n"

    def save(self, folder: Path) -> Path:
        """Write `<release>.json` to a folder, creating the folder if needed, and return the file's path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.release}.json"
        path.write_text(self.dump(), encoding="utf-8", newline="\n")
        return path

    @classmethod
    def load(cls, path: Path) -> Self:
        """Parse one facts file.

        Raises:
            TroubleError: The file does not match the format that `dump` writes; reports every mismatch.
        """
        facts = read(cls, path)
        if facts.release != path.stem:
            sentence = f"The file contains the facts of release {facts.release}; it must be named after its release."
            raise TroubleError([Trouble(str(path), None, None, None, sentence)])
        return facts

    @classmethod
    def load_all(cls, folder: Path) -> tuple[Self, ...]:
        """Parse all facts files in a folder, oldest release first.

        Raises:
            TroubleError: A file is invalid, or the folder contains none; reports the troubles of all files.
        """
        troubles = Troubles(str(folder))
        loaded: list[Self] = []
        for path in sorted(folder.glob("*.json")):
            with troubles.absorb():
                loaded.append(cls.load(path))
        if not loaded and not troubles:
            troubles.add(f"The folder contains no facts; create them with `python -m codegen {cls.command} FILE...`.")
        troubles.check()
        return tuple(sorted(loaded, key=lambda facts: release_key(facts.release)))


class Facts(FactsFile[Action, Event]):
    """Everything that one release documents."""

    command = "harvest"


def load_all(folder: Path) -> tuple[Facts, ...]:
    """Load the facts of all documented releases, oldest first; see `FactsFile.load_all`."""
    return Facts.load_all(folder)


def read(model: type[_Model], path: Path) -> _Model:
    """Parse a JSON file.

    Raises:
        TroubleError: The file does not match the model; reports every mismatch.
    """
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise TroubleError(
            [Trouble(str(path), None, None, None, f"Cannot read the file: {error.strerror}.")]
        ) from error
    except ValidationError as error:
        raise TroubleError(_troubles_of(error, str(path))) from error


def release_key(release: str) -> tuple[tuple[int, ...], bool, str, int]:
    """Return a sort key: `9.1` before `13.38`, `18.9.0-rc2` before `18.9.0`, and `18.9.0` before `18.9.0-cert1`."""
    number, _, suffix = release.partition("-")
    kind = suffix.rstrip("0123456789")
    return tuple(map(int, number.split("."))), kind != "rc", kind, int(suffix.removeprefix(kind) or 0)


def _troubles_of(error: ValidationError, file: str) -> list[Trouble]:
    return [
        Trouble(file, None, _message_at(fault["loc"]), None, f"{_path_of(fault['loc'])}{reason_of(fault['msg'])}.")
        for fault in error.errors(include_url=False)
    ]


def _message_at(place: tuple[int | str, ...]) -> str | None:
    match place:
        case ("actions", name, *_):
            return f"Action {name}"
        case ("events", name, *_):
            return f"Event {name}"
        case _:
            return None


def _path_of(place: tuple[int | str, ...]) -> str:
    return f"{'.'.join(map(str, place))}: " if place else ""
