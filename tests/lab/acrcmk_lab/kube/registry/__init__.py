"""The registry: served resources, their strategies, and what a write does before and after the store."""
