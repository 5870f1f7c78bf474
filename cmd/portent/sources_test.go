package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

func TestSourcesThatBringMoreThanMayWaitAreReadToTheEnd(t *testing.T) {
	a := newApp(&cli{DB: newStore(t), Quiet: true}, nil, io.Discard, io.Discard)
	defer a.close()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	p, err := a.pipeline(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p.Backlog = 5
	var chosen []watched
	for _, name := range []string{"one", "two"} {
		var lines strings.Builder
		for n := range 10 {
			fmt.Fprintf(&lines, `{"text": "The loader of %s calls home to 192.0.2.%d."}`+"\n", name, n)
		}
		w, err := newWatched(name, map[string]any{"connector": "documents", "path": file(t, "docs.jsonl", []byte(lines.String()))})
		if err != nil {
			t.Fatal(err)
		}
		chosen = append(chosen, w)
	}
	if failed, err := a.visit(ctx, p, chosen, time.Minute); failed > 0 || err != nil {
		t.Errorf("%d failed, %v", failed, err)
	}
	if n, err := a.db.Unfinished(t.Context()); n > 0 || err != nil {
		t.Errorf("%d wait, %v", n, err)
	}
}
