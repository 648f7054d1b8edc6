-- A folder that is kept current. Notes belong to the innermost root. Roots, loose files and labels are
-- what the user said, not what the files say: roots.json in the home holds them, too.
CREATE TABLE root (
    id         INTEGER PRIMARY KEY,
    path       NOT NULL UNIQUE,         -- real path; a blob if its name is not UTF-8
    memory_md  INTEGER,                 -- 1 on, 0 off; NULL: decided by what the root is
    rules      TEXT,                    -- labels and rules that its notes got their namespaces by
    scanned_at REAL,                    -- start of the last whole scan
    device     INTEGER,                 -- of the folder at that scan; NULL: never scanned
    inode      INTEGER,
    links      INTEGER NOT NULL DEFAULT 0, -- symlinks at that scan, which are not followed
    named_out  INTEGER NOT NULL DEFAULT 0  -- folders that were left out by their names
);

-- Notes outside every root that the user named one by one. Their rows have the root 0, which is not a folder.
INSERT INTO root (id, path, memory_md) VALUES (0, '', 0);
CREATE TABLE loose_file (path PRIMARY KEY NOT NULL) WITHOUT ROWID;

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
    superseded_by   TEXT,
    language        TEXT NOT NULL DEFAULT '', -- an ISO 639-1 code; empty: not known
    decision        ,                   -- folder/#number of a decision record, as other_note.place may name it
    sources         TEXT NOT NULL DEFAULT '[]', -- a JSON array: the places in code that it is based on
    source          TEXT NOT NULL DEFAULT '', -- what wrote it
    about           TEXT NOT NULL DEFAULT '[]' -- a JSON array: what all of its chunks are found by, beside the title
);
CREATE INDEX note_by_root ON note (root);
CREATE INDEX note_by_namespace ON note (namespace);
CREATE INDEX note_by_hash ON note (hash);

-- The other notes that a note supersedes, amends or is amended by: the paths that its words may mean.
CREATE TABLE other_note (
    note   INTEGER NOT NULL REFERENCES note (id) ON DELETE CASCADE,
    place  NOT NULL,
    relation TEXT NOT NULL,             -- supersedes, amends, amended by
    PRIMARY KEY (place, note, relation)
) WITHOUT ROWID;
CREATE INDEX other_note_by_note ON other_note (note);
CREATE INDEX note_by_decision ON note (decision) WHERE decision IS NOT NULL;

CREATE TABLE chunk (
    id           INTEGER PRIMARY KEY,   -- also its rowid in fulltext
    note         INTEGER NOT NULL REFERENCES note (id) ON DELETE CASCADE,
    position     INTEGER NOT NULL,      -- 0, 1, 2 … in the note
    section      INTEGER NOT NULL,
    start_line   INTEGER NOT NULL,      -- 1-based, inclusive
    end_line     INTEGER NOT NULL,
    heading_path TEXT NOT NULL,         -- a JSON array, outermost first
    text         TEXT NOT NULL,
    about        TEXT NOT NULL DEFAULT '', -- embedded before the text; empty except in a note's first chunk
    hash         BLOB NOT NULL,         -- of about and text: its embedding depends on nothing else
    words_hash   BLOB NOT NULL DEFAULT x'' -- of everything that fulltext holds of it
);
CREATE INDEX chunk_by_note ON chunk (note, position);

-- What words.words() makes of each chunk, joined by spaces: the tokenizer has nothing left to decide.
CREATE VIRTUAL TABLE fulltext USING fts5 (
    title, about, heading_path, tags, date, other, text,
    tokenize = "ascii tokenchars '!""#$%&''()*+,-./:;<=>?@[\]^_`{|}~'"
);

-- How much it gathers before it writes: larger pieces need less merging, and take less room.
INSERT INTO fulltext (fulltext, rank) VALUES ('hashsize', 4194304);

CREATE TRIGGER chunk_leaves_fulltext AFTER DELETE ON chunk BEGIN
    DELETE FROM fulltext WHERE rowid = old.id;
END;

-- Problems found while reading a file; deleted once the file is fixed.
CREATE TABLE problem (
    path    NOT NULL,
    root    INTEGER NOT NULL REFERENCES root (id) ON DELETE CASCADE,
    line    INTEGER NOT NULL,
    message TEXT NOT NULL,
    unread  INTEGER NOT NULL            -- 1: the file could not be read at all
);
CREATE INDEX problem_by_path ON problem (path);

-- Files that were read and are not notes (binary, too large, not UTF-8, or an index page). While their
-- signature stays the same, scans do not read them again.
CREATE TABLE no_note (
    path       PRIMARY KEY NOT NULL,
    root       INTEGER NOT NULL REFERENCES root (id) ON DELETE CASCADE,
    size_bytes INTEGER NOT NULL,
    mtime_ns   INTEGER NOT NULL,
    inode      INTEGER NOT NULL,
    max_bytes  INTEGER NOT NULL         -- the setting index.max_file_bytes then
) WITHOUT ROWID;

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

-- Days on which a note was of use: read, or shown to a model that asked.
CREATE TABLE note_use (
    note INTEGER NOT NULL REFERENCES note (id) ON DELETE CASCADE,
    day  INTEGER NOT NULL,              -- proleptic ordinal
    PRIMARY KEY (note, day)
) WITHOUT ROWID;

-- The same of notes that left the index, by content, so that a note that comes back keeps its uses.
CREATE TABLE former_use (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL,
    day  INTEGER NOT NULL
);
CREATE INDEX former_use_by_hash ON former_use (hash);
CREATE TRIGGER note_leaves_uses BEFORE DELETE ON note BEGIN
    INSERT INTO former_use (hash, day) SELECT old.hash, day FROM note_use WHERE note = old.id;
    DELETE FROM former_use WHERE seq <= (SELECT MAX(seq) FROM former_use) - 50000;
END;
CREATE TRIGGER note_brings_uses AFTER INSERT ON note
WHEN EXISTS (SELECT 1 FROM former_use WHERE hash = new.hash) BEGIN
    INSERT OR IGNORE INTO note_use (note, day) SELECT new.id, day FROM former_use WHERE hash = new.hash;
    DELETE FROM former_use WHERE hash = new.hash;
END;

-- ── MEMORY.md ──

-- A root whose MEMORY.md is kept current, and what the last update left.
CREATE TABLE memory_md (
    root    INTEGER PRIMARY KEY REFERENCES root (id) ON DELETE CASCADE,
    day     INTEGER NOT NULL,           -- the day (proleptic ordinal) for which the file is right; 0: none
    size_bytes, mtime_ns, inode,        -- of the file as it was written; NULL: not yet
    kept    TEXT                        -- for the next update; NULL: render everything
);

-- What MEMORY.md says of a note, by the path's bytes below the root.
CREATE TABLE memory_md_note (
    root         INTEGER NOT NULL REFERENCES memory_md (root) ON DELETE CASCADE,
    key          BLOB NOT NULL,
    file_name    BLOB NOT NULL,
    beside_pages INTEGER NOT NULL,      -- 1: it stands in the folder of the index pages
    rank         INTEGER NOT NULL,      -- the higher the better
    title        TEXT NOT NULL,         -- without secrets, like the description
    description  TEXT NOT NULL,
    type         TEXT,
    pinned       INTEGER NOT NULL,
    changed      INTEGER NOT NULL,      -- a day, proleptic ordinal
    second       INTEGER NOT NULL,      -- of that day
    used_day     INTEGER,               -- the last day before the present one
    use_count    INTEGER NOT NULL,      -- days before the present one
    valid_until  TEXT,
    superseded   INTEGER NOT NULL,
    PRIMARY KEY (root, key)
) WITHOUT ROWID;
CREATE INDEX memory_md_best ON memory_md_note (root, pinned DESC, rank DESC, key) WHERE NOT superseded;
CREATE INDEX memory_md_file_name ON memory_md_note (root, file_name);
CREATE INDEX memory_md_beside_pages ON memory_md_note (root) WHERE beside_pages;

-- Notes that came, went or changed since their MEMORY.md was written. Triggers fill it in the transaction
-- that changes the note, so that an update which a crash prevented is made up for by the next one.
CREATE TABLE memory_md_changed (
    seq  INTEGER PRIMARY KEY AUTOINCREMENT,
    root INTEGER NOT NULL,
    path NOT NULL
);
CREATE INDEX memory_md_changed_by_root ON memory_md_changed (root);
CREATE TRIGGER note_comes AFTER INSERT ON note
WHEN EXISTS (SELECT 1 FROM memory_md WHERE root = new.root) BEGIN
    INSERT INTO memory_md_changed (root, path) VALUES (new.root, new.path);
END;
CREATE TRIGGER note_goes AFTER DELETE ON note
WHEN EXISTS (SELECT 1 FROM memory_md WHERE root = old.root) BEGIN
    INSERT INTO memory_md_changed (root, path) VALUES (old.root, old.path);
END;
-- Of a file without a time (mtime_ns 0), the time may be another one now.
CREATE TRIGGER note_changes AFTER UPDATE OF
    title, description, type, pinned, date, created, modified, valid_until, superseded_by, mtime_ns ON note
WHEN EXISTS (SELECT 1 FROM memory_md WHERE root = new.root)
    AND (new.mtime_ns = 0
         OR (new.title, new.description, new.type, new.pinned, new.date, new.created, new.modified,
             new.valid_until, new.superseded_by, new.mtime_ns)
         IS NOT (old.title, old.description, old.type, old.pinned, old.date, old.created, old.modified,
                 old.valid_until, old.superseded_by, old.mtime_ns)) BEGIN
    INSERT INTO memory_md_changed (root, path) VALUES (new.root, new.path);
END;
CREATE TRIGGER note_is_superseded AFTER INSERT ON other_note BEGIN
    INSERT INTO memory_md_changed (root, path)
    SELECT note.root, note.path FROM note JOIN memory_md ON memory_md.root = note.root
    WHERE note.path = new.place OR note.decision = new.place;
END;
CREATE TRIGGER note_stands_again AFTER DELETE ON other_note BEGIN
    INSERT INTO memory_md_changed (root, path)
    SELECT note.root, note.path FROM note JOIN memory_md ON memory_md.root = note.root
    WHERE note.path = old.place OR note.decision = old.place;
END;
CREATE TRIGGER note_moves AFTER UPDATE OF root, path ON note
WHEN (new.root, new.path) IS NOT (old.root, old.path) BEGIN
    INSERT INTO memory_md_changed (root, path)
    SELECT root, CASE root WHEN old.root THEN old.path ELSE new.path END
    FROM memory_md WHERE root IN (old.root, new.root);
    INSERT INTO memory_md_changed (root, path)
    SELECT root, new.path FROM memory_md WHERE root = new.root AND new.root = old.root;
END;
CREATE TRIGGER root_goes AFTER DELETE ON root BEGIN
    DELETE FROM memory_md_changed WHERE root = old.id;
END;
