"""A simulated telephone system: calls, queues, conferences, and what programs ask of it. See `SimulatedPbx`."""

from ami_typed.testing.telephony.pbx import SimulatedPbx

__all__ = ["SimulatedPbx"]
