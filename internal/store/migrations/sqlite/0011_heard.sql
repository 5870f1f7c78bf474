-- +goose Up

-- Who spoke of what on which day (since 1970-01-01), in which kind of source and
-- telling of which side, once a voice: what scores of interest and activity and
-- the relations of countries are made of. The target is the country that the
-- entity is said to attack, 0 where it is merely spoken of.
CREATE TABLE heard (
	kind      INTEGER NOT NULL, -- of the entity; see heardKinds
	day       INTEGER NOT NULL,
	entity    INTEGER NOT NULL,
	target    INTEGER NOT NULL,
	voice     INTEGER NOT NULL, -- an origin
	genre     TEXT NOT NULL,
	side      INTEGER NOT NULL,
	marking   INTEGER NOT NULL,
	documents INTEGER NOT NULL,
	learned   INTEGER NOT NULL, -- the first of them
	PRIMARY KEY (kind, day, entity, target, voice, genre, side, marking)
) WITHOUT ROWID;
CREATE INDEX heard_entity ON heard (entity, day);
CREATE INDEX heard_target ON heard (target, day) WHERE target <> 0;

-- What of it a document added, to be taken back when it is derived anew.
CREATE TABLE heard_from (
	document INTEGER PRIMARY KEY REFERENCES documents (id),
	added    TEXT NOT NULL
);
