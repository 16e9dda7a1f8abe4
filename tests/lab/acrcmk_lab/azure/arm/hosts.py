"""The public host names of Azure that the lab answers for."""

HOSTS = (
    "management.azure.com",
    "login.microsoftonline.com",
    "graph.microsoft.com",
)
DOMAINS = (".vault.azure.net", ".azurecr.io")


def is_azure_host(host: str) -> bool:
    """Tell whether a host is one of Azure's that the lab stands in for."""
    name = host.lower()
    return name in HOSTS or name.endswith(DOMAINS)
