"""What `/readyz` notices."""

import pytest

from cooper_project.health import check_services
from embedded_aws import EmbeddedAws
from tests.support import faults
from tests.support.faults import Fault


@pytest.mark.parametrize("operation", ["DescribeKey", "Encrypt", "Decrypt"])
def test_it_is_not_ready_without_one_of_the_permissions_on_the_kms_key(
    store: EmbeddedAws, operation: str
) -> None:
    assert check_services().ready
    with faults.on(Fault("kms", operation, code="AccessDeniedException", status=400)):
        problems = check_services().problems
    assert list(problems) == ["KMS"]
    assert operation in problems["KMS"]
