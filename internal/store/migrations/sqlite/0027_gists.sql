-- +goose Up

-- What posts were found to be: how probable it is that they matter, in thousandths, and
-- what their authors mean by them, as "access-sale 812,chatter 510". What an analyst
-- ruled of a post stands in its place: 1000 or 0, and an intent.
CREATE TABLE gists (
	document  INTEGER PRIMARY KEY,
	relevance INTEGER NOT NULL,
	intents   TEXT NOT NULL,
	model     INTEGER NOT NULL, -- version of the models it is by; 0: as shipped
	ruled     INTEGER,
	meant     TEXT NOT NULL DEFAULT '',
	ruled_at  INTEGER
);
