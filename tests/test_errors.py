"""An exception says who was wrong and what is certain, survives pickling, and shows no secret."""

from __future__ import annotations

import pickle
from typing import Any

import pytest

import ami_typed as ami
from ami_typed import actions, errors
from ami_typed.errors import Error, ManagerError, ManagerSocketError

REQUEST = ami.Request("Originate", Channel="Local/1@x", Secret="hidden-word")
REFUSAL = ami.Message({"Response": "Error", "Message": "No such channel", "Secret": "hidden-word"})

EXAMPLES: list[Error] = [
    ami.ActionFailed(REQUEST, REFUSAL),
    ami.LoginFailed(REQUEST, REFUSAL),
    ami.AuthenticationFailed(REQUEST, REFUSAL),
    ami.AlreadyLoggedIn(REQUEST, REFUSAL),
    ami.StillBooting(2.5),
    ami.TurnedAway.by("pbx:5038"),
    ami.NotAsterisk.silent(5),
    ami.AddressError("one sentence"),
    ami.ActionTimeout(REQUEST, "id-1", 2.5, "complete list"),
    ami.ListTooLong(REQUEST, "id-1", "10 events (Limits.items)", ami.Aggregate("id-1")),
    ami.EventsDropped(3),
    ami.ChangesDropped(3),
    ami.FieldError(ami.Event({"Event": "Hangup"}), "Cause", "x", "not a number"),
    ami.HeaderRefused("one sentence"),
    ami.OutcomeUnknown("one sentence"),
    ami.OutcomeTimeout("one sentence"),
    ami.UnclearAnswer(REQUEST, REFUSAL),
    ami.ActionFailed(REQUEST, ami.Message({"Response": "Error", "Message": "Permission denied"}), ("originate",)),
]


def test_every_exception_of_the_package_is_an_error_to_catch() -> None:
    for name in errors.__all__:
        assert issubclass(getattr(errors, name), Error)


@pytest.mark.parametrize(
    "blamed_on_the_request",
    [
        "NotConnected",
        "HeaderRefused",
        "TooManyPending",
        "NotInRelease",
        "FieldError",
        "ListTooLong",
        "AddressError",
        "AuthenticationFailed",
        "AlreadyLoggedIn",
        "StillBooting",
        "ActionFailed",
        "LoginFailed",
        "ActionTimeout",
        "EventTimeout",
        "EventsDropped",
        "ChangesDropped",
        "UnclearAnswer",
    ],
)
def test_mistakes_and_error_answers_are_manager_errors(blamed_on_the_request: str) -> None:
    kind = getattr(errors, blamed_on_the_request)
    assert issubclass(kind, ManagerError)
    assert not issubclass(kind, ManagerSocketError)


@pytest.mark.parametrize(
    "blamed_on_the_link",
    [
        "ConnectFailed",
        "NotAsterisk",
        "TurnedAway",
        "ConnectionLost",
        "RequestNotSent",
        "OutcomeUnknown",
        "ProtocolError",
    ],
)
def test_connection_errors_are_socket_errors(blamed_on_the_link: str) -> None:
    kind = getattr(errors, blamed_on_the_link)
    assert issubclass(kind, ManagerSocketError)
    assert not issubclass(kind, ManagerError)


CERTAIN = [
    "NotConnected",
    "TooManyPending",
    "ConnectFailed",
    "NotAsterisk",
    "TurnedAway",
    "RequestNotSent",
    "StillBooting",
]
OPEN = ["ActionTimeout", "OutcomeUnknown", "OutcomeTimeout", "UnclearAnswer"]


def test_two_base_classes_state_whether_the_action_may_have_happened() -> None:
    kinds = {name: getattr(errors, name) for name in errors.__all__}
    safe = {name for name, kind in kinds.items() if issubclass(kind, ami.Unavailable)}
    unsafe = {name for name, kind in kinds.items() if issubclass(kind, ami.MayHaveHappened)}
    assert safe == {"Unavailable", *CERTAIN}
    assert unsafe == {"MayHaveHappened", *OPEN}


def test_errors_are_caught_as_the_builtin_exceptions_they_are_a_kind_of() -> None:
    assert issubclass(ami.HeaderRefused, ValueError)
    assert issubclass(ami.FieldError, ValueError)
    assert issubclass(ami.ActionTimeout, TimeoutError)
    assert issubclass(ami.EventTimeout, TimeoutError)
    assert issubclass(ami.ManagerSocketError, OSError)


def test_not_sent_and_outcome_unknown_are_distinguished() -> None:
    assert not issubclass(ami.RequestNotSent, ami.OutcomeUnknown)
    assert not issubclass(ami.OutcomeUnknown, ami.RequestNotSent)
    assert issubclass(ami.RequestNotSent, ami.ConnectionLost)
    assert issubclass(ami.OutcomeUnknown, ami.ConnectionLost)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_pickling_preserves_the_message_and_attributes_of_an_error(error: Error) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_no_error_shows_a_secret(error: Error) -> None:
    assert "hidden-word" not in f"{error} {error!r}"


def test_a_refusal_names_the_action_and_quotes_the_server() -> None:
    error = ami.ActionFailed(REQUEST, REFUSAL)
    assert str(error) == "Asterisk refused Originate: No such channel"
    assert error.message == "No such channel"
    assert error.request is REQUEST
    assert error.response is REFUSAL


DENIED = ami.Message({"Response": "Error", "Message": "Permission denied"})


def test_a_denied_permission_names_the_privileges_that_the_action_needs() -> None:
    error = ami.ActionFailed(actions.Getvar(variable="X"), DENIED)
    assert error.privileges == ("call", "reporting")
    assert error.message == "Permission denied"
    assert str(error) == (
        "Asterisk refused Getvar: Permission denied. The user must have logged in, with the privilege call, reporting or all (`write` in manager.conf)."
    )


@pytest.mark.parametrize("request_", [ami.Request("Nobodys"), actions.Ping()])
def test_a_denied_permission_without_known_privileges_lists_possible_reasons(
    request_: ami.Request[Any],
) -> None:
    assert str(ami.ActionFailed(request_, DENIED)).endswith(
        "Permission denied. The user lacks the action's privilege (`write` in manager.conf), or has not logged in."
    )


@pytest.mark.parametrize(
    ("headers", "reason"), [({"Response": "Error"}, "Error"), ({"ActionID": "1"}, "no reason given")]
)
def test_a_refusal_without_a_message_quotes_the_response(headers: dict[str, str], reason: str) -> None:
    assert ami.ActionFailed(REQUEST, ami.Message(headers)).message == reason


def test_a_time_out_states_what_is_missing_and_that_the_outcome_is_unknown() -> None:
    error = ami.ActionTimeout(REQUEST, "id-1", 2.5)
    assert str(error) == (
        "Originate (ActionID id-1) received no answer within 2.5 s. "
        "The server may still carry it out; raise request.timeout to wait longer."
    )
    assert (error.request, error.action_id) == (REQUEST, "id-1")


def test_a_field_error_names_the_event_the_header_and_the_text() -> None:
    event = ami.Event({"Event": "Hangup", "Cause": "x"})
    error = ami.FieldError(event, "Cause", "x", "not a number")
    assert str(error) == "Event: cannot decode Cause 'x': not a number."
    assert (error.message, error.header, error.text) == (event, "Cause", "x")


def test_a_field_error_shows_only_the_beginning_of_a_long_text() -> None:
    with pytest.raises(ami.FieldError) as refused:
        _ = ami.events.Hangup({"Event": "Hangup", "Cause": "x" * 10_000}).cause
    assert str(refused.value) == (
        f"Hangup: cannot decode Cause {'x' * 100!r}...: not a whole number in decimal digits."
    )
    assert refused.value.text == "x" * 10_000


def test_a_field_error_states_that_a_header_is_missing() -> None:
    assert str(ami.FieldError(ami.Event(), "Cause", None, "")) == "Event has no header Cause."


def test_one_dropped_event_is_counted_in_the_singular() -> None:
    assert str(ami.EventsDropped(1)).startswith("1 event was dropped")
    assert str(ami.ChangesDropped(1)).startswith("1 change was dropped")


def test_dropped_events_are_counted_in_their_error() -> None:
    error = ami.EventsDropped(17)
    assert error.count == 17
    assert str(error).startswith("17 events were dropped")
