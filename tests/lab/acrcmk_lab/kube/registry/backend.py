"""What all writes share: the store, the clock, the source of uids, and the checks made before every write."""

import dataclasses
import random

from acrcmk_lab.kube.apimachinery import errors, objects
from acrcmk_lab.kube.apimachinery.clock import Clock
from acrcmk_lab.kube.apimachinery.objects import Object
from acrcmk_lab.kube.apply import managed_fields, typed
from acrcmk_lab.kube.registry.options import WriteOptions
from acrcmk_lab.kube.registry.resources import Resource
from acrcmk_lab.kube.storage.store import Store
from acrcmk_lab.kube.storage.stored import Key


class StrictDecodingError(ValueError):
    """Strict field validation found unknown or duplicate fields."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("strict decoding error: " + ", ".join(problems))


@dataclasses.dataclass(frozen=True, kw_only=True)
class Backend:
    """Where writes go; `rng` makes uids and generated names."""

    store: Store
    clock: Clock
    rng: random.Random

    def require_namespace(self, resource: Resource, key: Key) -> None:
        """Check that an object can be created in its namespace. Raises `StatusError` (403, 404)."""
        if not resource.namespaced:
            return
        namespace = self.store.get(Key(("", "namespaces"), "", key.namespace))
        if namespace is None:
            raise errors.not_found("", "namespaces", key.namespace)
        if objects.dig(namespace.obj, "metadata", "deletionTimestamp"):
            text = f"unable to create new content in namespace {key.namespace} because it is being terminated"
            cause = {
                "reason": "NamespaceTerminating",
                "message": f"namespace {key.namespace} is being terminated",
                "field": "metadata.namespace",
            }
            raise errors.forbidden(resource.group, resource.plural, key.name, text, causes=[cause])

    def managed_fields_request(
        self, resource: Resource, options: WriteOptions, *, subresource: str = ""
    ) -> managed_fields.Request:
        """Return what the update of `managedFields` needs to know about a write."""
        return managed_fields.Request(
            manager=options.manager,
            api_version=resource.api_version,
            subresource=subresource,
            type=typed.Type(resource.strategy.schema),
            reset_fields=resource.strategy.reset_fields(subresource),
            now=self.clock.now(),
            empty_object=resource.strategy.empty_object,
            force=options.force,
        )


def decode(resource: Resource, obj: Object, options: WriteOptions) -> None:
    """Prune and default a request's object in place, with warnings about unknown and duplicate fields.

    Raises `StrictDecodingError`, `go_decoding.DecodeError`.
    """
    problems = [f'unknown field "{path}"' for path in resource.strategy.decode(obj)]
    problems += [f'duplicate field "{path}"' for path in options.duplicates]
    if problems and options.validation == "Strict":
        raise StrictDecodingError(problems)
    if options.validation == "Warn":
        options.warnings.extend(problems)
