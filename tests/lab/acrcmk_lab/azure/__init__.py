"""Azure for the lab: Azure Resource Manager, Key Vault and the token service on one TLS port.

It behaves as recorded; what no source documents is a named setting (`state/settings.py`). See docs/lab.md.
"""
