"""IAM as JSON and back: users with their keys and policies, roles, root users' keys."""

from datetime import datetime
from typing import Any

from moto.iam.models import AccessKey, Role, User, iam_backends

from embedded_aws.principals import default_version

_PLAIN_ROLE_FIELDS = ("path", "policies", "description", "tags", "max_session_duration")


def dump() -> list[dict[str, Any]]:
    """Return IAM of each AWS account."""
    accounts = []
    for account_id, partitions in list(iam_backends.items()):
        for partition, backend in list(partitions.items()):
            account = {"account_id": account_id, "partition": partition}
            accounts.append(account | _dump_backend(backend))
    return accounts


def load(stored_accounts: list[dict[str, Any]]) -> None:
    """Take back what `dump` returned."""
    for account in stored_accounts:
        backend = iam_backends[account["account_id"]][account["partition"]]
        for policy in account["managed"].values():
            backend.create_policy("", policy["path"], policy["document"], policy["name"], [])
        for user in account["users"]:
            _load_user(backend, user)
        for role in account["roles"]:
            _load_role(backend, role)
        for key in account["root_keys"]:
            backend.access_keys[key["id"]] = _load_key(account["account_id"], None, key)


def _dump_backend(backend: Any) -> dict[str, Any]:
    managed_policies = {}
    for policy in backend.managed_policies.values():
        managed_policies[policy.arn] = _dump_policy(policy)

    root_keys = [key for key in backend.access_keys.values() if key.user_name is None]
    return {
        "users": [_dump_user(user) for user in backend.users.values()],
        "roles": [_dump_role(role) for role in backend.roles.values()],
        "root_keys": [_dump_key(key) for key in root_keys],
        "managed": managed_policies,
    }


def _dump_policy(policy: Any) -> dict[str, Any]:
    return {"name": policy.name, "path": policy.path, "document": default_version(policy)}


# -- access keys


def make_access_key(
    account_id: str, user_name: str | None, access_key_id: str, secret: str
) -> AccessKey:
    """Return an access key of an IAM user, or of the root user (None), with this id and secret."""
    key = AccessKey(user_name, "AKIA", account_id)  # type: ignore[abstract]  # as moto makes them
    key.access_key_id = access_key_id
    key.secret_access_key = secret
    return key


def _dump_key(key: AccessKey) -> dict[str, str]:
    return {
        "id": key.access_key_id,
        "secret": key.secret_access_key,
        "status": key.status,
        "created": key.create_date.isoformat(),
    }


def _load_key(account_id: str, user_name: str | None, stored_key: dict[str, str]) -> AccessKey:
    key = make_access_key(account_id, user_name, stored_key["id"], stored_key["secret"])
    key.status = stored_key["status"]
    key.create_date = datetime.fromisoformat(stored_key["created"])
    return key


# -- users and roles


def _dump_user(user: User) -> dict[str, Any]:
    return {
        "name": user.name,
        "id": user.id,
        "path": user.path,
        "region": user.region_name,
        "created": user.create_date.isoformat(),
        "policies": user.policies,
        "attached": list(user.managed_policies),
        "keys": [_dump_key(key) for key in user.access_keys],
    }


def _load_user(backend: Any, stored_user: dict[str, Any]) -> None:
    user = backend.create_user(stored_user["region"], stored_user["name"], stored_user["path"])
    user.id = stored_user["id"]
    user.policies = dict(stored_user["policies"])
    user.create_date = datetime.fromisoformat(stored_user["created"])

    for arn in stored_user["attached"]:
        backend.attach_user_policy(arn, user.name)
    for stored_key in stored_user["keys"]:
        key = _load_key(backend.account_id, user.name, stored_key)
        user.access_keys.append(key)
        backend.access_keys[key.access_key_id] = key


def _dump_role(role: Role) -> dict[str, Any]:
    fields = {name: getattr(role, name) for name in _PLAIN_ROLE_FIELDS}
    return {
        **fields,
        "name": role.name,
        "id": role.id,
        "created": role.create_date.isoformat(),
        "trust": role.assume_role_policy_document,
        "attached": list(role.managed_policies),
    }


def _load_role(backend: Any, stored_role: dict[str, Any]) -> None:
    role = backend.create_role(
        stored_role["name"], stored_role["trust"], stored_role["path"], None, "", [], None
    )
    # moto makes a random id
    del backend.roles[role.id]
    role.id = stored_role["id"]
    backend.roles[role.id] = role

    role.create_date = datetime.fromisoformat(stored_role["created"])
    for name in _PLAIN_ROLE_FIELDS:
        setattr(role, name, stored_role[name])
    for arn in stored_role["attached"]:
        backend.attach_role_policy(arn, role.name)
