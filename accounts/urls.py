"""Addresses of people."""

from django.urls import path

from accounts import enrolment, views
from accounts.providers import addresses

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("login/<slug:provider_id>/", views.sign_in_with, name="login-with"),
    path("administrators/seen/", views.administrators_seen, name="administrators-seen"),
    path("logout/", views.sign_out, name="logout"),
    path("device/", enrolment.device, name="device"),
    path("device/begin/", enrolment.begin, name="device-begin"),
    path("device/set-up/", enrolment.set_up, name="device-set-up"),
    path("device/recover/", enrolment.recover, name="device-recover"),
    path("device/remove/", enrolment.remove, name="device-remove"),
    path("device/close/", enrolment.close_window, name="device-close"),
]

urlpatterns += [path(each.route, views.at_address(each), name=each.name) for each in addresses()]
