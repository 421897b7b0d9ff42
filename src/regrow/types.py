"""The types of what the API takes and gives, for annotations: nothing here is made by hand."""

from regrow.core.messages import CallMessage as CallMessage
from regrow.core.messages import CastMessage as CastMessage
from regrow.core.messages import Message as Message
from regrow.core.services import Service as Service
from regrow.delivery.deadletters.letters import DeadLetters as DeadLetters
from regrow.delivery.deadletters.views import AttemptView as AttemptView
from regrow.delivery.deadletters.views import DeadLetterCause as DeadLetterCause
from regrow.delivery.deadletters.views import DeadLetterDetails as DeadLetterDetails
from regrow.delivery.deadletters.views import DeadLetterPage as DeadLetterPage
from regrow.delivery.deadletters.views import DeadLetterStats as DeadLetterStats
from regrow.delivery.deadletters.views import DeadLetterSummary as DeadLetterSummary
from regrow.delivery.deadletters.views import ImportReport as ImportReport
from regrow.delivery.deadletters.views import RefusedLine as RefusedLine
from regrow.delivery.deadletters.where import Where as Where
from regrow.delivery.journal.options import JournalSettings as JournalSettings
from regrow.delivery.journal.rows import AuditEntry as AuditEntry
from regrow.delivery.journal.rows import RedriveJob as RedriveJob
from regrow.delivery.journal.store import SyncLevel as SyncLevel
from regrow.delivery.options import SendOptions as SendOptions
from regrow.delivery.persistence.declare import PersistentDecorator as PersistentDecorator
from regrow.delivery.records import Status as Status
from regrow.delivery.records import Strategy as Strategy
from regrow.runtime.genserver import IgnoreType as IgnoreType
from regrow.runtime.pid import Address as Address
from regrow.runtime.pid import Timeout as Timeout
from regrow.runtime.reservations import Reservation as Reservation

__all__ = [
    "Address",
    "AttemptView",
    "AuditEntry",
    "CallMessage",
    "CastMessage",
    "DeadLetterCause",
    "DeadLetterDetails",
    "DeadLetterPage",
    "DeadLetterStats",
    "DeadLetterSummary",
    "DeadLetters",
    "IgnoreType",
    "ImportReport",
    "JournalSettings",
    "Message",
    "PersistentDecorator",
    "RedriveJob",
    "RefusedLine",
    "Reservation",
    "SendOptions",
    "Service",
    "Status",
    "Strategy",
    "SyncLevel",
    "Timeout",
    "Where",
]
