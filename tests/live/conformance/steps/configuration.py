"""Configuration files, the dialplan, modules, logs, reloads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import ami_typed as ami
from ami_typed import actions, enums, events
from tests.live.conformance.scenario import step

if TYPE_CHECKING:
    from tests.live.conformance.stage import Stage


@step()
def a_file_is_made_and_changed(stage: Stage) -> None:
    name = "conformance.conf"
    stage.execute(actions.CreateConfig(filename=name))
    change = ami.Request("UpdateConfig", SrcFilename=name, DstFilename=name)
    change["Action-000000"], change["Cat-000000"] = "NewCat", "first"
    change["Action-000001"], change["Cat-000001"] = "Append", "first"
    change["Var-000001"], change["Value-000001"] = "colour", "red"
    stage.execute(change)
    stage.execute(actions.GetConfig(filename=name))
    stage.execute(actions.GetConfigJSON(filename=name))
    stage.execute(actions.ListCategories(filename=name))
    stage.execute(actions.GetConfig(filename="queues.conf"))
    stage.execute(actions.GetConfigJSON(filename="queues.conf"))
    stage.execute(actions.ListCategories(filename="queues.conf"))


@step()
def the_dialplan_is_changed_and_shown(stage: Stage) -> None:
    stage.execute(
        actions.DialplanExtensionAdd(
            context="conformance", extension="1", priority="1", application="NoOp", application_data="hello", replace=True
        )
    )
    stage.listing(actions.ShowDialPlan(context="conformance"))
    stage.listing(actions.ShowDialPlan())
    stage.execute(actions.DialplanExtensionRemove(context="conformance", extension="1", priority="1"))


@step()
def modules_are_loaded_and_reloaded(stage: Stage) -> None:
    stage.execute(actions.ModuleCheck(module="app_queue"))
    stage.execute(actions.ModuleLoad(module="app_milliwatt.so", load_type="unload"))
    stage.execute(actions.ModuleLoad(module="app_milliwatt.so", load_type="load"))
    stage.execute(actions.ModuleLoad(module="app_queue.so", load_type="reload"))
    stage.execute(actions.Reload(module="app_queue.so"))
    stage.execute(actions.LoggerRotate())
    stage.execute(actions.Command(command="logger reload"))
    stage.until(events.Load)
    stage.until(events.Unload)
    stage.until(events.Reload)
