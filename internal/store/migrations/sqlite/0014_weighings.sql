-- +goose Up

-- By what all rows are weighed: a row each time that it changes, so that the
-- history of every score can tell it and none needs a copy.
CREATE TABLE weighings (
	id    INTEGER PRIMARY KEY,
	at    INTEGER NOT NULL,
	rules INTEGER NOT NULL,
	scale TEXT NOT NULL
);

-- Models that were fitted to what the store holds. The latest of a name is in force
-- if it was kept, else the one that ships.
CREATE TABLE models (
	name    TEXT NOT NULL,
	version INTEGER NOT NULL,
	made    INTEGER NOT NULL,
	basis   TEXT NOT NULL,
	weights TEXT NOT NULL,
	figures TEXT NOT NULL,
	kept    INTEGER NOT NULL,
	PRIMARY KEY (name, version)
) WITHOUT ROWID;
