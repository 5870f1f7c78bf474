-- +goose Up

-- Evidence in narrower rows, and views that read as the tables did. How is source,
-- weight, reliability, marking and stance in one number, span where and how long it stands
-- in the text, and times are in seconds where they are whole: see evidence.go.
ALTER TABLE evidence RENAME TO wide_evidence;
CREATE TABLE evidence_rows (
	link       INTEGER NOT NULL,
	document   INTEGER NOT NULL,
	seq        INTEGER NOT NULL,
	origin     INTEGER NOT NULL,
	how        INTEGER NOT NULL,
	at         INTEGER,
	learned    INTEGER,
	span       INTEGER NOT NULL,
	context    TEXT NOT NULL,
	since      INTEGER,
	PRIMARY KEY (link, document, seq)
) WITHOUT ROWID;
INSERT INTO evidence_rows (link, document, seq, origin, how, at, learned, span, context, since)
	SELECT link, document, seq, origin,
		CASE WHEN weight % 1000 = 0 THEN source * 8388608 + weight / 1000 * 8192 ELSE -8192 * (source * 1048576 + weight) END + reliability * 32 + marking * 4 + stance,
		CASE WHEN at % 1000000 = 0 AND ABS(at / 1000000) < 68719476736 THEN at / 1000000 WHEN at >= 0 THEN at + 68719476736 ELSE at - 68719476736 END,
		CASE WHEN learned % 1000000 = 0 AND ABS(learned / 1000000) < 68719476736 THEN learned / 1000000 WHEN learned >= 0 THEN learned + 68719476736 ELSE learned - 68719476736 END,
		CASE WHEN length < 4096 THEN (start + 1) * 4096 + length ELSE -2147483648 * (start + 1) - length END, context,
		CASE WHEN since % 1000000 = 0 AND ABS(since / 1000000) < 68719476736 THEN since / 1000000 WHEN since >= 0 THEN since + 68719476736 ELSE since - 68719476736 END
	FROM wide_evidence ORDER BY link, document, seq;
DROP TABLE wide_evidence;
CREATE VIEW evidence AS SELECT link, document, seq, origin, how, at AS kept_at, learned AS kept_learned,
	CASE WHEN how >= 0 THEN how >> 23 ELSE (-(how >> 13)) >> 20 END AS source, how >> 5 & 255 AS reliability, how >> 2 & 7 AS marking, how & 3 AS stance,
	CASE WHEN how >= 0 THEN (how >> 13 & 1023) * 1000 ELSE (-(how >> 13)) & 1048575 END AS weight,
	CASE WHEN at >= 68719476736 THEN at - 68719476736 WHEN at <= -68719476736 THEN at + 68719476736 ELSE at * 1000000 END AS at,
	CASE WHEN learned >= 68719476736 THEN learned - 68719476736 WHEN learned <= -68719476736 THEN learned + 68719476736 ELSE learned * 1000000 END AS learned,
	CASE WHEN span >= 0 THEN span / 4096 ELSE -span / 2147483648 END - 1 AS start, CASE WHEN span >= 0 THEN span % 4096 ELSE -span % 2147483648 END AS length, context,
	CASE WHEN since >= 68719476736 THEN since - 68719476736 WHEN since <= -68719476736 THEN since + 68719476736 ELSE since * 1000000 END AS since
	FROM evidence_rows;

ALTER TABLE former_evidence RENAME TO wide_former_evidence;
CREATE TABLE former_evidence_rows (
	link       INTEGER NOT NULL,
	document   INTEGER NOT NULL,
	superseded INTEGER NOT NULL,
	seq        INTEGER NOT NULL,
	origin     INTEGER NOT NULL,
	how        INTEGER NOT NULL,
	at         INTEGER,
	learned    INTEGER,
	span       INTEGER NOT NULL,
	context    TEXT NOT NULL,
	since      INTEGER,
	PRIMARY KEY (link, document, superseded, seq)
) WITHOUT ROWID;
INSERT INTO former_evidence_rows (link, document, superseded, seq, origin, how, at, learned, span, context, since)
	SELECT link, document, superseded, seq, origin,
		CASE WHEN weight % 1000 = 0 THEN source * 8388608 + weight / 1000 * 8192 ELSE -8192 * (source * 1048576 + weight) END + reliability * 32 + marking * 4 + stance,
		CASE WHEN at % 1000000 = 0 AND ABS(at / 1000000) < 68719476736 THEN at / 1000000 WHEN at >= 0 THEN at + 68719476736 ELSE at - 68719476736 END,
		CASE WHEN learned % 1000000 = 0 AND ABS(learned / 1000000) < 68719476736 THEN learned / 1000000 WHEN learned >= 0 THEN learned + 68719476736 ELSE learned - 68719476736 END,
		CASE WHEN length < 4096 THEN (start + 1) * 4096 + length ELSE -2147483648 * (start + 1) - length END, context,
		CASE WHEN since % 1000000 = 0 AND ABS(since / 1000000) < 68719476736 THEN since / 1000000 WHEN since >= 0 THEN since + 68719476736 ELSE since - 68719476736 END
	FROM wide_former_evidence ORDER BY link, document, superseded, seq;
DROP TABLE wide_former_evidence;
CREATE VIEW former_evidence AS SELECT link, document, superseded, seq, origin, how, at AS kept_at, learned AS kept_learned,
	CASE WHEN how >= 0 THEN how >> 23 ELSE (-(how >> 13)) >> 20 END AS source, how >> 5 & 255 AS reliability, how >> 2 & 7 AS marking, how & 3 AS stance,
	CASE WHEN how >= 0 THEN (how >> 13 & 1023) * 1000 ELSE (-(how >> 13)) & 1048575 END AS weight,
	CASE WHEN at >= 68719476736 THEN at - 68719476736 WHEN at <= -68719476736 THEN at + 68719476736 ELSE at * 1000000 END AS at,
	CASE WHEN learned >= 68719476736 THEN learned - 68719476736 WHEN learned <= -68719476736 THEN learned + 68719476736 ELSE learned * 1000000 END AS learned,
	CASE WHEN span >= 0 THEN span / 4096 ELSE -span / 2147483648 END - 1 AS start, CASE WHEN span >= 0 THEN span % 4096 ELSE -span % 2147483648 END AS length, context,
	CASE WHEN since >= 68719476736 THEN since - 68719476736 WHEN since <= -68719476736 THEN since + 68719476736 ELSE since * 1000000 END AS since
	FROM former_evidence_rows;
