"""Sessions: one run of a host each, with a log and a scratch folder; and the audit log of each root.

    Sessions(home).start(id) ──► Session.log, .scratch, .touched, .shown ──► Sessions.end

A hook call that only logs imports this, so that nothing here imports much before it is needed.
"""

from memcairn.sessions.session import Line, Session
from memcairn.sessions.sessions import Sessions

__all__ = ["Line", "Session", "Sessions"]
