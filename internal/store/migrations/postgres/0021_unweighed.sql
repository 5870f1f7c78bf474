-- +goose Up

-- How much more the texts of documents say than is weighed: of one text so much is,
-- and what was left out is told of the rows that it says.
CREATE TABLE unweighed (
	document BIGINT PRIMARY KEY,
	marking  BIGINT NOT NULL,
	pieces   BIGINT NOT NULL
);
