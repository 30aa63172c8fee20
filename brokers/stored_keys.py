"""Federation Keys where they stand: listed, and put back as another ciphertext of the same keys."""

from collections.abc import Iterator
from functools import partial

from brokers import catalogue
from brokers.federation_keys import target_context
from brokers.models import Target
from core.audit import AuditEvent
from core.dynamo import Transaction
from core.kms import Ciphertext
from core.stored_ciphertexts import StoredCiphertext, changed_meanwhile


def stored_ciphertexts() -> Iterator[StoredCiphertext]:
    """Yield the ciphertexts of all targets' Federation Keys."""
    for target in Target.everything():
        if not target.federation_keys:
            continue

        name = str(target.name)
        key_arn = str(target.federation_keys_kms_arn)
        yield StoredCiphertext(
            place=f"Federation Keys of {name}",
            ciphertext=Ciphertext(bytes(target.federation_keys), key_arn),
            context=target_context(name),
            replace=partial(_replace_keys, target),
            subject=name,
        )


def _replace_keys(target: Target, new: Ciphertext, event: AuditEvent) -> None:
    actions = [
        Target.federation_keys.set(new.blob),
        Target.federation_keys_kms_arn.set(new.key_arn),
    ]
    is_the_same = (Target.federation_keys == target.federation_keys) & (
        Target.federation_keys_kms_arn == target.federation_keys_kms_arn
    )

    def build(writes: Transaction) -> None:
        writes.update(
            Target,
            target.name,
            actions=actions,
            condition=is_the_same,
            refusal=changed_meanwhile(str(target.name)),
        )
        writes.create(event)

    catalogue.edit(build, str(target.name))
