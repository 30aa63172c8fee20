"""No SQL: a query fails loudly, whoever tries it."""

import pytest
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.db import connection, transaction

from core.no_sql.base import SqlForbidden


@pytest.mark.parametrize(
    "query",
    [
        lambda: list(Group.objects.all()),
        lambda: Group.objects.create(name="x"),
        Session.objects.count,
        lambda: ContentType.objects.filter(pk=1).exists(),
        lambda: Group(name="x").save(),
        connection.cursor,
        lambda: Group.objects.raw("select 1")[0],
    ],
)
def test_it_refuses_every_query(query):
    with pytest.raises(SqlForbidden):
        query()


def test_it_lets_django_s_atomic_pass():
    with transaction.atomic():
        pass
