-- +goose Up

-- How likely it is that a second account reports a value until a moment: what the
-- latest run forecast. Seen is the last document that it knew of, marking the
-- strictest of those that report the value.
CREATE TABLE corroborations (
	entity      INTEGER PRIMARY KEY,
	probability REAL NOT NULL,
	until       INTEGER NOT NULL,
	made        INTEGER NOT NULL,
	seen        INTEGER NOT NULL,
	marking     INTEGER NOT NULL
);
