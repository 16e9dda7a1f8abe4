"""Checks of every ARM write before the resource provider: subscription state, location, number of tags."""

import importlib.resources
import json

from acrcmk_lab.azure.arm import errors, ids
from acrcmk_lab.azure.arm.operations import Call, Operation
from acrcmk_lab.azure.state.state import State

MAX_TAGS = 50
_REGIONS: dict[str, list[str]] = json.loads(
    importlib.resources.files(__package__).joinpath("regions.json").read_text(encoding="utf-8")
)
"""The regions by cloud: those that the public cloud lists in its errors and those opened since, China, Government."""
_GROUP = "subscriptions/*/resourcegroups/*"
_LOCATED = (
    "microsoft.containerregistry/registries/*",
    "microsoft.keyvault/vaults/*",
    "microsoft.managedidentity/userassignedidentities/*",
)
_READ_ONLY_STATES = ("Disabled", "Expired", "Warned")


class WriteChecks:
    """The checks, in their order."""

    def __init__(self, state: State) -> None:
        self._state = state

    def check(self, call: Call, *, operation: Operation, namespace: str) -> None:
        """Check a request; AzureError for a write that ARM refuses."""
        if operation.kind != "write":
            return
        self._check_subscription(call)
        if operation.method not in ("PUT", "PATCH"):
            return
        if operation.method == "PUT":
            _check_location(call, namespace=namespace)
        tags = call.body.get("tags")
        if isinstance(tags, dict) and len(tags) > MAX_TAGS and call.route.typed != "vaults/keys":
            raise errors.error(
                "ARM_TAGS_LIMIT",
                unsourced_code=self._state.settings.acr_unsourced_code,
                count=len(tags),
                maximum=MAX_TAGS,
            )

    def _check_subscription(self, call: Call) -> None:
        """A disabled subscription takes no writes; it can still be read and its resources deleted [D]."""
        subscription = call.route.subscription
        if self._state.store.subscription_states.get(subscription.lower()) in _READ_ONLY_STATES:
            raise errors.error("ARM_SUBSCRIPTION_READ_ONLY", sub=subscription)


def _check_location(call: Call, *, namespace: str) -> None:
    """Check the location of a new or replaced resource: a region of some cloud, in any spelling."""
    location, template = call.body.get("location"), call.route.template
    if not isinstance(location, str) or not location:
        return
    if any(ids.location(location) in regions for regions in _REGIONS.values()):
        return
    if template == _GROUP:
        raise errors.error("ARM_LOCATION_GROUP", loc=location, locations=",".join(_REGIONS["public"]))
    if template in _LOCATED:
        kind = call.route.path.split("/")[-2]
        raise errors.error(
            "ARM_LOCATION_TYPE", loc=location, type=f"{namespace}/{kind}", locations=",".join(_REGIONS["public"])
        )
