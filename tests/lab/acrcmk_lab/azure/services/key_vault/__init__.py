"""Microsoft.KeyVault: vaults, their keys, and the vaults' own endpoints (data_plane)."""
