"""Sync: the same notes on several machines and in a team, over any git remote.

    notes folder ──commit──► repository in the home ──push──► remote ──fetch──► … other machines
         ▲                        │ merge-tree, notes by their parts
         └────────── apply ───────┘ never a conflict marker; what arrives is scanned

A scope is a name, a kind, a remote and the root that is its checkout on this machine.
"""
