"""Reads and writes of EncryptedRegistry objects; every call has a timeout."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from kubernetes.aio import client

from acrcmk import api

FIELD_MANAGER = "acr-cmk-operator"
_TIMEOUT = 30.0
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"


class Conflict(Exception):  # noqa: N818 - it is an answer, not an error: somebody was faster
    """The object changed since it was read; what was to be written is out of date."""


@dataclasses.dataclass(frozen=True, order=True)
class Key:
    """Names one object."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class Objects:
    """The objects of our kind in the cluster."""

    def __init__(self, api: client.ApiClient) -> None:
        self._custom = client.CustomObjectsApi(api)
        self._core = client.CoreV1Api(api)

    async def cluster_uid(self) -> str:
        """Return what identifies a cluster by convention: the uid of its namespace kube-system."""
        namespace = await self._core.read_namespace("kube-system", _request_timeout=_TIMEOUT)
        return str(namespace.metadata.uid if namespace.metadata else "")

    async def get(self, key: Key) -> Mapping[str, Any] | None:
        """Read an object, or None when it is gone."""
        try:
            found = await self._custom.get_namespaced_custom_object(**_at(key), _request_timeout=_TIMEOUT)
        except client.ApiException as error:
            if error.status == 404:  # noqa: PLR2004 - HTTP
                return None
            raise
        return _mapping(found)

    async def set_finalizers(self, key: Key, finalizers: tuple[str, ...], *, resource_version: str) -> None:
        """Replace the finalizers of the object as it was read; raises `Conflict`."""
        metadata = {"finalizers": list(finalizers), "resourceVersion": resource_version}
        try:
            await self._custom.patch_namespaced_custom_object(
                **_at(key),
                body={"metadata": metadata},
                field_manager=FIELD_MANAGER,
                _content_type=_MERGE,
                _request_timeout=_TIMEOUT,
            )
        except client.ApiException as error:
            _raise_conflict(error, key)

    async def apply_status(self, key: Key, status: Mapping[str, Any], *, resource_version: str) -> Mapping[str, Any]:
        """Write the status of the object as it was read, by server-side apply; raises `Conflict`.

        Conditions are a map by type, so those of other managers stay; what we no longer state goes.
        """
        body = {
            "apiVersion": f"{api.GROUP}/{api.VERSION}",
            "kind": api.KIND,
            "metadata": {"name": key.name, "namespace": key.namespace, "resourceVersion": resource_version},
            "status": status,
        }
        try:
            written = await self._custom.patch_namespaced_custom_object_status(
                **_at(key),
                body=body,
                field_manager=FIELD_MANAGER,
                force=True,
                _content_type=_APPLY,
                _request_timeout=_TIMEOUT,
            )
        except client.ApiException as error:
            _raise_conflict(error, key)
        return _mapping(written)

    async def create_event(self, key: Key, event: client.CoreV1Event) -> None:
        """Record an event beside the object."""
        await self._core.create_namespaced_event(key.namespace, event, _request_timeout=_TIMEOUT)


def _at(key: Key) -> dict[str, Any]:
    return {
        "group": api.GROUP,
        "version": api.VERSION,
        "plural": api.PLURAL,
        "namespace": key.namespace,
        "name": key.name,
    }


def _mapping(found: object) -> Mapping[str, Any]:
    if not isinstance(found, Mapping):
        raise TypeError(f"not an object: {found!r}")
    return found


def _raise_conflict(error: client.ApiException, key: Key) -> None:
    """Raise `Conflict` for 409, and for 404: then the object has gone."""
    if error.status in {404, 409}:
        raise Conflict(str(key)) from error
    raise error
