-- +goose Up

-- Which readers a forecast is for: those cleared for its marking, and not for a
-- stricter one that the subject has forecasts of. Those made until now were
-- made from everything.
ALTER TABLE forecasts ADD COLUMN marking INTEGER NOT NULL DEFAULT 0;
UPDATE forecasts SET marking = 4, id = id || '-red';
