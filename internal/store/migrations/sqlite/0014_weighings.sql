-- +goose Up

-- By what all rows are weighed: a row each time that it changes, so that the
-- history of every score can tell it and none needs a copy.
CREATE TABLE weighings (
	id    INTEGER PRIMARY KEY,
	at    INTEGER NOT NULL,
	rules INTEGER NOT NULL,
	scale TEXT NOT NULL
);
