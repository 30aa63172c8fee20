"""Where things are."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The checkout."""

SUPPORT = Path(__file__).resolve().parent

PACKAGES = (
    "demo",
    "cooper_project",
    "sso_portal",
    "brokers",
    "accounts",
    "shipping",
    "core",
    "embedded_aws",
)
"""The top-level packages of the product."""
