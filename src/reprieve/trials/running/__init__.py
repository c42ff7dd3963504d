"""Running many replicates of anything: kept as they finish, continued after a crash, the same on any machine park."""

from reprieve.trials.running.loop import run as run
from reprieve.trials.running.rows import Rows as Rows
