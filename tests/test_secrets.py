"""A secret is shown nowhere, whatever goes wrong with it and wherever it was put by mistake."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import pytest

import ami_typed as ami
from ami_typed import actions, responses
from ami_typed._transport.target import secret_of
from tests.support import Server, answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faces import Make

SECRET = "hidden-word"


class Folder:
    """The path of a file in bytes."""

    def __fspath__(self) -> bytes:
        return SECRET.encode()


def gives(value: object) -> Callable[[], Any]:
    return lambda: value


WRONG: dict[str, tuple[Any, str]] = {
    "bytes": (
        SECRET.encode(),
        r"secret must be text, .* not bytes\. Decode it: secret\.decode\(\)\.",
    ),
    "bytearray": (bytearray(SECRET, "ascii"), r"not bytearray\. Decode it"),
    "path in bytes": (Folder(), "secret must be text, the path of a file as a pathlib.Path, or a function"),
    "number": (5038, "secret must be text, .* not int"),
    "none": (None, "secret must be text, .* not None"),
    "list": ([SECRET], "secret must be text, .* not list"),
    "function that gives bytes": (gives(SECRET.encode()), "The function for the secret must return text, not bytes"),
    "function that gives none": (gives(None), "The function for the secret must return text, not None"),
    "line": (f"{SECRET}\n", "the secret contains a CR, LF or NUL.*strip the line end"),
    "smuggled action": (f"{SECRET}\r\n\r\nAction: Logoff", "the secret contains a CR, LF or NUL"),
    "function that gives a line": (gives(f"{SECRET}\r"), "the secret contains a CR, LF or NUL"),
    "surrogate": (f"{SECRET}\ud800", "the secret contains a character that cannot be encoded"),
}


def shown_by(error: BaseException | None) -> str:
    """Return all that is told of an error by whoever looks at it and at what it came from."""
    told = ""
    while error is not None:
        told += "".join(traceback.format_exception(error)) + repr(error) + repr(error.args) + repr(vars(error))
        error = error.__cause__ or error.__context__
    return told


@pytest.mark.parametrize("plain", [False, True], ids=["challenge", "plain"])
@pytest.mark.parametrize("what", WRONG)
def test_an_impossible_secret_is_rejected_unsent_and_not_shown(
    what: str, plain: bool, make: Make, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    secret, sentence = WRONG[what]
    manager = make(debug=True)
    peer = server.link(manager)
    with caplog.at_level(logging.DEBUG), pytest.raises((TypeError, ValueError), match=sentence) as refused:
        manager.login("admin", secret, plain=plain)
    assert SECRET not in shown_by(refused.value)
    assert SECRET not in caplog.text
    peer.serve(lambda request: answer(request["ActionID"], "Success", f"Message: {request['Action']}"))
    outcome = manager.send_action(actions.Ping())
    assert outcome is not None
    assert outcome.response.get("Message") == "Ping"


@pytest.mark.parametrize("what", ["bytes", "bytearray", "path in bytes", "number", "list"])
def test_a_url_takes_no_such_secret_either(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    secret, sentence = WRONG[what]
    with pytest.raises(TypeError, match=sentence) as refused:
        ami.Manager.from_url("ami://admin@pbx", secret=secret)
    assert SECRET not in shown_by(refused.value)
    monkeypatch.setenv("AMI_TYPED_HOST", "pbx")
    monkeypatch.setenv("AMI_TYPED_USER", "admin")
    with pytest.raises(TypeError, match=sentence):
        ami.AsyncManager.from_env(secret=secret)


def test_text_a_path_and_a_function_are_taken(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_bytes(SECRET.encode() + b"\r\n")
    assert secret_of(SECRET) == SECRET
    for given in (file, gives(SECRET)):
        read = secret_of(given)
        assert callable(read)
        assert read() == SECRET


@pytest.mark.parametrize("name", ["username", "events"])
def test_a_secret_in_the_place_of_another_argument_is_not_shown(name: str, make: Make, server: Server) -> None:
    manager = make()
    server.link(manager)
    given: dict[str, Any] = {"username": "admin", "secret": "s", name: SECRET.encode()}
    with pytest.raises(TypeError, match=f"^{name} must be text, not bytes") as refused:
        manager.login(**given)
    assert SECRET not in shown_by(refused.value)


@pytest.mark.parametrize(
    "given",
    [
        f"Action: Login\r\nUsername: admin\r\nSecret: {SECRET}\r\n\r\n",
        f"Secret: {SECRET}",
        {"Action": f"Login\r\nSecret: {SECRET}"},
        {"Action": "Login", "Secret": SECRET},
        f"Action: Login\r\nSecret: {SECRET}".encode(),
    ],
)
def test_a_message_in_the_place_of_a_request_is_not_shown(given: Any, make: Make, server: Server) -> None:
    manager = make()
    server.link(manager)
    for send in (manager.send_action, manager.execute):
        with pytest.raises(TypeError, match="take a request, not") as refused:
            send(given)
        assert SECRET not in shown_by(refused.value)


@pytest.mark.parametrize(
    "request_",
    [
        ami.Request("Login", **{f"Secret: {SECRET}": "x"}),
        ami.Request("Login", **{f"Secret\r\n{SECRET}": "x"}),
        ami.Request(f"Login\r\nSecret: {SECRET}"),
        ami.Request("Login", Secret=f"{SECRET}\r\n"),
        ami.Request("Login", Secret=f"{SECRET}\ud800"),
        ami.Request("Login", Secret=SECRET.encode()),
        ami.Request("Login", Secret=[SECRET.encode()]),
    ],
    ids=range(7),
)
def test_a_request_that_cannot_be_sent_shows_no_value_and_no_more_of_a_name_than_a_name(
    request_: ami.Request[Any], make: Make, server: Server
) -> None:
    manager = make()
    server.link(manager)
    with pytest.raises((TypeError, ValueError)) as refused:
        manager.send_action(request_)
    assert SECRET not in shown_by(refused.value)


def test_an_undecodable_header_that_may_contain_a_secret_is_not_shown() -> None:
    event = responses.GetConfigJSON({"Response": "Success", "JSON": f'{{"trunk": {{"secret": "{SECRET}"'})
    with pytest.raises(ami.FieldError, match="cannot decode JSON; its text is not shown") as refused:
        assert event.sections
    assert SECRET not in str(refused.value)
    assert refused.value.text == event["JSON"]
    with pytest.raises(ami.FieldError, match="cannot decode Cause 'soon': "):
        assert ami.events.Hangup({"Event": "Hangup", "Cause": "soon"}).cause


def test_a_torn_answer_is_shown_without_a_secret() -> None:
    torn = ami.Message([("Secret", SECRET), ("ActionID", "1")])
    assert SECRET not in str(ami.UnclearAnswer(ami.Request("GetConfig"), torn))
    assert "begins with 'Secret' instead of Response" in str(ami.UnclearAnswer(ami.Request("GetConfig"), torn))
    assert "'onse: Success'" in str(ami.UnclearAnswer(ami.Request("Ping"), ami.Message([("onse", "Success")])))


@pytest.mark.parametrize(
    "request_",
    [
        actions.Setvar(variable="SIP_SECRET", value=SECRET),
        ami.Request("Setvar", variable="SIP_SECRET", value=SECRET),
        ami.Request("Anything", variable=f"PASSWORD={SECRET}".encode()),
        ami.Request("Anything", variable=[bytearray(f"PASSWORD={SECRET}", "ascii")]),
    ],
    ids=range(4),
)
def test_no_repr_of_a_request_shows_a_secret(request_: ami.Request[Any]) -> None:
    assert SECRET not in repr(request_)
