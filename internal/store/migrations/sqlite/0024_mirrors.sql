-- +goose Up

-- Documents and sources of which one says nearly all that the other lists: what the source
-- said first, the document has from it.
CREATE TABLE mirrors (
	document INTEGER NOT NULL,
	source   INTEGER NOT NULL,
	PRIMARY KEY (document, source)
);

-- Documents that are to be compared with what others list.
CREATE TABLE uncompared (document INTEGER PRIMARY KEY);
