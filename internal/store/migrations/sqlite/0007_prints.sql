-- +goose Up

-- What texts say, in 64 bits, for copies to be known by. A copy belongs to the
-- first document that said it and is no less reliable; that is its own original.
CREATE TABLE prints (
	seq      INTEGER PRIMARY KEY,
	document INTEGER NOT NULL UNIQUE REFERENCES documents (id),
	print    INTEGER NOT NULL,
	original INTEGER NOT NULL,
	marking  INTEGER NOT NULL,
	reliability INTEGER NOT NULL,
	published INTEGER,
	origin   TEXT NOT NULL
);
