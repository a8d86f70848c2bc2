"""The stream: how many events a second reach a callback, beside counting the bytes and beside parsing all of them."""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from benchmarks import floors
from benchmarks.faces import FACES
from benchmarks.measure import Figure, Options, medians
from benchmarks.peers import PEERS, say_which_are_absent
from benchmarks.server import serving
from benchmarks.workload import END_OF_STREAM, WANTED, batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from benchmarks.faces import Face

_CYCLE = 50
"""One event in so many is a `WANTED` one."""


class Case(NamedTuple):
    """One use of the stream.

    Attributes:
        what: The use.
        event: What the callback is registered for.
        read: What it does with each event.
        goal: What the ratio to `parse` is to be.
        in_list: Whether a list action is in flight meanwhile.
    """

    what: str
    event: str
    read: Callable[[Any], object]
    goal: str
    in_list: bool = False


def _look(event: Any) -> object:
    return event.__class__


def _two_attributes(event: Any) -> object:
    return event.channel, event.channel_state


def _all_headers(event: Any) -> None:
    for _ in event.values():
        pass


CASES = (
    Case("every event, its class", "", _look, ">= 4"),
    Case("every event, two typed attributes", "", _two_attributes, ">= 2"),
    Case("every event, all headers", "", _all_headers, ">= 1.2"),
    Case("2 % wanted", WANTED, _look, ">= 8"),
    Case("every event, its class, a list in flight", "", _look, ">= 4", in_list=True),
    Case("2 % wanted, a list in flight", WANTED, _look, ">= 8", in_list=True),
)


def run(options: Options) -> Iterator[Figure]:
    """Measure the floors, ami-typed's faces and the peers, in turn."""
    piece = batch()
    print(f"stream: {options.events:,} events, {piece.headers:.1f} headers and "
          f"{len(piece.octets) / piece.events:.0f} bytes each on average")  # fmt: skip
    with serving(events=options.events) as port:
        last = f"Event: {END_OF_STREAM}".encode()
        subjects: dict[str, Callable[[], float]] = {
            "recv": lambda: floors.recv(port, floors.EVENTS, last),
            "parse": lambda: floors.parse(port, floors.EVENTS, END_OF_STREAM, _ignore),
        }
        goals: dict[str, str] = {"recv": "", "parse": ""}
        for face in FACES:
            for case in CASES:
                subjects[f"{face.name}, {case.what}"] = partial(_read, face, case, port, options.events)
                goals[f"{face.name}, {case.what}"] = f"{case.goal} x parse"
        for peer in PEERS:
            subjects[peer.name] = partial(peer.stream, port, options.events)
        say_which_are_absent()
        seconds = medians(options.rounds, subjects)
    rates = {name: options.events / each for name, each in seconds.items()}
    for name, rate in rates.items():
        yield Figure("stream", name, rate, "events/s", "parse", rates["parse"], goals.get(name, ""))


def _ignore(_: object) -> None:
    """Take a parsed message and do nothing with it."""


def _read(face: Face, case: Case, port: int, events: int) -> float:
    """Run one case; a benchmark that lost events would measure nothing."""
    seen = itertools.count()
    read, count = case.read, seen.__next__

    def callback(event: Any, _: object) -> None:
        read(event)
        count()

    seconds = face.stream(port, case.event, callback, in_list=case.in_list)
    expected = events + 1 if not case.event else events // _CYCLE
    if (came := next(seen)) < expected:
        raise RuntimeError(f"{face.name}, {case.what}: {came} of {expected} events came.")
    return seconds
