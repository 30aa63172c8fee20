"""URLs of signing in and out, and of a person's own device."""

from django.urls import path

from accounts import announcement_views, device_views, new_admin_views, password_views, views
from accounts.providers import provider_routes

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("login/<slug:provider_id>/", views.sign_in_with, name="login-with"),
    path("administrators/seen/", new_admin_views.administrators_seen, name="administrators-seen"),
    path("announcements/seen/", announcement_views.announcements_seen, name="announcements-seen"),
    path("logout/", views.sign_out, name="logout"),
    path("me/password/", password_views.password, name="password"),
    path("device/", device_views.device, name="device"),
    path("device/begin/", device_views.begin, name="device-begin"),
    path("device/set-up/", device_views.set_up, name="device-set-up"),
    path("device/recover/", device_views.recover, name="device-recover"),
    path("device/clock/", device_views.adjust_clock, name="device-clock"),
    path("device/remove/", device_views.remove, name="device-remove"),
    path("device/close/", device_views.close_window, name="device-close"),
]

for provider_route in provider_routes():
    view = views.provider_view(provider_route)
    urlpatterns.append(path(provider_route.route, view, name=provider_route.name))
