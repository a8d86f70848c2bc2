"""What clients have sent: recorded actions, and the question whether one was among them."""

from __future__ import annotations

import inspect
import threading
from typing import TYPE_CHECKING, Any

from ami_typed.keywords import unknown
from ami_typed.messages import KEY_ACTION, KEY_ACTIONID, Request
from ami_typed.registry import action_class
from ami_typed.testing.seam import ReceivedAction
from ami_typed.testing.simulator.faults import name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ami_typed.testing.simulator.faults import Subject

__all__ = ["Received", "Recorder", "shown"]

_MOST_SHOWN = 10


class Received(list[ReceivedAction]):
    """The actions that match a question, in order of arrival.

    It is empty, and therefore false, if there are none; its ``repr`` then says what did arrive, so that a failed
    ``assert simulator.received(...)`` explains itself.

    Attributes:
        explanation: The question and what has been received, in sentences.
    """

    def __init__(self, actions: Iterable[ReceivedAction], explanation: str) -> None:
        super().__init__(actions)
        self.explanation = explanation

    def __repr__(self) -> str:
        return super().__repr__() if self else f"[] ({self.explanation})"


class Recorder:
    """The actions that one simulator has received."""

    def __init__(self) -> None:
        self._actions: list[ReceivedAction] = []
        self._arrival = threading.Condition()

    def add(self, action: ReceivedAction) -> None:
        """Record an action."""
        with self._arrival:
            self._actions.append(action)
            self._arrival.notify_all()

    def clear(self) -> None:
        """Forget all recorded actions."""
        with self._arrival:
            self._actions.clear()

    def listed(self) -> str:
        """Return all recorded actions, one a line, without secrets."""
        with self._arrival:
            return "\n".join(map(shown, self._actions))

    def find(self, subject: Subject, criteria: Mapping[str, Any]) -> Received:
        """Return the recorded actions of a name whose parameters have the given values."""
        question = _Question(subject, criteria)
        with self._arrival:
            return question.among(self._actions)

    def wait(self, subject: Subject, criteria: Mapping[str, Any], timeout: float) -> Received:
        """Return the same as `find`, waiting until there is one."""
        question = _Question(subject, criteria)
        with self._arrival:
            self._arrival.wait_for(lambda: question.among(self._actions), timeout)
            return question.among(self._actions)


class _Question:
    """Which actions are asked for."""

    def __init__(self, subject: Subject, criteria: Mapping[str, Any]) -> None:
        self._name = name_of(subject)
        self._lines = _lines(subject, criteria) if criteria else []

    def among(self, actions: list[ReceivedAction]) -> Received:
        named = [action for action in actions if not self._name or action.action.lower() == self._name.lower()]
        found = [action for action in named if self._matches(action)]
        return Received(found, self._explain(actions, named))

    def _matches(self, action: ReceivedAction) -> bool:
        return all(value in action.all(name) for name, value in self._lines)

    def _explain(self, actions: list[ReceivedAction], named: list[ReceivedAction]) -> str:
        wanted = self._name or "action"
        if self._lines:
            wanted += " with " + ", ".join(f"{name}: {value}" for name, value in self._lines)
        others = named or actions
        if not others:
            return f"no {wanted} was received; nothing was received at all"
        what = f"{len(others)} other {self._name}" if named else f"{len(others)} other actions"
        listed = "; ".join(shown(action) for action in others[-_MOST_SHOWN:])
        return f"no {wanted} was received, but {what}: {listed}"


def shown(action: ReceivedAction) -> str:
    """Return an action in one line, without secrets."""
    headers = {name: action.all(name) for name in action if name not in {KEY_ACTION, KEY_ACTIONID}}
    cls = action_class(action.action)
    request = cls.__new__(cls)
    request.update({name: values if len(values) > 1 else values[0] for name, values in headers.items()})
    return f"{action.action}{repr(request).removeprefix(cls.__name__)}"


def _lines(subject: Subject, criteria: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the headers that parameters of an action are sent as.

    Raises:
        TypeError: The action has no such parameter, or its value has the wrong type.
        ValueError: A value cannot be sent.
    """
    cls = action_class(name_of(subject)) if isinstance(subject, str) else subject
    if cls is None or not issubclass(cls, Request) or cls is Request:
        return [(name, str(value)) for name, value in criteria.items()]
    parameters = [name for name in inspect.signature(cls).parameters if name != "headers"]
    for name in criteria:
        if name not in parameters:
            raise TypeError(str(unknown(cls, name, parameters)).replace("attribute", "parameter", 1))
    lines = _probe(cls, {name: criteria.get(name) for name in parameters}).lines()
    return [(name, str(value)) for name, value in lines if name != KEY_ACTION]


def _probe(cls: type[Request[Any]], arguments: Mapping[str, Any]) -> Request[Any]:
    """Return a request with some of its parameters, required or not."""

    class Probe(cls):  # type: ignore[misc,valid-type]  # the class is only known at run time
        __slots__ = ()
        _need = Request._put

        def _check(self) -> None:
            """Accept any combination of parameters."""

    return Probe(**arguments)
