"""From a question to passages.

    query ──► keyword ──► structure ──► passages
      words      FTS5        neighbours    merged, within the budget,
      filters    BM25        and sections  each with where and why

`pipeline.search` calls the stages in this order; `freshness` makes sure before and after that what they
say is what the files say.
"""
