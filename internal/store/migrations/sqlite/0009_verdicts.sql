-- +goose Up

-- Verdicts are few among many documents, and all are read when a name is settled.
CREATE INDEX documents_verdicts ON documents (learned, id) WHERE genre = 'verdict';
