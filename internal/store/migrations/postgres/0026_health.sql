-- +goose Up

-- How sources fare, counted when it happens: of millions of documents nobody counts again.
ALTER TABLE sources ADD COLUMN marking BIGINT NOT NULL DEFAULT 0; -- of its entry: from whom it is hidden that it is read
ALTER TABLE sources ADD COLUMN visits BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN failures BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN failing BIGINT NOT NULL DEFAULT 0; -- visits in a row that failed, the last one
ALTER TABLE sources ADD COLUMN circuit TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN next_visit BIGINT;
ALTER TABLE sources ADD COLUMN known BIGINT NOT NULL DEFAULT 0; -- documents that came again
ALTER TABLE sources ADD COLUMN copies BIGINT NOT NULL DEFAULT 0; -- documents that are near-copies of others
ALTER TABLE sources ADD COLUMN yielded BIGINT NOT NULL DEFAULT 0; -- documents that give evidence
ALTER TABLE sources ADD COLUMN pieces BIGINT NOT NULL DEFAULT 0; -- of evidence
-- What it is worth: rows that it tells of, those it told of first, and those of them that
-- somebody else told of later; as of when they were counted.
ALTER TABLE sources ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN firsts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN seconded BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN counted BIGINT;
UPDATE sources SET copies = x.n FROM (SELECT d.source, COUNT(*) AS n FROM prints p JOIN documents d ON d.id = p.document WHERE p.original <> p.document GROUP BY d.source) x
	WHERE x.source = sources.id;
UPDATE sources SET pieces = x.n, yielded = x.documents FROM (SELECT source, COUNT(*) AS n, COUNT(DISTINCT document) AS documents FROM evidence GROUP BY source) x
	WHERE x.source = sources.id;

-- Documents by the day since 1970 on which they were learned, how many came again on it, and
-- how many are dated of it, as far as that is no later than when they were learned.
CREATE TABLE arrivals (
	source    BIGINT NOT NULL,
	day       BIGINT NOT NULL,
	documents BIGINT NOT NULL,
	known     BIGINT NOT NULL,
	dated     BIGINT NOT NULL,
	PRIMARY KEY (source, day)
);
-- What indexes tell is enough: of millions of documents none is read whose date is known.
INSERT INTO arrivals (source, day, documents, known, dated) SELECT source, day, SUM(documents), 0, SUM(dated) FROM (
	SELECT source, learned / 86400000000 AS day, COUNT(*) AS documents, 0 AS dated FROM documents GROUP BY source, learned / 86400000000
	UNION ALL SELECT source, published / 86400000000, 0, COUNT(*) FROM documents WHERE published <= CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000 GROUP BY source, published / 86400000000
	UNION ALL SELECT source, learned / 86400000000, 0, COUNT(*) FROM documents WHERE published IS NULL GROUP BY source, learned / 86400000000) x
	GROUP BY source, day;

-- Documents by the hour, of the last day alone.
CREATE TABLE hours (
	source    BIGINT NOT NULL,
	hour      BIGINT NOT NULL,
	documents BIGINT NOT NULL,
	PRIMARY KEY (source, hour)
);
INSERT INTO hours (source, hour, documents) SELECT source, learned / 3600000000, COUNT(*) FROM documents
	WHERE learned >= CAST(EXTRACT(EPOCH FROM now()) AS BIGINT) * 1000000 - 90000000000 GROUP BY source, learned / 3600000000;

-- When a source was not read though it should have been: what happened then is unknown.
CREATE TABLE outages (
	source BIGINT NOT NULL,
	began  BIGINT NOT NULL,
	ended  BIGINT NOT NULL,
	why    TEXT NOT NULL,
	PRIMARY KEY (source, began)
);
