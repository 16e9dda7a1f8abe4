"""acr-cmk-operator: one EncryptedRegistry object becomes a registry encrypted with a customer-managed key."""
