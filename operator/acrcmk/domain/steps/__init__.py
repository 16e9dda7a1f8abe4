"""The steps of a reconcile: one module per step, the table that orders them, and the runner."""
