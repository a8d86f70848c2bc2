"""What must hold for any bytes, held against the scenarios and what hypothesis makes up; `nox -s fuzz` looks further."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed import registry
from ami_typed.fields import fields_of
from tests.fuzz.seeds import WORDS, event_seeds, seeds
from tests.fuzz.targets import EVENTS, TARGETS, event, messages_in, type_of

streams = st.lists(st.sampled_from(WORDS) | st.binary(max_size=6), max_size=40).map(b"".join)


def put_together(flags: int, sizes: list[int], stream: bytes) -> bytes:
    return bytes([flags, len(sizes), *sizes]) + stream


inputs = st.builds(
    put_together,
    st.integers(0, 7),
    st.lists(st.integers(0, 40), max_size=7),
    streams,
)
headers = st.sampled_from(EVENTS).flatmap(
    lambda name: st.tuples(
        st.just(EVENTS.index(name)),
        st.lists(
            st.tuples(
                st.sampled_from([field.header for field in fields_of(registry.event_class(name)).values()]),
                st.text(st.characters(exclude_characters="\r\n"), max_size=12)
                | st.sampled_from(["", "nan", "inf", "-1", "9" * 40, "9" * 5000, "1e400", "<unknown>", "0x1", "a=b"]),
            ),
            max_size=6,
        ),
    )
)


@pytest.mark.parametrize("target", TARGETS)
def test_it_holds_for_the_scenarios(target: str) -> None:
    for seed in [*seeds(), *(event_seeds() if target == "event" else [])]:
        TARGETS[target](seed)


@pytest.mark.parametrize("target", TARGETS)
@given(data=inputs)
@settings(max_examples=200, deadline=None)
def test_it_holds_for_whatever_is_put_together_from_the_protocols_words(target: str, data: bytes) -> None:
    TARGETS[target](data)


@given(headers)
@settings(max_examples=500, deadline=None)
def test_every_attribute_of_every_event_is_of_its_type_or_a_field_error(
    drawn: tuple[int, list[tuple[str, str]]],
) -> None:
    place, pairs = drawn
    lines = "\r\n".join(f"{name.replace('*', '1')}: {value}" for name, value in pairs)
    event(place.to_bytes(2, "big") + lines.encode("utf-8", "surrogatepass"))


def test_the_type_of_every_attribute_of_every_event_is_known() -> None:
    fields = [field for name in EVENTS for field in fields_of(registry.event_class(name)).values()]
    assert len(fields) > 1000
    for field in fields:
        assert isinstance(type_of(field), type)


def test_the_model_of_the_framing_is_right_in_simple_cases() -> None:
    stream = b"A: 1\r\n\r\n\r\nResponse: Follows\r\nA:\r\n\r\nx\n--END COMMAND--\r\n\r\nB: \n\n2\r\n\r\nrest"
    assert messages_in(stream, bare=False) == [
        b"A: 1",
        b"Response: Follows\r\nA:\r\n\r\nx\n--END COMMAND--",
        b"B: \n\n2",
    ]
    assert messages_in(b"A: 1\n\nB: 2\r\n\nrest", bare=True) == [b"A: 1", b"B: 2"]


def test_a_target_detects_violations(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(message: ami.Event, name: str) -> list[str]:
        return []

    monkeypatch.setattr(ami.Event, "all", nothing)
    with pytest.raises((AssertionError, IndexError)):
        event(b"\0\0Channel: x\r\nChannel: y")
