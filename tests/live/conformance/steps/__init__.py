"""The steps of the scenario, by what they are about; `scenario.ORDER` says in which order they are taken."""
