"""How cooper is reached: what asks it as its users do, from outside (`cooper -check`)."""

from cooper_project.outside.report import Addresses, Report
from cooper_project.outside.token_header import check_token_header

__all__ = ["Addresses", "Report", "check_token_header"]
