"""From a query to passages.

    query ──► keyword ──► meaning ──► structure ──► periods, validity ──► passages
      words,    FTS5,       vectors,    neighbors,    boost, demote         merged, trimmed to the budget,
      filters   BM25        MaxSim      notes                               with location and scores

`pipeline.search` calls the stages in this order. `freshness` indexes changed files before a search and
checks the files of the answer after it.
"""
