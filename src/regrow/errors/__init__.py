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
        ComplianceError
            BadApplication (TypeError)
            BadCompliance (ValueError)
            BadExcuse (LookupError)
            CouldNotRun
            LoopHeld (TimeoutError)
            NotCompliant (AssertionError)
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
            HandOutLost
            NoJournal
            NotSent
        FixError
            CantEncode
            FileChanged
            FixesDontSettle
            HardLinked
            MixedLineEnds
            NotVerified
        JournalError
            JournalDamaged
            JournalFailed
            JournalFull
            JournalLocked
            JournalNotLocal
            JournalNotRunning
            JournalTooNew
            StaleEpoch
        LintError
            BadBaseline (ValueError)
            BadLintSetting (ValueError)
            BadRule (TypeError)
            BaselineGrows
            CantUndo
            DirtyTree
            FailsAlready
            GitFailed
            NoSuchJournal (LookupError)
            NothingToCheck
            RuleFailed
            StreamFailed
            UnknownMigration (LookupError)
            UnknownRule (LookupError)
            WorkerEnded
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
            GuardUsed
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
            PackageNotFound (LookupError)
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

from typing import TYPE_CHECKING

# A module is added in two places: in the imports here, for the type checkers, and in the list below, for the
# interpreter. The linter needs two of them, and its start would take a fifth longer with all of them.
if TYPE_CHECKING:
    from regrow.errors.base import RegrowError as RegrowError
    from regrow.errors.calls import *
    from regrow.errors.children import *
    from regrow.errors.comply import *
    from regrow.errors.control import *
    from regrow.errors.deadletters import *
    from regrow.errors.delivery import *
    from regrow.errors.faults import *
    from regrow.errors.fixing import *
    from regrow.errors.isolation import *
    from regrow.errors.journal import *
    from regrow.errors.lint import *
    from regrow.errors.mailboxes import *
    from regrow.errors.messages import *
    from regrow.errors.names import *
    from regrow.errors.observing import *
    from regrow.errors.persistence import *
    from regrow.errors.plugin import *
    from regrow.errors.probes import *
    from regrow.errors.processes import *
    from regrow.errors.references import *
    from regrow.errors.resilience import *
    from regrow.errors.settings import *
    from regrow.errors.simulation import *
    from regrow.errors.specs import *
    from regrow.errors.sync import *
    from regrow.errors.system import *
    from regrow.errors.testing import Deadlock as Deadlock
    from regrow.errors.testing import NoProgress as NoProgress
    from regrow.errors.testing import NotDeclared as NotDeclared
    from regrow.errors.testing import NotVirtual as NotVirtual
    from regrow.errors.testing import TestKitError as TestKitError
    from regrow.errors.testing import TookTooLong as TookTooLong
    from regrow.errors.timeouts import *
    from regrow.errors.waiting import *
else:
    from importlib import import_module

    from regrow.errors.base import RegrowError

    _MODULES = (
        *("calls", "children", "comply", "control", "deadletters", "delivery", "faults", "fixing"),
        *("isolation", "journal", "lint", "mailboxes", "messages", "names", "observing", "persistence"),
        *("plugin", "probes", "processes", "references", "resilience", "settings", "simulation", "specs"),
        *("sync", "system", "testing", "timeouts", "waiting"),
    )

    def _load() -> dict[str, type[RegrowError]]:
        modules = [vars(import_module(f"regrow.errors.{name}")) for name in _MODULES]
        kinds = {name: module[name] for module in modules for name in module["__all__"]}
        errors = {name: kind for name, kind in kinds.items() if issubclass(kind, RegrowError)}
        globals().update(errors)
        return errors

    def __getattr__(name: str) -> object:
        if name == "__all__":
            return ["RegrowError", *_load()]
        errors = {} if name.startswith("_") else _load()
        if name not in errors:
            raise AttributeError(f"module 'regrow.errors' has no attribute {name!r}")  # noqa: TRY003
        return errors[name]

    def __dir__() -> list[str]:
        return sorted({*globals(), *_load()})
