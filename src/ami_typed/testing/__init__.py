"""An Asterisk that is none: it plays a written conversation to a program that is tested, over a real connection.

    with testing.StandIn(testing.demo()) as server, ami_typed.Manager() as manager:
        manager.connect(server.host, server.port)

What it plays is a `Scenario`, a text that reads like a transcript; the module `scenarios` says how to write one.
"""

from ami_typed.testing.scenarios import (
    Deed,
    Expect,
    HangUp,
    Leave,
    Pause,
    Say,
    Scenario,
    ScenarioError,
    Step,
    demo,
)
from ami_typed.testing.stand_in import Departure, StandIn
from ami_typed.testing.templates import Template

__all__ = [
    "Deed",
    "Departure",
    "Expect",
    "HangUp",
    "Leave",
    "Pause",
    "Say",
    "Scenario",
    "ScenarioError",
    "StandIn",
    "Step",
    "Template",
    "demo",
]
