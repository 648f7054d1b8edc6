"""Review: the inbox of a root, the decisions of a person, and the rules that make proposals.

proposals(root) ──► evidence(root, proposal) ──► decide(root, id, action) ──► undo(root, id)
"""

from memcairn.review.decisions import (
    Evidence,
    accept,
    decide,
    decline,
    evidence,
    proposals,
    propose,
    undo,
)

__all__ = [
    "Evidence",
    "accept",
    "decide",
    "decline",
    "evidence",
    "proposals",
    "propose",
    "undo",
]
