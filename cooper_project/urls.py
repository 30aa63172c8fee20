"""All addresses."""

from django.urls import include, path

from cooper_project import admin, health

handler400 = "cooper_project.middleware.bad_request"
handler403 = "cooper_project.middleware.permission_denied"
handler404 = "cooper_project.middleware.page_not_found"
handler500 = "cooper_project.middleware.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("admin/", admin.site.urls),
    path("", include("accounts.urls")),
    path("", include("brokers.urls")),
]
