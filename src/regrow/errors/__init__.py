"""Every exception of Regrow, in one place whatever package raises it.

In brackets: the built-in exception that it is as well::

    RegrowError
        AlreadyReceiving
        AlreadyRegistered
        AlreadyReplied
        BadAddress (TypeError)
        BadChildSpec
            BadArguments
            BadAutoShutdown
            BadBackoff
            BadChildId
            BadChildName
            BadIntensity
            BadKind
            BadLimit
            BadMetadata
            BadRestart
            BadShutdown
            BadSignificant
            BadStartTimeout
            BadStrategy
            BadTarget
            DuplicateChild
            NotAChildSpec
        BadHandler
        BadPartitionKey (TypeError)
        BadPattern (TypeError)
        BadPort (TypeError)
        BadQuery (ValueError)
        BadRegistrationName (ValueError)
        BadReply (TypeError)
        BadReservation
        BadServer (TypeError)
        BadService
        BadSetting (ValueError)
        BadSubscription (TypeError)
        BadTimeout (ValueError)
            BadTimeoutEntry
            BadTimeoutFactor
            UnknownTimeout
        CallError
            CallRefused
                CallCycle
                CallFromHandler
                CallToSelf
            CallTimeout (TimeoutError)
            NoProcess
            ProcessExited
            ReplyLost
            UnknownCall
        ChildError
            ChildAlreadyPresent
            ChildAlreadyStarted
            ChildRestarting
            ChildRunning
            NoSuchChild (LookupError)
            TooManyChildren
        CircuitOpen
        CodecError
            DecodeFailed
                HandlerGone
                WrongVersion
            EncodeFailed
            NoCodec
        ControlError
            BadFrame
                FrameBroken
                FrameTooLong
            ControlClosed
            OwnerRefused
        DeadLetterError
            BadDeadLetterFilter (ValueError)
            BadDeadLetterOption (ValueError)
            BadEdit (ValueError)
            DeadLetterQuarantined
            NoSuchDeadLetter (LookupError)
            NoSuchRedrive (LookupError)
            RecipientUnknown
            RedriveOver
        DeliveryError
            BadDeliveryOption (ValueError)
            BroadcastFailed
            DeliveryExpired
            DeliveryTimeout (TimeoutError)
                NotAcceptedInTime
            NoJournal
            NotSent
        JournalError
            JournalDamaged
            JournalFailed
            JournalFull
            JournalLocked
            JournalNotLocal
            JournalNotRunning
            JournalTooNew
            StaleEpoch
        MailboxFull
            MailboxStayedFull (TimeoutError)
        NameTaken
        NoReplyExpected
        NoSuchPartition
        NotAMessage
        NotAProcess
        NotGuardable (TypeError)
        NotMine
        NotRegistered (LookupError)
        OtherSystem
        PersistenceError
            BadPersistence (TypeError)
            NoRegisteredName
            NotPersistent
            NothingSetAside (LookupError)
            StateNotStorable
            StateSetAside
            StateTooNew
            StillRunning
            UpgradeFailed
        PidNotPicklable (TypeError)
        PlaceTimeout (TimeoutError)
        ReceiveTimeout (TimeoutError)
        StartError
            BadInitResult (TypeError)
            ChildStartFailed
            InitFailed
            StartTimeout (TimeoutError)
        SystemStateError
            AlreadyAProcess
            AlreadyStarted
            ForkedSystem
            LoopRunning
            LoopThread
            NoSuchService (LookupError)
            NotStarted
            NotSuspendable
            StopTimeout (TimeoutError)
            SystemFailed
            UnsupervisedTask
            WrongLoop
            WrongThread
            ZombieProcess
        TestKitError
            AlreadyIsolated
            BadEvents (ValueError)
            BadFault (ValueError)
            BadProbe (ValueError)
            BadSimulation (TypeError)
            BadToken (ValueError)
            BadWait (ValueError)
            BarrierBroken (AssertionError)
            BecameTrue (AssertionError)
            BisectError
                NotCollected
                NotPolluted
                RunBroken
                VictimFailsAlone
            ChildIgnored
            Contaminated (AssertionError)
            CrashMissing (AssertionError)
            Deadlock (AssertionError)
            EventMissing (AssertionError)
            EventUnwanted (AssertionError)
            FenceBroken (AssertionError)
            GateStayedClosed (AssertionError)
            InjectedCrash
            InvariantBroken (AssertionError)
            KitNotOpen
            KitSupervisorEnded (AssertionError)
            LeaksFound (AssertionError)
            LeftBehind (UserWarning)
            NeverIdle (AssertionError)
            NoKitSystem
            NoProgress (AssertionError)
            NoReply
            NotDeclared
            NotDeterministic (AssertionError)
            NotReceived (AssertionError)
            NotStartedHere (LookupError)
            NotVirtual
            ProbeNotRunning
            ReceivedAfterAll (AssertionError)
            ReplayDiffers (AssertionError)
            SequenceBroken (AssertionError)
            SimulationFailed (AssertionError)
            SleepInTest (AssertionError)
            StaleOptOut (AssertionError)
            StopFailed (AssertionError)
            TasksLeft (AssertionError)
            TeardownFailed (ExceptionGroup, AssertionError)
            TestTimeout (AssertionError)
            TooManySteps (AssertionError)
            TookTooLong (AssertionError)
            UnexpectedCrash (AssertionError)
            UnhandledInRun (AssertionError)
            WaitFailed (AssertionError)
                NotAllTrue
                NotHandled
                NotReady
                NotRestarted
                StillAlive
            WhichSystem (LookupError)
            WrongOrder (AssertionError)
        WaitTimeout (TimeoutError)
        WrongKind (TypeError)
        WrongServer (TypeError)
"""

from regrow.errors.base import RegrowError as RegrowError
from regrow.errors.calls import AlreadyReplied as AlreadyReplied
from regrow.errors.calls import BadReply as BadReply
from regrow.errors.calls import CallCycle as CallCycle
from regrow.errors.calls import CallError as CallError
from regrow.errors.calls import CallFromHandler as CallFromHandler
from regrow.errors.calls import CallRefused as CallRefused
from regrow.errors.calls import CallTimeout as CallTimeout
from regrow.errors.calls import CallToSelf as CallToSelf
from regrow.errors.calls import NoProcess as NoProcess
from regrow.errors.calls import NoReplyExpected as NoReplyExpected
from regrow.errors.calls import ProcessExited as ProcessExited
from regrow.errors.calls import ReplyLost as ReplyLost
from regrow.errors.calls import UnknownCall as UnknownCall
from regrow.errors.calls import WrongKind as WrongKind
from regrow.errors.calls import WrongServer as WrongServer
from regrow.errors.children import BadInitResult as BadInitResult
from regrow.errors.children import ChildAlreadyPresent as ChildAlreadyPresent
from regrow.errors.children import ChildAlreadyStarted as ChildAlreadyStarted
from regrow.errors.children import ChildError as ChildError
from regrow.errors.children import ChildRestarting as ChildRestarting
from regrow.errors.children import ChildRunning as ChildRunning
from regrow.errors.children import ChildStartFailed as ChildStartFailed
from regrow.errors.children import InitFailed as InitFailed
from regrow.errors.children import NoSuchChild as NoSuchChild
from regrow.errors.children import NoSuchPartition as NoSuchPartition
from regrow.errors.children import StartError as StartError
from regrow.errors.children import StartTimeout as StartTimeout
from regrow.errors.children import TooManyChildren as TooManyChildren
from regrow.errors.control import BadFrame as BadFrame
from regrow.errors.control import ControlClosed as ControlClosed
from regrow.errors.control import ControlError as ControlError
from regrow.errors.control import FrameBroken as FrameBroken
from regrow.errors.control import FrameTooLong as FrameTooLong
from regrow.errors.control import OwnerRefused as OwnerRefused
from regrow.errors.deadletters import BadDeadLetterFilter as BadDeadLetterFilter
from regrow.errors.deadletters import BadDeadLetterOption as BadDeadLetterOption
from regrow.errors.deadletters import BadEdit as BadEdit
from regrow.errors.deadletters import DeadLetterError as DeadLetterError
from regrow.errors.deadletters import DeadLetterQuarantined as DeadLetterQuarantined
from regrow.errors.deadletters import NoSuchDeadLetter as NoSuchDeadLetter
from regrow.errors.deadletters import NoSuchRedrive as NoSuchRedrive
from regrow.errors.deadletters import RecipientUnknown as RecipientUnknown
from regrow.errors.deadletters import RedriveOver as RedriveOver
from regrow.errors.delivery import BadDeliveryOption as BadDeliveryOption
from regrow.errors.delivery import BroadcastFailed as BroadcastFailed
from regrow.errors.delivery import DeliveryError as DeliveryError
from regrow.errors.delivery import DeliveryExpired as DeliveryExpired
from regrow.errors.delivery import DeliveryTimeout as DeliveryTimeout
from regrow.errors.delivery import MailboxStayedFull as MailboxStayedFull
from regrow.errors.delivery import NoJournal as NoJournal
from regrow.errors.delivery import NotAcceptedInTime as NotAcceptedInTime
from regrow.errors.delivery import NotSent as NotSent
from regrow.errors.faults import BadFault as BadFault
from regrow.errors.faults import FenceBroken as FenceBroken
from regrow.errors.faults import InjectedCrash as InjectedCrash
from regrow.errors.isolation import AlreadyIsolated as AlreadyIsolated
from regrow.errors.isolation import BisectError as BisectError
from regrow.errors.isolation import ChildIgnored as ChildIgnored
from regrow.errors.isolation import Contaminated as Contaminated
from regrow.errors.isolation import CrashMissing as CrashMissing
from regrow.errors.isolation import KitNotOpen as KitNotOpen
from regrow.errors.isolation import KitSupervisorEnded as KitSupervisorEnded
from regrow.errors.isolation import LeaksFound as LeaksFound
from regrow.errors.isolation import NoKitSystem as NoKitSystem
from regrow.errors.isolation import NotCollected as NotCollected
from regrow.errors.isolation import NotPolluted as NotPolluted
from regrow.errors.isolation import NotStartedHere as NotStartedHere
from regrow.errors.isolation import RunBroken as RunBroken
from regrow.errors.isolation import StaleOptOut as StaleOptOut
from regrow.errors.isolation import StopFailed as StopFailed
from regrow.errors.isolation import TeardownFailed as TeardownFailed
from regrow.errors.isolation import UnexpectedCrash as UnexpectedCrash
from regrow.errors.isolation import VictimFailsAlone as VictimFailsAlone
from regrow.errors.journal import JournalDamaged as JournalDamaged
from regrow.errors.journal import JournalError as JournalError
from regrow.errors.journal import JournalFailed as JournalFailed
from regrow.errors.journal import JournalFull as JournalFull
from regrow.errors.journal import JournalLocked as JournalLocked
from regrow.errors.journal import JournalNotLocal as JournalNotLocal
from regrow.errors.journal import JournalNotRunning as JournalNotRunning
from regrow.errors.journal import JournalTooNew as JournalTooNew
from regrow.errors.journal import StaleEpoch as StaleEpoch
from regrow.errors.mailboxes import AlreadyReceiving as AlreadyReceiving
from regrow.errors.mailboxes import BadPattern as BadPattern
from regrow.errors.mailboxes import BadReservation as BadReservation
from regrow.errors.mailboxes import MailboxFull as MailboxFull
from regrow.errors.mailboxes import PlaceTimeout as PlaceTimeout
from regrow.errors.mailboxes import ReceiveTimeout as ReceiveTimeout
from regrow.errors.messages import BadHandler as BadHandler
from regrow.errors.messages import CodecError as CodecError
from regrow.errors.messages import DecodeFailed as DecodeFailed
from regrow.errors.messages import EncodeFailed as EncodeFailed
from regrow.errors.messages import HandlerGone as HandlerGone
from regrow.errors.messages import NoCodec as NoCodec
from regrow.errors.messages import NotAMessage as NotAMessage
from regrow.errors.messages import WrongVersion as WrongVersion
from regrow.errors.names import AlreadyRegistered as AlreadyRegistered
from regrow.errors.names import BadQuery as BadQuery
from regrow.errors.names import BadRegistrationName as BadRegistrationName
from regrow.errors.names import NameTaken as NameTaken
from regrow.errors.names import NotRegistered as NotRegistered
from regrow.errors.observing import BadEvents as BadEvents
from regrow.errors.observing import EventMissing as EventMissing
from regrow.errors.observing import EventUnwanted as EventUnwanted
from regrow.errors.observing import WhichSystem as WhichSystem
from regrow.errors.observing import WrongOrder as WrongOrder
from regrow.errors.persistence import BadPersistence as BadPersistence
from regrow.errors.persistence import NoRegisteredName as NoRegisteredName
from regrow.errors.persistence import NothingSetAside as NothingSetAside
from regrow.errors.persistence import NotPersistent as NotPersistent
from regrow.errors.persistence import PersistenceError as PersistenceError
from regrow.errors.persistence import StateNotStorable as StateNotStorable
from regrow.errors.persistence import StateSetAside as StateSetAside
from regrow.errors.persistence import StateTooNew as StateTooNew
from regrow.errors.persistence import StillRunning as StillRunning
from regrow.errors.persistence import UpgradeFailed as UpgradeFailed
from regrow.errors.plugin import LeftBehind as LeftBehind
from regrow.errors.plugin import SleepInTest as SleepInTest
from regrow.errors.plugin import TestTimeout as TestTimeout
from regrow.errors.probes import BadProbe as BadProbe
from regrow.errors.probes import NoReply as NoReply
from regrow.errors.probes import NotReceived as NotReceived
from regrow.errors.probes import ProbeNotRunning as ProbeNotRunning
from regrow.errors.probes import ReceivedAfterAll as ReceivedAfterAll
from regrow.errors.processes import BadServer as BadServer
from regrow.errors.processes import NotAProcess as NotAProcess
from regrow.errors.processes import NotMine as NotMine
from regrow.errors.references import BadAddress as BadAddress
from regrow.errors.references import BadPartitionKey as BadPartitionKey
from regrow.errors.references import OtherSystem as OtherSystem
from regrow.errors.references import PidNotPicklable as PidNotPicklable
from regrow.errors.references import WaitTimeout as WaitTimeout
from regrow.errors.resilience import CircuitOpen as CircuitOpen
from regrow.errors.resilience import NotGuardable as NotGuardable
from regrow.errors.settings import BadPort as BadPort
from regrow.errors.settings import BadService as BadService
from regrow.errors.settings import BadSetting as BadSetting
from regrow.errors.settings import BadSubscription as BadSubscription
from regrow.errors.simulation import BadSimulation as BadSimulation
from regrow.errors.simulation import BadToken as BadToken
from regrow.errors.simulation import InvariantBroken as InvariantBroken
from regrow.errors.simulation import NotDeterministic as NotDeterministic
from regrow.errors.simulation import ReplayDiffers as ReplayDiffers
from regrow.errors.simulation import SimulationFailed as SimulationFailed
from regrow.errors.simulation import TasksLeft as TasksLeft
from regrow.errors.simulation import TooManySteps as TooManySteps
from regrow.errors.simulation import UnhandledInRun as UnhandledInRun
from regrow.errors.specs import BadArguments as BadArguments
from regrow.errors.specs import BadAutoShutdown as BadAutoShutdown
from regrow.errors.specs import BadBackoff as BadBackoff
from regrow.errors.specs import BadChildId as BadChildId
from regrow.errors.specs import BadChildName as BadChildName
from regrow.errors.specs import BadChildSpec as BadChildSpec
from regrow.errors.specs import BadIntensity as BadIntensity
from regrow.errors.specs import BadKind as BadKind
from regrow.errors.specs import BadLimit as BadLimit
from regrow.errors.specs import BadMetadata as BadMetadata
from regrow.errors.specs import BadRestart as BadRestart
from regrow.errors.specs import BadShutdown as BadShutdown
from regrow.errors.specs import BadSignificant as BadSignificant
from regrow.errors.specs import BadStartTimeout as BadStartTimeout
from regrow.errors.specs import BadStrategy as BadStrategy
from regrow.errors.specs import BadTarget as BadTarget
from regrow.errors.specs import DuplicateChild as DuplicateChild
from regrow.errors.specs import NotAChildSpec as NotAChildSpec
from regrow.errors.sync import BarrierBroken as BarrierBroken
from regrow.errors.sync import GateStayedClosed as GateStayedClosed
from regrow.errors.sync import SequenceBroken as SequenceBroken
from regrow.errors.system import AlreadyAProcess as AlreadyAProcess
from regrow.errors.system import AlreadyStarted as AlreadyStarted
from regrow.errors.system import ForkedSystem as ForkedSystem
from regrow.errors.system import LoopRunning as LoopRunning
from regrow.errors.system import LoopThread as LoopThread
from regrow.errors.system import NoSuchService as NoSuchService
from regrow.errors.system import NotStarted as NotStarted
from regrow.errors.system import NotSuspendable as NotSuspendable
from regrow.errors.system import StopTimeout as StopTimeout
from regrow.errors.system import SystemFailed as SystemFailed
from regrow.errors.system import SystemStateError as SystemStateError
from regrow.errors.system import UnsupervisedTask as UnsupervisedTask
from regrow.errors.system import WrongLoop as WrongLoop
from regrow.errors.system import WrongThread as WrongThread
from regrow.errors.system import ZombieProcess as ZombieProcess
from regrow.errors.testing import Deadlock as Deadlock
from regrow.errors.testing import NoProgress as NoProgress
from regrow.errors.testing import NotDeclared as NotDeclared
from regrow.errors.testing import NotVirtual as NotVirtual
from regrow.errors.testing import TestKitError as TestKitError
from regrow.errors.testing import TookTooLong as TookTooLong
from regrow.errors.timeouts import BadTimeout as BadTimeout
from regrow.errors.timeouts import BadTimeoutEntry as BadTimeoutEntry
from regrow.errors.timeouts import BadTimeoutFactor as BadTimeoutFactor
from regrow.errors.timeouts import UnknownTimeout as UnknownTimeout
from regrow.errors.waiting import BadWait as BadWait
from regrow.errors.waiting import BecameTrue as BecameTrue
from regrow.errors.waiting import NeverIdle as NeverIdle
from regrow.errors.waiting import NotAllTrue as NotAllTrue
from regrow.errors.waiting import NotHandled as NotHandled
from regrow.errors.waiting import NotReady as NotReady
from regrow.errors.waiting import NotRestarted as NotRestarted
from regrow.errors.waiting import StillAlive as StillAlive
from regrow.errors.waiting import WaitFailed as WaitFailed


def _publish(names: dict[str, object]) -> None:
    # Tracebacks and pickles name the public place, so that an error's module can change.
    for value in tuple(names.values()):
        if isinstance(value, type):
            value.__module__ = __name__


_publish(globals())
