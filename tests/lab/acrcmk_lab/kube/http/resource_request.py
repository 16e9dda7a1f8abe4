"""A request for a resource, as the verbs get it."""

import dataclasses

from aiohttp import web

from acrcmk_lab.kube.cluster import Cluster
from acrcmk_lab.kube.http.responses import View
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.stored import Key


@dataclasses.dataclass(frozen=True, kw_only=True)
class ResourceRequest:
    """A request with the object or the collection that its path names (`key.name` is empty for a collection)."""

    cluster: Cluster
    http: web.Request
    view: View
    key: Key
    subresource: str

    @property
    def resource(self) -> Resource:
        """The resource in the version that the client uses."""
        return self.view.resource

    @property
    def storage_resource(self) -> Resource:
        """The resource in the version that is stored."""
        return self.cluster.resources.storage_version(self.resource)
