"""Every way out of a credential and every write of anybody, each as its last request."""

from tests.support.fault_admin_writes import ADMIN_WRITES
from tests.support.fault_grants import GRANTS
from tests.support.fault_own_writes import OWN_WRITES

OPERATIONS = GRANTS | ADMIN_WRITES | OWN_WRITES
