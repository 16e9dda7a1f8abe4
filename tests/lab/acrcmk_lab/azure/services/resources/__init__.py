"""Microsoft.Resources: subscriptions, resource groups, provider registration, generic lists."""
