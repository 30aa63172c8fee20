"""IAM as JSON and back: users with their keys and policies, roles, root users' keys."""

from datetime import datetime
from typing import Any

from moto.iam.models import AccessKey, Role, User, iam_backends

from embedded_aws.principals import document_of

_ROLE = ("path", "policies", "description", "tags", "max_session_duration")


def dump() -> list[dict[str, Any]]:
    """Return IAM of each AWS account."""
    return [
        {
            "account_id": account_id,
            "partition": partition,
            "users": [_user(each) for each in backend.users.values()],
            "roles": [_role(each) for each in backend.roles.values()],
            "root_keys": [
                _key(each) for each in backend.access_keys.values() if each.user_name is None
            ],
            "managed": {p.arn: _managed(p) for p in backend.managed_policies.values()},
        }
        for account_id, partitions in list(iam_backends.items())
        for partition, backend in list(partitions.items())
    ]


def load(stored: list[dict[str, Any]]) -> None:
    """Take back IAM."""
    for each in stored:
        backend = iam_backends[each["account_id"]][each["partition"]]
        for policy in each["managed"].values():
            backend.create_policy("", policy["path"], policy["document"], policy["name"], [])
        for user in each["users"]:
            _load_user(backend, user)
        for role in each["roles"]:
            _load_role(backend, role)
        for key in each["root_keys"]:
            backend.access_keys[key["id"]] = _loaded_key(each["account_id"], None, key)


def _managed(policy: Any) -> dict[str, Any]:
    """Return a customer's managed policy."""
    return {"name": policy.name, "path": policy.path, "document": document_of(policy)}


def _key(key: AccessKey) -> dict[str, str]:
    """Return an access key."""
    created = key.create_date.isoformat()
    return {
        "id": key.access_key_id,
        "secret": key.secret_access_key,
        "status": key.status,
        "created": created,
    }


def key_of(account_id: str, user_name: str | None, access_key_id: str, secret: str) -> AccessKey:
    """Return an access key of an IAM user, or of the root user (None), with this id and secret."""
    key = AccessKey(user_name, "AKIA", account_id)  # type: ignore[abstract]  # moto itself makes them so
    key.access_key_id, key.secret_access_key = access_key_id, secret
    return key


def _loaded_key(account_id: str, user_name: str | None, stored: dict[str, str]) -> AccessKey:
    """Return an access key again."""
    key = key_of(account_id, user_name, stored["id"], stored["secret"])
    key.status = stored["status"]
    key.create_date = datetime.fromisoformat(stored["created"])
    return key


def _user(user: User) -> dict[str, Any]:
    """Return an IAM user."""
    return {
        "name": user.name,
        "id": user.id,
        "path": user.path,
        "region": user.region_name,
        "created": user.create_date.isoformat(),
        "policies": user.policies,
        "attached": list(user.managed_policies),
        "keys": [_key(each) for each in user.access_keys],
    }


def _load_user(backend: Any, stored: dict[str, Any]) -> None:
    """Take back an IAM user."""
    user = backend.create_user(stored["region"], stored["name"], stored["path"])
    user.id, user.policies = stored["id"], dict(stored["policies"])
    user.create_date = datetime.fromisoformat(stored["created"])
    for arn in stored["attached"]:
        backend.attach_user_policy(arn, user.name)
    for each in stored["keys"]:
        key = _loaded_key(backend.account_id, user.name, each)
        user.access_keys.append(key)
        backend.access_keys[key.access_key_id] = key


def _role(role: Role) -> dict[str, Any]:
    """Return a role."""
    return {
        **{name: getattr(role, name) for name in _ROLE},
        "name": role.name,
        "id": role.id,
        "created": role.create_date.isoformat(),
        "trust": role.assume_role_policy_document,
        "attached": list(role.managed_policies),
    }


def _load_role(backend: Any, stored: dict[str, Any]) -> None:
    """Take back a role."""
    made = backend.create_role(stored["name"], stored["trust"], stored["path"], None, "", [], None)
    del backend.roles[made.id]
    made.id, made.create_date = stored["id"], datetime.fromisoformat(stored["created"])
    backend.roles[made.id] = made
    for name in _ROLE:
        setattr(made, name, stored[name])
    for arn in stored["attached"]:
        backend.attach_role_policy(arn, made.name)
