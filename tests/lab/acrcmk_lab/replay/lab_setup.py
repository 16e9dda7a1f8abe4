"""The lab that a recording is played against: fresh, on the recording's day, holding what it presumes."""

import asyncio
import datetime
import random
import typing
import urllib.parse
import uuid

from acrcmk_lab.azure import clock, cloud, directory, ids, messages, rbac, requestlog, settings
from acrcmk_lab.azure.providers import authorization
from acrcmk_lab.replay import (
    api_dates,
    binding,
    comparison,
    masks,
    preconditions,
    principals,
    progress,
    recording,
    roles,
    schedule,
)

Json = typing.Any
ARM = "https://management.azure.com"
AUTHORITY = "https://login.microsoftonline.com"
# Somebody prepares the subscription this long before the recording.
LEAD = datetime.timedelta(hours=1)
# All that is presumed is done a little before the first exchange, whatever the recording says of its time.
EVE = datetime.timedelta(seconds=1)
# Real seconds: the lab's clock stands still while it answers, so an answer takes none of its own.
PATIENCE = 10.0
UNLIMITED = "1000000000"
# Grants of a recording had long taken effect, or the recording would show refusals.
AT_ONCE = ("rbac_propagation", "policy_propagation")
# What is prepared is finished when the recording begins.
PREPARED_AT_ONCE = ("dns_delay", "acr_operation", "acr_delete", "group_delete")
EVERYTHING = ["all", "purge"]


class Scene:
    """One lab for one recording; `binding` is what the two have learnt to call by each other's names."""

    def __init__(self, tape: recording.Recording) -> None:
        self.moments = schedule.moments(tape)
        self.switches = progress.switches(tape, moments=self.moments)
        self.bound = binding.Binding()
        self.refused: list[str] = []
        self._tape = tape
        self._people = principals.derive(tape, moments=self.moments, fresh=_guids())
        self._deeds = preconditions.deeds(tape, policies=[self._full_policy()])
        self._authors: dict[preconditions.Author, directory.Principal] = {}
        start = self.moments[0] if self.moments else datetime.datetime.now(datetime.UTC)
        self._eve = start - EVE
        epoch = min([self._eve, *(deed.moment for deed in self._deeds if deed.moment)]) - LEAD
        self.clock = clock.Clock(epoch=epoch)
        self.cloud = cloud.Cloud(time=self.clock, switches=settings.Switches.without_latency(), log=requestlog.Log())
        self.cloud.world.url = ARM
        for name, value in self._opening(start.date()).items():
            self.set(name, value)
        self._introduce()

    @property
    def caller(self) -> directory.Principal:
        """Whom the recording speaks for."""
        return self._people.caller

    def set(self, name: str, value: str) -> None:
        """Set one of the lab's switches."""
        self.cloud.world.switches.set(name, value=value)

    async def prepare(self) -> None:
        """Do what must have been done before the recording began."""
        for deed in self._deeds:
            if deed.moment:
                await self.turn_to(min(deed.moment, self._eve))
            await self._do(deed)
        await self.turn_to(self._eve)
        usual = settings.Switches()
        for name in PREPARED_AT_ONCE:
            self.set(name, str(getattr(usual, name)))

    async def turn_to(self, moment: datetime.datetime) -> None:
        """Move the lab's clock forward to a moment; it never goes back."""
        seconds = (moment - self.clock.utc()).total_seconds()
        if seconds > 0:
            await self.clock.advance(seconds)

    async def send(
        self, method: str, url: str, *, body: Json = None, principal: directory.Principal | None = None
    ) -> messages.Answer:
        """Send a request, without a token if nobody sends it."""
        parts = urllib.parse.urlsplit(url)
        headers = {"content-type": "application/json"}
        if principal:
            audience = f"{parts.scheme}://{(parts.hostname or '').partition('.')[2]}"
            headers["authorization"] = f"Bearer {self.cloud.tokens.issue(principal, audience=audience)}"
        request = messages.Request(
            method=method,
            path=urllib.parse.unquote(parts.path),
            query=dict(urllib.parse.parse_qsl(parts.query, keep_blank_values=True)),
            headers=headers,
            body=body,
            host=parts.hostname or "",
        )
        try:
            async with asyncio.timeout(PATIENCE):
                return await self.cloud.answer(request)
        except TimeoutError:
            return _broken("LabSilent", f"no answer in {PATIENCE:g} s")
        except Exception as error:  # noqa: BLE001 - the lab's server answers 500 to a defect of the lab, too
            return _broken("LabDefect", repr(error))

    def _opening(self, day: datetime.date) -> dict[str, str]:
        kinds = ("read", "write", "delete")
        unregistered = {
            str(e.shown["error"]["message"]).split("'")[1]
            for e in self._tape.exchanges
            if e.error == "MissingSubscriptionRegistration"
        }
        return {
            **dict.fromkeys((*AT_ONCE, *PREPARED_AT_ONCE), "0"),
            **{f"{kind}_tokens": UNLIMITED for kind in kinds},
            **api_dates.switches(day),
            **api_dates.vault_release(self._tape),
            "unregistered_providers": ",".join(sorted(unregistered)),
        }

    def _full_policy(self) -> dict[str, Json]:
        """Return the access policy of a caller who may do everything."""
        return {
            "tenantId": self._people.tenant_id,
            "objectId": self.caller.object_id,
            "permissions": dict.fromkeys(("keys", "secrets", "certificates", "storage"), EVERYTHING),
        }

    def _introduce(self) -> None:
        """Fill the directory, and make the caller the owner of all subscriptions."""
        world = self.cloud.world
        world.tenant_id = self._people.tenant_id
        for subscription in (*self._people.subscriptions, *(ids.subscription_of(deed.id) for deed in self._deeds)):
            self.cloud.add_subscription(subscription)
        for known in self._people.known:
            if known.visible:
                known.principal.visible_at = (known.visible - self.clock.utc(0)).total_seconds()
            world.directory.add(known.principal)
        world.access.roles.update({role.guid.lower(): role for role in roles.derive(self._tape)})
        self._own(self.caller)

    def _own(self, principal: directory.Principal) -> None:
        self.cloud.world.directory.add(principal)
        self.cloud.world.access.grant(
            rbac.Grant(principal=principal.object_id, role=rbac.definitions()[rbac.OWNER], scope="/")
        )

    async def _do(self, deed: preconditions.Deed) -> None:
        """Do a deed, and bind the ids that it made to those that the recording shows."""
        url = f"{ARM}{deed.id}?api-version={deed.version}"
        answer = await self.send(
            deed.method, url, body=self.bound.rewritten(deed.body), principal=self._author(deed.author)
        )
        if answer.code:
            self.refused.append(f"{deed.method} {deed.id}: {answer.status} {answer.code}")
        elif deed.author == preconditions.NOBODY:
            self._unsign(deed)
        elif deed.shown:
            rules = comparison.Comparison(bound=self.bound, masked=masks.Masks())
            rules.body(deed.shown, answer.body)

    def _unsign(self, deed: preconditions.Deed) -> None:
        """Take the author off a role assignment that Azure made itself: nobody's request can."""
        made = self.cloud.world.store.get(authorization.RoleAssignment, deed.id)
        if made:
            made.author_id = recording.properties_of(deed.shown).get("updatedBy")

    def _author(self, author: preconditions.Author | None) -> directory.Principal:
        """Return who did a deed; strangers join the directory when first met."""
        mine = (self.caller.name, self.caller.client_id, self.caller.object_id)
        if author in (None, preconditions.NOBODY) or author.name in mine:
            return self.caller
        if author not in self._authors:
            fresh = self.cloud.world.guid
            self._authors[author] = directory.Principal(
                object_id=fresh() if author.kind else author.name,
                client_id=author.name if author.kind == "Application" else fresh(),
                kind="User" if author.kind == "User" else "ServicePrincipal",
                name=author.name,
            )
            self._own(self._authors[author])
        return self._authors[author]


def _broken(code: str, message: str) -> messages.Answer:
    return messages.Answer(500, {"error": {"code": code, "message": message}})


def _guids() -> typing.Callable[[], str]:
    """Return a source of GUIDs for people of whom the recording tells none, the same in every replay."""
    source = random.Random(0)
    return lambda: str(uuid.UUID(int=source.getrandbits(128), version=4))
