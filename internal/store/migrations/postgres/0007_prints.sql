-- +goose Up

-- What texts say, in 64 bits, for copies to be known by. A copy belongs to the
-- first document that said it and is no less reliable; that is its own original.
CREATE TABLE prints (
	seq      BIGSERIAL PRIMARY KEY,
	document BIGINT NOT NULL UNIQUE REFERENCES documents (id),
	print    BIGINT NOT NULL,
	original BIGINT NOT NULL,
	marking  BIGINT NOT NULL,
	reliability BIGINT NOT NULL,
	published BIGINT,
	origin   TEXT NOT NULL
);
