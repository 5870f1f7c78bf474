-- +goose Up

-- Assessments by one number, place: (link * 8 + marking) * 8 + below. SQLite finds a
-- row by its integer several times as fast as by a key of two columns, and indexes
-- hold that number instead of three. Probabilities are in billionths.
ALTER TABLE assessments RENAME TO keyed_assessments;
DROP INDEX assessments_from;
DROP INDEX assessments_to;
CREATE TABLE assessments (
	place       INTEGER PRIMARY KEY,
	from_entity INTEGER NOT NULL,
	relation    INTEGER NOT NULL,
	to_entity   INTEGER NOT NULL,
	class       INTEGER NOT NULL, -- of the entity that is not the name
	percent     INTEGER NOT NULL, -- as printed: rows are in order of it
	billionths  INTEGER NOT NULL,
	level       INTEGER NOT NULL,
	first       INTEGER,
	last        INTEGER,
	origins     INTEGER NOT NULL,
	documents   INTEGER NOT NULL,
	context     TEXT NOT NULL,
	at          INTEGER NOT NULL
);
INSERT INTO assessments (place, from_entity, relation, to_entity, class, percent, billionths, level, first, last, origins, documents, context, at)
	SELECT (link * 8 + marking) * 8 + below, from_entity, relation, to_entity, class, CAST(ROUND(1000000000 * probability) AS INTEGER) / 10000000,
		CAST(ROUND(1000000000 * probability) AS INTEGER), level, first, last, origins, documents, context, at
	FROM keyed_assessments ORDER BY link, marking;
DROP TABLE keyed_assessments;
CREATE INDEX assessments_from ON assessments (from_entity, relation, class, percent DESC) WHERE relation <> 2;
CREATE INDEX assessments_to ON assessments (to_entity, relation, class, percent DESC);

-- What a document came to, in one row: its mentions, one a line in order (entity, and
-- where it stands and why it is set aside), and the links it gives evidence of, in
-- the stead of a row for each and of an index of evidence by documents.
CREATE TABLE findings (
	document     INTEGER PRIMARY KEY,
	at           INTEGER, -- whole seconds, as mentions have it
	observations INTEGER NOT NULL,
	mentioned    TEXT NOT NULL,
	links        TEXT NOT NULL
);
INSERT INTO findings (document, at, observations, mentioned, links)
	SELECT w.document, (SELECT MAX(at) FROM observations o WHERE o.document = w.document), (SELECT COUNT(*) FROM observations o WHERE o.document = w.document),
		COALESCE((SELECT group_concat(entity || CASE WHEN start = -1 AND length = 0 AND suppressed = '' THEN '' ELSE ' ' || start || ' ' || length ||
			CASE suppressed WHEN '' THEN '' ELSE ' ' || REPLACE(suppressed, CHAR(10), ' ') END END, CHAR(10) ORDER BY seq) FROM observations o WHERE o.document = w.document), ''),
		COALESCE((SELECT group_concat(link, ' ' ORDER BY link) FROM (SELECT DISTINCT link FROM evidence e WHERE e.document = w.document) x), '')
	FROM work w WHERE w.version > 0 ORDER BY w.document;
DROP INDEX evidence_document;

-- Which documents mention an entity, and which set it aside, each once. At is in
-- whole seconds, -1099511627776 where the document has no date.
CREATE TABLE mentions (
	entity   INTEGER NOT NULL,
	at       INTEGER NOT NULL,
	document INTEGER NOT NULL,
	marking  INTEGER NOT NULL,
	PRIMARY KEY (entity, at, document)
) WITHOUT ROWID;
INSERT INTO mentions (entity, at, document, marking)
	SELECT DISTINCT entity, COALESCE(at, -1099511627776), document, marking FROM observations WHERE suppressed = '' ORDER BY 1, 2, 3;
CREATE TABLE asides (
	entity     INTEGER NOT NULL,
	document   INTEGER NOT NULL,
	suppressed TEXT NOT NULL,
	marking    INTEGER NOT NULL,
	PRIMARY KEY (entity, document, suppressed)
) WITHOUT ROWID;
INSERT INTO asides (entity, document, suppressed, marking)
	SELECT DISTINCT entity, document, REPLACE(suppressed, CHAR(10), ' '), marking FROM observations WHERE suppressed <> '' ORDER BY 1, 2, 3;
DROP TABLE observations;
