"""moto, called without a server of its own: its handlers for DynamoDB, KMS and IAM."""

import io
import logging
from http import HTTPStatus
from typing import Any

from moto.core.request import Request
from moto.dynamodb.responses import DynamoHandler
from moto.iam.responses import IamResponse
from moto.kms.responses import KmsResponse

from embedded_aws.principals import Principal
from embedded_aws.protocol import Answer, AwsError, Call, json_answer

logger = logging.getLogger(__name__)

HANDLERS: dict[str, Any] = {"dynamodb": DynamoHandler, "iam": IamResponse, "kms": KmsResponse}


class _FromServer(Request):
    """A request that came over the wire, so that moto leaves the Date header alone."""

    from_wsgi_server = True


def ask(call: Call, caller: Principal) -> Answer:
    """Return moto's answer in the caller's AWS account; raise AwsError when moto breaks down."""
    # moto would take the region from words of the User-Agent
    environ = {name: value for name, value in call.environ.items() if name != "HTTP_USER_AGENT"}
    environ["HTTP_X_MOTO_ACCOUNT_ID"] = caller.account_id
    environ["wsgi.input"] = io.BytesIO(call.body)
    request = _FromServer(environ)
    try:
        status, headers, body = HANDLERS[call.service].dispatch(
            request, request.raw_url, request.headers
        )
    except NotImplementedError as error:
        raise AwsError("UnknownOperationException", str(error)) from error
    except (
        Exception
    ) as error:  # whatever moto stumbles over is a fault of the service to its callers
        logger.exception("moto failed at %s %s", call.service, call.operation)
        status = HTTPStatus.INTERNAL_SERVER_ERROR
        raise AwsError("InternalServerError", f"{type(error).__name__}: {error}", status) from error
    content = body.encode() if isinstance(body, str) else bytes(body or b"")
    if call.service == "iam":
        return Answer(
            int(status),
            content,
            "text/xml",
            {"x-amzn-RequestId": str(headers.get("x-amzn-requestid", ""))},
        )
    return json_answer(call.service, content, int(status))
