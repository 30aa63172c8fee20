"""How cooper is reached: checks that ask it as its users do, from outside (`cooper -check`).

Each check is a function of the addresses; `CHECKS` is the list of them.
"""

from cooper_project.outside.report import Addresses, Check, Report
from cooper_project.outside.token_header import check_token_header

__all__ = ["CHECKS", "Addresses", "Check", "Report"]

CHECKS = (Check("The token header of command lines", check_token_header),)
