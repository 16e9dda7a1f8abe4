"""Storage: stored objects by key and revision, and the changes that watches read."""
