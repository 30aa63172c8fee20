"""A fast AWS for measurements: DynamoDB in memory, STS, sign-in; latency and conflicts can be set.

It checks neither signatures nor permissions: the embedded AWS is for that. What it does not know,
it passes on to an embedded AWS in the same process, whose tables it began with.
"""
