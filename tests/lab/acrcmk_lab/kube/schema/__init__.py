"""Structural schemas (`openAPIV3Schema`): pruning, defaulting, validation, and the rules a schema itself must obey."""
