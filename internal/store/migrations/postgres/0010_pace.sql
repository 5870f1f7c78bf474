-- +goose Up

-- How many values a voice speaks of on a day (since 1970, UTC), by marking: said
-- in all, posted by an account. A day that is far beyond the habit tells of haste
-- or of a first load, and not of each value.
CREATE TABLE pace (
	origin  BIGINT NOT NULL,
	day     BIGINT NOT NULL,
	marking BIGINT NOT NULL,
	said    BIGINT NOT NULL,
	posted  BIGINT NOT NULL,
	PRIMARY KEY (origin, day, marking)
);
INSERT INTO pace (origin, day, marking, said, posted)
	SELECT origin, day, marking, COUNT(*), SUM(CASE WHEN genre IN ('social', 'forum', 'chat', 'market', 'leaksite', 'mail') THEN 1 ELSE 0 END)
	FROM (SELECT DISTINCT e.origin, e.at / 86400000000 AS day, e.marking, e.document, l.from_entity, d.genre FROM evidence e
		JOIN links l ON l.id = e.link JOIN documents d ON d.id = e.document WHERE e.superseded IS NULL AND e.at >= 0 AND l.relation = 'indicates') x
	GROUP BY origin, day, marking;
