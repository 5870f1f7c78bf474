package main

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestWhoInterruptsAQuestionIsNotKeptWaiting(t *testing.T) {
	sources := filepath.Join(t.TempDir(), "sources.toml")
	for _, args := range [][]string{{"sources", "add"}, {"secrets", "set", "one"}, {"extract"}} {
		ctx, interrupt := context.WithCancel(t.Context())
		silent, typed := io.Pipe() // nobody types anything
		defer typed.Close()
		time.AfterFunc(50*time.Millisecond, interrupt)
		ended := make(chan int, 1)
		var out, told bytes.Buffer
		go func() { ended <- run(ctx, append([]string{"--sources-file", sources}, args...), silent, &out, &told) }()
		select {
		case code := <-ended:
			if code != exitPartial || !strings.Contains(told.String(), "interrupted") {
				t.Errorf("%v: exit %d, said %q", args, code, told.String())
			}
		case <-time.After(5 * time.Second):
			t.Fatalf("%v waits on", args)
		}
	}
}
