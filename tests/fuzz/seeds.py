"""Where fuzzing begins: what the servers of `tests/scenarios` say, and the words of the protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ami_typed import registry
from ami_typed.fields import fields_of
from ami_typed.testing import Say, Scenario
from tests.fuzz.targets import EVENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

SCENARIOS = Path(__file__).parents[1] / "scenarios"

WORDS = (
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\n\n",
    b"\r",
    b": ",
    b":",
    b" ",
    b"\0",
    b"\xff",
    b"\xc3\xbc",
    b"Response: Success",
    b"Response: Error",
    b"Response: Goodbye",
    b"Response: Follows\r\n",
    b"--END COMMAND--",
    *(b"\r\nActionID: %d" % number for number in range(1, 8)),
    b"\r\nEventList: start",
    b"\r\nEventList: Complete",
    b"\r\nListItems: 1",
    b"\r\nMessage: x",
    b"\r\nOutput: x",
    b"Event: Hangup",
    b"Event: CoreShowChannel",
    b"Event: CoreShowChannelsComplete",
    b"Event: QueueMember",
    b"Event: QueueStatusComplete",
    b"Event: FullyBooted",
    b"Event: StatusComplete",
    b"Event: CoreShowChannelMapComplete",
    b"ChanVariable(Local/1@x;1): A=1",
    b"Asterisk Call Manager/9.0.0\r\n",
    b"nan",
    b"inf",
    b"-1",
    b"9" * 40,
)
"""What streams are put together from."""


def streams() -> Iterator[bytes]:
    """Return what the server says in each scenario."""
    for path in sorted(SCENARIOS.glob("*.txt")):
        chunks = [chunk for step in Scenario.read(path).steps if isinstance(step, Say) for chunk in step.chunks]
        yield b"".join(chunk.fill(_Any()) for chunk in chunks)


class _Any(dict[str, bytes]):
    """Every hole of a scenario, filled."""

    def __missing__(self, hole: str) -> bytes:
        return b"1"


def seeds() -> list[bytes]:
    """Return inputs for every target: choices, sizes of pieces, and a stream."""
    choices = (b"\0\0", b"\0\2\0\6", b"\1\1\0", b"\2\0", b"\3\3\0\3\11")
    return [choice + stream for stream in streams() for choice in choices]


def event_seeds() -> list[bytes]:
    """Return an input for the target `event` for each class: its place, and a value for each of its headers."""
    return [
        place.to_bytes(2, "big")
        + b"".join(
            f"{field.header.replace('*', '1')}: 1\r\n".encode()
            for field in fields_of(registry.event_class(name)).values()
        )
        for place, name in enumerate(EVENTS)
    ]
