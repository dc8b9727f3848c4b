-- +goose Up

PRAGMA user_version = 4;

-- Whether those who read a deal's topics see up to where each has read.
ALTER TABLE deals ADD COLUMN receipts INTEGER NOT NULL DEFAULT 0 CHECK (receipts IN (0, 1));

CREATE INDEX read_marks_by_topic ON read_marks (topic);

-- What follows is derived from the log, and follows it a moment later: the three
-- tables are always as of one seq of each topic.

-- The words of texts and reports as they are after their edits, by the rowid of
-- the message; what was redacted has none. There is a token for every three
-- letters in a row, and each begins with its topic's key and with which 4,096 of
-- its messages it is of (seq / 4096): whoever searches a topic from some message on
-- looks at nothing of another one, nor of what is long before, so that not even the
-- time that it takes tells of those. The text itself isn't kept. Without secure-delete, removed
-- words would stay until they are merged away. Merges are asked for, so that no
-- commit waits for one.
CREATE VIRTUAL TABLE index_words USING fts5(
    words,
    content = '',
    columnsize = 0,
    tokenize = "ascii tokenchars '_.@-'"
);

INSERT INTO index_words (index_words, rank)
VALUES ('secure-delete', 1), ('automerge', 0), ('crisismerge', 1000);

-- The tokens that are in the index, one row each time that one is: to find the
-- next one, nothing has to be counted. It is only asked when some were removed.
CREATE VIRTUAL TABLE index_tokens USING fts5vocab('index_words', 'instance');

-- Up to where each log is in the index.
CREATE TABLE index_topics (
    topic INTEGER NOT NULL PRIMARY KEY REFERENCES topics,
    seq   INTEGER NOT NULL
) STRICT;

-- Of each 1,024 messages in a row (seq / 1024) the least and the greatest time
-- and rowid: times may go back within a log.
CREATE TABLE index_times (
    topic     INTEGER NOT NULL REFERENCES topics,
    block     INTEGER NOT NULL,
    oldest    INTEGER NOT NULL,
    newest    INTEGER NOT NULL,
    first_row INTEGER NOT NULL,
    last_row  INTEGER NOT NULL,
    PRIMARY KEY (topic, block)
) STRICT, WITHOUT ROWID;

-- By what rules the index was made. If they aren't the program's, it is emptied.
CREATE TABLE index_maker (
    id    INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    rules TEXT    NOT NULL
) STRICT;
