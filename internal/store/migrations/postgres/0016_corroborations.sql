-- +goose Up

-- How likely it is that a second account reports a value until a moment: what the
-- latest run forecast. Seen is the last document that it knew of, marking the
-- strictest of those that report the value.
CREATE TABLE corroborations (
	entity      BIGINT PRIMARY KEY,
	probability DOUBLE PRECISION NOT NULL,
	until       BIGINT NOT NULL,
	made        BIGINT NOT NULL,
	seen        BIGINT NOT NULL,
	marking     BIGINT NOT NULL
);
