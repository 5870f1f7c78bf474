-- +goose Up

-- Documents of which another source says nearly all that they list: where it does, they
-- are its word.
CREATE TABLE mirrors (
	document BIGINT PRIMARY KEY,
	source   BIGINT NOT NULL
);

-- Documents that are to be compared with what others list.
CREATE TABLE uncompared (document BIGINT PRIMARY KEY);
