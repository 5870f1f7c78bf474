-- +goose Up

-- The days of a voice are counted by the source that tells of it: what somebody else
-- says in an account's name must not make its days odd.
DROP TABLE pace;
CREATE TABLE pace (
	source  INTEGER NOT NULL,
	origin  INTEGER NOT NULL,
	day     INTEGER NOT NULL,
	marking INTEGER NOT NULL,
	said    INTEGER NOT NULL,
	posted  INTEGER NOT NULL,
	PRIMARY KEY (source, origin, day, marking)
) WITHOUT ROWID;
INSERT INTO pace (source, origin, day, marking, said, posted)
	SELECT source, origin, day, marking, COUNT(*), SUM(CASE WHEN genre IN ('social', 'forum', 'chat', 'market', 'leaksite', 'mail') THEN 1 ELSE 0 END)
	FROM (SELECT DISTINCT e.source, e.origin, e.at / 86400000000 AS day, e.marking, e.document, l.from_entity, d.genre FROM evidence e
		JOIN links l ON l.id = e.link JOIN documents d ON d.id = e.document WHERE e.at >= 0 AND l.relation = 2) x
	GROUP BY source, origin, day, marking;

-- Copies are found by their original, where a better one takes its place.
CREATE INDEX prints_original ON prints (original);
