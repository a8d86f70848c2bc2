"""Device states, presence, hints and the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ami_typed import actions, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def a_desk_is_taken_and_left(stage: Stage) -> None:
    for extension in ("130", "131"):
        stage.call(f"Local/{extension}@default")
    stage.until(events.DeviceStateChange, lambda each: each.device == "Custom:desk")
    stage.until(events.ExtensionStatus)
    stage.until(events.PresenceStateChange)
    stage.until(events.PresenceStatus)
    stage.execute(actions.ExtensionState(exten="180", context="default"))
    stage.execute(actions.PresenceState(provider="CustomPresence:desk"))
    stage.listing(actions.DeviceStateList())
    stage.listing(actions.PresenceStateList())
    stage.listing(actions.ExtensionStateList())


@step(anywhere=True)
def the_database_is_used(stage: Stage) -> None:
    stage.execute(actions.DBPut(family="conformance", key="a", val="1"))
    stage.execute(actions.DBPut(family="conformance", key="b/c", val="2: two"))
    stage.listing(actions.DBGet(family="conformance", key="a"))
    if stage.has("DBGetTree"):
        stage.listing(actions.DBGetTree(family="conformance"))
    stage.execute(actions.DBDel(family="conformance", key="a"))
    stage.execute(actions.DBDelTree(family="conformance"))


@step()
def variables_are_set_and_read(stage: Stage) -> None:
    leg = stage.answered("Local/123@default/n")
    stage.execute(actions.Setvar(variable="SEASON", value="autumn"))
    stage.execute(actions.Getvar(variable="SEASON"))
    stage.execute(actions.Setvar(channel=leg.channel, variable="CAMPAIGN", value="winter"))
    stage.execute(actions.Setvar(channel=leg.channel, variable="CALLERID(all)", value="Doris Dorn <777>"))
    stage.execute(actions.Setvar(channel=leg.channel, variable="CHANNEL(accountcode)", value="B-7"))
    stage.execute(actions.Setvar(channel=leg.channel, variable="CONNECTEDLINE(num)", value="888"))
    stage.execute(actions.Getvar(channel=leg.channel, variable="CHANNEL(state)"))
    stage.until(events.NewCallerid, lambda each: each.caller_id_num == "777")
    stage.until(events.NewAccountCode)
    stage.until(events.VarSet)
    stage.listing(actions.Status())
    stage.listing(actions.Status(channel=leg.channel, all_variables=True))
    stage.listing(actions.Status(channel=leg.channel, variables=["CAMPAIGN", "SEASON"]))
