-- +goose Up

-- Findings as bytes (see findings.go), in half the space; the next migration moves them.
ALTER TABLE findings RENAME TO wide_findings;
ALTER TABLE wide_findings RENAME CONSTRAINT findings_pkey TO wide_findings_pkey;
CREATE TABLE findings (
	document     BIGINT PRIMARY KEY,
	at           BIGINT, -- whole seconds, as mentions have it
	observations BIGINT NOT NULL,
	mentioned    BYTEA NOT NULL,
	links        BYTEA NOT NULL
);
