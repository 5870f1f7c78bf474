-- +goose Up

-- Assessments by one number, place: (link * 8 + marking) * 8 + below, as SQLite has
-- them. Probabilities are in billionths.
ALTER TABLE assessments RENAME TO keyed_assessments;
ALTER TABLE keyed_assessments RENAME CONSTRAINT assessments_pkey TO keyed_assessments_pkey;
DROP INDEX assessments_from;
DROP INDEX assessments_to;
CREATE TABLE assessments (
	place       BIGINT PRIMARY KEY,
	from_entity BIGINT NOT NULL,
	relation    SMALLINT NOT NULL,
	to_entity   BIGINT NOT NULL,
	class       SMALLINT NOT NULL, -- of the entity that is not the name
	percent     SMALLINT NOT NULL, -- as printed: rows are in order of it
	billionths  BIGINT NOT NULL,
	level       SMALLINT NOT NULL,
	first       BIGINT,
	last        BIGINT,
	origins     BIGINT NOT NULL,
	documents   BIGINT NOT NULL,
	context     TEXT NOT NULL,
	at          BIGINT NOT NULL
);
INSERT INTO assessments (place, from_entity, relation, to_entity, class, percent, billionths, level, first, last, origins, documents, context, at)
	SELECT (link * 8 + marking) * 8 + below, from_entity, relation, to_entity, class, ROUND(1000000000 * probability)::bigint / 10000000,
		ROUND(1000000000 * probability)::bigint, level, first, last, origins, documents, context, at
	FROM keyed_assessments ORDER BY link, marking;
DROP TABLE keyed_assessments;
-- The first is for places of a link: it has statistics, which ranges of places lack.
CREATE INDEX assessments_link ON assessments ((place >> 6));
CREATE INDEX assessments_from ON assessments (from_entity, relation, class, percent DESC, place) WHERE relation <> 2;
CREATE INDEX assessments_to ON assessments (to_entity, relation, class, percent DESC, place);

-- What a document came to, in one row: its mentions, one a line in order (entity, and
-- where it stands and why it is set aside), and the links it gives evidence of, in
-- the stead of a row for each and of an index of evidence by documents.
CREATE TABLE findings (
	document     BIGINT PRIMARY KEY,
	at           BIGINT, -- whole seconds, as mentions have it
	observations BIGINT NOT NULL,
	mentioned    TEXT NOT NULL,
	links        TEXT NOT NULL
);
INSERT INTO findings (document, at, observations, mentioned, links)
	SELECT w.document, (SELECT MAX(at) FROM observations o WHERE o.document = w.document), (SELECT COUNT(*) FROM observations o WHERE o.document = w.document),
		COALESCE((SELECT string_agg(entity || CASE WHEN start = -1 AND length = 0 AND suppressed = '' THEN '' ELSE ' ' || start || ' ' || length ||
			CASE suppressed WHEN '' THEN '' ELSE ' ' || REPLACE(suppressed, CHR(10), ' ') END END, CHR(10) ORDER BY seq) FROM observations o WHERE o.document = w.document), ''),
		COALESCE((SELECT string_agg(link::text, ' ' ORDER BY link) FROM (SELECT DISTINCT link FROM evidence e WHERE e.document = w.document) x), '')
	FROM work w WHERE w.version > 0 ORDER BY w.document;
DROP INDEX evidence_document;

-- Which documents mention an entity, and which set it aside, each once. At is in
-- whole seconds, -1099511627776 where the document has no date.
CREATE TABLE mentions (
	entity   BIGINT NOT NULL,
	at       BIGINT NOT NULL,
	document BIGINT NOT NULL,
	marking  SMALLINT NOT NULL,
	PRIMARY KEY (entity, at, document)
);
INSERT INTO mentions (entity, at, document, marking)
	SELECT DISTINCT entity, COALESCE(at, -1099511627776), document, marking FROM observations WHERE suppressed = '' ORDER BY 1, 2, 3;
CREATE TABLE asides (
	entity     BIGINT NOT NULL,
	document   BIGINT NOT NULL,
	suppressed TEXT NOT NULL,
	marking    SMALLINT NOT NULL,
	PRIMARY KEY (entity, document, suppressed)
);
INSERT INTO asides (entity, document, suppressed, marking)
	SELECT DISTINCT entity, document, REPLACE(suppressed, CHR(10), ' '), marking FROM observations WHERE suppressed <> '' ORDER BY 1, 2, 3;
DROP TABLE observations;
