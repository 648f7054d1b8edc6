-- What an embedder made of each chunk. This is kept by chunk; the blocks below hold the same vectors once
-- more, packed, because a scan reads all of them and nothing else.
CREATE TABLE embedding (
    chunk  INTEGER PRIMARY KEY, -- negative: the chunk is gone, the last to go has the lowest number
    hash   BLOB NOT NULL,       -- the chunk's: the same text need not be embedded twice
    slot   INTEGER,             -- its place in the blocks; NULL if the chunk is gone
    vector BLOB NOT NULL,       -- int8
    tokens BLOB NOT NULL        -- signs of the token states; empty if the model gives none
);
CREATE INDEX embedding_by_hash ON embedding (hash);

-- Slot s is row s % 512 of block s / 512.
CREATE TABLE vector_block (
    id      INTEGER PRIMARY KEY,
    changed INTEGER NOT NULL,   -- the value of vector_state.changes when it was written
    chunks  BLOB NOT NULL,      -- int64
    notes   BLOB NOT NULL,      -- int64: of which note each chunk is
    scales  BLOB NOT NULL,      -- float32: 1 / length of the int8 vector, 0 for a vector of zeros
    vectors BLOB NOT NULL       -- int8
);
CREATE INDEX vector_block_by_change ON vector_block (changed);

-- Slots whose chunk is gone. What a block says of them no longer counts.
CREATE TABLE vector_free (slot INTEGER PRIMARY KEY);

-- Chunks that have no embedding yet.
CREATE TABLE unembedded (chunk INTEGER PRIMARY KEY);

CREATE TABLE vector_state (
    id         INTEGER PRIMARY KEY CHECK (id = 1),
    model      TEXT NOT NULL,       -- empty: nothing was embedded yet
    dimension  INTEGER NOT NULL,
    token_bits INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,    -- random, another one whenever all vectors were dropped
    changes    INTEGER NOT NULL,    -- goes up whenever a vector comes or goes
    slots      INTEGER NOT NULL     -- how many the blocks hold, free ones too
);
INSERT INTO vector_state VALUES (1, '', 0, 0, random(), 0, 0);

CREATE TRIGGER chunk_waits_for_embedding AFTER INSERT ON chunk BEGIN
    INSERT INTO unembedded VALUES (new.id);
END;

CREATE TRIGGER chunk_leaves_embedding AFTER DELETE ON chunk BEGIN
    DELETE FROM unembedded WHERE chunk = old.id;
    INSERT INTO vector_free SELECT slot FROM embedding WHERE chunk = old.id;
    UPDATE vector_state SET changes = changes + 1
    WHERE EXISTS (SELECT 1 FROM embedding WHERE chunk = old.id);
    UPDATE embedding
    SET slot = NULL, chunk = (SELECT min(chunk, 0) FROM embedding ORDER BY chunk LIMIT 1) - 1
    WHERE chunk = old.id;
END;
