"""Azure for the lab: Azure Resource Manager, Key Vault and the token service on one TLS port.

Behaviour is recorded Azure behaviour; what no source tells is a named switch (`switches`).
"""
