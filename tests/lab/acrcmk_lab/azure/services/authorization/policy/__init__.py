"""Azure Policy: definitions, assignments, the rule language, and the check of every write."""
