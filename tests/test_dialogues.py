"""Log-in, originate and log-off say step by step what they want done; a shell has only to do it."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed._protocol import dialogues
from ami_typed._protocol.dialogues import Await, Boot, Credentials, Listen

if TYPE_CHECKING:
    from ami_typed._protocol.dialogues import Conversation

SUCCESS = ami.Answer({"Response": "Success", "ActionID": "id-1"})
REFUSAL = ami.Answer({"Response": "Error", "Message": "Authentication failed"})


def refused(request: ami.Request[Any]) -> ami.ActionFailed:
    """What the shell raises for a request that the server refuses."""
    return ami.ActionFailed(request, REFUSAL)


def asked(step: Any) -> ami.Request[Any]:
    """The step, which has to be a request."""
    assert issubclass(type(step), ami.Request)
    request: ami.Request[Any] = step
    return request


def end_of(conversation: Conversation[Any], answer: object) -> Any:
    """Hand in the last answer; return what the conversation returns."""
    with pytest.raises(StopIteration) as end:
        conversation.send(answer)
    return end.value.value


def challenge(text: str = "839415273") -> ami.Answer:
    return ami.Answer({"Response": "Success", "Challenge": text})


def settings(version: str) -> ami.Answer:
    return ami.Answer({"Response": "Success", "AsteriskVersion": version})


# Log-in


def test_a_log_in_answers_the_servers_challenge_and_finds_out_its_release() -> None:
    talk = dialogues.login(Credentials("admin", "sécret", events="call,agent"))
    assert asked(next(talk)).lines() == [("Action", "Challenge"), ("AuthType", "MD5")]
    login = asked(talk.send(challenge()))
    assert dict(login.lines()) == {
        "Action": "Login",
        "Username": "admin",
        "AuthType": "MD5",
        "Key": hashlib.md5("839415273sécret".encode(), usedforsecurity=False).hexdigest(),
        "Events": "call,agent",
    }
    assert asked(talk.send(SUCCESS)).action == "CoreSettings"
    assert end_of(talk, settings("22.10.1")) == ami.Release(22, 10, 1)


def test_the_secret_is_not_sent_with_a_challenge_and_never_shown() -> None:
    for plain in (False, True):
        talk = dialogues.login(Credentials("admin", "hidden-word", plain=plain))
        steps: list[Any] = [next(talk)]
        if not plain:
            steps.append(talk.send(challenge()))
            assert "hidden-word" not in str(steps[-1].lines())
        assert "hidden-word" not in repr(steps)


def test_a_plain_log_in_sends_the_secret_and_asks_for_no_challenge() -> None:
    talk = dialogues.login(Credentials("admin", "hidden-word", plain=True))
    login = asked(next(talk))
    assert login.lines() == [("Action", "Login"), ("Username", "admin"), ("Secret", "hidden-word")]


def test_a_user_who_may_not_query_the_release_is_still_logged_in() -> None:
    talk = dialogues.login(Credentials("admin", "secret", plain=True))
    next(talk)
    question = asked(talk.send(SUCCESS))
    with pytest.raises(StopIteration) as end:
        talk.throw(refused(question))
    assert end.value.value is None


def test_a_server_whose_version_names_no_release_is_of_none() -> None:
    for answer in (settings("GIT-master-3f21c0"), SUCCESS):
        talk = dialogues.login(Credentials("admin", "secret", plain=True))
        next(talk)
        talk.send(SUCCESS)
        assert end_of(talk, answer) is None


def test_a_wrong_secret_is_a_failed_log_in() -> None:
    talk = dialogues.login(Credentials("admin", "wrong"))
    next(talk)
    login = asked(talk.send(challenge()))
    with pytest.raises(ami.LoginFailed, match="Asterisk refused Login: Authentication failed") as failed:
        talk.throw(refused(login))
    assert failed.value.response is REFUSAL


def test_a_refused_challenge_is_a_failed_log_in() -> None:
    talk = dialogues.login(Credentials("admin", "secret"))
    question = asked(next(talk))
    with pytest.raises(ami.LoginFailed, match="Asterisk refused Challenge"):
        talk.throw(refused(question))


def test_a_missing_challenge_is_an_error() -> None:
    talk = dialogues.login(Credentials("admin", "secret"))
    next(talk)
    with pytest.raises(ami.ManagerError, match="no challenge for the log-in of admin"):
        talk.send(SUCCESS)


def test_other_errors_during_the_log_in_propagate() -> None:
    talk = dialogues.login(Credentials("admin", "secret"))
    next(talk)
    with pytest.raises(ami.OutcomeUnknown):
        talk.throw(ami.OutcomeUnknown("gone"))


def test_a_log_in_that_waits_does_so_as_soon_as_the_user_is_let_in() -> None:
    talk = dialogues.login(Credentials("admin", "secret", wait=30))
    assert asked(next(talk)).action == "Challenge"
    assert asked(talk.send(challenge())).action == "Login"
    assert talk.send(SUCCESS) == Boot(30)
    assert asked(talk.send(None)).action == "CoreSettings"


def test_a_server_that_does_not_boot_in_time_is_still_booting() -> None:
    talk = dialogues.login(Credentials("admin", "secret", plain=True, wait=30))
    next(talk)
    talk.send(SUCCESS)
    with pytest.raises(ami.StillBooting):
        talk.throw(ami.StillBooting(30))


def test_the_time_out_applies_to_each_answer_of_a_log_in() -> None:
    talk = dialogues.login(Credentials("admin", "secret", timeout=2.5))
    steps = [asked(next(talk)), asked(talk.send(challenge())), asked(talk.send(SUCCESS))]
    assert [step.timeout for step in steps] == [2.5] * 3


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        ("Authentication failed", ami.AuthenticationFailed, r"secret is wrong, or manager\.conf \(deny, permit, acl\)"),
        ("Login Already In Use", ami.AlreadyLoggedIn, "Asterisk refused Challenge: Login Already In Use"),
        ("Asterisk is shutting down", ami.LoginFailed, "Asterisk refused Challenge: Asterisk is shutting down"),
    ],
)
def test_each_reason_for_a_refused_log_in_is_its_own_exception(
    words: str, kind: type[ami.LoginFailed], sentence: str
) -> None:
    talk = dialogues.login(Credentials("admin", "secret"))
    answer = ami.Answer({"Response": "Error", "Message": words})
    with pytest.raises(ami.LoginFailed, match=sentence) as failed:
        talk.throw(ami.ActionFailed(asked(next(talk)), answer))
    assert type(failed.value) is kind
    assert failed.value.message == words


# Bringing back what a lost connection had


def test_a_connection_without_a_log_in_has_nothing_to_bring_back() -> None:
    with pytest.raises(StopIteration) as end:
        next(dialogues.resume(None, [ami.Request("Events", EventMask="off")]))
    assert end.value.value == dialogues.Resumed(None, [])


def test_rejected_settings_are_reported_and_do_not_affect_others() -> None:
    filters = [ami.Request("Filter", Filter=text) for text in ("a", "b")]
    talk = dialogues.resume(Credentials("admin", "secret", plain=True), filters)
    next(talk)
    talk.send(SUCCESS)
    assert talk.send(settings("22.10.1")) is filters[0]
    assert talk.throw(ami.ActionFailed(filters[0], REFUSAL)) is filters[1]
    assert end_of(talk, SUCCESS) == (ami.Release(22, 10, 1), ["Filter: Authentication failed"])


def test_waiting_ends_with_the_connection() -> None:
    talk = dialogues.originate(ami.Request("Originate"))
    next(talk)
    talk.send(None)
    waiting: Any = talk.send(SUCCESS)
    lost = ami.Disconnected.because(Exception("the server closed the connection."))
    assert waiting.fits(lost)
    with pytest.raises(ami.OutcomeUnknown, match="the server closed the connection"):
        talk.send(lost)


# Originate


def originate(**headers: Any) -> ami.Request[Any]:
    return ami.Request("Originate", Channel="Local/1@x", Application="Wait", **headers)


def test_a_call_is_placed_asynchronously_and_its_own_outcome_awaited() -> None:
    request = originate(Variable={"A": "1"})
    request.timeout = 3
    talk = dialogues.originate(request, margin=2)
    assert next(talk) == Listen(("OriginateResponse", "Disconnected"))
    placed = asked(talk.send(None))
    assert dict(placed.lines()) == {
        "Action": "Originate",
        "Channel": "Local/1@x",
        "Application": "Wait",
        "Variable": "A=1",
        "Async": "true",
    }
    assert placed.timeout == 3
    waiting: Any = talk.send(SUCCESS)
    assert isinstance(waiting, Await)
    assert waiting.timeout == 32
    assert not waiting.fits(ami.Event({"Event": "OriginateResponse", "ActionID": "other"}))
    outcome = ami.Event({"Event": "OriginateResponse", "ActionID": "id-1", "Response": "Failure"})
    assert waiting.fits(outcome)
    assert end_of(talk, outcome) is outcome


@pytest.mark.parametrize(("timeout", "wait"), [("15000", 17.0), (1500, 3.5), (None, 32.0)])
def test_the_outcome_is_awaited_as_long_as_the_call_may_ring_and_a_margin(timeout: Any, wait: float) -> None:
    talk = dialogues.originate(originate(Timeout=timeout), margin=2)
    next(talk)
    talk.send(None)
    waiting: Any = talk.send(SUCCESS)
    assert timedelta(seconds=waiting.timeout) == timedelta(seconds=wait)


def test_the_callers_request_is_not_changed() -> None:
    request = originate(Async="false")
    talk = dialogues.originate(request)
    next(talk)
    assert asked(talk.send(None))["Async"] == "true"
    assert request == originate(Async="false")


def test_a_chosen_action_id_stays() -> None:
    talk = dialogues.originate(originate(ActionID="mine"))
    next(talk)
    assert asked(talk.send(None)).action_id == "mine"


def test_a_call_that_is_refused_is_not_waited_for() -> None:
    talk = dialogues.originate(originate())
    next(talk)
    placed = asked(talk.send(None))
    with pytest.raises(ami.ActionFailed, match="Asterisk refused Originate"):
        talk.throw(refused(placed))


def test_a_variable_of_a_call_is_not_shown_with_its_secrets() -> None:
    talk = dialogues.originate(originate(Secret="hidden-word"))
    next(talk)
    assert "hidden-word" not in repr(talk.send(None))


# Log-off


def test_a_log_off_is_one_request() -> None:
    talk = dialogues.logoff()
    assert asked(next(talk)).lines() == [("Action", "Logoff")]
    assert end_of(talk, ami.Answer({"Response": "Goodbye"})) is None


def test_the_answers_of_a_conversation_are_answers() -> None:
    talk = dialogues.logoff()
    result = asked(next(talk)).process_response(ami.Message({"Response": "Goodbye"}))
    assert isinstance(result, ami.Answer)
    assert result.success
