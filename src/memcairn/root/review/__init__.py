"""Review: the inbox of a root, the decisions of a person, and the rules that make proposals.

proposals(root) ──► evidence(root, proposal) ──► decide(root, id, action) ──► undo(root, id)
"""

from memcairn.root.review.decisions import (
    Evidence,
    accept,
    decide,
    decline,
    evidence,
    proposals,
    propose,
    undo,
)
from memcairn.root.review.rules import WrittenNote, ask_about_written, tidy, written_by_agents

__all__ = [
    "Evidence",
    "WrittenNote",
    "accept",
    "ask_about_written",
    "decide",
    "decline",
    "evidence",
    "proposals",
    "propose",
    "tidy",
    "undo",
    "written_by_agents",
]
