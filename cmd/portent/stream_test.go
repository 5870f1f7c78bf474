package main

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// A firehose is a Jetstream that tells so many posts a second, always the same, from any
// cursor on; with a rate of 0 as fast as they are taken.
type firehose struct {
	began time.Time
	rate  int
	posts int // after which it is silent

	told atomic.Int64 // posts that were due, or told
}

// gap is the time between two posts by their stamps, which a reader takes for its cursor.
const gap = 500 * time.Microsecond

// ServeHTTP implements http.Handler.
func (f *firehose) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, nil)
	if err != nil {
		return
	}
	defer conn.CloseNow()
	ctx := conn.CloseRead(r.Context())
	next := 0
	if cursor, err := strconv.ParseInt(r.URL.Query().Get("cursor"), 10, 64); err == nil {
		next = max(0, int(time.UnixMicro(cursor).Sub(f.began)/gap))
	}
	for ; next < f.posts; next++ {
		if f.rate > 0 {
			if early := time.Until(f.began.Add(time.Duration(next) * time.Second / time.Duration(f.rate))); early > 0 {
				time.Sleep(early)
			}
		}
		if conn.Write(ctx, websocket.MessageText, f.post(next)) != nil {
			return
		}
		f.told.Store(max(f.told.Load(), int64(next+1)))
	}
	<-ctx.Done()
}

// post is the n-th: talk, addresses, and whose they are.
func (f *firehose) post(n int) []byte {
	words := strings.Fields("seen again today in the logs of a customer new campaign panel exposed anyone else what a match last night coffee first then the queue update your servers sample shared with the group thread below")
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var b strings.Builder
	for range 12 + r.IntN(20) {
		b.WriteString(words[r.IntN(len(words))] + " ")
	}
	switch r.IntN(10) {
	case 0:
		fmt.Fprintf(&b, "Cold Lynx used 45.%d.%d.%d as its command and control server.", r.IntN(255), r.IntN(255), r.IntN(255))
	case 1, 2, 3:
		fmt.Fprintf(&b, "hxxp://a%d[.]evil-%d[.]top/x #phishing", n, r.IntN(5000))
	}
	at := f.began.Add(time.Duration(n) * gap)
	return fmt.Appendf(nil, `{"did":"did:plc:u%d","time_us":%d,"kind":"commit","commit":{"rev":"1","operation":"create","collection":"app.bsky.feed.post","rkey":"k%d","cid":"c%d","record":{"text":%q,"createdAt":%q}}}`,
		r.IntN(20000), at.UnixMicro(), n, n, b.String()+strconv.Itoa(n), at.UTC().Format(time.RFC3339Nano))
}

// start serves posts, and returns a file of sources that has them.
func (f *firehose) start(tb testing.TB) (sources string) {
	tb.Helper()
	f.began = time.Now()
	srv := httptest.NewServer(f)
	tb.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		tb.Fatal(err)
	}
	sources = filepath.Join(tb.TempDir(), "sources.toml")
	text := fmt.Sprintf("[stream]\nconnector = 'bluesky'\nall = true\nrate = 10000000\nserver = '%s'\nreliability = 'C'\nallow = ['127.0.0.0/8']\nports = [%s]\n", srv.URL, u.Port())
	if err := os.WriteFile(sources, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
	return sources
}

// kept is how many documents a store has, and how many of them are not yet derived.
func kept(tb testing.TB, db string) (documents, waiting int) {
	tb.Helper()
	raw, err := sql.Open("sqlite", strings.TrimPrefix(db, "sqlite:"))
	if err != nil {
		tb.Fatal(err)
	}
	defer raw.Close()
	err = raw.QueryRowContext(tb.Context(), "SELECT (SELECT COALESCE(MAX(id), 0) FROM documents), (SELECT COUNT(*) FROM work WHERE state = 0)").Scan(&documents, &waiting)
	if err != nil {
		return 0, 0 // the tables are not there yet
	}
	return documents, waiting
}

func TestNoPostOfAStreamIsLostWhereServeIsKilled(t *testing.T) {
	f := &firehose{rate: 600, posts: 2400}
	db := newStore(t)
	sources := f.start(t)
	serve := func(ctx context.Context) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0], "--db", db, "--sources-file", sources, "serve", "--addr", "127.0.0.1:0")
		cmd.Env = append(os.Environ(), "PORTENT_TEST_AS_PROGRAM=1")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd
	}
	for _, some := range []int{300, 900, 1500} {
		cmd := serve(t.Context())
		until(t, 90*time.Second, func() bool { n, _ := kept(t, db); return n >= some })
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
	}
	ctx, stop := context.WithCancel(t.Context())
	cmd := serve(ctx)
	until(t, 3*time.Minute, func() bool { n, waiting := kept(t, db); return n >= f.posts && waiting == 0 })
	stop()
	_ = cmd.Wait() // as before
	if n, _ := kept(t, db); n != f.posts {
		t.Errorf("%d documents of %d posts", n, f.posts)
	}
}
