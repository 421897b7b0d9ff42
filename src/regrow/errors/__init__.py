"""Every exception of Regrow."""

from regrow.errors.base import RegrowError as RegrowError
from regrow.errors.settings import BadPort as BadPort
from regrow.errors.settings import BadService as BadService
from regrow.errors.settings import BadSetting as BadSetting
from regrow.errors.specs import BadArguments as BadArguments
from regrow.errors.specs import BadAutoShutdown as BadAutoShutdown
from regrow.errors.specs import BadBackoff as BadBackoff
from regrow.errors.specs import BadChildId as BadChildId
from regrow.errors.specs import BadChildName as BadChildName
from regrow.errors.specs import BadChildSpec as BadChildSpec
from regrow.errors.specs import BadIntensity as BadIntensity
from regrow.errors.specs import BadKind as BadKind
from regrow.errors.specs import BadMetadata as BadMetadata
from regrow.errors.specs import BadRestart as BadRestart
from regrow.errors.specs import BadShutdown as BadShutdown
from regrow.errors.specs import BadSignificant as BadSignificant
from regrow.errors.specs import BadStartTimeout as BadStartTimeout
from regrow.errors.specs import BadStrategy as BadStrategy
from regrow.errors.specs import BadTarget as BadTarget
from regrow.errors.specs import DuplicateChild as DuplicateChild
from regrow.errors.specs import NotAChildSpec as NotAChildSpec
from regrow.errors.timeouts import BadTimeout as BadTimeout
from regrow.errors.timeouts import BadTimeoutEntry as BadTimeoutEntry
from regrow.errors.timeouts import BadTimeoutFactor as BadTimeoutFactor
from regrow.errors.timeouts import UnknownTimeout as UnknownTimeout
