"""Reviews of the caller's permissions and identity: the lab permits everything."""

from typing import Final

from acrcmk_lab.kube.apimachinery.objects import Object

_USER: Final[Object] = {"username": "admin", "groups": ["system:masters", "system:authenticated"]}
STATUSES: Final[dict[str, Object]] = {
    "SelfSubjectAccessReview": {"allowed": True},
    "SelfSubjectRulesReview": {
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    },
    "SelfSubjectReview": {"userInfo": _USER},
}
"""The status of each review, by kind."""


def review(obj: Object) -> Object:
    """Return a review with its status."""
    return {**obj, "metadata": {}, "status": STATUSES[obj["kind"]]}
