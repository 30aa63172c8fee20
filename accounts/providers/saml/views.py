"""`/saml2/metadata/` and `/saml2/ls/`: our metadata, and the way back from a sign-out."""

import xml.etree.ElementTree as ET

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import resolve_url
from djangosaml2.views import MetadataView
from saml2.config import SPConfig

from accounts.providers.saml import keys
from accounts.providers.saml.constants import qname
from accounts.providers.saml.safe_xml import parse
from accounts.providers.saml.service_provider import (
    build_sp_config,
    get_service_provider,
    key_files_for,
)
from core.errors import Refused


class _MetadataView(MetadataView):  # type: ignore[misc]
    """djangosaml2's view of our metadata."""

    def get_sp_config(self, request: HttpRequest) -> SPConfig:
        stamp = keys.stamp()
        if not stamp or not keys.stored():
            raise Http404
        return build_sp_config(get_service_provider(request), key_files_for(stamp))


def metadata(request: HttpRequest) -> HttpResponse:
    """Describe cooper to identity providers (SAML Metadata 2.4.4).

    Without the extension that lists all algorithms xmlsec1 knows: weak ones are among them, which
    cooper refuses.
    """
    if request.method not in ("GET", "HEAD"):
        return HttpResponseNotAllowed(["GET", "HEAD"])

    root = parse(_MetadataView.as_view()(request).content)
    for extensions in root.findall(qname("md:Extensions")):
        root.remove(extensions)
    xml = ET.tostring(root, xml_declaration=True, encoding="utf-8")
    return HttpResponse(xml, content_type="application/xml")


def signed_out(request: HttpRequest) -> HttpResponse:
    """Return from an identity provider's sign-out. Nothing that is sent here changes anything.

    A LogoutRequest is refused: one that another site makes up would sign people out.
    """
    if "SAMLRequest" in request.GET or request.method not in ("GET", "HEAD"):
        raise Refused(
            "Sign-out requests from other sites are ignored. Sign out in cooper itself.",
            "a sign-out from elsewhere",
        )
    return HttpResponseRedirect(f"{resolve_url('login')}?signed-out=1")
