-- +goose Up

-- By what all rows are weighed: a row each time that it changes, so that the
-- history of every score can tell it and none needs a copy.
CREATE TABLE weighings (
	id    BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	at    BIGINT NOT NULL,
	rules INTEGER NOT NULL,
	scale TEXT NOT NULL
);
