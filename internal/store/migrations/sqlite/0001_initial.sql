-- +goose Up
CREATE TABLE sources (
	id            INTEGER PRIMARY KEY,
	name          TEXT NOT NULL UNIQUE,
	connector     TEXT NOT NULL DEFAULT '',
	settings      TEXT NOT NULL DEFAULT '{}',
	every         INTEGER NOT NULL DEFAULT 0,
	cursor        TEXT NOT NULL DEFAULT '',
	documents     INTEGER NOT NULL DEFAULT 0,
	first_success INTEGER,
	last_success  INTEGER,
	last_document INTEGER,
	last_error    TEXT NOT NULL DEFAULT '',
	last_failure  INTEGER
);

CREATE TABLE documents (
	id          INTEGER PRIMARY KEY,
	key         BLOB NOT NULL UNIQUE,
	source      INTEGER NOT NULL REFERENCES sources (id),
	genre       TEXT NOT NULL,
	url         TEXT NOT NULL,
	author      TEXT NOT NULL,
	channel     TEXT NOT NULL,
	title       TEXT NOT NULL,
	text        TEXT NOT NULL,
	language    TEXT NOT NULL,
	claims      TEXT NOT NULL,
	refs        TEXT NOT NULL,
	marking     INTEGER NOT NULL,
	reliability INTEGER NOT NULL,
	published   INTEGER,
	learned     INTEGER NOT NULL,
	assumed     INTEGER NOT NULL,
	ingested    INTEGER NOT NULL
);
CREATE INDEX documents_published ON documents (published);

CREATE VIRTUAL TABLE documents_text USING fts5 (title, text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');

-- One row per document: which version of the derivation it has been through.
CREATE TABLE work (
	document INTEGER PRIMARY KEY REFERENCES documents (id),
	version  INTEGER NOT NULL DEFAULT 0,
	state    INTEGER NOT NULL DEFAULT 0, -- 0 waiting, 1 done, 2 parked
	attempts INTEGER NOT NULL DEFAULT 0,
	leased   INTEGER NOT NULL DEFAULT 0, -- until
	error    TEXT NOT NULL DEFAULT ''
);
CREATE INDEX work_waiting ON work (document) WHERE state = 0;
CREATE INDEX work_parked ON work (document) WHERE state = 2;

CREATE TABLE entities (
	id    INTEGER PRIMARY KEY,
	kind  TEXT NOT NULL,
	name  TEXT NOT NULL,
	title TEXT NOT NULL DEFAULT '',
	UNIQUE (kind, name)
);

CREATE TABLE observations (
	document   INTEGER NOT NULL,
	seq        INTEGER NOT NULL,
	entity     INTEGER NOT NULL,
	start      INTEGER NOT NULL,
	length     INTEGER NOT NULL,
	suppressed TEXT NOT NULL,
	marking    INTEGER NOT NULL,
	at         INTEGER,
	PRIMARY KEY (document, seq)
) WITHOUT ROWID;
CREATE INDEX observations_entity ON observations (entity, at, marking, document) WHERE suppressed = '';
CREATE INDEX observations_aside ON observations (entity) WHERE suppressed <> '';

-- Documents that mention an entity, by week (days since 1970 of its Monday)
-- and marking: what "most active" and the small curves are drawn from.
CREATE TABLE activity (
	entity    INTEGER NOT NULL,
	week      INTEGER NOT NULL,
	marking   INTEGER NOT NULL,
	documents INTEGER NOT NULL,
	PRIMARY KEY (entity, week, marking)
) WITHOUT ROWID;
CREATE INDEX activity_week ON activity (week);

CREATE TABLE origins (
	id   INTEGER PRIMARY KEY,
	name TEXT NOT NULL UNIQUE
);

CREATE TABLE links (
	id          INTEGER PRIMARY KEY,
	from_entity INTEGER NOT NULL,
	relation    TEXT NOT NULL,
	to_entity   INTEGER NOT NULL,
	UNIQUE (from_entity, relation, to_entity)
);

CREATE TABLE evidence (
	id          INTEGER PRIMARY KEY,
	link        INTEGER NOT NULL,
	document    INTEGER NOT NULL,
	origin      INTEGER NOT NULL,
	reliability INTEGER NOT NULL,
	marking     INTEGER NOT NULL,
	stance      INTEGER NOT NULL,
	weight      REAL NOT NULL,
	at          INTEGER,
	learned     INTEGER NOT NULL,
	start       INTEGER NOT NULL,
	length      INTEGER NOT NULL,
	context     TEXT NOT NULL,
	version     INTEGER NOT NULL,
	derived     INTEGER NOT NULL,
	superseded  INTEGER
);
CREATE INDEX evidence_link ON evidence (link, marking, origin) WHERE superseded IS NULL;
CREATE INDEX evidence_document ON evidence (document) WHERE superseded IS NULL;

-- How far a link is believed by readers cleared for marking up to below:
-- what they may see is the row with marking <= clearance < below.
CREATE TABLE assessments (
	link        INTEGER NOT NULL,
	marking     INTEGER NOT NULL,
	below       INTEGER NOT NULL,
	from_entity INTEGER NOT NULL,
	relation    TEXT NOT NULL,
	to_entity   INTEGER NOT NULL,
	class       INTEGER NOT NULL, -- of the entity that is not the name
	probability REAL NOT NULL,
	level       TEXT NOT NULL,
	first       INTEGER,
	last        INTEGER,
	origins     INTEGER NOT NULL,
	documents   INTEGER NOT NULL,
	context     TEXT NOT NULL,
	at          INTEGER NOT NULL,
	PRIMARY KEY (link, marking)
) WITHOUT ROWID;
CREATE INDEX assessments_from ON assessments (from_entity, relation, class, probability DESC, marking, below);
CREATE INDEX assessments_to ON assessments (to_entity, relation, class, probability DESC, marking, below);

-- Links whose evidence is too much to be weighed at each arrival.
CREATE TABLE stale (link INTEGER PRIMARY KEY);

-- Whom a name stands for, and with what share.
CREATE TABLE resolution (
	name      INTEGER NOT NULL,
	canonical INTEGER NOT NULL,
	share     REAL NOT NULL,
	said_by   TEXT NOT NULL,
	PRIMARY KEY (name, canonical)
) WITHOUT ROWID;
CREATE INDEX resolution_canonical ON resolution (canonical);

CREATE TABLE packs (
	name      TEXT PRIMARY KEY,
	version   TEXT NOT NULL,
	digest    TEXT NOT NULL,
	licence   TEXT NOT NULL,
	publisher TEXT NOT NULL,
	items     INTEGER NOT NULL,
	loaded    INTEGER NOT NULL
);
CREATE TABLE pack_items (
	pack TEXT NOT NULL,
	key  TEXT NOT NULL,
	body TEXT NOT NULL,
	PRIMARY KEY (pack, key)
) WITHOUT ROWID;

CREATE TABLE forecasts (
	id      TEXT PRIMARY KEY,
	subject INTEGER NOT NULL,
	kind    TEXT NOT NULL,
	made    INTEGER NOT NULL,
	due     INTEGER NOT NULL,
	body    TEXT NOT NULL
);
CREATE INDEX forecasts_subject ON forecasts (subject, made);

CREATE TABLE settings (key TEXT PRIMARY KEY, value TEXT NOT NULL);
