"""Actions that no other step sends: for what Debian does not have, or what is not set up; an error will do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions
from ami_typed.cli.drift import questions
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step(anywhere=True)
def fax_is_asked_for(stage: Stage) -> None:
    stage.listing(actions.FAXSessions())
    stage.execute(actions.FAXStats())
    stage.send(actions.FAXSession(session_number=1))


@step()
def dahdi_without_a_card(stage: Stage) -> None:
    for request in (
        actions.DAHDIDNDon(dahdi_channel="1"),
        actions.DAHDIDNDoff(dahdi_channel="1"),
        actions.DAHDIDialOffhook(dahdi_channel="1", number="100"),
        actions.DAHDIHangup(dahdi_channel="1"),
        actions.DAHDITransfer(dahdi_channel="1"),
        actions.PRIDebugSet(span=1, level="off"),
        actions.PRIDebugFileSet(file="/dev/null"),
        actions.PRIDebugFileUnset(),
    ):
        stage.send(request)
    stage.send(actions.DAHDIShowChannels())
    stage.send(actions.PRIShowSpans())
    if stage.has("DAHDIShowStatus"):
        stage.send(actions.DAHDIShowStatus())
    stage.send(actions.DAHDIRestart())


@step(anywhere=True)
def every_question_is_asked(stage: Stage) -> None:
    for question in questions():
        if stage.has(question.action):
            stage.send(question)


@step(anywhere=True)
def caches_and_accounts_that_are_not_there(stage: Stage) -> None:
    cache = "res_pjsip/endpoint"
    stage.send(actions.SorceryMemoryCacheStale(cache=cache))
    stage.send(actions.SorceryMemoryCacheStaleObject(cache=cache, object="bob"))
    stage.send(actions.SorceryMemoryCacheExpire(cache=cache))
    stage.send(actions.SorceryMemoryCacheExpireObject(cache=cache, object="bob"))
    stage.send(actions.SorceryMemoryCachePopulate(cache=cache))
    stage.send(actions.JabberSend(jabber="nobody", screen_name="nobody@example.com", message="hello"))
