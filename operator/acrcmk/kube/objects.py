"""Reads and writes of EncryptedRegistry objects; every call has a timeout."""

import contextlib
import dataclasses
import http
from collections.abc import Iterator, Mapping
from typing import Any

import aiohttp
from kubernetes.aio import client

from acrcmk import api

FIELD_MANAGER = "acr-cmk-operator"
_TIMEOUT = 30.0
"""Seconds for one call."""
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class KubernetesError(Exception):
    """A call that the Kubernetes API refused (`status` is the HTTP status) or did not answer (None)."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class ConflictError(KubernetesError):
    """The object was changed or deleted since it was read."""


@dataclasses.dataclass(frozen=True, order=True)
class NamespacedName:
    """Identifies an object."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Objects:
    """The EncryptedRegistry objects of the cluster; all calls raise `KubernetesError`."""

    def __init__(self, api: client.ApiClient) -> None:
        self._custom = client.CustomObjectsApi(api)
        self._core = client.CoreV1Api(api)

    async def cluster_uid(self) -> str:
        """Return what identifies a cluster by convention: the uid of its namespace kube-system."""
        with _translated_errors():
            namespace = await self._core.read_namespace("kube-system", _request_timeout=_TIMEOUT)
        return str(namespace.metadata.uid if namespace.metadata else "")

    async def get(self, name: NamespacedName) -> Mapping[str, Any] | None:
        """Read an object, or None when it does not exist."""
        try:
            with _translated_errors():
                return _mapping(
                    await self._custom.get_namespaced_custom_object(**_path(name), _request_timeout=_TIMEOUT)
                )
        except KubernetesError as error:
            if error.status == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    async def set_finalizers(
        self, name: NamespacedName, finalizers: tuple[str, ...], *, resource_version: str
    ) -> Mapping[str, Any]:
        """Replace the finalizers of the object as it was read and return the object; raises `ConflictError`."""
        metadata = {"finalizers": list(finalizers), "resourceVersion": resource_version}
        with _translated_errors():
            return _mapping(
                await self._custom.patch_namespaced_custom_object(
                    **_path(name),
                    body={"metadata": metadata},
                    field_manager=FIELD_MANAGER,
                    _content_type=_MERGE,
                    _request_timeout=_TIMEOUT,
                )
            )

    async def apply_status(
        self, name: NamespacedName, status: Mapping[str, Any], *, resource_version: str
    ) -> Mapping[str, Any]:
        """Write the status of the object as it was read, by server-side apply; raises `ConflictError`.

        Conditions are a map by type, so those of other field managers stay; conditions that are no longer applied go.
        """
        body = {
            "apiVersion": f"{api.GROUP}/{api.VERSION}",
            "kind": api.KIND,
            "metadata": {"name": name.name, "namespace": name.namespace, "resourceVersion": resource_version},
            "status": status,
        }
        with _translated_errors():
            return _mapping(
                await self._custom.patch_namespaced_custom_object_status(
                    **_path(name),
                    body=body,
                    field_manager=FIELD_MANAGER,
                    force=True,
                    _content_type=_APPLY,
                    _request_timeout=_TIMEOUT,
                )
            )

    async def create_event(self, namespace: str, event: client.CoreV1Event) -> None:
        """Record an event beside the object."""
        with _translated_errors():
            await self._core.create_namespaced_event(namespace, event, _request_timeout=_TIMEOUT)


def _path(name: NamespacedName) -> dict[str, Any]:
    return {
        "group": api.GROUP,
        "version": api.VERSION,
        "plural": api.PLURAL,
        "namespace": name.namespace,
        "name": name.name,
    }


def _mapping(body: object) -> Mapping[str, Any]:
    if not isinstance(body, Mapping):
        raise TypeError(f"not a JSON object: {body!r}")
    return body


@contextlib.contextmanager
def _translated_errors() -> Iterator[None]:
    """Raise `KubernetesError` for what the client and its connection raise; 409 is `ConflictError`."""
    try:
        yield
    except client.ApiException as error:
        kind = ConflictError if error.status == http.HTTPStatus.CONFLICT else KubernetesError
        raise kind(f"the Kubernetes API answered {error.status} {error.reason}", status=error.status) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise KubernetesError(f"the Kubernetes API did not answer: {error!r}") from error
