"""Parsing of messages with more than plain headers without repetition, which `_speed` parses.

Rules owned here:

- A bare LF is part of a value, so that it cannot inject headers. Lines of raw text all end in bare LFs.
- Lines of raw text may look like headers; the headers before them are known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed._speed import NONE_REPEATED

if TYPE_CHECKING:
    from collections.abc import Iterable

    Parsed = tuple[dict[str, str], list[str], dict[str, list[str]]]
    """A parsed message: its headers, the lines that are not headers, and all values of repeated headers."""

__all__ = ["lines_of", "parsed", "split_headers"]

_RAW_TEXT = "Response: Follows"
_RAW_TEXT_HEADERS = ("response", "privilege", "actionid", "message")
_RAW_TEXT_END = "--END COMMAND--"


def _all_values(headers: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the values of each header, by name in lower case."""
    values: dict[str, list[str]] = {}
    for name, value in headers:
        values.setdefault(name.lower(), []).append(value)
    return values


def split_headers(lines: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Split lines into headers and lines that are not headers."""
    headers: list[tuple[str, str]] = []
    data: list[str] = []
    for line in lines:
        name, colon, value = line.partition(":")
        if "(" in name and "): " in line:  # ChanVariable(SIP/[::1]-0001): the name contains colons
            name, colon, value = line.partition("): ")
            name, value = name + ")", " " + value
        if colon:
            value = value.removeprefix(" ")
            headers.append((name, value.rstrip("\n") if name.lower() == "message" else value))
        else:
            data.append(line)
    return headers, data


def _is_raw_text(text: str) -> bool:
    return text[: len(_RAW_TEXT)].lower() == _RAW_TEXT.lower()


def _split_lines(text: str) -> list[str]:
    return [line.removesuffix("\r") for line in text.split("\n")]


def _raw_text(lines: list[str]) -> tuple[list[tuple[str, str]], list[str]]:
    """Parse an answer with raw text, as of Asterisk 13's ``Command``; lines of the text may look like headers."""
    expected = list(_RAW_TEXT_HEADERS)
    count = 0
    for line in lines:
        name = line.partition(":")[0].lower()
        if name not in expected:
            break
        expected.remove(name)
        count += 1
    data = lines[count:]
    if data and data[-1].endswith(_RAW_TEXT_END):
        last = data.pop().removesuffix(_RAW_TEXT_END)
        data += [last] if last else []
    return split_headers(lines[:count])[0], data


def lines_of(octets: bytes) -> list[str]:
    """Return the lines of a message, without its final empty line."""
    text = octets.decode("utf-8", "surrogateescape")
    lines = text.split("\r\n") if "\r\n" in text and not _is_raw_text(text) else _split_lines(text)
    if not lines[-1]:
        lines.pop()
    return lines


def parsed(lines: list[str]) -> Parsed:
    """Parse the lines of a message."""
    headers, data = _raw_text(lines) if lines and _is_raw_text(lines[0]) else split_headers(lines)
    first = dict(headers)
    if len(first) == len(headers):
        return first, data, NONE_REPEATED
    values = _all_values(headers)
    repeated = {name: each for name, each in values.items() if len(each) > 1}
    return {name: values[name.lower()][0] for name in first}, data, repeated
