-- +goose Up

PRAGMA user_version = 2;

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
