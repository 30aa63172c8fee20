"""Addresses of people."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("login/", views.sign_in, name="login"),
    path("login/<slug:provider_id>/", views.sign_in_with, name="login-with"),
    path("logout/", views.sign_out, name="logout"),
]
