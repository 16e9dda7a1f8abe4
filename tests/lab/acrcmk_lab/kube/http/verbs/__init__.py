"""The REST verbs, one module each (create, get, list, update, patch, apply, delete, watch)."""
