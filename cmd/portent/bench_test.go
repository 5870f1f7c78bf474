package main

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// dataDir is the folder of real data sets, or "" where there is none.
func dataDir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("PORTENT_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("no real data at %s; CI must test on it (PORTENT_DATA names the folder)", dir)
		}
		tb.Skipf("no real data at %s: not tested on it", dir)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		tb.Fatal(err)
	}
	return abs
}

// build makes the static binary once per benchmark.
func build(b *testing.B) string {
	b.Helper()
	bin := filepath.Join(b.TempDir(), "portent")
	cmd := exec.CommandContext(b.Context(), "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", bin, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("build: %v\n%s", err, out)
	}
	return bin
}

// subcommand runs the binary to its end and returns its output, time and peak
// memory in MB.
func subcommand(b *testing.B, bin string, args ...string) (out []byte, took time.Duration, peak float64) {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), bin, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	started := time.Now()
	err := cmd.Run()
	took = time.Since(started)
	if code := cmd.ProcessState.ExitCode(); err != nil && code != exitPartial {
		b.Fatalf("portent %s: %v\n%s", strings.Join(args, " "), err, stderr.Bytes())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if ok {
		peak = float64(usage.Maxrss) / 1024
	}
	return stdout.Bytes(), took, peak
}

// BenchmarkTweetFeed imports five years of posts, twice.
func BenchmarkTweetFeed(b *testing.B) {
	dir, bin := dataDir(b), build(b)
	for b.Loop() {
		db := "sqlite:" + filepath.Join(b.TempDir(), "portent.db")
		subcommand(b, bin, "--db", db, "sync", "--from", dir, "attack", "actors", "warninglists")
		_, took, peak := subcommand(b, bin, "--db", db, "--json", "import", "--source", "tweetfeed", filepath.Join(dir, "tweetfeed"))
		const rows = 737_654
		b.ReportMetric(rows/took.Seconds(), "rows/s")
		b.ReportMetric(peak, "peak-MB")
		out, fresh, _ := subcommand(b, bin, "--db", db, "--json", "profile", "malware:cobalt-strike")
		var p struct {
			IOC []json.RawMessage `json:"ioc"`
		}
		if err := json.Unmarshal(out, &p); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(len(p.IOC)), "cobalt-strike-iocs")
		b.ReportMetric(fresh.Seconds(), "cobalt-strike-s")
		out, again, _ := subcommand(b, bin, "--db", db, "--json", "import", "--source", "tweetfeed", filepath.Join(dir, "tweetfeed"))
		var second struct{ Documents, Observations, Evidence int }
		if err := json.Unmarshal(out, &second); err != nil || second.Documents+second.Observations+second.Evidence != 0 {
			b.Fatalf("the second import added %+v, err %v", second, err)
		}
		b.ReportMetric(again.Seconds(), "second-run-s")
		b.ReportMetric(size(b, db), "store-MB")
		derived, documents, indexed := shares(b, db)
		b.ReportMetric(derived/documents, "derived/documents")
		b.ReportMetric(derived/indexed, "derived/documents-with-indexes")
		_, rescored, _ := subcommand(b, bin, "--db", db, "reprocess", "--scores")
		b.ReportMetric(rescored.Seconds(), "rescore-s")
	}
}

// shares is how many bytes a store spends on what is derived, on the table of
// documents and on that with its indexes, but for the full text.
func shares(b *testing.B, db string) (derived, documents, indexed float64) {
	b.Helper()
	raw, err := sql.Open("sqlite", strings.TrimPrefix(db, "sqlite:"))
	if err != nil {
		b.Fatal(err)
	}
	defer raw.Close()
	err = raw.QueryRowContext(b.Context(), `WITH t (name, of, bytes) AS (SELECT s.name, m.tbl_name, SUM(s.pgsize) FROM dbstat s JOIN sqlite_schema m ON m.name = s.name GROUP BY s.name)
		SELECT SUM(CASE WHEN of IN ('findings', 'mentions', 'asides', 'evidence_rows', 'former_evidence_rows', 'strata', 'links', 'assessments', 'entities', 'origins', 'activity', 'resolution', 'unresolved', 'stale', 'prints', 'gists', 'arrivals', 'hours', 'outages') THEN bytes END),
		SUM(CASE WHEN name = 'documents' THEN bytes END), SUM(CASE WHEN of = 'documents' THEN bytes END) FROM t`).Scan(&derived, &documents, &indexed)
	if err != nil {
		b.Fatal(err)
	}
	return derived, documents, indexed
}

func size(b *testing.B, db string) float64 {
	b.Helper()
	n := int64(0)
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(strings.TrimPrefix(db, "sqlite:") + suffix); err == nil {
			n += info.Size()
		}
	}
	return float64(n) / (1 << 20)
}

// allSets is every set that has a type.
func allSets() []string {
	return []string{"tweetfeed", "leaksites", "ddosia", "maltrail", "sophos", "eset", "ransomware-vulnerability-matrix", "ransomchats", "cve", "kev",
		"attack/enterprise-attack-18.1.json.gz"}
}

// BenchmarkEverything imports every set, then asks for pages with all of it
// loaded.
func BenchmarkEverything(b *testing.B) {
	dir, bin := dataDir(b), build(b)
	for b.Loop() {
		db := "sqlite:" + filepath.Join(b.TempDir(), "portent.db")
		started := time.Now()
		subcommand(b, bin, "--db", db, "sync", "--from", dir)
		args := []string{"--db", db, "--json", "import"}
		for _, s := range allSets() {
			args = append(args, filepath.Join(dir, s))
		}
		_, _, peak := subcommand(b, bin, args...)
		b.ReportMetric(time.Since(started).Minutes(), "import-min")
		b.ReportMetric(peak, "peak-MB")
		b.ReportMetric(size(b, db), "store-MB")
		pages(b, bin, db)
	}
	info, err := os.Stat(bin)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/(1<<20), "binary-MB")
}

// pages starts the server on a full store and measures what a reader waits.
func pages(b *testing.B, bin, db string) {
	b.Helper()
	began := time.Now()
	cmd, base := started(b, bin, "--db", db)
	get(b, base)
	b.ReportMetric(time.Since(began).Seconds(), "first-byte-s")
	time.Sleep(3 * time.Second)
	b.ReportMetric(memory(b, cmd.Process.Pid, "VmRSS"), "idle-MB")
	var took []time.Duration
	for _, path := range busiest(b, base) {
		for range 2 {
			at := time.Now()
			get(b, base+path)
			took = append(took, time.Since(at))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(len(took)), "actor-pages")
	b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "actor-page-p95-ms")
	b.ReportMetric(memory(b, cmd.Process.Pid, "VmRSS"), "used-MB")
	time.Sleep(time.Minute) // models are fitted to the new store meanwhile
	b.ReportMetric(memory(b, cmd.Process.Pid, "VmRSS"), "trained-MB")
	b.ReportMetric(memory(b, cmd.Process.Pid, "VmHWM"), "serve-peak-MB")
	interrupt(b, cmd)
}

// started starts the server, and says where its pages are.
func started(b *testing.B, bin string, args ...string) (cmd *exec.Cmd, base string) {
	b.Helper()
	cmd = exec.CommandContext(b.Context(), bin, append(args, "serve", "--addr", "127.0.0.1:0")...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Fscanf(out, "Portent is ready: %s", &base); err != nil {
		b.Fatal(err)
	}
	return cmd, base
}

// interrupt ends a server.
func interrupt(b *testing.B, cmd *exec.Cmd) {
	b.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		b.Fatal(err)
	}
	_ = cmd.Wait() // it was interrupted
}

// busiest returns the addresses of the 400 actors that are named most.
func busiest(b *testing.B, base string) []string {
	b.Helper()
	link := regexp.MustCompile(`href="/(actor/[^"?#]+)"`)
	var paths []string
	for page := 1; page <= 8; page++ {
		for _, m := range link.FindAllStringSubmatch(get(b, fmt.Sprintf("%sactors?page=%d", base, page)), -1) {
			if !slices.Contains(paths, m[1]) {
				paths = append(paths, m[1])
			}
		}
	}
	return paths
}

func get(b *testing.B, url string) string {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, url, nil)
	if err != nil {
		b.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		b.Fatalf("get %s: status %d, err %v", url, resp.StatusCode, err)
	}
	return string(body)
}

// memory is what a process holds, or has held at most, in MB.
func memory(b *testing.B, pid int, what string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Skip("no /proc here: memory is not measured")
	}
	var kb float64
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, what+":"); ok {
			fmt.Sscanf(rest, "%f", &kb)
		}
	}
	return kb / 1024
}

// BenchmarkStream takes in 2,000 posts a second for ten minutes, and then as many as it can,
// from a source that is faster.
func BenchmarkStream(b *testing.B) {
	bin := build(b)
	for b.Loop() {
		for _, f := range []*firehose{{rate: 2000, posts: 1_200_000}, {posts: 200_000}} {
			name := fmt.Sprintf("-at-%d", f.rate)
			db := "sqlite:" + filepath.Join(b.TempDir(), "portent.db")
			subcommand(b, bin, "--db", db, "sync", "--from", dataDir(b), "actors", "warninglists")
			sources := f.start(b)
			cmd, _ := started(b, bin, "--db", db, "--sources-file", sources)
			worst, over := 0, 0
			for n, waiting := 0, 1; n < f.posts || waiting > 0; time.Sleep(time.Second) {
				if n, waiting = kept(b, db); f.rate > 0 {
					due := min(f.posts, int(time.Since(f.began).Seconds()*float64(f.rate)))
					worst = max(worst, due-n+waiting)
				}
				if over++; over > 1500 {
					b.Fatalf("%d of %d posts are kept, of which %d wait, after %d s", n, f.posts, waiting, over)
				}
			}
			b.ReportMetric(float64(f.posts)/time.Since(f.began).Seconds(), "posts/s"+name)
			b.ReportMetric(float64(worst), "most-behind"+name)
			b.ReportMetric(memory(b, cmd.Process.Pid, "VmHWM"), "peak-MB"+name)
			b.ReportMetric(size(b, db), "store-MB"+name)
			interrupt(b, cmd)
		}
	}
}

// BenchmarkItem waits for an item of a feed to be a row of a profile's page, from when it was
// asked for.
func BenchmarkItem(b *testing.B) {
	bin := build(b)
	for b.Loop() {
		var given atomic.Int64
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			given.CompareAndSwap(0, time.Now().UnixNano())
			fmt.Fprint(w, feedOf("Turla used 45.134.21.8 as its command and control server."))
		}))
		u, err := url.Parse(srv.URL)
		if err != nil {
			b.Fatal(err)
		}
		db, sources := "sqlite:"+filepath.Join(b.TempDir(), "portent.db"), filepath.Join(b.TempDir(), "sources.toml")
		text := fmt.Sprintf("[labs]\nconnector = 'rss'\nurl = '%s/feed'\nexcerpts = true\nrobots = false\nallow = ['127.0.0.0/8']\nports = [%s]\n", srv.URL, u.Port())
		if err := os.WriteFile(sources, []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
		subcommand(b, bin, "--db", db, "sync", "--from", dataDir(b), "actors", "warninglists")
		cmd, base := started(b, bin, "--db", db, "--sources-file", sources)
		for page := base + "actor/turla"; given.Load() == 0 || !shows(b, page, "45.134.21.8"); time.Sleep(20 * time.Millisecond) {
			if given.Load() != 0 && time.Since(time.Unix(0, given.Load())) > time.Minute {
				b.Fatal("the item is no row after a minute")
			}
		}
		b.ReportMetric(time.Since(time.Unix(0, given.Load())).Seconds(), "s-to-row")
		interrupt(b, cmd)
		srv.Close()
	}
}

// BenchmarkThousandSources reads a thousand feeds, each with an item more at every visit, once a
// minute for three minutes: fifteen times as often as they are polled.
func BenchmarkThousandSources(b *testing.B) {
	const sources, every, visits = 1000, time.Minute, 3
	bin := build(b)
	for b.Loop() {
		db := "sqlite:" + filepath.Join(b.TempDir(), "portent.db")
		subcommand(b, bin, "--db", db, "sync", "--from", dataDir(b), "actors", "warninglists")
		var text strings.Builder
		for i := range sources {
			address, port := growing(b, i)
			fmt.Fprintf(&text, "[feed-%d]\nconnector = 'rss'\nurl = '%s'\nexcerpts = true\nevery = '%v'\nallow = ['127.0.0.0/8']\nports = [%s]\n", i, address, every, port)
		}
		file := filepath.Join(b.TempDir(), "sources.toml")
		if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
			b.Fatal(err)
		}
		cmd, _ := started(b, bin, "--db", db, "--sources-file", file)
		time.Sleep(visits * every)
		peak := memory(b, cmd.Process.Pid, "VmHWM")
		interrupt(b, cmd)
		out, _, _ := subcommand(b, bin, "--db", db, "--sources-file", file, "--json", "sources", "list")
		done, failed := 0, 0
		for line := range bytes.Lines(out) {
			var s struct{ Visits, Failures int }
			if err := json.Unmarshal(line, &s); err != nil {
				b.Fatal(err)
			}
			done, failed = done+s.Visits, failed+s.Failures
		}
		n, waiting := kept(b, db)
		b.ReportMetric(float64(done), "visits")
		b.ReportMetric(float64(failed), "failures")
		b.ReportMetric(float64(n), "documents")
		b.ReportMetric(float64(waiting), "waiting")
		b.ReportMetric(peak, "peak-MB")
		b.ReportMetric(cmd.ProcessState.UserTime().Seconds()+cmd.ProcessState.SystemTime().Seconds(), "processor-s")
	}
}

// growing serves a feed at an address of its own, with one more item each time that it is
// asked for.
func growing(b *testing.B, i int) (address, port string) {
	b.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(b.Context(), "tcp", fmt.Sprintf("127.1.%d.%d:0", i/250, i%250+1))
	if err != nil {
		b.Fatal(err)
	}
	asked := 0
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		texts := make([]string, 20+asked)
		for n := range texts {
			texts[n] = fmt.Sprintf("Cold Lynx used 45.%d.%d.%d as its command and control server, says note %d of feed %d.", i%250, i/250, n, n, i)
		}
		fmt.Fprint(w, feedOf(texts...))
	}))
	srv.Listener.Close()
	srv.Listener = l
	srv.Start()
	b.Cleanup(srv.Close)
	u, err := url.Parse(srv.URL)
	if err != nil {
		b.Fatal(err)
	}
	return srv.URL + "/feed", u.Port()
}
