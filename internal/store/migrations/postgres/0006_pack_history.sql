-- +goose Up

-- Since when an item of a pack is in force, and what was in force before.
ALTER TABLE pack_items ADD COLUMN since BIGINT NOT NULL DEFAULT 0;
UPDATE pack_items SET since = p.loaded FROM packs p WHERE p.name = pack_items.pack;
CREATE TABLE pack_history (
	pack       TEXT NOT NULL,
	key        TEXT COLLATE "C" NOT NULL,
	superseded BIGINT NOT NULL,
	since      BIGINT NOT NULL,
	body       TEXT NOT NULL,
	PRIMARY KEY (pack, key, superseded)
);
