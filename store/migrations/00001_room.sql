-- Times are milliseconds since 1970 in UTC; the views show them as text.

-- +goose Up

PRAGMA user_version = 1;

-- epoch: the name of this store's life; setup_token: the hash of the newest one, in hex.
CREATE TABLE settings (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
    name          TEXT    NOT NULL PRIMARY KEY,
    display       TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('admin', 'member', 'observer', 'bot')),
    active        INTEGER NOT NULL CHECK (active IN (0, 1)),
    password_hash TEXT    NOT NULL,
    created       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A sign-in that has ended has no row.
CREATE TABLE sessions (
    id         TEXT    NOT NULL PRIMARY KEY,
    token_hash BLOB    NOT NULL UNIQUE,
    user       TEXT    NOT NULL REFERENCES users,
    opened     INTEGER NOT NULL,
    expires    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_by_user ON sessions (user);

CREATE TABLE deals (
    id      TEXT    NOT NULL PRIMARY KEY,
    name    TEXT    NOT NULL UNIQUE,
    open    INTEGER NOT NULL CHECK (open IN (0, 1)),
    history TEXT    NOT NULL CHECK (history IN ('all', 'joined')),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- With a user the link sets that user's password and has no role and no deals.
CREATE TABLE invitations (
    token_hash BLOB    NOT NULL PRIMARY KEY,
    made_by    TEXT    REFERENCES users, -- NULL: the operator at the machine
    made       INTEGER NOT NULL,
    role       TEXT,
    user       TEXT    REFERENCES users,
    expires    INTEGER NOT NULL,
    used       INTEGER                   -- when; NULL: not yet
) STRICT, WITHOUT ROWID;

CREATE TABLE invitation_deals (
    token_hash BLOB    NOT NULL REFERENCES invitations,
    position   INTEGER NOT NULL,
    deal       TEXT    NOT NULL REFERENCES deals,
    PRIMARY KEY (token_hash, position)
) STRICT, WITHOUT ROWID;

-- All that are or were members; the latter have removed = 1.
CREATE TABLE members (
    deal    TEXT    NOT NULL REFERENCES deals,
    user    TEXT    NOT NULL REFERENCES users,
    joined  INTEGER NOT NULL,
    removed INTEGER NOT NULL CHECK (removed IN (0, 1)),
    PRIMARY KEY (deal, user)
) STRICT, WITHOUT ROWID;

-- key stands for the topic in other tables; its order is that of creation.
CREATE TABLE topics (
    key     INTEGER NOT NULL PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    deal    TEXT    NOT NULL REFERENCES deals,
    title   TEXT    NOT NULL,
    number  INTEGER NOT NULL,
    open    INTEGER NOT NULL CHECK (open IN (0, 1)),
    created INTEGER NOT NULL,
    UNIQUE (deal, title)
) STRICT;

-- The first seq that a user may read, where that is not 1.
CREATE TABLE reading_starts (
    topic INTEGER NOT NULL REFERENCES topics,
    user  TEXT    NOT NULL REFERENCES users,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (topic, user)
) STRICT, WITHOUT ROWID;

-- The log. Clustered by topic and seq: a page of history is neighboring rows.
-- salt and body are NULL where the words were removed.
CREATE TABLE messages (
    topic     INTEGER NOT NULL REFERENCES topics,
    seq       INTEGER NOT NULL,
    author    TEXT    NOT NULL REFERENCES users,
    time      INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    ref       INTEGER,          -- the seq that it speaks of
    length    INTEGER NOT NULL, -- octets of the body as first posted
    salt      BLOB,
    digest    BLOB    NOT NULL, -- SHA-256(salt || body)
    hash      BLOB    NOT NULL, -- the chain's value here
    client_id TEXT    NOT NULL,
    body      TEXT,
    PRIMARY KEY (topic, seq),
    UNIQUE (topic, author, client_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE read_marks (
    user  TEXT    NOT NULL REFERENCES users,
    topic INTEGER NOT NULL REFERENCES topics,
    seq   INTEGER NOT NULL,
    PRIMARY KEY (user, topic)
) STRICT, WITHOUT ROWID;

-- The one row says up to which event of the journal this store has come.
CREATE TABLE journal (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    position INTEGER NOT NULL
) STRICT;

INSERT INTO journal (id, position) VALUES (1, 0);

-- For people.

CREATE VIEW topic_list AS
SELECT deals.name AS deal,
       topics.number,
       topics.title,
       coalesce(newest.seq, 0) AS messages, -- a topic's seqs have no gap
       datetime(newest.time / 1000, 'unixepoch') AS last_utc,
       topics.id
FROM topics
JOIN deals ON deals.id = topics.deal
LEFT JOIN messages AS newest
       ON newest.topic = topics.key
      AND newest.seq = (SELECT max(seq) FROM messages WHERE topic = topics.key)
ORDER BY deals.name, topics.number, topics.title;

CREATE VIEW log AS
SELECT deals.name AS deal,
       topics.title AS topic,
       messages.seq,
       datetime(messages.time / 1000, 'unixepoch') AS utc,
       messages.author,
       users.display,
       messages.kind,
       messages.ref,
       messages.body
FROM messages
JOIN topics ON topics.key = messages.topic
JOIN deals ON deals.id = topics.deal
JOIN users ON users.name = messages.author
ORDER BY messages.topic, messages.seq;
