'''Scripts for `ami-typed simulate`: a simulator described in TOML or in Python.

A script in TOML:

```toml
asterisk = "20"
dialplan = """
[default]
exten => 100,1,Queue(support)
"""

[[users]]
name = "wallboard"
secret = "secret"
read = "call,agent"

[[phone]]                    # each method of `Simulator.pbx` is a section
name = "PJSIP/alice"
answers = 3

[[answers]]
action = "QueueAdd"
error = "Unable to add interface: Already there"   # or message, headers, or output = ["a line"]

[[steps]]                    # from the first log-in on
after = 1.5                  # seconds after the previous step
call = { caller = "PJSIP/bob", to = "100" }        # a method of `Simulator.pbx`

[[steps]]
after = 3
emit = "QueueCallerAbandon"
headers = { Queue = "support", Channel = "PJSIP/bob-00000001" }
```

``repeat = true`` plays the steps again and again. A script in Python defines ``prepare(simulator)``,
``play(simulator)``, or both, and ``OPTIONS``, a dict of the simulator's options; ``play`` runs in its own thread from
the first log-in on.

Rules of this module:

- Everything is checked before the simulator starts, as far as it can be; a mistake is a sentence with its place.
'''

from __future__ import annotations

import runpy
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from ami_typed.messages import Event
from ami_typed.registry import event_class
from ami_typed.testing.simulator.answers import Refusal
from ami_typed.testing.simulator.settings import Settings
from ami_typed.testing.simulator.users import User

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from os import PathLike

    from ami_typed.testing.simulator.simulator import Simulator

__all__ = ["Script", "ScriptError"]

Table = dict[str, Any]


class ScriptError(ValueError):
    """A script cannot be played; the message says where and why."""


class Script(NamedTuple):
    """What a simulator is and does.

    Attributes:
        name: The name of its file.
        options: The options of the simulator.
        prepare: Prepares the simulator before it starts.
        play: Plays the script, from the first log-in on.
    """

    name: str
    options: Mapping[str, Any]
    prepare: Callable[[Simulator], object]
    play: Callable[[Simulator], object]

    @classmethod
    def read(cls, path: str | PathLike[str]) -> Script:
        """Read a script from a file, which is Python if its name ends in ``.py``, else TOML.

        Raises:
            ScriptError: The script is invalid.
            OSError: The file cannot be read.
        """
        file = Path(path)
        if file.suffix == ".py":
            return _of_python(file)
        try:
            return _of_toml(file.name, tomllib.loads(file.read_text("utf-8")))
        except tomllib.TOMLDecodeError as error:
            raise ScriptError(f"{file.name} is not TOML: {error}.") from None


def _of_python(file: Path) -> Script:
    names = runpy.run_path(str(file))
    if "play" not in names and "prepare" not in names:
        raise ScriptError(f"{file.name} defines neither prepare(simulator) nor play(simulator).")
    return Script(file.name, names.get("OPTIONS", {}), names.get("prepare", _nothing), names.get("play", _nothing))


def _nothing(_simulator: Simulator) -> None:
    """Do nothing."""


def _of_toml(name: str, table: Table) -> Script:
    options: Table = {key: table.pop(key) for key in ("asterisk",) if key in table}
    for key, cls in (("users", User), ("settings", Settings)):
        if key in table:
            options[key] = _made(name, key, cls, table.pop(key))
    steps = [_Step.of(f"{name}, step {number}", each) for number, each in enumerate(table.pop("steps", []), 1)]
    answers = [_answer(f"{name}, answer {number}", each) for number, each in enumerate(table.pop("answers", []), 1)]
    repeat = table.pop("repeat", False)
    text = table.pop("dialplan", "")

    def prepare(simulator: Simulator) -> None:
        for action, answer in answers:
            simulator.answer(action, answer)
        if text:
            simulator.pbx.dialplan(text)
        for method, entries in table.items():
            for entry in _several(entries):
                _call(f"{name}, section {method}", simulator, method, entry)

    def play(simulator: Simulator) -> None:
        _play(simulator, steps, 0, repeat=repeat)

    return Script(name, options, prepare, play)


def _made(name: str, key: str, cls: type[Any], given: Any) -> Any:
    """Return users or settings of tables."""
    try:
        made = [cls(**each) for each in _several(given)]
    except (TypeError, ValueError) as error:
        raise ScriptError(f"{name}, section {key}: {error}") from None
    return made if isinstance(given, list) else made[0]


def _several(entries: Any) -> list[Any]:
    match entries:
        case [*several]:
            return several
        case _:
            return [entries]


def _answer(place: str, table: Table) -> tuple[str, Any]:
    kinds: dict[str, Callable[[Any], Any]] = {"message": str, "error": Refusal, "headers": dict, "output": list}
    action = table.get("action")
    given = [kind for kind in kinds if kind in table]
    if not isinstance(action, str) or len(given) != 1 or len(table) != 2:
        raise ScriptError(f"{place}: it has `action` and one of {', '.join(kinds)}.")
    return action, kinds[given[0]](table[given[0]])


def _call(place: str, simulator: Simulator, method: str, arguments: Any) -> None:
    """Call a method of the telephone system."""
    found = None if method.startswith("_") else getattr(simulator.pbx, method, None)
    if not callable(found) or not isinstance(arguments, dict):
        raise ScriptError(f"{place}: the telephone system has no {method!r}, or what it is given is not a table.")
    try:
        found(**cast("Table", arguments))
    except (TypeError, ValueError) as error:
        raise ScriptError(f"{place}: {error}") from None


class _Step(NamedTuple):
    """A step of a script.

    Attributes:
        place: Where it is.
        after: The time since the previous step, in seconds.
        method: The method of the telephone system to call; empty to emit an event.
        what: Its arguments, or the event.
    """

    place: str
    after: float
    method: str
    what: Any

    @classmethod
    def of(cls, place: str, table: Table) -> _Step:
        """Return the step that a table describes."""
        after = table.pop("after", 0)
        if not isinstance(after, (int, float)) or after < 0:
            raise ScriptError(f"{place}: `after` is a number of seconds, 0 or more.")
        if "emit" in table:
            return cls(place, after, "", _event(place, table))
        if len(table) != 1:
            raise ScriptError(f"{place}: it has `after` and either `emit` or one method of the telephone system.")
        ((method, arguments),) = table.items()
        return cls(place, after, method, arguments)

    def do(self, simulator: Simulator) -> None:
        """Do what it says."""
        if self.method:
            _call(self.place, simulator, self.method, self.what)
        else:
            simulator.emit(self.what)


def _event(place: str, table: Table) -> Event | tuple[str, dict[str, str]]:
    """Return the event of a step."""
    name, headers, keywords = table.pop("emit"), table.pop("headers", {}), table.pop("with", {})
    if table or not isinstance(name, str):
        raise ScriptError(f"{place}: an event has `emit`, its name, and `headers` or `with`, its attributes.")
    texts = {header: str(text) for header, text in headers.items()}
    cls = event_class(name)
    if cls is Event:
        return name, texts
    try:
        return cls(texts, **keywords) if texts or keywords else cls()
    except (TypeError, ValueError) as error:
        raise ScriptError(f"{place}: {error}") from None


def _play(simulator: Simulator, steps: list[_Step], number: int, *, repeat: bool) -> None:
    """Schedule a step, which schedules the next one."""
    if number == len(steps) and repeat and any(step.after for step in steps):
        number = 0
    if number == len(steps):
        return
    step = steps[number]

    def do() -> None:
        step.do(simulator)
        _play(simulator, steps, number + 1, repeat=repeat)

    simulator.clock.call_later(step.after, do)
