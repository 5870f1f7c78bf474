-- +goose Up

-- Who spoke of what on which day (since 1970-01-01), in which kind of source and
-- telling of which side, once a voice: what scores of interest and activity and
-- the relations of countries are made of. The target is the country that the
-- entity is said to attack, 0 where it is merely spoken of.
CREATE TABLE heard (
	kind      SMALLINT NOT NULL, -- of the entity; see heardKinds
	day       BIGINT NOT NULL,
	entity    BIGINT NOT NULL,
	target    BIGINT NOT NULL,
	voice     BIGINT NOT NULL, -- an origin
	genre     TEXT NOT NULL,
	side      SMALLINT NOT NULL,
	marking   SMALLINT NOT NULL,
	documents BIGINT NOT NULL,
	learned   BIGINT NOT NULL, -- the first of them
	PRIMARY KEY (kind, day, entity, target, voice, genre, side, marking)
);
CREATE INDEX heard_entity ON heard (entity, day);
CREATE INDEX heard_target ON heard (target, day) WHERE target <> 0;

-- What of it a document added, to be taken back when it is derived anew.
CREATE TABLE heard_from (
	document BIGINT PRIMARY KEY REFERENCES documents (id),
	added    TEXT NOT NULL
);
