-- +goose Up

-- What is derived, in narrower rows: relations and levels by number (those of
-- numbers.go), no column twice, evidence in the order of its links, and what was
-- believed before it was derived anew in a table of its own.
CREATE TABLE relation_numbers (number SMALLINT PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO relation_numbers VALUES (1, 'uses'), (2, 'indicates'), (3, 'exploits'), (4, 'targets'), (5, 'originates-from'), (6, 'routes-through'),
	(7, 'resolves-to'), (8, 'affects'), (9, 'has-weakness'), (10, 'part-of'), (11, 'alias-of'), (12, 'not-alias-of'), (13, 'associated-with'),
	(14, 'researches'), (15, 'offers'), (16, 'claims'), (17, 'intends');

DROP INDEX links_to;
DELETE FROM links WHERE relation NOT IN (SELECT name FROM relation_numbers);
ALTER TABLE links DROP CONSTRAINT links_from_entity_relation_to_entity_key;
ALTER TABLE links ADD COLUMN number SMALLINT;
UPDATE links SET number = r.number FROM relation_numbers r WHERE r.name = links.relation;
ALTER TABLE links DROP COLUMN relation;
ALTER TABLE links RENAME COLUMN number TO relation;
ALTER TABLE links ALTER COLUMN relation SET NOT NULL, ADD UNIQUE (from_entity, relation, to_entity);

-- What is in force. Weight is in millionths. Learned is NULL where it is at, since where it is learned;
-- seq tells apart what one document says of one link.
ALTER TABLE evidence RENAME TO wide_evidence;
ALTER TABLE wide_evidence RENAME CONSTRAINT evidence_pkey TO wide_evidence_pkey;
DROP INDEX evidence_link;
DROP INDEX evidence_document;
DROP INDEX evidence_closed;
CREATE TABLE evidence (
	link        BIGINT NOT NULL,
	document    BIGINT NOT NULL,
	seq         BIGINT NOT NULL,
	origin      BIGINT NOT NULL,
	source      BIGINT NOT NULL,
	reliability SMALLINT NOT NULL,
	marking     SMALLINT NOT NULL,
	stance      SMALLINT NOT NULL,
	weight      BIGINT NOT NULL,
	at          BIGINT,
	learned     BIGINT,
	start       BIGINT NOT NULL,
	length      BIGINT NOT NULL,
	context     TEXT NOT NULL,
	since       BIGINT,
	PRIMARY KEY (link, document, seq)
);
INSERT INTO evidence (link, document, seq, origin, source, reliability, marking, stance, weight, at, learned, start, length, context, since)
	SELECT link, document, ROW_NUMBER() OVER (PARTITION BY document ORDER BY id) - 1, origin, (SELECT source FROM documents d WHERE d.id = wide_evidence.document), reliability, marking, stance, ROUND(1000000 * weight)::bigint, at,
		CASE WHEN learned = at THEN NULL ELSE learned END, start, length, context, CASE WHEN since = learned THEN NULL ELSE since END
	FROM wide_evidence WHERE superseded IS NULL AND link IN (SELECT id FROM links) ORDER BY link, document, id;
CREATE INDEX evidence_document ON evidence (document);

CREATE TABLE former_evidence (
	link        BIGINT NOT NULL,
	document    BIGINT NOT NULL,
	superseded  BIGINT NOT NULL,
	seq         BIGINT NOT NULL,
	origin      BIGINT NOT NULL,
	source      BIGINT NOT NULL,
	reliability SMALLINT NOT NULL,
	marking     SMALLINT NOT NULL,
	stance      SMALLINT NOT NULL,
	weight      BIGINT NOT NULL,
	at          BIGINT,
	learned     BIGINT,
	start       BIGINT NOT NULL,
	length      BIGINT NOT NULL,
	context     TEXT NOT NULL,
	since       BIGINT,
	PRIMARY KEY (link, document, superseded, seq)
);
INSERT INTO former_evidence (link, document, superseded, seq, origin, source, reliability, marking, stance, weight, at, learned, start, length, context, since)
	SELECT link, document, superseded, ROW_NUMBER() OVER (PARTITION BY document, superseded ORDER BY id) - 1, origin, (SELECT source FROM documents d WHERE d.id = wide_evidence.document), reliability, marking, stance, ROUND(1000000 * weight)::bigint, at,
		CASE WHEN learned = at THEN NULL ELSE learned END, start, length, context, CASE WHEN since = learned THEN NULL ELSE since END
	FROM wide_evidence WHERE superseded IS NOT NULL AND link IN (SELECT id FROM links) ORDER BY link, document, superseded, id;
DROP TABLE wide_evidence;

-- Percent is the probability as it is printed: rows are in order of it. First,
-- last and at are whole seconds where below 2^36, else microseconds; last is
-- NULL where it is first. Whom a value indicates is found by its links, what else
-- leads to a name by this table: a link of which nothing is in force has a row too,
-- that nobody may see (marking 5).
ALTER TABLE assessments RENAME TO wide_assessments;
ALTER TABLE wide_assessments RENAME CONSTRAINT assessments_pkey TO wide_assessments_pkey;
DROP INDEX assessments_from;
DROP INDEX assessments_to;
CREATE TABLE assessments (
	link        BIGINT NOT NULL,
	marking     SMALLINT NOT NULL,
	below       SMALLINT NOT NULL,
	from_entity BIGINT NOT NULL,
	relation    SMALLINT NOT NULL,
	to_entity   BIGINT NOT NULL,
	class       SMALLINT NOT NULL, -- of the entity that is not the name
	percent     SMALLINT NOT NULL,
	probability DOUBLE PRECISION NOT NULL,
	level       SMALLINT NOT NULL,
	first       BIGINT,
	last        BIGINT,
	origins     BIGINT NOT NULL,
	documents   BIGINT NOT NULL,
	context     TEXT NOT NULL,
	at          BIGINT NOT NULL,
	PRIMARY KEY (link, marking)
);
INSERT INTO assessments (link, marking, below, from_entity, relation, to_entity, class, percent, probability, level, first, last, origins, documents, context, at)
	SELECT a.link, a.marking, a.below, a.from_entity, r.number, a.to_entity, a.class, FLOOR(100 * a.probability + 1e-9)::smallint, a.probability,
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
ALTER TABLE wide_observations RENAME CONSTRAINT observations_pkey TO wide_observations_pkey;
DROP INDEX observations_entity;
DROP INDEX observations_aside;
CREATE TABLE observations (
	document   BIGINT NOT NULL,
	seq        BIGINT NOT NULL,
	entity     BIGINT NOT NULL,
	start      BIGINT NOT NULL,
	length     BIGINT NOT NULL,
	suppressed TEXT NOT NULL,
	marking    SMALLINT NOT NULL,
	at         BIGINT,
	PRIMARY KEY (document, seq)
);
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
	link      BIGINT NOT NULL,
	origin    BIGINT NOT NULL,
	how       BIGINT NOT NULL,
	weight    BIGINT NOT NULL,
	first     BIGINT,
	last      BIGINT,
	learned   BIGINT,
	documents BIGINT NOT NULL,
	context   TEXT NOT NULL,
	PRIMARY KEY (link, origin, how, weight)
);
