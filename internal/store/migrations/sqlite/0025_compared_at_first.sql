-- +goose Up

-- Why a document is there: it was just derived (0), or what it names stands for another
-- since (1); or it was compared, and waits to be derived as if what that came to had been
-- known before (2).
ALTER TABLE uncompared ADD COLUMN state INTEGER NOT NULL DEFAULT 0;
