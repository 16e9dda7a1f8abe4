"""Questions about the caller's own rights and name. In the lab the answer is yes."""

from typing import Final

from acrcmk_lab.kube.objects import Object

_USER: Final[Object] = {"username": "admin", "groups": ["system:masters", "system:authenticated"]}
ANSWERS: Final[dict[str, Object]] = {
    "SelfSubjectAccessReview": {"allowed": True},
    "SelfSubjectRulesReview": {
        "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
        "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
        "incomplete": False,
    },
    "SelfSubjectReview": {"userInfo": _USER},
}
"""The status of each review, by kind."""


def answer(review: Object) -> Object:
    """Return a review with its answer."""
    return {**review, "metadata": {}, "status": ANSWERS[review["kind"]]}
