"""Hypothesis profiles: random examples at a desk, the same examples every time in continuous integration.

`HYPOTHESIS_PROFILE=ci` or an environment that sets `CI` chooses the fixed ones.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("desk"), derandomize=True, database=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "desk"))
