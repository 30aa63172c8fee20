"""Whatever is changed afterwards, in the audit log, in the files or in the table, is named."""

import base64
import gzip
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from core.audit import AuditEvent
from core.errors import Invalid
from core.kms_signing import Verifier
from embedded_aws import EmbeddedAws
from shipping.batches import Batch, sha256
from shipping.models import Head, StoredBatch, StoredSignature, number_name
from shipping.sent_files import SentFiles
from shipping.verification import SentTable, Verdict, verify
from tests.support.shipping import Killed, Yard, write_event_at, write_events, yard_of


@pytest.fixture
def yard(store: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Yard]:
    """Yield where a test ships, after three batches, each with its signature."""
    with yard_of(store, tmp_path, monkeypatch) as yard:
        for _ in range(3):
            write_events(4)
            yard.ship()
            yard.ahead += timedelta(seconds=11)
        yield yard


class Deadly:
    """A sink at which the shipper is killed."""

    name = "folder"

    def deliver(self, batch: Batch) -> None:
        raise Killed(batch.number)

    def problems(self) -> list[str]:
        return []


OTHER_KEY = (
    ec.generate_private_key(ec.SECP256R1())
    .public_key()
    .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
)


def verdict_of(yard: Yard, where: str = "files") -> Verdict:
    sent = SentFiles(yard.folder) if where == "files" else SentTable()
    return verify(sent, Verifier(yard.key.public_pem), with_log=True)


def verdict_of_files_alone(yard: Yard) -> Verdict:
    return verify(SentFiles(yard.folder), Verifier(yard.key.public_pem), with_log=False)


@pytest.mark.parametrize("where", ["files", "table"])
def test_what_was_left_alone_is_as_it_was_sent(yard: Yard, where: str) -> None:
    write_events(2)
    verdict = verdict_of(yard, where)
    assert verdict.findings == []
    assert (verdict.batches, verdict.signed) == (3, 3)
    assert verdict.events == len(yard.ids())
    assert verdict.unsent == 2


# -- the audit log is changed --
def event_of(event_id: str) -> AuditEvent:
    event = AuditEvent.with_pk(event_id)
    assert event is not None
    return event


def remove(yard: Yard) -> str:
    event = event_of(yard.ids()[-6])
    event.delete()
    return f"{event.pk} was removed from the audit log."


def change(yard: Yard) -> str:
    event = event_of(yard.ids()[-6])
    event.update(actions=[AuditEvent.person.set("local:mallory")])
    return f"{event.pk} was changed in the audit log."


def add(yard: Yard) -> str:
    # an hour after the end of the newest batch, it would have been sent
    yard.ahead += timedelta(hours=1)
    write_event_at(yard.clock())
    yard.ship()
    forged = write_event_at(yard.clock() - timedelta(minutes=50))
    return f"{forged.pk} is in no batch"


def swap(yard: Yard) -> str:
    first, second = (event_of(event_id) for event_id in yard.ids()[-6:-4])
    for event, details in ((first, second.details), (second, first.details)):
        event.update(actions=[AuditEvent.details.set(details)])
    return f"{first.pk} was changed in the audit log."


def cut_the_tail(yard: Yard) -> str:
    for event_id in yard.ids()[-3:]:
        event_of(event_id).delete()
    return f"{yard.ids()[-3]} was removed from the audit log."


@pytest.mark.parametrize("tamper", [remove, change, add, swap, cut_the_tail])
def test_the_first_event_that_is_wrong_in_the_log_is_named(
    yard: Yard, tamper: Callable[[Yard], str]
) -> None:
    expected = tamper(yard)
    for where in ("files", "table"):
        assert verdict_of(yard, where).findings[0].startswith(expected)


# -- the files are changed --
def lines_of(yard: Yard, number: int) -> tuple[Path, list[bytes]]:
    file = yard.folder / f"batches/{number_name(number)}.jsonl"
    return file, file.read_bytes().splitlines(keepends=True)


def remove_a_line(yard: Yard) -> str:
    file, lines = lines_of(yard, 2)
    removed = json.loads(lines.pop(2))["id"]
    file.write_bytes(b"".join(lines))
    return f"{removed} was removed in batch 2."


def change_a_line(yard: Yard) -> str:
    file, lines = lines_of(yard, 2)
    lines[2] = lines[2].replace(b"audit:view", b"audit:edit")
    file.write_bytes(b"".join(lines))
    return f"{json.loads(lines[2])['id']} was changed in batch 2."


def add_a_line(yard: Yard) -> str:
    file, lines = lines_of(yard, 2)
    file.write_bytes(b"".join([*lines, b'{"id": "forged"}\n']))
    return "forged was added in batch 2."


def swap_two_lines(yard: Yard) -> str:
    file, lines = lines_of(yard, 2)
    lines[1:3] = [lines[2], lines[1]]
    file.write_bytes(b"".join(lines))
    return f"{json.loads(lines[2])['id']} is not in its place in batch 2: swapped."


def cut_the_last_files(yard: Yard) -> str:
    lines_of(yard, 3)[0].unlink()
    return "Batch 3 is missing at the end. It was signed."


def swap_two_files(yard: Yard) -> str:
    second, third = lines_of(yard, 2)[0], lines_of(yard, 3)[0]
    content = second.read_bytes()
    second.write_bytes(third.read_bytes())
    third.write_bytes(content)
    return "In the place of batch 2 is batch 3: swapped."


def remove_a_file(yard: Yard) -> str:
    lines_of(yard, 2)[0].unlink()
    return "Batch 2 is missing."


def change_a_line_and_the_list(yard: Yard) -> str:
    """Change an event of the last batch, and its digest in the list too."""
    file, lines = lines_of(yard, 3)
    forged = lines[1].replace(b"audit:view", b"audit:edit")
    before, after = (sha256(line.rstrip(b"\n")).encode() for line in (lines[1], forged))
    file.write_bytes(b"".join([lines[0].replace(before, after), forged, *lines[2:]]))
    return "Batch 3 does not go on with the chain of"


def sign_with_another_key(yard: Yard) -> str:
    file = yard.folder / f"signatures/{number_name(3)}.json"
    content = json.loads(file.read_bytes())
    other = json.loads((yard.folder / f"signatures/{number_name(2)}.json").read_bytes())
    file.write_text(json.dumps(content | {"signature": other["signature"]}))
    return "A signature of batch 3 is not by this key."


@pytest.mark.parametrize(
    "tamper",
    [
        remove_a_line,
        change_a_line,
        add_a_line,
        swap_two_lines,
        cut_the_last_files,
        swap_two_files,
        remove_a_file,
        change_a_line_and_the_list,
        sign_with_another_key,
    ],
)
def test_what_is_wrong_in_the_files_is_named(yard: Yard, tamper: Callable[[Yard], str]) -> None:
    expected = tamper(yard)
    for verdict in (verdict_of(yard), verdict_of_files_alone(yard)):
        assert verdict.findings[0].startswith(expected), verdict.findings


def test_an_end_that_was_cut_off_with_its_signature_is_seen_with_the_shippers_table(
    yard: Yard,
) -> None:
    lines_of(yard, 3)[0].unlink()
    (yard.folder / f"signatures/{number_name(3)}.json").unlink()
    assert verdict_of_files_alone(yard).findings == []
    assert verdict_of(yard).findings[0].startswith("Batch 3 is missing at the end.")


def test_an_unsigned_end_that_was_rewritten_is_seen_with_the_shippers_table(yard: Yard) -> None:
    """Whoever makes the last batch anew, in itself all right, cannot make the head anew."""
    (yard.folder / f"signatures/{number_name(3)}.json").unlink()
    file, lines = lines_of(yard, 3)
    description = json.loads(lines[0]) | {"made_at": "another time"}
    file.write_bytes(b"".join([json.dumps(description).encode() + b"\n", *lines[1:]]))
    assert verdict_of_files_alone(yard).findings == []
    expected = ["Batch 3 is not the one that the shipper has fixed."]
    assert verdict_of(yard).findings == expected


def test_where_nothing_is_nothing_is_right(yard: Yard, tmp_path: Path) -> None:
    """Another folder, or a prefix with a slip in it, is no proof."""
    (tmp_path / "another").mkdir()
    for with_log in (False, True):
        sent = SentFiles(tmp_path / "another")
        verdict = verify(sent, Verifier(yard.key.public_pem), with_log=with_log)
        assert verdict.findings[0] == "Nothing that was sent is there."


# -- the shipper's table is changed --
def test_a_table_that_was_emptied_is_named(yard: Yard) -> None:
    for kind in (StoredBatch, StoredSignature, Head):
        for item in kind.under(kind.KIND):
            item.delete()
    assert verdict_of(yard, "table").findings[0] == "Nothing that was sent is there."


def stored(number: int) -> StoredBatch:
    batch = StoredBatch.find(StoredBatch.KIND, number_name(number))
    assert batch is not None
    return batch


def test_a_batch_that_was_changed_in_the_shippers_table_is_named(yard: Yard) -> None:
    batch = stored(2)
    lines = batch.batch.body.splitlines(keepends=True)
    lines[2] = lines[2].replace(b"audit:view", b"audit:edit")
    batch.update(actions=[StoredBatch.packed_body.set(gzip.compress(b"".join(lines)))])
    expected = f"{json.loads(lines[2])['id']} was changed in batch 2."
    assert verdict_of(yard, "table").findings[0] == expected


def test_a_batch_that_is_no_batch_any_more_is_named(yard: Yard) -> None:
    stored(2).update(actions=[StoredBatch.packed_body.set(b"nothing")])
    assert verdict_of(yard, "table").findings[0] == "Batch 2 cannot be read: it was changed."


def test_an_end_that_was_cut_off_in_the_shippers_table_is_named(yard: Yard) -> None:
    stored(3).delete()
    findings = verdict_of(yard, "table").findings
    assert findings[0] == "Batch 3 is missing at the end. It was signed."


def test_another_key_verifies_nothing(store: EmbeddedAws, yard: Yard) -> None:
    verdict = verify(SentFiles(yard.folder), Verifier(OTHER_KEY), with_log=False)
    assert "Nothing of this is signed by this key." in verdict.findings


def test_a_key_of_a_kind_that_nobody_knows_is_none_of_the_kind() -> None:
    der = serialization.load_pem_public_key(OTHER_KEY).public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    # prime239v3 in place of prime256v1
    curve = b"\x2a\x86\x48\xce\x3d\x03\x01"
    der = der.replace(curve + b"\x07", curve + b"\x06")
    pem = b"-----BEGIN PUBLIC KEY-----\n%s-----END PUBLIC KEY-----\n" % base64.encodebytes(der)
    with pytest.raises(Invalid, match="no public key of the kind ECC_NIST_P256"):
        Verifier(pem)


def test_a_signature_is_by_any_of_the_keys_that_are_given(yard: Yard) -> None:
    keys = Verifier(OTHER_KEY, yard.key.public_pem)
    assert verify(SentFiles(yard.folder), keys, with_log=False).findings == []


# -- between fixing and delivering --
def test_an_event_that_is_changed_before_its_delivery_leaves_as_it_was_fixed(yard: Yard) -> None:
    [event] = write_events(1)
    with pytest.raises(Killed):
        yard.ship(Deadly())
    event_of(event.pk).update(actions=[AuditEvent.person.set("local:mallory")])

    yard.ahead += timedelta(minutes=1)
    yard.ship()
    assert yard.ids()[-1] == event.pk
    assert yard.bodies()[-1][-1]["person"] is None
    assert verdict_of(yard).findings == [f"{event.pk} was changed in the audit log."]
