"""The control API of the lab: clock, settings, faults, changes made by others, the state as JSON."""
