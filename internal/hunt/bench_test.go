package hunt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// indicators makes n of the mixture that the figures are told for: 20 of 100
// addresses, 30 hashes, 50 domains.
func indicators(n int) []intel.Entity {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([]intel.Entity, n)
	for i := range out {
		switch k := i % 10; {
		case k < 2:
			out[i] = intel.Entity{Kind: intel.IPv4, Name: fmt.Sprintf("%d.%d.%d.%d", 11+r.IntN(200), r.IntN(256), r.IntN(256), 1+r.IntN(254))}
		case k < 5:
			sum := sha256.Sum256(fmt.Appendf(nil, "hash %d", i))
			out[i] = intel.Entity{Kind: intel.SHA256, Name: hex.EncodeToString(sum[:])}
		default:
			out[i] = intel.Entity{Kind: intel.Domain, Name: fmt.Sprintf("%s-%d.%s", word(r), r.IntN(1_000_000), tlds[r.IntN(len(tlds))])}
		}
	}
	return out
}

var tlds = [...]string{"example", "test", "invalid", "example.net", "example.org", "example.com"}

func word(r *rand.Rand) string {
	const letters = "abcdefghijklmnopqrstuvwxyz"
	b := make([]byte, 4+r.IntN(8))
	for i := range b {
		b[i] = letters[r.IntN(len(letters))]
	}
	return string(b)
}

// proxyLog makes size bytes of a proxy's log in which one line of 1,000 carries
// an indicator.
func proxyLog(size int, marks []intel.Entity) []byte {
	r := rand.New(rand.NewPCG(3, 4))
	hosts := make([]string, 3000)
	for i := range hosts {
		hosts[i] = "www." + word(r) + word(r) + ".example.com"
	}
	var b bytes.Buffer
	b.Grow(size + 300)
	for n := 0; b.Len() < size; n++ {
		host, query := hosts[r.IntN(len(hosts))], ""
		if n%1000 == 999 {
			switch e := marks[r.IntN(len(marks))]; e.Kind {
			case intel.SHA256:
				query = "?sum=" + e.Name
			default:
				host = e.Name
			}
		}
		fmt.Fprintf(&b, "%d.%03d %6d 10.%d.%d.%d TCP_MISS/200 %d GET http://%s/%s/%s.html%s - HIER_DIRECT/203.0.113.%d text/html\n", 1772000000+n/10, n%1000, r.IntN(5000),
			r.IntN(256), r.IntN(256), r.IntN(256), r.IntN(100_000), host, word(r), word(r), query, r.IntN(256))
	}
	return b.Bytes()
}

func setOf(entities []intel.Entity) *Set {
	var b Builder
	for _, e := range entities {
		b.Add(Mark{Entity: e, Probability: 0.75, Actors: []string{"actor:cold-lynx"}})
	}
	return b.Set()
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// processor is how long this process has used one: what others do meanwhile on
// a shared machine does not count.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// rivals finds the same lines with grep and ripgrep, if they are there, and
// returns the seconds each took, at best of two.
func rivals(b *testing.B, marks []intel.Entity, log []byte) map[string]float64 {
	b.Helper()
	dir := b.TempDir()
	var patterns strings.Builder
	for _, e := range marks {
		patterns.WriteString(e.Name + "\n")
	}
	list, text := filepath.Join(dir, "patterns"), filepath.Join(dir, "log")
	for path, content := range map[string][]byte{list: []byte(patterns.String()), text: log} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			b.Fatal(err)
		}
	}
	out := map[string]float64{}
	for name, args := range map[string][]string{"rg": {"-j1", "-F", "-c", "-f", list, text}, "grep": {"-F", "-c", "-f", list, text}} {
		path, err := exec.LookPath(name)
		if err != nil {
			b.Logf("%s is not on this machine: no ratio to it", name)
			continue
		}
		for range 2 {
			ctx, stop := context.WithTimeout(b.Context(), 2*time.Minute)
			cmd := exec.CommandContext(ctx, path, args...)
			cmd.Env = append(os.Environ(), "LC_ALL=C")
			if found, err := cmd.Output(); err != nil {
				b.Logf("%s: %v %s", name, err, found)
			} else if used := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds(); out[name] == 0 || used < out[name] {
				out[name] = used
			}
			stop()
		}
	}
	return out
}

func benchmarkHunt(b *testing.B, n int, against bool) {
	const size = 64 << 20
	marks := indicators(n)
	log := proxyLog(size, marks)
	before := heap()
	started := time.Now()
	set := setOf(marks)
	built := time.Since(started)
	held := heap() - before
	var best float64
	found := 0
	for b.Loop() {
		s := NewScanner(set)
		for range 5 { // the machine is shared: the best counts
			found = 0
			started := processor()
			if err := s.Scan(b.Context(), bytes.NewReader(log), 0, func(Match) error { found++; return nil }); err != nil {
				b.Fatal(err)
			}
			if speed := float64(len(log)) / 1e6 / (processor() - started).Seconds(); speed > best {
				best = speed
			}
		}
	}
	runtime.KeepAlive(set)
	b.ReportMetric(best, "MB/s")
	b.ReportMetric(float64(held)/1e6, "MB-held")
	b.ReportMetric(built.Seconds(), "s-to-build")
	b.ReportMetric(float64(found), "matches")
	if against {
		for name, seconds := range rivals(b, marks, log) {
			b.ReportMetric(best/(float64(len(log))/1e6/seconds), "x-"+name)
		}
	}
}

// BenchmarkHunt1M hunts for a million indicators.
func BenchmarkHunt1M(b *testing.B) { benchmarkHunt(b, 1_000_000, false) }

// BenchmarkHunt100k hunts for 100,000, and compares with what else could. A
// rival's time has its start in it, as it has for whoever uses it.
func BenchmarkHunt100k(b *testing.B) { benchmarkHunt(b, 100_000, true) }

// BenchmarkHuntFragments hunts for 100,000 indicators and 1,000 fragments,
// which takes parsing every line.
func BenchmarkHuntFragments(b *testing.B) {
	marks := indicators(100_000)
	var mixed Builder
	for _, e := range marks {
		mixed.Add(Mark{Entity: e, Probability: 0.75})
	}
	for i := range 500 {
		mixed.Add(Mark{Entity: intel.Entity{Kind: intel.File, Name: fmt.Sprintf("/admin/page%d.php", i)}, Actors: []string{"actor:cold-lynx"}})
		mixed.Add(Mark{Entity: intel.Entity{Kind: intel.Argument, Name: fmt.Sprintf("id%d", i)}, Actors: []string{"actor:cold-lynx"}})
	}
	set := mixed.Set()
	for name, log := range map[string][]byte{"proxy": proxyLog(16<<20, marks), "json": bytes.Repeat([]byte(logs[2]+"\n"), 150_000),
		"json-in-one-line": bytes.Repeat([]byte(logs[2]+","), 150_000)} {
		b.Run(name, func(b *testing.B) {
			var best float64
			for b.Loop() {
				started := processor()
				if err := NewScanner(set).Scan(b.Context(), bytes.NewReader(log), 0, func(Match) error { return nil }); err != nil {
					b.Fatal(err)
				}
				best = max(best, float64(len(log))/1e6/(processor()-started).Seconds())
			}
			b.ReportMetric(best, "MB/s")
		})
	}
}
