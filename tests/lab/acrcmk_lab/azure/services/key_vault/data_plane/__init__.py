"""The REST API of the vaults' own hosts, https://NAME.vault.azure.net."""
