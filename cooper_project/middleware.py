"""What is answered before anything reads a cookie."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from cooper_project import health
from cooper_project.preparation import worker
from core import secret_keys
from core.error_pages import error_response
from core.middleware import ALIVE_PATH, READY_PATH

GetResponse = Callable[[HttpRequest], HttpResponse]

RETRY_AFTER = "5"
"""Seconds after which to ask again a worker that is not prepared (RFC 9110, 10.2.3)."""


class PreparationMiddleware:
    """Answers for a worker that is not prepared, and says that the process is alive in any case.

    A prepared one learns of new secret keys here.

    It stands before all middleware with cookies: without the installation's secret key each web
    session and token would look forged, and the browser would be told to forget it.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # whether the process is alive depends on no cookie, and on nothing of AWS
        if request.path == ALIVE_PATH:
            return health.healthz(request)
        if not worker.problem:
            if request.path == READY_PATH and health.is_storage_away():
                # who asks cannot be looked up: without that, what is away can be told
                return health.readyz(request)
            # before anything is signed or verified with one
            secret_keys.keep_up()
            return self.get_response(request)

        if request.path == READY_PATH:
            response = health.not_prepared(worker.problem)
        else:
            response = error_response(request, HTTPStatus.SERVICE_UNAVAILABLE, worker.problem)
        response["Retry-After"] = RETRY_AFTER
        return response
