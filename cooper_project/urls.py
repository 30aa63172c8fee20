"""The URL configuration."""

from django.urls import include, path

import accounts.admin
import brokers.admin
from cooper_project import health
from core import admin

handler400 = "core.error_pages.bad_request"
handler403 = "core.error_pages.permission_denied"
handler404 = "core.error_pages.page_not_found"
handler500 = "core.error_pages.server_error"

ADMIN_MODULES = (accounts.admin, brokers.admin)
"""Imported to register their ModelAdmins."""

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("brokers.urls")),
    path("", include("sso_portal.urls")),
]
