"""Facts: what one release's documentation says about actions and events, without a sentence of its prose.

Rules owned here: the shape of `spec/facts/<release>.json`. Messages are sorted by name; everything inside a message
stands in the order in which it is documented; what a message does not say is left out, so that an absent `required`
and a `required` of "false" stay distinct; an object that holds no other object takes one line, so that a diff shows a
parameter per line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Generic, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from .trouble import Trouble, TroubleError, Troubles

if TYPE_CHECKING:
    from pathlib import Path

RELEASE = re.compile(r"\d+(?:\.\d+)+(?:-(?:cert|rc)\d+)?")

_INNERMOST = re.compile(r"\{[^{}]*\}|\[[^{}\[\]]*\]")
_LINE_BREAK = re.compile(r"\n *")


class Fact(BaseModel):
    """Anything that a facts file holds."""

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
        name: As documented; `Action-000000` and `ReportXSourceSSRC` stand for numbered headers.
        required: As documented; None where nothing is said. Within a snapshot, False marks a field that is only
            sent when it has a value.
        multiple: As documented, whether the header may be repeated; None where nothing is said.
        default: As documented; None where nothing is said.
        values: The documented values, in order; empty where none are listed.
        snapshot: The snapshot that brings this header into the event; None for a header documented by itself.
        prefix: The prefix of that snapshot, which `name` includes: `Dest`, `LocalOne`, or nothing.
    """

    name: str = Field(min_length=1)
    required: bool | None = None
    multiple: bool | None = None
    default: str | None = None
    values: tuple[str, ...] = ()
    snapshot: Literal["channel", "bridge"] | None = None
    prefix: str = ""


class Reference(Fact):
    """An entry of "see also": `type` is Asterisk's own word (`manager` for an action, `managerEvent` for an event)."""

    type: str
    name: str


class Responses(Fact):
    """The events that answer a list action: one of `items` per member, then `complete`."""

    items: tuple[str, ...] = ()
    complete: str | None = None


class Action(Message):
    """An action; several copies in one document (one per module) are one action here."""

    modules: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    responses: Responses | None = None
    see_also: tuple[Reference, ...] = ()


class Event(Message):
    """An event; several instances and copies in one document are one event here, snapshots expanded.

    Attributes:
        name: As documented, which may differ in case from the wire (`NewExten`).
        classes: `EVENT_FLAG_...`, as documented.
        modules: The modules that document it, where the document tells (20, 22, 23).
        since: The versions that brought it, one per branch of Asterisk, where the document tells (from 20 on).
        parameters: Its headers; the fields of a snapshot stand where the snapshot stands.
        see_also: What the documentation refers to.
        only_in_responses: Whether it is documented nowhere but inside the `responses` of an action.
    """

    classes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    since: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    see_also: tuple[Reference, ...] = ()
    only_in_responses: bool = False


class FactsFile(Fact, Generic[_Action, _Event]):
    """What one source says of one release; both maps are keyed by the name of the message.

    Attributes:
        command: The command of the generator that makes such files.
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
                    raise ValueError(f"the entry {key} names itself {message.name}")
        return self

    def dump(self) -> str:
        """Return the text of the facts file: the same for equal facts, on every run."""
        document = self.model_dump(mode="json", exclude_defaults=True)
        document |= {kind: dict(sorted(document[kind].items())) for kind in ("actions", "events")}
        text = json.dumps(document, indent=1, ensure_ascii=False)
        return _INNERMOST.sub(lambda innermost: _LINE_BREAK.sub(" ", innermost[0]), text) + "\n"

    def save(self, folder: Path) -> Path:
        """Write `<release>.json` into a folder, which is made if needed; return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self.release}.json"
        path.write_text(self.dump(), encoding="utf-8", newline="\n")
        return path

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read one facts file.

        Raises:
            TroubleError: With every place where the file is not what `dump` writes.
        """
        facts = read(cls, path)
        if facts.release != path.stem:
            sentence = f"Holds the facts of release {facts.release}; a facts file is named after its release."
            raise TroubleError([Trouble(str(path), None, None, None, sentence)])
        return facts

    @classmethod
    def load_all(cls, folder: Path) -> tuple[Self, ...]:
        """Read all facts files of a folder, oldest release first.

        Raises:
            TroubleError: With the troubles of all files, or when there is none.
        """
        troubles = Troubles(str(folder))
        loaded: list[Self] = []
        for path in sorted(folder.glob("*.json")):
            with troubles.absorb():
                loaded.append(cls.load(path))
        if not loaded and not troubles:
            troubles.add(f"Holds no facts; make some with `python -m codegen {cls.command} FILE...`.")
        troubles.check()
        return tuple(sorted(loaded, key=lambda facts: release_key(facts.release)))


class Facts(FactsFile[Action, Event]):
    """Everything that one release documents."""

    command = "harvest"


def load_all(folder: Path) -> tuple[Facts, ...]:
    """Read the documentation of all releases, oldest first; see `FactsFile.load_all`."""
    return Facts.load_all(folder)


def read(model: type[_Model], path: Path) -> _Model:
    """Read a JSON file.

    Raises:
        TroubleError: With every place where the file is not of this shape.
    """
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as error:
        raise TroubleError([Trouble(str(path), None, None, None, f"Cannot be read: {error.strerror}.")]) from error
    except ValidationError as error:
        raise TroubleError(_troubles_of(error, str(path))) from error


def release_key(release: str) -> tuple[tuple[int, ...], bool, str, int]:
    """Return what sorts releases: `9.1` before `13.38`, `18.9.0-rc2` before `18.9.0`, that before `18.9.0-cert1`."""
    number, _, suffix = release.partition("-")
    kind = suffix.rstrip("0123456789")
    return tuple(map(int, number.split("."))), kind != "rc", kind, int(suffix.removeprefix(kind) or 0)


def _troubles_of(error: ValidationError, file: str) -> list[Trouble]:
    return [
        Trouble(file, None, _message_at(fault["loc"]), None, f"{_path_of(fault['loc'])}{fault['msg']}.")
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
