"""Microsoft.ContainerRegistry: registries, their children, and the login servers."""
