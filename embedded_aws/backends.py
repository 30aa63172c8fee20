"""moto, called without a server of its own: its handlers for DynamoDB, KMS and IAM."""

import io
import logging
from http import HTTPStatus
from typing import Any

from moto.core.request import Request
from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS
from moto.dynamodb.responses import DynamoHandler
from moto.iam.responses import IamResponse
from moto.kms.responses import KmsResponse

from embedded_aws import shortcuts
from embedded_aws.calls import Call
from embedded_aws.errors import AwsError
from embedded_aws.principals import Principal
from embedded_aws.responses import Response, json_response
from embedded_aws.serializer import DynamoDbSerializer

logger = logging.getLogger(__name__)

SERVICE_SPECIFIC_SERIALIZERS["dynamodb"] = {"json": DynamoDbSerializer}
shortcuts.install()

HANDLERS: dict[str, Any] = {"dynamodb": DynamoHandler, "iam": IamResponse, "kms": KmsResponse}


class _WireRequest(Request):
    """A request that came over the wire, so that moto leaves the Date header alone."""

    from_wsgi_server = True


def call_moto(call: Call, caller: Principal) -> Response:
    """Return moto's response in the caller's AWS account; raise AwsError when moto breaks down."""
    status, headers, body = _dispatch(call, _moto_request(call, caller))

    if isinstance(body, str):
        body = body.encode()
    content = bytes(body or b"")
    if call.service != "iam":
        return json_response(call.service, content, int(status))

    request_id = str(headers.get("x-amzn-requestid", ""))
    return Response(int(status), content, "text/xml", {"x-amzn-RequestId": request_id})


def _moto_request(call: Call, caller: Principal) -> Request:
    environ = dict(call.environ)
    # moto would take the region from words of the User-Agent
    environ.pop("HTTP_USER_AGENT", None)
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = caller.account_id
    environ["wsgi.input"] = io.BytesIO(call.body)
    return _WireRequest(environ)


def _dispatch(call: Call, request: Request) -> tuple[int, dict[str, Any], Any]:
    handler = HANDLERS[call.service]
    try:
        status, headers, body = handler.dispatch(request, request.raw_url, request.headers)
    except NotImplementedError as error:
        raise AwsError("UnknownOperationException", str(error)) from error
    except Exception as error:  # whatever moto stumbles over is a fault of the service
        logger.exception("moto failed at %s %s", call.service, call.operation)
        raise AwsError(
            "InternalServerError",
            f"{type(error).__name__}: {error}",
            HTTPStatus.INTERNAL_SERVER_ERROR,
        ) from error
    return status, headers, body
