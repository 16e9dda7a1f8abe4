"""The reconcile path: one object, from its spec to its status."""
