"""The connection to the Kubernetes API: in a cluster its service account, elsewhere the kubeconfig.

kopf logs in by itself, by the same rule and from the same files, through `login`.
"""

import os
import pathlib
from typing import Any

import kopf
from kubernetes.aio import client, config

_SERVICE_ACCOUNT = pathlib.Path("/var/run/secrets/kubernetes.io/serviceaccount/token")


def in_cluster() -> bool:
    """Say whether the service account is the way in; a stated KUBECONFIG goes before it."""
    return not os.environ.get("KUBECONFIG") and _SERVICE_ACCOUNT.exists()


async def connect() -> client.ApiClient:
    """Open a client; raises `kubernetes.aio.config.ConfigException` when there is nothing to go by."""
    configuration = client.Configuration()
    if in_cluster():
        config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    else:
        await config.load_kube_config(  # type: ignore[no-untyped-call]
            config_file=os.environ.get("KUBECONFIG"), client_configuration=configuration
        )
    return client.ApiClient(configuration=configuration)


def login(settings: kopf.OperatorSettings, **_: Any) -> kopf.ConnectionInfo | None:
    """Give kopf its credentials."""
    way = kopf.login_with_service_account if in_cluster() else kopf.login_with_kubeconfig
    return way(settings=settings)
