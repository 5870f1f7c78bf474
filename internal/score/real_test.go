package score_test

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

// dataDir is the folder of real data sets.
func dataDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PORTENT_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "data")
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no real data at %s; CI must test on it (PORTENT_DATA names the folder)", dir)
		}
		t.Skipf("no real data at %s: not tested on it", dir)
	}
	return dir
}

// A crowd is who spoke of what.
type crowd struct {
	voices map[string]int64
	said   map[string][]intel.Voiced
	seen   map[string]map[intel.Voiced]bool
}

func newCrowd() crowd {
	return crowd{map[string]int64{}, map[string][]intel.Voiced{}, map[string]map[intel.Voiced]bool{}}
}

func (c crowd) hear(of, voice string, g intel.Genre, at time.Time) {
	if c.voices[voice] == 0 {
		c.voices[voice] = int64(len(c.voices) + 1)
	}
	m := intel.Voiced{Voice: c.voices[voice], Genre: g, Day: score.DayOf(at), Share: 1}
	if c.seen[of] == nil {
		c.seen[of] = map[intel.Voiced]bool{}
	}
	if !c.seen[of][m] {
		c.seen[of][m] = true
		c.said[of] = append(c.said[of], m)
	}
}

// lines calls f with the rows of CSV files, packed.
func lines(t *testing.T, pattern string, f func([]string)) {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v, %d files", pattern, err, len(paths))
	}
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(bufio.NewReader(file))
		if err != nil {
			t.Fatal(err)
		}
		r := csv.NewReader(z)
		r.FieldsPerRecord, r.LazyQuotes = -1, true
		for {
			row, err := r.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			f(row)
		}
		file.Close()
	}
}

func readJSON(t *testing.T, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func tagged(t *testing.T, dir string) crowd {
	c := newCrowd()
	lines(t, filepath.Join(dir, "tweetfeed", "*.csv.gz"), func(row []string) {
		at, err := time.Parse(time.DateTime, row[0])
		if err != nil || len(row) < 5 {
			return
		}
		for tag := range strings.FieldsSeq(row[4]) {
			c.hear(strings.ToLower(tag), row[1], intel.Social, at)
		}
	})
	return c
}

func exploited(t *testing.T, dir string) crowd {
	c := newCrowd()
	var kev struct {
		Vulnerabilities []struct{ CveID, VendorProject, DateAdded string }
	}
	readJSON(t, filepath.Join(dir, "kev", "known_exploited_vulnerabilities.json"), &kev)
	for _, v := range kev.Vulnerabilities {
		at, err := time.Parse(time.DateOnly, v.DateAdded)
		if err != nil {
			t.Fatal(err)
		}
		c.hear(v.CveID, "cisa", intel.Advisory, at)
	}
	return c
}

func extorters(t *testing.T, dir string) crowd {
	c := newCrowd()
	var posts []struct {
		Group      string `json:"group_name"`
		Discovered string
	}
	readJSON(t, filepath.Join(dir, "leaksites", "posts.json"), &posts)
	for _, p := range posts {
		at, err := time.Parse("2006-01-02 15:04:05.999999", p.Discovered)
		if err == nil && !at.Before(time.Date(2021, 9, 13, 0, 0, 0, 0, time.UTC)) { // before that is the crawler's first visit
			c.hear(p.Group, p.Group, intel.LeakSite, at)
		}
	}
	return c
}

func attacked(t *testing.T, dir string) crowd {
	c := newCrowd()
	lines(t, filepath.Join(dir, "ddosia", "*.csv.gz"), func(row []string) {
		at, err := time.Parse("2006-01-02T15:04:05", row[0])
		tld := row[1][strings.LastIndexByte(row[1], '.')+1:]
		if err == nil && len(tld) == 2 {
			c.hear(tld, "noname", intel.List, at)
		}
	})
	return c
}

// TestBandsHoldOnRealDataInEveryMonth places, at the end of each month, all that
// was spoken of in the half year before. Months differ in loudness by more than
// tenfold; the shares of the bands do not, but for things that tie.
func TestBandsHoldOnRealDataInEveryMonth(t *testing.T) {
	dir := dataDir(t)
	for _, set := range []struct {
		name     string
		crowd    crowd
		measure  func([]intel.Voiced, time.Time) float64
		from, to time.Time
		louder   float64 // how much the loudest month is over the quietest
	}{
		{"TweetFeed tags", tagged(t, dir), score.Interesting, monthOf(2021, 9), monthOf(2025, 12), 5},
		{"KEV vulnerabilities", exploited(t, dir), score.Interesting, monthOf(2022, 1), monthOf(2025, 12), 10},
		{"leak sites, offensive", extorters(t, dir), score.Active, monthOf(2021, 10), monthOf(2023, 12), 2},
		{"DDoSia, countries", attacked(t, dir), score.Active, monthOf(2023, 7), monthOf(2025, 4), 2},
	} {
		least, most := math.Inf(1), 0.0
		for m := set.from; !m.After(set.to); m = m.AddDate(0, 1, 0) {
			end, heard := m.AddDate(0, 1, -1).Add(12*time.Hour), 0
			var all []float64
			for _, ms := range set.crowd.said {
				all = append(all, set.measure(ms, end))
				for _, v := range ms {
					if v.Day >= score.DayOf(m) && v.Day <= score.DayOf(end) {
						heard++
					}
				}
			}
			if heard > 0 {
				least, most = min(least, float64(heard)), max(most, float64(heard))
			}
			if s := score.NewLadder(all); len(s) > 0 {
				shares := bandsHold(t, set.name+" "+m.Format("2006-01"), s)
				t.Logf("%s %s: %5d mentions, %5d things, ties %.3f: %s", set.name, m.Format("2006-01"), heard, len(s), ties(s), percent(shares))
			}
		}
		if most < set.louder*least {
			t.Errorf("%s: the loudest month has %.0f mentions, the quietest %.0f", set.name, most, least)
		}
	}
}

func monthOf(year int, m time.Month) time.Time { return time.Date(year, m, 1, 0, 0, 0, 0, time.UTC) }

// TestOneReporterMovesNoTagIntoTheBandsOfThreat takes each account in turn away
// from every tag, on the last day of the set.
func TestOneReporterMovesNoTagIntoTheBandsOfThreat(t *testing.T) {
	c := tagged(t, dataDir(t))
	end := time.Date(2025, 12, 31, 12, 0, 0, 0, time.UTC)
	var all []float64
	for _, ms := range c.said {
		all = append(all, score.Interesting(ms, end))
	}
	scale := score.NewLadder(all)
	held, greatest := 0, 0.0
	for _, ms := range c.said {
		ms = slices.DeleteFunc(ms, func(m intel.Voiced) bool { return m.Day <= score.DayOf(end)-score.Window })
		s := score.Interest(ms, scale, end)
		if s.Voices == 1 && s.Score > score.SoleMost {
			t.Fatalf("one account: %+v", s)
		}
		if s.Held {
			held++
		}
		voices := map[int64]bool{}
		for _, m := range ms {
			voices[m.Voice] = true
		}
		for voice := range voices {
			without := slices.DeleteFunc(slices.Clone(ms), func(m intel.Voiced) bool { return m.Voice == voice })
			greatest = max(greatest, s.Attention-score.Interesting(without, end))
		}
	}
	if most := 0.5 * math.Log2(1+score.VoiceMost); greatest > most+1e-9 {
		t.Errorf("one account adds %.3f, want at most %.3f", greatest, most)
	}
	t.Logf("%d tags, %d held; one account adds %.3f at most", len(scale), held, greatest)
}
