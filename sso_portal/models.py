"""Documents of the protocol in DynamoDB."""

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)

from core.dynamo import Document


class Token(Document):
    """A token or a code, under its SHA-256: the table yields nothing that can be used.

    It is good until `ends_at` (seconds since the epoch). A code holds what its person has allowed;
    once it is `spent` it stays, so that its second use is seen and ends what came of the first.
    """

    purpose = "tokens of command lines"

    class Meta:
        table = "command-line-tokens"

    token_hash = UnicodeAttribute(hash_key=True)
    kind = UnicodeAttribute()
    session_id = UnicodeAttribute()
    client_id_hash = UnicodeAttribute()
    ends_at = NumberAttribute()
    expires = TTLAttribute()

    person = UnicodeAttribute(null=True)
    epoch = NumberAttribute(null=True)
    web_session = UnicodeAttribute(null=True)
    authenticated_at = UTCDateTimeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    redirect_uri = UnicodeAttribute(null=True)
    challenge = UnicodeAttribute(null=True)
    spent = BooleanAttribute(null=True)

    # of device codes, before and after their person decides (`sso_portal.device_codes`)
    client_name = UnicodeAttribute(null=True)
    asked_from = UnicodeAttribute(null=True)
    decision = UnicodeAttribute(null=True)
    # of the code that a person types: its device code's key
    device_hash = UnicodeAttribute(null=True)
