"""Whether somebody may become a target, and why; refusals go to the audit log."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from accounts.identity import Identity
from brokers.catalogue_rows import CatalogueTarget
from brokers.catalogue_state import Catalogue
from brokers.entitlements import Entitlement, entitlement_to
from brokers.errors import TargetNotAccessible
from brokers.grants import limits
from core import audit, metrics
from core.audit import Event, NotRecorded
from core.errors import CooperError, Invalid


@dataclass(frozen=True)
class Decision:
    """That an identity may become a target, why, and by which catalogue."""

    target: CatalogueTarget
    entitlement: Entitlement
    catalogue: Catalogue

    @property
    def takes_code(self) -> bool:
        """Whether it takes a one-time code, by this target or another one of the same role."""
        return self.catalogue.takes_code(self.target)

    @property
    def external_id(self) -> str:
        """The ExternalId of the target's AWS account; "" for an AWS account without one."""
        account = self.catalogue.accounts.get(str(self.target.aws_account))
        return str(account.external_id) if account else ""


def require_entitlement(
    identity: Identity, name: str, now: datetime, catalogue_now: Catalogue
) -> Decision:
    """Return why the identity may become the target of this name; raise TargetNotAccessible.

    Pages call it too, so that they tell no more than a grant does. It writes: the refusal of an
    existing target goes to the audit log, and a name that is no target's is counted.
    """
    target = catalogue_now.targets.get(name)
    if target is None:
        limits.count_unknown(identity)
        raise TargetNotAccessible("unknown target")

    associations = catalogue_now.associations_by_target.get(name, ())
    entitlement = entitlement_to(name, identity, associations, now)
    if entitlement is None:
        refusal = TargetNotAccessible("not entitled")
    elif not target.enabled:
        refusal = TargetNotAccessible(f"target is {target.state}")
    else:
        return Decision(target, entitlement, catalogue_now)

    _record_refusal(identity, target, refusal)
    raise refusal


# -- refusals --------------------------------------------------------------------------------------
@contextmanager
def refusals_recorded(
    identity: Identity, target: CatalogueTarget, *, way: str = ""
) -> Iterator[None]:
    """Record every CooperError of the block as a refusal, which the person sees too.

    `way` is how they wanted to use the target.

    That includes an outage of DynamoDB or KMS: nothing was granted, and the reason says why. A
    field that was filled in wrongly refuses nothing yet: the form is shown again.
    """
    try:
        yield
    except Invalid:
        raise
    except NotRecorded:
        # what keeps the one event from being written keeps the other, too
        metrics.count_grant("failed", way)
        raise
    except CooperError as error:
        _record_refusal(identity, target, error, way)
        raise


def _record_refusal(
    identity: Identity, target: CatalogueTarget, error: CooperError, way: str = ""
) -> None:
    """Record a refusal, unless the person had too many of them within this minute."""
    metrics.count_grant("refused", way)
    if limits.may_record_refusal(identity):
        audit.record(
            Event.GRANT_REFUSED,
            person=identity.person,
            target=target.name,
            aws_account=target.aws_account,
            why=error.detail,
            # what they were told, and may read again
            answer=error.message,
            way=way or None,
        )
