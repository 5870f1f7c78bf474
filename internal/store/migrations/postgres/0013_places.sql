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
