"""Microsoft.ManagedIdentity: user-assigned identities and federated credentials."""
