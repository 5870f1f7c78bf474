-- +goose Up

-- How sources fare, counted when it happens: of millions of documents nobody counts again.
ALTER TABLE sources ADD COLUMN marking INTEGER NOT NULL DEFAULT 0; -- of its entry: from whom it is hidden that it is read
ALTER TABLE sources ADD COLUMN visits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN failing INTEGER NOT NULL DEFAULT 0; -- visits in a row that failed, the last one
ALTER TABLE sources ADD COLUMN circuit TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN next_visit INTEGER;
ALTER TABLE sources ADD COLUMN known INTEGER NOT NULL DEFAULT 0; -- documents that came again
ALTER TABLE sources ADD COLUMN copies INTEGER NOT NULL DEFAULT 0; -- documents that are near-copies of others
ALTER TABLE sources ADD COLUMN yielded INTEGER NOT NULL DEFAULT 0; -- documents that give evidence
ALTER TABLE sources ADD COLUMN pieces INTEGER NOT NULL DEFAULT 0; -- of evidence
-- What it is worth: rows that it tells of, those it told of first, and those of them that
-- somebody else told of later; as of when they were counted.
ALTER TABLE sources ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN firsts INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN seconded INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN counted INTEGER;
UPDATE sources SET copies = x.n FROM (SELECT d.source, COUNT(*) AS n FROM prints p JOIN documents d ON d.id = p.document WHERE p.original <> p.document GROUP BY d.source) x
	WHERE x.source = sources.id;
UPDATE sources SET pieces = x.n, yielded = x.documents FROM (SELECT source, COUNT(*) AS n, COUNT(DISTINCT document) AS documents FROM evidence GROUP BY source) x
	WHERE x.source = sources.id;

-- Documents by the day since 1970 on which they were learned, how many came again on it, and
-- how many are dated of it, as far as that is no later than when they were learned.
CREATE TABLE arrivals (
	source    INTEGER NOT NULL,
	day       INTEGER NOT NULL,
	documents INTEGER NOT NULL,
	known     INTEGER NOT NULL,
	dated     INTEGER NOT NULL,
	PRIMARY KEY (source, day)
) WITHOUT ROWID;
-- What indexes tell is enough: of millions of documents none is read whose date is known.
INSERT INTO arrivals (source, day, documents, known, dated) SELECT source, day, SUM(documents), 0, SUM(dated) FROM (
	SELECT source, learned / 86400000000 AS day, COUNT(*) AS documents, 0 AS dated FROM documents GROUP BY source, learned / 86400000000
	UNION ALL SELECT source, published / 86400000000, 0, COUNT(*) FROM documents WHERE published <= CAST(strftime('%s', 'now') AS INTEGER) * 1000000 GROUP BY source, published / 86400000000
	UNION ALL SELECT source, learned / 86400000000, 0, COUNT(*) FROM documents WHERE published IS NULL GROUP BY source, learned / 86400000000) x
	GROUP BY source, day;

-- Documents by the hour, of the last day alone.
CREATE TABLE hours (
	source    INTEGER NOT NULL,
	hour      INTEGER NOT NULL,
	documents INTEGER NOT NULL,
	PRIMARY KEY (source, hour)
) WITHOUT ROWID;
INSERT INTO hours (source, hour, documents) SELECT source, learned / 3600000000, COUNT(*) FROM documents
	WHERE learned >= CAST(strftime('%s', 'now') AS INTEGER) * 1000000 - 90000000000 GROUP BY source, learned / 3600000000;

-- When a source was not read though it should have been: what happened then is unknown.
CREATE TABLE outages (
	source INTEGER NOT NULL,
	began  INTEGER NOT NULL,
	ended  INTEGER NOT NULL,
	why    TEXT NOT NULL,
	PRIMARY KEY (source, began)
) WITHOUT ROWID;
