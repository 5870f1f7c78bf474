-- +goose Up

-- Whom a name stands for, and with what share, for readers cleared for marking
-- up to below. What documents said was said to everybody until now: it is
-- settled anew.
INSERT INTO unresolved (name, asked) SELECT DISTINCT name, 1 FROM resolution WHERE said_by = 'documents'
	ON CONFLICT (name) DO UPDATE SET asked = unresolved.asked + 1;
DELETE FROM resolution WHERE said_by = 'documents';
ALTER TABLE resolution ADD COLUMN marking SMALLINT NOT NULL DEFAULT 0, ADD COLUMN below SMALLINT NOT NULL DEFAULT 5,
	DROP CONSTRAINT resolution_pkey, ADD PRIMARY KEY (name, marking, canonical);
