-- +goose Up

PRAGMA user_version = 5;

-- device: what it was opened with, in its own words; factor: what was shown
-- beside a password, or in place of one; '': nothing; bound: it ends with the
-- connection that has opened it.
ALTER TABLE sessions ADD COLUMN used    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN device  TEXT    NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN address TEXT    NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN factor  TEXT    NOT NULL DEFAULT '' CHECK (factor IN ('', 'totp', 'recovery', 'passkey', 'provider'));
ALTER TABLE sessions ADD COLUMN bound   INTEGER NOT NULL DEFAULT 0 CHECK (bound IN (0, 1));

CREATE INDEX sessions_bound ON sessions (bound) WHERE bound = 1;

UPDATE sessions SET used = opened;

-- Secrets for time-based codes, sealed with a key that isn't here. step: that of
-- the newest code that was used.
CREATE TABLE totp_secrets (
    user   TEXT    NOT NULL PRIMARY KEY REFERENCES users,
    sealed BLOB    NOT NULL,
    step   INTEGER NOT NULL,
    made   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One that was used has no row.
CREATE TABLE recovery_codes (
    user      TEXT NOT NULL REFERENCES users,
    code_hash BLOB NOT NULL,
    PRIMARY KEY (user, code_hash)
) STRICT, WITHOUT ROWID;

-- credential: its public key and counters.
CREATE TABLE passkeys (
    id         BLOB    NOT NULL PRIMARY KEY,
    user       TEXT    NOT NULL REFERENCES users,
    label      TEXT    NOT NULL,
    made       INTEGER NOT NULL,
    used       INTEGER NOT NULL, -- 0: never
    credential BLOB    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX passkeys_by_user ON passkeys (user);

-- What programs sign in with. One that was revoked has no row.
CREATE TABLE tool_tokens (
    id         TEXT    NOT NULL PRIMARY KEY,
    token_hash BLOB    NOT NULL UNIQUE,
    user       TEXT    NOT NULL REFERENCES users,
    label      TEXT    NOT NULL,
    role       TEXT    NOT NULL CHECK (role IN ('admin', 'member', 'observer', 'bot')),
    made       INTEGER NOT NULL,
    expires    INTEGER NOT NULL,
    used       INTEGER NOT NULL -- 0: never
) STRICT, WITHOUT ROWID;

CREATE INDEX tool_tokens_by_user ON tool_tokens (user);

-- Who is who in the company's own sign-in.
CREATE TABLE identities (
    issuer  TEXT    NOT NULL,
    subject TEXT    NOT NULL,
    user    TEXT    NOT NULL REFERENCES users,
    linked  INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX identities_by_user ON identities (user, issuer);
