-- Two models have a vector for each chunk, in a space each: 1 is the configured model; 2 is the multilingual one,
-- and exists once a note or a question is in another language than English.

-- What an embedder made of each chunk. This is kept by chunk; the blocks below hold the same vectors once
-- more, packed, because a scan reads all of them and nothing else.
CREATE TABLE embedding (
    space  INTEGER NOT NULL,
    chunk  INTEGER NOT NULL,    -- negative: the chunk is gone, the last to go has the lowest number
    hash   BLOB NOT NULL,       -- the chunk's: the same text need not be embedded twice
    slot   INTEGER,             -- its place in the blocks; NULL if the chunk is gone
    vector BLOB NOT NULL,       -- int8
    tokens BLOB NOT NULL,       -- signs of the token states; empty if the model gives none
    about  BLOB NOT NULL,       -- int8: of chunk.about alone; empty if that is
    PRIMARY KEY (space, chunk)
);
CREATE INDEX embedding_by_hash ON embedding (space, hash);

-- Slot s is row s % 512 of block s / 512.
CREATE TABLE vector_block (
    space   INTEGER NOT NULL,
    id      INTEGER NOT NULL,
    changed INTEGER NOT NULL,   -- the value of vector_state.changes when it was written
    chunks  BLOB NOT NULL,      -- int64
    notes   BLOB NOT NULL,      -- int64: of which note each chunk is
    scales  BLOB NOT NULL,      -- float32: 1 / length of the int8 vector, 0 for a vector of zeros
    vectors BLOB NOT NULL,      -- int8
    PRIMARY KEY (space, id)
);
CREATE INDEX vector_block_by_change ON vector_block (space, changed);

-- Slots whose chunk is gone. What a block says of them no longer counts.
CREATE TABLE vector_free (space INTEGER, slot INTEGER, PRIMARY KEY (space, slot)) WITHOUT ROWID;

-- Chunks that have no embedding yet.
CREATE TABLE unembedded (space INTEGER, chunk INTEGER, PRIMARY KEY (space, chunk)) WITHOUT ROWID;

CREATE TABLE vector_state (
    space      INTEGER PRIMARY KEY,
    model      TEXT NOT NULL,       -- empty: nothing was embedded yet
    dimension  INTEGER NOT NULL,
    token_bits INTEGER NOT NULL,
    epoch      INTEGER NOT NULL,    -- random, another one whenever all vectors were dropped
    changes    INTEGER NOT NULL,    -- goes up whenever a vector comes or goes
    slots      INTEGER NOT NULL     -- how many the blocks hold, free ones too
);
INSERT INTO vector_state VALUES (1, '', 0, 0, random(), 0, 0);

CREATE TRIGGER chunk_waits_for_embedding AFTER INSERT ON chunk BEGIN
    INSERT INTO unembedded SELECT space, new.id FROM vector_state;
END;

CREATE TRIGGER chunk_leaves_embedding AFTER DELETE ON chunk BEGIN
    DELETE FROM unembedded WHERE space IN (SELECT space FROM vector_state) AND chunk = old.id;
    INSERT INTO vector_free
    SELECT space, slot FROM embedding
    WHERE space IN (SELECT space FROM vector_state) AND chunk = old.id;
    UPDATE vector_state SET changes = changes + 1
    WHERE EXISTS (SELECT 1 FROM embedding WHERE space = vector_state.space AND chunk = old.id);
    UPDATE embedding
    SET slot = NULL, chunk = (
        SELECT min(chunk, 0) FROM embedding AS other WHERE other.space = embedding.space
        ORDER BY chunk LIMIT 1
    ) - 1
    WHERE space IN (SELECT space FROM vector_state) AND chunk = old.id;
END;
