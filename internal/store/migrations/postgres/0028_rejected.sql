-- +goose Up

-- What of a source could not be read: how many items, which was the last and why, and when.
ALTER TABLE sources ADD COLUMN rejected BIGINT NOT NULL DEFAULT 0;
ALTER TABLE sources ADD COLUMN last_rejected TEXT NOT NULL DEFAULT '';
ALTER TABLE sources ADD COLUMN rejected_at BIGINT;
