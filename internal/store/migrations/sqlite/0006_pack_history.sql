-- +goose Up

-- Since when an item of a pack is in force, and what was in force before.
ALTER TABLE pack_items ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
UPDATE pack_items SET since = (SELECT p.loaded FROM packs p WHERE p.name = pack_items.pack);
CREATE TABLE pack_history (
	pack       TEXT NOT NULL,
	key        TEXT NOT NULL,
	superseded INTEGER NOT NULL,
	since      INTEGER NOT NULL,
	body       TEXT NOT NULL,
	PRIMARY KEY (pack, key, superseded)
) WITHOUT ROWID;
