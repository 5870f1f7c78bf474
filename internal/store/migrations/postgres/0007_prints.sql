-- +goose Up

-- What texts say, in 64 bits, for copies to be known by. A copy belongs to the
-- first document that said it; that is its own original.
CREATE TABLE prints (
	seq      BIGSERIAL PRIMARY KEY,
	document BIGINT NOT NULL UNIQUE REFERENCES documents (id),
	print    BIGINT NOT NULL,
	original BIGINT NOT NULL,
	marking  BIGINT NOT NULL,
	origin   TEXT NOT NULL
);
