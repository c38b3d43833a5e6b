"""How many mutated files are read: a few in every test run, the same ones each time.

`scripts/campaign.py` reads as many as it is told to, others each time.
"""

import datetime
import os

from hypothesis import HealthCheck, settings

EXAMPLES = "CAMPAIGN_EXAMPLES"

settings.register_profile(
    "campaign",
    max_examples=int(os.environ.get(EXAMPLES, "100")),
    derandomize=EXAMPLES not in os.environ,
    deadline=datetime.timedelta(seconds=20),
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("campaign")
