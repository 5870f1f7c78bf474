-- +goose Up

-- What is derived, in narrower rows: relations and levels by number (those of
-- numbers.go), no column twice, evidence in the order of its links, and what was
-- believed before it was derived anew in a table of its own.
CREATE TABLE relation_numbers (number INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO relation_numbers VALUES (1, 'uses'), (2, 'indicates'), (3, 'exploits'), (4, 'targets'), (5, 'originates-from'), (6, 'routes-through'),
	(7, 'resolves-to'), (8, 'affects'), (9, 'has-weakness'), (10, 'part-of'), (11, 'alias-of'), (12, 'not-alias-of'), (13, 'associated-with'),
	(14, 'researches'), (15, 'offers'), (16, 'claims'), (17, 'intends');

ALTER TABLE links RENAME TO wide_links;
DROP INDEX links_to;
CREATE TABLE links (
	id          INTEGER PRIMARY KEY,
	from_entity INTEGER NOT NULL,
	relation    INTEGER NOT NULL,
	to_entity   INTEGER NOT NULL,
	UNIQUE (from_entity, relation, to_entity)
);
INSERT INTO links (id, from_entity, relation, to_entity)
	SELECT l.id, l.from_entity, r.number, l.to_entity FROM wide_links l JOIN relation_numbers r ON r.name = l.relation ORDER BY l.id;
DROP TABLE wide_links;

-- What is in force. Weight is in millionths. Learned is NULL where it is at, since where it is learned;
-- seq tells apart what one document says of one link.
ALTER TABLE evidence RENAME TO wide_evidence;
DROP INDEX evidence_link;
DROP INDEX evidence_document;
DROP INDEX evidence_closed;
CREATE TABLE evidence (
	link        INTEGER NOT NULL,
	document    INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	origin      INTEGER NOT NULL,
	source      INTEGER NOT NULL,
	reliability INTEGER NOT NULL,
	marking     INTEGER NOT NULL,
	stance      INTEGER NOT NULL,
	weight      INTEGER NOT NULL,
	at          INTEGER,
	learned     INTEGER,
	start       INTEGER NOT NULL,
	length      INTEGER NOT NULL,
	context     TEXT NOT NULL,
	since       INTEGER,
	PRIMARY KEY (link, document, seq)
) WITHOUT ROWID;
INSERT INTO evidence (link, document, seq, origin, source, reliability, marking, stance, weight, at, learned, start, length, context, since)
	SELECT link, document, ROW_NUMBER() OVER (PARTITION BY document ORDER BY id) - 1, origin, (SELECT source FROM documents d WHERE d.id = wide_evidence.document), reliability, marking, stance, CAST(ROUND(1000000 * weight) AS INTEGER), at,
		CASE WHEN learned = at THEN NULL ELSE learned END, start, length, context, CASE WHEN since = learned THEN NULL ELSE since END
	FROM wide_evidence WHERE superseded IS NULL AND link IN (SELECT id FROM links) ORDER BY link, document, id;
CREATE INDEX evidence_document ON evidence (document);

CREATE TABLE former_evidence (
	link        INTEGER NOT NULL,
	document    INTEGER NOT NULL,
	superseded  INTEGER NOT NULL,
	seq         INTEGER NOT NULL,
	origin      INTEGER NOT NULL,
	source      INTEGER NOT NULL,
	reliability INTEGER NOT NULL,
	marking     INTEGER NOT NULL,
	stance      INTEGER NOT NULL,
	weight      INTEGER NOT NULL,
	at          INTEGER,
	learned     INTEGER,
	start       INTEGER NOT NULL,
	length      INTEGER NOT NULL,
	context     TEXT NOT NULL,
	since       INTEGER,
	PRIMARY KEY (link, document, superseded, seq)
) WITHOUT ROWID;
INSERT INTO former_evidence (link, document, superseded, seq, origin, source, reliability, marking, stance, weight, at, learned, start, length, context, since)
	SELECT link, document, superseded, ROW_NUMBER() OVER (PARTITION BY document, superseded ORDER BY id) - 1, origin, (SELECT source FROM documents d WHERE d.id = wide_evidence.document), reliability, marking, stance, CAST(ROUND(1000000 * weight) AS INTEGER), at,
		CASE WHEN learned = at THEN NULL ELSE learned END, start, length, context, CASE WHEN since = learned THEN NULL ELSE since END
	FROM wide_evidence WHERE superseded IS NOT NULL AND link IN (SELECT id FROM links) ORDER BY link, document, superseded, id;
DROP TABLE wide_evidence;

-- Percent is the probability as it is printed: rows are in order of it. First,
-- last and at are whole seconds where below 2^36, else microseconds; last is
-- NULL where it is first. Whom a value indicates is found by its links, what else
-- leads to a name by this table: a link of which nothing is in force has a row too,
-- that nobody may see (marking 5).
ALTER TABLE assessments RENAME TO wide_assessments;
DROP INDEX assessments_from;
DROP INDEX assessments_to;
CREATE TABLE assessments (
	link        INTEGER NOT NULL,
	marking     INTEGER NOT NULL,
	below       INTEGER NOT NULL,
	from_entity INTEGER NOT NULL,
	relation    INTEGER NOT NULL,
	to_entity   INTEGER NOT NULL,
	class       INTEGER NOT NULL, -- of the entity that is not the name
	percent     INTEGER NOT NULL,
	probability REAL NOT NULL,
	level       INTEGER NOT NULL,
	first       INTEGER,
	last        INTEGER,
	origins     INTEGER NOT NULL,
	documents   INTEGER NOT NULL,
	context     TEXT NOT NULL,
	at          INTEGER NOT NULL,
	PRIMARY KEY (link, marking)
) WITHOUT ROWID;
INSERT INTO assessments (link, marking, below, from_entity, relation, to_entity, class, percent, probability, level, first, last, origins, documents, context, at)
	SELECT a.link, a.marking, a.below, a.from_entity, r.number, a.to_entity, a.class, CAST(100 * a.probability + 1e-9 AS INTEGER), a.probability,
		CASE a.level WHEN 'High' THEN 2 WHEN 'Medium' THEN 1 ELSE 0 END,
		CASE WHEN a.first % 1000000 = 0 OR ABS(a.first) < 68719476736 THEN a.first / 1000000 ELSE a.first END,
		CASE WHEN a.last = a.first THEN NULL WHEN a.last % 1000000 = 0 OR ABS(a.last) < 68719476736 THEN a.last / 1000000 ELSE a.last END,
		a.origins, a.documents, a.context, CASE WHEN a.at % 1000000 = 0 OR ABS(a.at) < 68719476736 THEN a.at / 1000000 ELSE a.at END
	FROM wide_assessments a JOIN relation_numbers r ON r.name = a.relation ORDER BY a.link, a.marking;
INSERT INTO assessments (link, marking, below, from_entity, relation, to_entity, class, percent, probability, level, origins, documents, context, at)
	SELECT l.id, 5, 5, l.from_entity, l.relation, l.to_entity, 0, 0, 0, 0, 0, 0, '', 0 FROM links l WHERE NOT EXISTS (SELECT 1 FROM assessments a WHERE a.link = l.id);
DROP TABLE wide_assessments;
DROP TABLE relation_numbers;
CREATE INDEX assessments_from ON assessments (from_entity, relation, class, percent DESC, link, marking, below) WHERE relation <> 2;
CREATE INDEX assessments_to ON assessments (to_entity, relation, class, percent DESC, link, marking, below);

-- At is in whole seconds.
ALTER TABLE observations RENAME TO wide_observations;
DROP INDEX observations_entity;
DROP INDEX observations_aside;
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
INSERT INTO observations (document, seq, entity, start, length, suppressed, marking, at)
	SELECT document, seq, entity, start, length, suppressed, marking,
		(CASE WHEN at < 0 THEN at - 999999 ELSE at END) / 1000000 FROM wide_observations ORDER BY document, seq;
DROP TABLE wide_observations;
CREATE INDEX observations_entity ON observations (entity, at, marking, document) WHERE suppressed = '';
CREATE INDEX observations_aside ON observations (entity) WHERE suppressed <> '';

-- What very many documents say of a link, in sum: a row for each origin,
-- reliability, marking and stance (how), and weight. It spares whoever weighs or
-- explains the link to read them all.
CREATE TABLE strata (
	link      INTEGER NOT NULL,
	origin    INTEGER NOT NULL,
	how       INTEGER NOT NULL,
	weight    INTEGER NOT NULL,
	first     INTEGER,
	last      INTEGER,
	learned   INTEGER,
	documents INTEGER NOT NULL,
	context   TEXT NOT NULL,
	PRIMARY KEY (link, origin, how, weight)
) WITHOUT ROWID;
