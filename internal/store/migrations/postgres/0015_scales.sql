-- +goose Up

-- What the verdicts of this store teach of its sources and levels, as JSON, each
-- time rows were weighed by it: a row is explained by what held when it was weighed.
CREATE TABLE scales (
	taken BIGINT PRIMARY KEY,
	body  TEXT NOT NULL
);
