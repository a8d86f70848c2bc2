"""Bytes become the same messages however they are cut, and no accepted header can end a message or add a line."""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import ami_typed as ami
from ami_typed._protocol.framing import Framer, encode, records
from ami_typed.limits import Limits
from ami_typed.messages import Message
from tests.support import GREETING, PATIENCE, message

if TYPE_CHECKING:
    from collections.abc import Iterator

LIMITS = Limits()


def cut(stream: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at places, into pieces of at least one byte."""
    edges = sorted({0, len(stream), *(place for place in places if place < len(stream))})
    return [stream[start:end] for start, end in pairwise(edges)]


def framed(pieces: list[bytes], framer: Framer | None = None) -> list[bytes]:
    """Feed pieces to a framer; return all messages, without empty lines before them."""
    framer = framer or a_framer()
    return [solid for piece in pieces for octets in fed(framer, piece) if (solid := octets.lstrip(b"\r\n"))]


def fed(framer: Framer, piece: bytes) -> list[bytes]:
    """Feed a piece to a framer; return the messages that it completes."""
    messages = framer.feed(piece)
    return messages.split(b"\r\n\r\n")[:-1] if isinstance(messages, bytes) else list(messages)


def a_framer(limits: Limits = LIMITS, *, bare: bool = False) -> Framer:
    """Make a framer that expects raw text, and perhaps messages that end in bare LFs."""
    framer = Framer(limits)
    framer.expect(is_bare if bare else None, raw=True)
    return framer


def is_bare(lines: bytes) -> bool:
    """Say that every message may end in bare LFs."""
    return True


# What goes out

ANY_TEXT = st.text(st.characters() | st.sampled_from("\r\n\0:\u2028\u2029\x85\x0b\x0c\x1c\x1d\x1e \ud800\udc0a\udc80"))


@given(ANY_TEXT, ANY_TEXT)
@example("Channel", "SIP/1\r\nAction: Originate")
@example("Channel", "SIP/1\n\nAction: Originate")
@example("Channel\r\nAction", "Originate")
@example("Channel", "a\0b")
@example("Channel", "a\u2028b\u2029c\x85d")
@example("Channel", "\udc0d\udc0a\udc0d\udc0a")
@example("Channel", "\ud800")
def test_a_header_that_is_accepted_cannot_end_its_message_or_add_a_line(name: str, value: str) -> None:
    try:
        octets = encode("Originate", [("Action", "Originate"), (name, value), ("Last", "1")])
    except ami.HeaderRefused:
        return
    lines = re.split(rb"\r\n|\r|\n", octets)
    assert len(lines) == 5
    assert lines[0] == b"Action: Originate"
    assert lines[2:] == [b"Last: 1", b"", b""]
    assert octets.count(b"\0") == 0
    assert len(framed([octets])) == 1


@pytest.mark.parametrize("smuggled", ["\r", "\n", "\0", "\r\n", "x\r\n\r\nAction: Originate", "\n\n"])
def test_a_line_end_is_refused_in_a_value_and_in_a_name_with_the_headers_name(smuggled: str) -> None:
    with pytest.raises(
        ami.HeaderRefused,
        match=r"^Originate was not sent: the name or value of the header 'Channel' contains a CR, LF or NUL",
    ):
        encode("Originate", [("Channel", smuggled)])
    with pytest.raises(
        ami.HeaderRefused, match=r"^Originate was not sent: .* the header '.*' contains a CR, LF or NUL"
    ):
        encode("Originate", [(f"Channel{smuggled}", "x")])


def test_a_refusal_does_not_show_the_value() -> None:
    with pytest.raises(ami.HeaderRefused) as refused:
        encode("Login", [("Secret", "hidden-word\r\n")])
    assert "hidden-word" not in str(refused.value)


@pytest.mark.parametrize("name", ["", ":", "A:B"])
def test_an_invalid_header_name_is_rejected(name: str) -> None:
    with pytest.raises(ami.HeaderRefused, match=r"name of a header is empty|contains a colon"):
        encode("Ping", [(name, "x")])


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_text_that_cannot_be_encoded_is_rejected(text: str) -> None:
    with pytest.raises(ami.HeaderRefused):
        encode("Ping", [("A", text)])


def test_a_message_is_written_line_by_line_in_order() -> None:
    octets = encode("X", [("Action", "X"), ("V", "1"), ("V", "2"), ("Empty", ""), ("Text", "a: b")])
    assert octets == b"Action: X\r\nV: 1\r\nV: 2\r\nEmpty: \r\nText: a: b\r\n\r\n"


def test_text_is_sent_as_utf_8_and_surrogates_as_their_bytes() -> None:
    assert encode("X", [("A", "€ \udcfc")]) == b"A: \xe2\x82\xac \xfc\r\n\r\n"


names = st.text(st.characters(exclude_characters="\r\n\0:(", exclude_categories=["Cs"]), min_size=1).filter(
    lambda name: name.lower() != "response"
)
contents = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]))
octet_contents = st.binary().map(lambda octets: re.sub(rb"[\r\n\0]", b"", octets).decode("utf-8", "surrogateescape"))
headers = st.lists(st.tuples(names, contents | octet_contents), min_size=1)


@given(headers)
def test_encoding_and_parsing_are_inverse(pairs: list[tuple[str, str]]) -> None:
    (octets,) = framed([encode("X", pairs)])
    read = Message.of(octets)
    for name, _ in pairs:
        assert read.all(name) == [value for other, value in pairs if other.lower() == name.lower()]
    assert read.data == read.all("Output")


# Under TLS


def lines_read_by_asterisk(sent: list[bytes]) -> int:
    """Count the lines that Asterisk's loop reads: it waits for the next record although OpenSSL holds the rest of one."""
    held = lines = 0
    rest = b""
    for record in sent:
        rest += record
        taken, rest = rest[: 1024 - held], rest[1024 - held :]
        *whole, last = taken.split(b"\n")
        lines += len(whole)
        held = len(last) if whole else held + len(last)
        if held >= 1024:
            held = 1
    return lines


@given(st.lists(st.integers(0, 2500) | st.integers(990, 1030), min_size=1, max_size=12))
@example([1022])
@example([1023])
@example([995, 995, 1022, 10])
@example([3000, 0])
def test_a_server_that_reads_no_more_of_a_record_than_a_line_may_be_long_reads_all_records(sizes: list[int]) -> None:
    octets = b"".join(b"x" * size + b"\r\n" for size in sizes)
    sent = list(records(octets))
    assert b"".join(sent) == octets
    assert max(map(len, sent)) <= 1000
    assert lines_read_by_asterisk(sent) == len(sizes)


# What comes in

STREAM = b"".join(
    (
        message("Event: A", "Key: value", "Umlaut: €"),
        b"\r\n",
        message("Event: B", "V: 1", "V: 2", "Empty:"),
        message("Response: Follows", "ActionID: 1", "Event: no\n\r\n\r\nmore\n--END COMMAND--"),
        message("Response: Success", "Output: ", "Output: x"),
        message("Event: C", "Latin: \udcfc"),
    )
)


def test_messages_are_cut_at_their_empty_lines() -> None:
    assert framed([STREAM]) == [
        b"Event: A\r\nKey: value\r\nUmlaut: \xe2\x82\xac",
        b"Event: B\r\nV: 1\r\nV: 2\r\nEmpty:",
        b"Response: Follows\r\nActionID: 1\r\nEvent: no\n\r\n\r\nmore\n--END COMMAND--",
        b"Response: Success\r\nOutput: \r\nOutput: x",
        b"Event: C\r\nLatin: \xfc",
    ]


@pytest.mark.parametrize("bare", [False, True])
def test_a_stream_cut_at_any_one_place_gives_the_same_messages(bare: bool) -> None:
    whole = a_framer(bare=bare)
    expected = framed([STREAM], whole)
    for place in range(1, len(STREAM)):
        framer = a_framer(bare=bare)
        assert framed([STREAM[:place], STREAM[place:]], framer) == expected


@given(st.lists(st.integers(0, len(STREAM))), st.booleans())
@example(list(range(len(STREAM))), False)
@example(list(range(len(STREAM))), True)
def test_a_stream_cut_anywhere_gives_the_same_messages(places: list[int], bare: bool) -> None:
    whole, piecewise = a_framer(bare=bare), a_framer(bare=bare)
    assert framed(cut(STREAM, places), piecewise) == framed([STREAM], whole)
    assert not piecewise.incomplete


@given(st.lists(headers, min_size=1, max_size=5), st.lists(st.integers(0, 400)))
def test_any_messages_cut_anywhere_read_as_the_same(messages: list[list[tuple[str, str]]], places: list[int]) -> None:
    octets = [encode("X", pairs) for pairs in messages]
    assert framed(cut(b"".join(octets), places)) == [each.removesuffix(b"\r\n\r\n") for each in octets]


@given(st.binary(), st.lists(st.integers(0, 200)), st.booleans())
def test_garbage_cut_anywhere_is_the_same_garbage(garbage: bytes, places: list[int], bare: bool) -> None:
    stream = garbage + b"\r\n\r\n"
    whole, piecewise = a_framer(bare=bare), a_framer(bare=bare)

    def solid(messages: list[bytes]) -> list[bytes]:
        return [stripped for octets in messages if (stripped := octets.strip(b"\r\n"))]

    assert solid(framed(cut(stream, places), piecewise)) == solid(framed([stream], whole))


def test_a_message_that_has_begun_and_not_ended_is_known_as_such() -> None:
    framer = a_framer()
    pieces = [b"Event: A\r\n", b"\r\nEve", b"nt: B\r\n\r\n"]
    assert [(fed(framer, piece), framer.incomplete) for piece in pieces] == [
        ([], True),
        ([b"Event: A"], True),
        ([b"Event: B"], False),
    ]
    assert not Framer(LIMITS).incomplete


def test_a_long_value_is_not_copied_for_each_byte() -> None:
    framer = a_framer()
    octets = b"Event: A\r\nLong: " + b"x" * (1 << 16)
    for place in range(len(octets)):
        assert fed(framer, octets[place : place + 1]) == []
    assert [len(part) for part in framer._parts] == [1] * len(octets)  # nothing was put together so far
    assert fed(framer, b"\r\n\r\n") == [octets]
    assert framer._parts == []


@pytest.mark.parametrize("held", range(1, 20))
def test_an_end_that_lies_across_reads_is_found_however_much_was_held(held: int) -> None:
    framer = a_framer()
    for _ in range(held):
        assert fed(framer, b"x") == []
    for octet in (b"\r", b"\n", b"\r"):
        assert fed(framer, octet) == []
    assert fed(framer, b"\n") == [b"x" * held]


def test_a_line_that_ends_in_a_carriage_return_too_many_is_not_lost() -> None:
    for ends in range(2, 9):
        stream = b"Event: A\r" + b"\r\n" * ends
        assert framed([stream, b"Event: B\r\n\r\n"])[0] == b"Event: A\r"


# Raw text and bare line feeds


def test_raw_text_ends_at_its_own_mark_however_many_empty_lines_it_holds() -> None:
    stream = b"Response: Follows\r\nActionID: 1\r\na\r\n\r\nb\r\n\r\n\r\n\r\n--END COMMAND--\r\n\r\nEvent: A\r\n\r\n"
    assert framed([stream]) == [
        b"Response: Follows\r\nActionID: 1\r\na\r\n\r\nb\r\n\r\n\r\n\r\n--END COMMAND--",
        b"Event: A",
    ]


def test_two_raw_texts_one_after_the_other_are_two() -> None:
    one = b"Response: Follows\r\nActionID: 1\r\n\r\n\r\n--END COMMAND--"
    assert framed([one + b"\r\n\r\n" + one + b"\r\n\r\n"]) == [one, one]


def test_raw_text_after_an_extra_empty_line_is_recognised() -> None:
    raw = b"Response: Follows\r\nActionID: 1\r\na\r\n\r\nb\r\n--END COMMAND--"
    assert framed([b"Event: A\r\n\r\n\r\n\r\n\r\n" + raw + b"\r\n\r\n"])[-1] == raw


def test_raw_text_that_has_not_ended_is_held() -> None:
    framer = a_framer()
    assert fed(framer, b"Response: Follows\r\nActionID: 1\r\na\r\n\r\nb") == []
    assert framer.incomplete
    assert fed(framer, b"\n--END COMMAND--\r\n\r\n") == [
        b"Response: Follows\r\nActionID: 1\r\na\r\n\r\nb\n--END COMMAND--"
    ]


def test_a_value_that_resembles_raw_text_is_not_raw_text() -> None:
    assert framed([b"Event: A\r\nResponse: Follows\r\n\r\nEvent: B\r\n\r\n"]) == [
        b"Event: A\r\nResponse: Follows",
        b"Event: B",
    ]


def test_an_unexpected_bare_line_feed_ends_no_line() -> None:
    assert framed([b"Event: A\r\nKey: a\n\nb\r\n\r\n"]) == [b"Event: A\r\nKey: a\n\nb"]


@pytest.mark.parametrize("end", [b"\r\n\n", b"\n\n", b"\n\r\n", b"\r\n\r\n"])
def test_a_bare_line_feed_ends_a_message_if_expected(end: bytes) -> None:
    framer = a_framer(bare=True)
    assert fed(framer, b"Event: A\r\nKey: a" + end + b"Event: B\r\n\r\n") == [b"Event: A\r\nKey: a", b"Event: B"]
    assert not framer.incomplete


def test_bare_line_feeds_do_not_cut_raw_text() -> None:
    framer = a_framer(bare=True)
    raw = b"Response: Follows\r\nActionID: 1\r\na\n\nb\n--END COMMAND--"
    assert fed(framer, raw + b"\r\n\r\nEvent: A\r\n\n") == [raw, b"Event: A"]


def test_raw_text_after_a_message_with_bare_line_feeds_is_recognised() -> None:
    framer = a_framer(bare=True)
    raw = b"Response: Follows\r\nActionID: 1\r\na\n\nb\r\n\r\nc\n--END COMMAND--"
    assert fed(framer, b"Event: A\r\n\n" + raw + b"\r\n\r\nEvent: B\r\n\r\n") == [b"Event: A", raw, b"Event: B"]


# The first line


def test_the_first_line_is_cut_off_whatever_its_end() -> None:
    assert Framer(LIMITS).line(GREETING) == (GREETING.rstrip(), b"")
    assert Framer(LIMITS).line(b"Asterisk/1\nEvent: A") == (b"Asterisk/1", b"Event: A")


def test_the_first_line_may_arrive_in_pieces() -> None:
    framer = a_framer()
    for octet in b"Asterisk/1\r":
        assert framer.line(bytes([octet])) is None
    assert framer.line(b"\nEvent: A\r\n\r\n") == (b"Asterisk/1", b"Event: A\r\n\r\n")
    assert fed(framer, b"Event: A\r\n\r\n") == [b"Event: A"]


def test_a_first_line_that_does_not_end_is_not_waited_for() -> None:
    framer = a_framer()
    with pytest.raises(ami.ManagerSocketError, match="1 KiB"):
        framer.line(b"x" * 1025)


# Limits


def test_a_line_longer_than_its_limit_ends_the_connection() -> None:
    framer = a_framer(Limits(line=100))
    fed(framer, b"Event: A\r\nLong: " + b"x" * 60)
    with pytest.raises(ami.ProtocolError, match=r"line of more than 100 bytes \(Limits\.line\)"):
        fed(framer, b"x" * 60)


def test_a_message_longer_than_its_limit_ends_the_connection() -> None:
    framer = a_framer(Limits(message=100))
    fed(framer, b"Event: A\r\n" * 9)
    with pytest.raises(ami.ProtocolError, match=r"message of more than 100 bytes \(Limits\.message\)"):
        fed(framer, b"Event: A\r\n" * 9)


def test_a_message_of_more_lines_than_its_limit_ends_the_connection() -> None:
    lines = [f"Key{number}: x" for number in range(100)]
    assert len(framed([message(*lines)], a_framer(Limits(headers=100)))) == 1
    with pytest.raises(ami.ProtocolError, match=r"more than 100 lines \(Limits\.headers\)"):
        framed([message(*lines, "One: more")], a_framer(Limits(headers=100)))


def test_limits_count_each_message_and_each_line_for_itself() -> None:
    framer = a_framer(Limits(line=60, message=100, headers=4))
    for _ in range(50):
        assert framed(cut(message("Event: A", "Key: " + "x" * 40, "Key: 2"), [30]), framer) != []


def test_a_line_is_measured_from_its_own_beginning() -> None:
    framer = a_framer(Limits(line=100))
    half = b"Event: " + b"x" * 53
    assert fed(framer, half) == []
    for _ in range(5):
        assert len(fed(framer, b"\r\n\r\n" + half)) == 1


def test_lines_that_have_ended_do_not_count_into_the_next() -> None:
    framer = a_framer(Limits(line=20))
    for _ in range(10):
        assert fed(framer, b"Key: value\r\nKey: val") == []
        assert fed(framer, b"ue\r\n") == []


def test_the_error_about_an_action_whose_name_ends_its_line_is_one_line() -> None:
    with pytest.raises(ami.HeaderRefused) as refused:
        encode("Ping\r\nX: y", [("Action", "Ping\r\nX: y")])
    assert str(refused.value).startswith(
        "Ping was not sent: the name or value of the header 'Action' contains a CR, LF or NUL"
    )


# Endless input


def by_its_name(lines: bytes) -> bool:
    """Say of one event that it may end in bare LFs."""
    return lines.startswith(b"Event: Odd")


ENDLESS = {
    "a line": (b"Event: A", b"x" * 32),
    "a message": (b"Event: A\r\n", b"Key: value of a line\r\n"),
    "line ends that are alone": (b"Event: A\r\n", b"Key: a\n\nb\n\r\nc\n"),
    "an odd message": (b"Event: Odd\r\n", b"Key: value of a line\r\n"),
    "raw text": (b"Response: Follows\r\nPrivilege: Command\r\n", b"text of 32 bytes \r\n\r\nand more\n\n"),
    "empty lines": (b"", b"\r\n" * 16),
    "carriage returns": (b"Event: A\r\n", b"\r" * 32),
    "marks of the end of a text": (b"Event: A\r\n", b"--END COMMAND--\r\n"),
    "beginnings of raw text": (b"Event: A\r\n", b"Response: Follows\r\n"),
    "short messages": (b"", b"Event: A\r\n\r\n"),
    "short odd messages": (b"", b"Event: Odd\r\n\n"),
    "short raw texts": (b"", b"Response: Follows\r\nA: \r\n\r\nb\r\n\r\n--END COMMAND--\r\n\r\n"),
}


@pytest.mark.parametrize(
    "mode", ["bare", *(pytest.param(mode, marks=pytest.mark.exhaustive) for mode in ("usual", "raw"))]
)
@pytest.mark.parametrize(("begin", "more"), ENDLESS.values(), ids=list(ENDLESS))
def test_received_data_is_not_searched_again_for_each_piece(begin: bytes, more: bytes, mode: str) -> None:
    """Searched again for each of these pieces, a megabyte takes minutes; once, it takes a part of a second."""
    framer = Framer(LIMITS)
    framer.expect(by_its_name if mode == "bare" else None, raw=mode != "usual")
    spent = time.process_time()
    found = list(_any(framer.feed(begin)))
    for _ in range((1 << 20) // len(more)):
        found += _any(framer.feed(more))
    assert time.process_time() - spent < PATIENCE
    assert len(found) < (1 << 20)


def _any(messages: bytes | Iterator[bytes]) -> Iterator[bytes]:
    return iter([messages] if isinstance(messages, bytes) else messages)
