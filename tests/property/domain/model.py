"""A model of Azure in memory, behind the domain's own port: enough to see whether reconciles converge.

Time is the number of reconciles. Answers may get lost before or after the write was done.
"""

import dataclasses
from collections.abc import Iterator
from typing import Any, TypeVar

from acrcmk.domain import forecast, ids, queries, resources, writes
from acrcmk.domain.failures import AzureFailure, Kind
from acrcmk.domain.ids import ResourceId
from acrcmk.domain.queries import Query

T = TypeVar("T")

LOST = AzureFailure(kind=Kind.UNAVAILABLE, text="connection reset")
REFUSED = AzureFailure(kind=Kind.KEY_ACCESS, text="Failed to access KeyId")
AVAILABLE = resources.NameAvailability(available=True)


@dataclasses.dataclass
class ModelAzure:
    """`delay` reconciles go by until a vault is registered, a grant works and a registry is done."""

    generation: str = "C"
    refuses_later: bool = False
    delay: int = 1
    losses: Iterator[str] = dataclasses.field(default_factory=lambda: iter(()))
    now: int = 0
    answers: dict[Query[Any], Any] = dataclasses.field(default_factory=dict)
    granted_at: int | None = None
    done_at: dict[Query[Any], int] = dataclasses.field(default_factory=dict)
    final: dict[Query[Any], Any] = dataclasses.field(default_factory=dict)
    written: list[writes.Write] = dataclasses.field(default_factory=list)

    def put(self, query: Query[T], answer: T) -> None:
        """Let something exist from the beginning."""
        self.answers[query] = answer

    def tick(self) -> None:
        """Let the time of one reconcile go by."""
        self.now += 1
        for query in [query for query, at in self.done_at.items() if at <= self.now]:
            del self.done_at[query]
            self.answers[query] = self.final.pop(query)

    async def read(self, query: Query[Any]) -> Any:
        match query:
            case queries.CheckRegistryName() | queries.CheckVaultName():
                return AVAILABLE
            case queries.VaultIsDeleted():
                return False
            case queries.GroupExists():
                return self.answers.get(query, True)
            case queries.ListRoleAssignments():
                return self._assignments(query)
            case queries.GetKey(version=version):
                key = self.answers.get(dataclasses.replace(query, version=None))
                return key if key and version in {None, key.identifier.version} else None
            case _:
                return self.answers.get(query)

    def _assignments(self, query: queries.ListRoleAssignments) -> tuple[resources.RoleAssignment, ...]:
        """The assignments at the scope and above it, as Azure answers them."""
        return tuple(
            assignment
            for known, answer in self.answers.items()
            if isinstance(known, queries.ListRoleAssignments)
            and known.principal == query.principal
            and f"{query.scope}/".startswith(f"{known.scope}/")
            for assignment in answer
        )

    async def apply(self, write: writes.Write) -> None:
        loss = next(self.losses, "")
        if loss == "before":
            raise LOST
        self.written.append(write)
        query = queries.of_write(write)
        self._do(write, query, forecast.predicted(write, current=await self.read(query)))
        if loss == "after":
            raise LOST

    def _do(self, write: writes.Write, query: Query[Any], answer: Any) -> None:
        match write:
            case writes.CreateVault():
                self.final[query] = answer
                self.answers[query] = dataclasses.replace(answer, provisioning_state="RegisteringDns")
                self.done_at[query] = self.now + self.delay
            case writes.CreateRegistry():
                before = self.answers.get(query)
                assert before is None or before.failed, "only an absent or failed registry is PUT"
                self._operate(query, "Creating", answer)
            case writes.UpdateRegistry():
                assert self.answers[query].provisioning_state in {"Succeeded", "Failed"}
                self._operate(query, "Updating", answer)
            case writes.CreateKey():
                vault = self.answers[queries.GetVault(id=write.vault)]
                assert vault.succeeded, "no key before the vault is done"
                self.answers[query] = answer
            case _:
                self.answers[query] = answer
                if isinstance(write, writes.AssignRole | writes.AddAccessPolicy) and self.granted_at is None:
                    self.granted_at = self.now

    def _operate(self, query: Query[Any], state: str, final: resources.Registry) -> None:
        works = self.granted_at is not None and self.now >= self.granted_at + self.delay
        if not works and not self.refuses_later:
            raise REFUSED
        if self.generation == "A":
            self.answers[query] = final if works else dataclasses.replace(final, provisioning_state="Failed")
            return
        no_encryption = resources.Encryption(status="disabled")
        hidden = self.answers.get(query) or dataclasses.replace(final, identities={}, encryption=no_encryption)
        shown = final if self.generation == "C" else hidden
        self.answers[query] = dataclasses.replace(shown, provisioning_state=state)
        self.final[query] = final if works else dataclasses.replace(shown, provisioning_state="Failed")
        self.done_at[query] = self.now + self.delay


def identity(id_: ResourceId) -> resources.Identity:
    """An identity of somebody else."""
    return resources.Identity(
        id=id_, client_id=f"client of {id_.name}", principal_id=f"principal of {id_.name}", tags={}
    )


def roles(model: ModelAzure) -> set[str]:
    """The names of the roles that are assigned."""
    lists = [answer for query, answer in model.answers.items() if isinstance(query, queries.ListRoleAssignments)]
    return {assignment.role_definition_id.rpartition("/")[2] for answer in lists for assignment in answer}


CRYPTO = {ids.CRYPTO_SERVICE_ENCRYPTION_USER}
