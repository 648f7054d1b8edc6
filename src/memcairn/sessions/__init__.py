"""Sessions, the runs of a host: each has a log and a scratch folder. Also the audit log of each root.

    Sessions(home).start(id) ──► Session.log, .scratch, .touched, .shown ──► Sessions.end

Hook calls that only log import this package, so it imports little until more is needed.
"""

from memcairn.sessions.session import Line, Session
from memcairn.sessions.sessions import Sessions

__all__ = ["Line", "Session", "Sessions"]
