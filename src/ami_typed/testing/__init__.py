"""A stand-in for Asterisk: it plays a scripted dialogue to the program under test, over a real connection.

```python
from ami_typed import testing

PING = '''
S: Asterisk Call Manager/11.0.0
C: Action: Ping
C: ActionID: {ping}
C:
S: Response: Success
S: ActionID: {ping}
S: Ping: Pong
S:
'''
with testing.StandIn(testing.Scenario.of(PING)) as server, ami.Manager() as manager:
    manager.connect(server.host, server.port)
    assert manager.execute(actions.Ping()).success
```

The dialogue is a `Scenario`, a text that reads like a transcript; the module `scenarios` describes the format.
"""

from ami_typed.testing.clocks import Clock, RealClock, SteppedClock
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
    "Clock",
    "Deed",
    "Departure",
    "Expect",
    "HangUp",
    "Leave",
    "Pause",
    "RealClock",
    "Say",
    "Scenario",
    "ScenarioError",
    "StandIn",
    "Step",
    "SteppedClock",
    "Template",
    "demo",
]
