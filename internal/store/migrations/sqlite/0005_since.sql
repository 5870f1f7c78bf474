-- +goose Up

-- When a derivation came to be believed: from when its document was learned,
-- one that replaces another from when it was made.
ALTER TABLE evidence RENAME COLUMN derived TO since;
UPDATE evidence SET since = learned WHERE id NOT IN (
	SELECT e.id FROM (SELECT DISTINCT document, superseded FROM evidence WHERE superseded IS NOT NULL) o
	JOIN evidence e ON e.document = o.document AND e.since = o.superseded);

-- The links of a name as of a past day, whatever is believed of them now.
CREATE INDEX links_to ON links (to_entity, relation, from_entity);
