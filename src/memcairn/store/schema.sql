-- A folder (or a single file) that is kept current. Notes belong to the innermost root. Roots and labels
-- are what the user said, not what the files say: roots.json in the home holds them, too.
CREATE TABLE root (
    id         INTEGER PRIMARY KEY,
    path       NOT NULL UNIQUE,         -- real path; a blob if its name is not UTF-8
    memory_md  INTEGER,                 -- 1 on, 0 off; NULL: decided by what the root is
    rules      TEXT,                    -- labels and rules that its notes got their namespaces by
    scanned_at REAL                     -- start of the last whole scan
);

-- A namespace given by the user for a path and all below it.
CREATE TABLE label (path PRIMARY KEY NOT NULL, namespace TEXT NOT NULL) WITHOUT ROWID;

-- Folders that the last scan listed: a folder whose mtime moved has other files in it.
CREATE TABLE folder (
    path     PRIMARY KEY NOT NULL,
    root     INTEGER NOT NULL REFERENCES root (id) ON DELETE CASCADE,
    mtime_ns INTEGER NOT NULL           -- 0: list it again
) WITHOUT ROWID;

CREATE TABLE note (
    id              INTEGER PRIMARY KEY,
    root            INTEGER NOT NULL REFERENCES root (id) ON DELETE CASCADE,
    path            NOT NULL UNIQUE,
    namespace       TEXT NOT NULL,
    own_namespace   TEXT,               -- by its frontmatter
    size_bytes      INTEGER NOT NULL,   -- size, mtime and inode: "may have changed"; the hash decides
    mtime_ns        INTEGER NOT NULL,
    inode           INTEGER NOT NULL,
    hash            BLOB NOT NULL,
    title           TEXT NOT NULL,
    description     TEXT NOT NULL,
    type            TEXT,
    tags            TEXT NOT NULL,      -- a JSON array
    pinned          INTEGER NOT NULL,
    date            TEXT,
    created         TEXT,
    modified        TEXT,
    valid_until     TEXT,
    superseded_by   TEXT
);
CREATE INDEX note_by_root ON note (root);
CREATE INDEX note_by_namespace ON note (namespace);
CREATE INDEX note_by_hash ON note (hash);

CREATE TABLE chunk (
    id           INTEGER PRIMARY KEY,   -- also its rowid in fulltext
    note         INTEGER NOT NULL REFERENCES note (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,      -- 0, 1, 2 … in the note
    section      INTEGER NOT NULL,
    start_line   INTEGER NOT NULL,      -- 1-based, inclusive
    end_line     INTEGER NOT NULL,
    heading_path TEXT NOT NULL,         -- a JSON array, outermost first
    text         TEXT NOT NULL,
    hash         BLOB NOT NULL          -- of everything that fulltext holds of it
);
CREATE INDEX chunk_by_note ON chunk (note, position);

-- What words.words() makes of each chunk, joined by spaces: the tokenizer has nothing left to decide.
CREATE VIRTUAL TABLE fulltext USING fts5 (
    title, heading_path, tags, date, text,
    tokenize = "ascii tokenchars '!""#$%&''()*+,-./:;<=>?@[\]^_`{|}~'"
);

CREATE TRIGGER chunk_leaves_fulltext AFTER DELETE ON chunk BEGIN
    DELETE FROM fulltext WHERE rowid = old.id;
END;

-- What is wrong with a file: found while it was read; gone once it is mended.
CREATE TABLE problem (
    path    NOT NULL,
    root    INTEGER NOT NULL REFERENCES root (id) ON DELETE CASCADE,
    line    INTEGER NOT NULL,
    message TEXT NOT NULL,
    unread  INTEGER NOT NULL            -- 1: the file could not be read at all
);
CREATE INDEX problem_by_path ON problem (path);

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
