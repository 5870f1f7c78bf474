-- +goose Up

-- When a derivation came to be believed: from when its document was learned,
-- one that replaces another from when it was made.
ALTER TABLE evidence RENAME COLUMN derived TO since;
UPDATE evidence e SET since = learned
	WHERE NOT EXISTS (SELECT 1 FROM evidence o WHERE o.document = e.document AND o.superseded = e.since);

-- The links of a name as of a past day, whatever is believed of them now.
CREATE INDEX links_to ON links (to_entity, relation, from_entity);
