package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// longTexts are so many documents of 75 KB that name one actor and two others, and values
// that no other names, one a line.
func longTexts(b *testing.B, n int) []byte {
	b.Helper()
	chance := rand.New(rand.NewPCG(1, 2))
	actors := []string{"APT29", "Lazarus Group", "Turla", "Sandworm Team", "FIN7", "Kimsuky", "MuddyWater"}
	value := func() string {
		switch chance.IntN(4) {
		case 0:
			return fmt.Sprintf("h%x.example%d.net", chance.Uint32(), chance.IntN(1000))
		case 1:
			return fmt.Sprintf("%016x%016x", chance.Uint64(), chance.Uint64())
		}
		return fmt.Sprintf("%d.%d.%d.%d", 20+chance.IntN(150), chance.IntN(256), chance.IntN(256), 1+chance.IntN(254))
	}
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	for i := range n {
		var text strings.Builder
		fmt.Fprintf(&text, "APT28 and %s and %s attacked banks in Germany. Indicators of compromise used by APT28:\n", actors[i%7], actors[(i+2)%7])
		for k := 1; text.Len() < 75_000; k++ {
			if text.WriteString(value() + "\n"); k%40 == 0 {
				text.WriteString("APT28 uses also:\n")
			}
		}
		published := time.Date(2025, 1, 1, 20*i, 0, 0, 0, time.UTC)
		site := fmt.Sprintf("blog%d", i%10)
		if err := lines.Encode(map[string]any{"source": site, "url": fmt.Sprintf("https://%s.example.org/%d", site, i), "genre": "report", "title": fmt.Sprintf("Report %d", i),
			"published": published, "text": text.String()}); err != nil {
			b.Fatal(err)
		}
	}
	return out.Bytes()
}

// BenchmarkLongTexts asks for an actor of whom 400 long texts name 1.4 million indicators.
func BenchmarkLongTexts(b *testing.B) {
	bin := build(b)
	for b.Loop() {
		db, path := "sqlite:"+filepath.Join(b.TempDir(), "portent.db"), filepath.Join(b.TempDir(), "long.jsonl")
		if err := os.WriteFile(path, longTexts(b, 400), 0o600); err != nil {
			b.Fatal(err)
		}
		ask := func(what string, args ...string) {
			_, took, peak := subcommand(b, bin, append([]string{"--db", db, "--now", "2026-01-01"}, args...)...)
			b.ReportMetric(took.Seconds(), what+"-s")
			b.ReportMetric(peak, what+"-MB")
		}
		ask("import", "import", path)
		ask("lookup", "lookup", "APT28")
		ask("profile", "profile", "APT28")
	}
}
