-- +goose Up

-- Names whose alias claims or reference have changed since it was told whom
-- they stand for; asked tells a change that came meanwhile.
CREATE TABLE unresolved (
	name  INTEGER PRIMARY KEY,
	asked INTEGER NOT NULL
);
INSERT INTO unresolved (name, asked)
	SELECT from_entity, 1 FROM links WHERE relation IN ('alias-of', 'not-alias-of')
	UNION SELECT to_entity, 1 FROM links WHERE relation IN ('alias-of', 'not-alias-of');
