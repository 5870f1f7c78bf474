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
