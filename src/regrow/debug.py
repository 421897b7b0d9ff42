"""Looking into a running System: `rg.debug.trace(ref)`, the rows of its listings, its statistics."""

from regrow.core.messages import MessageInfo as MessageInfo
from regrow.core.messages import message_info as message_info
from regrow.delivery.journal.rows import Counts as Counts
from regrow.delivery.journal.stats import JournalStats as JournalStats
from regrow.resilience.breakers import BreakerInfo as BreakerInfo
from regrow.runtime.debug import Trace as Trace
from regrow.runtime.debug import TraceEntry as TraceEntry
from regrow.runtime.debug import trace as trace
from regrow.runtime.listing import AliasInfo as AliasInfo
from regrow.runtime.listing import GroupInfo as GroupInfo
from regrow.runtime.listing import LinkInfo as LinkInfo
from regrow.runtime.listing import Listing as Listing
from regrow.runtime.listing import MailboxInfo as MailboxInfo
from regrow.runtime.listing import ProcessInfo as ProcessInfo
from regrow.runtime.listing import Statistics as Statistics
from regrow.runtime.listing import SubscriberInfo as SubscriberInfo
from regrow.runtime.listing import TimerInfo as TimerInfo
from regrow.runtime.monitors import MonitorInfo as MonitorInfo
from regrow.runtime.registry import Registration as Registration
from regrow.runtime.supervision import ChildCount as ChildCount
from regrow.runtime.supervision import ChildInfo as ChildInfo
from regrow.runtime.unsupervised import Unsupervised as Unsupervised

__all__ = [
    "AliasInfo",
    "BreakerInfo",
    "ChildCount",
    "ChildInfo",
    "Counts",
    "GroupInfo",
    "JournalStats",
    "LinkInfo",
    "Listing",
    "MailboxInfo",
    "MessageInfo",
    "MonitorInfo",
    "ProcessInfo",
    "Registration",
    "Statistics",
    "SubscriberInfo",
    "TimerInfo",
    "Trace",
    "TraceEntry",
    "Unsupervised",
    "message_info",
    "trace",
]
