"""The pure heart: what Azure should look like for one object, and what its status should say. No IO, no clock."""
