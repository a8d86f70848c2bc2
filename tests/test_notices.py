"""Events that ami-typed makes itself are events like any other, and go to nobody who did not ask for them."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import Disconnected, EventsLost, Reconnected
from ami_typed._delivery.subscriptions import Handlers

if TYPE_CHECKING:
    from collections.abc import Callable

    from ami_typed.notices import Notice

NOTICES = [Disconnected.because(Exception("it broke")), Reconnected.after(1.5, 3), EventsLost.of_number(7)]


def test_each_notice_describes_what_happened() -> None:
    assert Disconnected.because(ami.ConnectionLost("the server closed the connection.")).reason == (
        "the server closed the connection."
    )
    again = Reconnected.after(61.2345, 4)
    assert again.gap == timedelta(seconds=61.234) or again.gap == timedelta(seconds=61.235)
    assert again.attempts == 4
    assert EventsLost.of_number(7).count == 7


@pytest.mark.parametrize("reason", ["two\r\nlines", "a\n\nb", "", "Jürgen €"])
def test_any_reason_fits_into_one_line(reason: str) -> None:
    assert Disconnected.because(Exception(reason)).reason == " ".join(reason.split())


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.event)
def test_a_notice_is_an_event_like_any_other(notice: Notice) -> None:
    assert isinstance(notice, ami.Event)
    assert notice.event == notice["Event"] == type(notice).__name__
    assert all(isinstance(value, str) for value in notice.values())
    assert json.loads(json.dumps(notice)) == notice
    for twin in (copy.copy(notice), copy.deepcopy(notice), pickle.loads(pickle.dumps(notice))):
        assert twin == notice
        assert type(twin) is type(notice)


@pytest.mark.parametrize("notice", NOTICES, ids=lambda notice: notice.event)
def test_a_notice_is_delivered_only_by_class_or_name(notice: Notice) -> None:
    handlers = Handlers()
    called: list[str] = []

    def callback(name: str) -> Callable[..., object]:
        return lambda *_: called.append(name)

    keys: list[Any] = [type(notice), type(notice).__name__.upper(), "", ami.Event, None, "Hangup"]
    for key in keys:
        handlers.register(key, callback(str(key)))
    for function in handlers.route_of(notice).functions:
        function(notice, None)
    assert called == [str(type(notice)), type(notice).__name__.upper()]
