"""How many files and connections a process may have open."""

import resource

FEWEST = 256
"""Less than this is used up by what a worker opens itself, and by a few people."""

MOST = 65_536
"""As many are asked for, where the system allows it."""

TOO_FEW = (
    "A process may have {limit} files open, which a few connections use up. Set LimitNOFILE=65536 "
    "in the unit, or: ulimit -n 65536"
)

FEW = (
    "A process may have {limit} files open, and a worker takes {connections} connections. Set "
    "LimitNOFILE=65536 in the unit, or: ulimit -n 65536"
)


def raise_limit() -> None:
    """Let this process, and those that it starts, open as many as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = raised_limit()
    if soft != resource.RLIM_INFINITY and limit > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))


def raised_limit() -> int:
    """Return how many files may be open once the limit is raised."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = [limit for limit in (hard, MOST) if limit != resource.RLIM_INFINITY]
    if soft == resource.RLIM_INFINITY:
        return MOST
    return max(soft, min(allowed))
