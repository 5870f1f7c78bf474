-- +goose Up

-- Findings as bytes (see findings.go), in half the space; the next migration moves them.
ALTER TABLE findings RENAME TO wide_findings;
CREATE TABLE findings (
	document     INTEGER PRIMARY KEY,
	at           INTEGER, -- whole seconds, as mentions have it
	observations INTEGER NOT NULL,
	mentioned    BLOB NOT NULL,
	links        BLOB NOT NULL
);
