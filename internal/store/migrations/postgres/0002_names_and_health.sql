-- +goose Up

-- Names whose alias claims or reference have changed since it was told whom
-- they stand for; asked tells a change that came meanwhile.
CREATE TABLE unresolved (
	name  BIGINT PRIMARY KEY,
	asked BIGINT NOT NULL
);
INSERT INTO unresolved (name, asked)
	SELECT from_entity, 1 FROM links WHERE relation IN ('alias-of', 'not-alias-of')
	UNION SELECT to_entity, 1 FROM links WHERE relation IN ('alias-of', 'not-alias-of');

-- How reliable a source was said to be last, and what came of it when.
ALTER TABLE sources ADD COLUMN reliability INTEGER NOT NULL DEFAULT 0;
UPDATE sources SET reliability = COALESCE((SELECT MAX(d.reliability) FROM documents d WHERE d.source = sources.id), 0);
CREATE INDEX documents_learned ON documents (learned, source);
CREATE INDEX documents_source ON documents (source, published);

-- What was believed before it was derived anew, for reads as of a past day.
CREATE INDEX evidence_closed ON evidence (link) WHERE superseded IS NOT NULL;
