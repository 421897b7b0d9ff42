"""The compliance suite: a package and its application, checked against what supervision promises.

``from regrow.comply import suite`` makes tests of pytest; `comply` runs all checks and reports. The command
``regrow comply`` does the same.
"""

from regrow.comply.model import Outcome as Outcome
from regrow.comply.model import Report as Report
from regrow.comply.model import Status as Status
from regrow.comply.run import comply as comply
from regrow.comply.suite import Compliance as Compliance
from regrow.comply.suite import suite as suite

__all__ = ["Compliance", "Outcome", "Report", "Status", "comply", "suite"]
