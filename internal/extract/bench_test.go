package extract_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/reference"
)

// realData is the folder of real data, which CI always has.
func realData(t testing.TB) string {
	t.Helper()
	dir := os.Getenv("PORTENT_DATA")
	if dir == "" {
		dir = "../../../shared/data"
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI needs the real data: %v", err)
		}
		t.Skip("no real data here")
	}
	return dir
}

// realSet builds the set of the packs that hold names and benign values.
func realSet(t testing.TB) *reference.Set {
	t.Helper()
	fsys := os.DirFS(realData(t))
	var packs []reference.Pack
	for _, name := range []string{"attack", "actors", "warninglists", "kev"} {
		p, err := reference.Read(t.Context(), fsys, name)
		if err != nil {
			t.Fatal(err)
		}
		packs = append(packs, p)
	}
	s, err := reference.NewSet(packs...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// files goes through the real data that patterns match, by path and content.
func files(t testing.TB, patterns ...string) iter.Seq2[string, []byte] {
	t.Helper()
	return func(yield func(string, []byte) bool) {
		for _, pattern := range patterns {
			paths, err := filepath.Glob(filepath.Join(realData(t), pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range paths {
				b, err := os.ReadFile(p)
				if err != nil {
					t.Fatal(err)
				}
				if !yield(p, b) {
					return
				}
			}
		}
	}
}

// reports returns the texts of annoctr and eset, repeated to size bytes.
func reports(t testing.TB, size int) string {
	t.Helper()
	var all bytes.Buffer
	for _, b := range files(t, "annoctr/text/*/*.txt", "eset/*/*.adoc", "eset/*/*.md", "eset/*/*.txt") {
		all.Write(b)
		all.WriteByte('\n')
	}
	return string(bytes.Repeat(all.Bytes(), size/all.Len()+1)[:size])
}

// BenchmarkReports extracts real reports with all aliases loaded, a document
// of 64 kB at a time. The rivals look for the same names, which is the smaller
// part of it, and for what an expression takes for an indicator.
func BenchmarkReports(b *testing.B) {
	text, set := reports(b, 16<<20), realSet(b)
	best := extraction(b, extract.New(set), intel.Report, text)
	rivals(b, best, set, text)
}

// extraction reads a text a chunk at a time and notes the best speed on one core,
// by the time that the process had, since machines are shared: MB a second.
func extraction(b *testing.B, s *extract.Scanner, genre intel.Genre, text string) (best float64) {
	b.Helper()
	found := 0
	for b.Loop() {
		for range 5 {
			found = 0
			started := processor(b)
			for at := 0; at < len(text); at += 64 << 10 {
				found += len(s.Observations(intel.Document{Genre: genre, Text: text[at:min(len(text), at+64<<10)]}))
			}
			best = max(best, float64(len(text))/1e6/(processor(b)-started).Seconds())
		}
	}
	b.ReportMetric(best, "MB/s")
	b.ReportMetric(float64(found), "found")
	return best
}

// rivals lets what is on the machine look through a text, and notes how many
// times faster we were.
func rivals(b *testing.B, best float64, set *reference.Set, text string) {
	b.Helper()
	const indicator = `[0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-f]{32,64}|[a-z0-9-]+(\[?\.\]?[a-z0-9-]+)+|h(tt|xx)ps?://[^ ]+|CVE-[0-9]{4}-[0-9]+`
	var names strings.Builder
	for _, n := range set.Names() {
		names.WriteString(n.Text + "\n")
	}
	dir := b.TempDir()
	list, corpus := filepath.Join(dir, "names"), filepath.Join(dir, "text")
	for path, content := range map[string]string{list: names.String(), corpus: text} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for as, args := range map[string][]string{
		"x-grep-names": {"grep", "-F", "-i", "-w", "-o", "-a", "-f", list, corpus}, "x-rg-names": {"rg", "-j1", "-F", "-i", "-w", "-o", "-a", "-f", list, corpus},
		"x-grep-values": {"grep", "-E", "-i", "-o", "-a", indicator, corpus}, "x-rg-values": {"rg", "-j1", "-i", "-o", "-a", indicator, corpus},
	} {
		path, err := exec.LookPath(args[0])
		if err != nil {
			b.Logf("%s is not on this machine: no ratio to it", args[0])
			continue
		}
		ctx, stop := context.WithTimeout(b.Context(), 2*time.Minute)
		cmd := exec.CommandContext(ctx, path, args[1:]...)
		cmd.Env, cmd.Stdout = append(os.Environ(), "LC_ALL=C"), io.Discard // a pipe: into nothing grep stops early
		err = cmd.Run()
		stop()
		if err != nil {
			b.Logf("%s: %v", as, err)
			continue
		}
		used := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		b.ReportMetric(best*used/(float64(len(text))/1e6), as)
	}
}

// processor is the time that this process had on any core.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// accessLog returns size bytes of a combined access log as a busy site writes it.
func accessLog(size int) string {
	var b strings.Builder
	r := rand.New(rand.NewPCG(1, 2))
	paths := []string{"/", "/index.html", "/static/app.css", "/api/v1/items", "/search", "/images/logo.png", "/blog/2026/03/news", "/login"}
	agents := []string{"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
		"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "curl/8.5.0"}
	for b.Len() < size {
		fmt.Fprintf(&b, "%d.%d.%d.%d - - [%02d/Mar/2026:%02d:%02d:%02d +0000] \"GET %s?id=%d HTTP/1.1\" %d %d \"https://www.shop%d.test1/\" %q\n", 11+r.IntN(200), r.IntN(256), r.IntN(256), r.IntN(256),
			1+r.IntN(28), r.IntN(24), r.IntN(60), r.IntN(60), paths[r.IntN(len(paths))], r.IntN(10_000), 200+r.IntN(4)*100, r.IntN(100_000), r.IntN(50), agents[r.IntN(len(agents))])
	}
	return b.String()[:size]
}

// BenchmarkAccessLog extracts a log, with all aliases loaded.
func BenchmarkAccessLog(b *testing.B) {
	text, set := accessLog(8<<20), realSet(b)
	rivals(b, extraction(b, extract.New(set), intel.Log, text), set, text)
}
