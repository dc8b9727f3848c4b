-- +goose Up

PRAGMA user_version = 2;

-- The log again, its rows in the order in which they come, and found by an
-- index. SQLite's secure_delete overwrites what is deleted, but not always what
-- is left of rows that were moved to another page to make room between them:
-- clustered by topic, the log would keep a copy of some words that were removed.
-- Rows that are only added behind the last one are never moved.
PRAGMA legacy_alter_table = ON; -- the views mean whatever has the name

CREATE TABLE appended (
    topic     INTEGER NOT NULL REFERENCES topics,
    seq       INTEGER NOT NULL,
    author    TEXT    NOT NULL REFERENCES users,
    time      INTEGER NOT NULL,
    kind      TEXT    NOT NULL,
    ref       INTEGER,          -- the seq that it speaks of
    length    INTEGER NOT NULL, -- octets of the body as first posted
    salt      BLOB,             -- NULL, as body, where the words were removed
    digest    BLOB    NOT NULL, -- SHA-256(salt || body)
    hash      BLOB    NOT NULL, -- the chain's value here
    client_id TEXT    NOT NULL,
    body      TEXT,
    PRIMARY KEY (topic, seq),
    UNIQUE (topic, author, client_id)
) STRICT;

INSERT INTO appended SELECT * FROM messages ORDER BY topic, seq;

DROP TABLE messages;

ALTER TABLE appended RENAME TO messages;

PRAGMA legacy_alter_table = OFF;

-- The edits of a message are found when its words are removed.
CREATE INDEX edits ON messages (topic, ref) WHERE kind = 'edit';

-- Where each log ends, and the chain's value there: without it, nobody could
-- tell that the newest messages were taken away.
CREATE TABLE heads (
    topic INTEGER NOT NULL PRIMARY KEY REFERENCES topics,
    seq   INTEGER NOT NULL,
    hash  BLOB    NOT NULL
) STRICT;

INSERT INTO heads (topic, seq, hash)
SELECT topics.key, newest.seq, newest.hash
FROM topics
JOIN messages AS newest
  ON newest.topic = topics.key
 AND newest.seq = (SELECT max(seq) FROM messages WHERE topic = topics.key);
