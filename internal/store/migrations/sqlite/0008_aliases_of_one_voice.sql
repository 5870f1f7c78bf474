-- +goose Up

-- One voice no longer moves a name that others speak of: what documents said
-- whom names stand for is settled anew.
INSERT INTO unresolved (name, asked) SELECT DISTINCT name, 1 FROM resolution WHERE said_by = 'documents' ORDER BY name
	ON CONFLICT (name) DO UPDATE SET asked = unresolved.asked + 1;
