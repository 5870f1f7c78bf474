-- +goose Up

-- Whom a name stands for, and with what share, for readers cleared for marking
-- up to below. What documents said was said to everybody until now: it is
-- settled anew.
INSERT INTO unresolved (name, asked) SELECT DISTINCT name, 1 FROM resolution WHERE said_by = 'documents'
	ON CONFLICT (name) DO UPDATE SET asked = unresolved.asked + 1;
DELETE FROM resolution WHERE said_by = 'documents';
ALTER TABLE resolution RENAME TO former;
CREATE TABLE resolution (
	name      INTEGER NOT NULL,
	marking   INTEGER NOT NULL,
	below     INTEGER NOT NULL,
	canonical INTEGER NOT NULL,
	share     REAL NOT NULL,
	said_by   TEXT NOT NULL,
	PRIMARY KEY (name, marking, canonical)
) WITHOUT ROWID;
INSERT INTO resolution (name, marking, below, canonical, share, said_by) SELECT name, 0, 5, canonical, share, said_by FROM former;
DROP TABLE former;
CREATE INDEX resolution_canonical ON resolution (canonical);
