-- +goose Up

PRAGMA user_version = 3;

-- 1, and one more with each change by hand.
ALTER TABLE users ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE deals ADD COLUMN version INTEGER NOT NULL DEFAULT 1;

CREATE INDEX invitations_by_user ON invitations (user); -- a new password spends the user's links

-- The topics again: a direct one may have any other's title. What refers to the
-- old table refers to the new one when the transaction ends.
PRAGMA defer_foreign_keys = ON;

CREATE INDEX read_marks_by_topic ON read_marks (topic); -- else each topic's would be looked for in all

CREATE TEMP TABLE topics_before AS SELECT * FROM topics;

DROP TABLE topics;

-- key stands for the topic in other tables; its order is that of creation.
CREATE TABLE topics (
    key      INTEGER NOT NULL PRIMARY KEY,
    id       TEXT    NOT NULL UNIQUE,
    deal     TEXT    NOT NULL REFERENCES deals,
    title    TEXT    NOT NULL,
    number   INTEGER NOT NULL,
    open     INTEGER NOT NULL CHECK (open IN (0, 1)),
    created  INTEGER NOT NULL,
    version  INTEGER NOT NULL,
    archived INTEGER NOT NULL CHECK (archived IN (0, 1)),
    strict   INTEGER NOT NULL CHECK (strict IN (0, 1)),   -- opened only if the audit trail has it
    narrowed INTEGER NOT NULL CHECK (narrowed IN (0, 1)), -- to its members
    direct   INTEGER NOT NULL CHECK (direct IN (0, 1))    -- of its two members
) STRICT;

INSERT INTO topics (key, id, deal, title, number, open, created, version, archived, strict, narrowed, direct)
SELECT key, id, deal, title, number, open, created, 1, 0, 0, 0, 0 FROM topics_before ORDER BY key;

DROP TABLE temp.topics_before;

DROP INDEX read_marks_by_topic;

CREATE UNIQUE INDEX topics_by_title ON topics (deal, title) WHERE direct = 0;

-- Whom a narrowed topic, or a direct one, is for.
CREATE TABLE topic_members (
    topic INTEGER NOT NULL REFERENCES topics,
    user  TEXT    NOT NULL REFERENCES users,
    PRIMARY KEY (topic, user)
) STRICT, WITHOUT ROWID;

-- The audit trail: rows are only added, and each one's hash is of it and of the
-- row before. What doesn't apply is empty, count 0. user, deal and topic need
-- not exist.
CREATE TABLE audit (
    seq     INTEGER NOT NULL PRIMARY KEY,
    time    INTEGER NOT NULL,
    done_by TEXT    NOT NULL, -- '': the operator at the machine
    address TEXT    NOT NULL, -- from which it was done
    action  TEXT    NOT NULL,
    user    TEXT    NOT NULL, -- to whom it was done
    deal    TEXT    NOT NULL, -- ids
    topic   TEXT    NOT NULL,
    count   INTEGER NOT NULL,
    detail  TEXT    NOT NULL, -- JSON
    hash    BLOB    NOT NULL
) STRICT;

-- In each of these, rows that are alike are in the order of seq.
CREATE INDEX audit_by_doer ON audit (done_by);
CREATE INDEX audit_by_user ON audit (user);
CREATE INDEX audit_by_deal ON audit (deal);
CREATE INDEX audit_by_topic ON audit (topic);
CREATE INDEX audit_by_action ON audit (action);

-- Where the trail ends: without it, nobody could tell that the newest rows were
-- taken away. Its first hash is SHA-256("rrp1 audit\n").
CREATE TABLE audit_head (
    id   INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash BLOB    NOT NULL
) STRICT;

INSERT INTO audit_head (id, seq, hash)
VALUES (1, 0, x'93aa76170622969ebe1c91d1fafa72ae1746662b3ee1202909d7a824fce4d6e4');

-- For people.

CREATE VIEW audit_log AS
SELECT audit.seq,
       datetime(audit.time / 1000, 'unixepoch') AS utc,
       audit.done_by,
       audit.address,
       audit.action,
       audit.user,
       coalesce(deals.name, audit.deal) AS deal,
       coalesce(topics.title, audit.topic) AS topic,
       audit.count,
       audit.detail
FROM audit
LEFT JOIN deals ON deals.id = audit.deal
LEFT JOIN topics ON topics.id = audit.topic
ORDER BY audit.seq;
