package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/forecast/backtest"
)

// replayed reads TweetFeed's files of some years, as far as a moment.
func replayed(tb testing.TB, to time.Time, years ...string) *forecast.History {
	tb.Helper()
	dir := tb.TempDir()
	for _, year := range years {
		b, err := os.ReadFile(filepath.Join(dataDir(tb), "tweetfeed", year+".csv.gz"))
		if err != nil {
			tb.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, year+".csv.gz"), b, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	c := &backtestCmd{Data: dir, To: to}
	h, err := c.read(tb.Context(), newApp(&cli{Quiet: true}, strings.NewReader(""), io.Discard, io.Discard))
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// holds tells where a result falls short of least.
func holds(tb testing.TB, r backtest.Result, least backtest.Score) {
	tb.Helper()
	for name, want := range least {
		if r.Metrics[name] < want {
			tb.Errorf("%s from %s to %s: %s is %.4f, want %.4f", r.Head, date(r.First), date(r.Last), name, r.Metrics[name], want)
		}
	}
	if low := r.Skill["base_rate"][1]; low <= 0 {
		tb.Errorf("%s: skill over the base rate may be %v", r.Head, low)
	}
}

// TestForecastsOfIndicatorsKeepTheirSkill replays the first months that can be
// tested; the benchmark replays all that the figures are asked of.
func TestForecastsOfIndicatorsKeepTheirSkill(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	h := replayed(t, time.Date(2022, 11, 1, 0, 0, 0, 0, time.UTC), "2021", "2022")
	again, err := backtest.Resighting(t.Context(), h, backtest.Options{Seed: 1, To: time.Date(2022, 8, 2, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, again, backtest.Score{"ap": 0.14, "auc": 0.94, "brier_skill": 0.06})
	second, err := backtest.Corroboration(t.Context(), h, backtest.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	holds(t, second, backtest.Score{"ap": 0.15, "auc": 0.88, "brier_skill": 0.06})
}

// BenchmarkBacktest replays what the figures are asked of.
func BenchmarkBacktest(b *testing.B) {
	dir, bin := dataDir(b), build(b)
	for _, q := range []struct {
		head  string
		least backtest.Score
	}{
		{"resighting", backtest.Score{"ap": 0.15, "auc": 0.94, "brier_skill": 0.08}},
		{"corroboration", backtest.Score{"ap": 3 * 0.016}},
	} {
		b.Run(q.head, func(b *testing.B) {
			for b.Loop() {
				out, took, peak := subcommand(b, bin, "--json", "--quiet", "backtest", q.head, "--data", filepath.Join(dir, "tweetfeed"), "--to", "2023-07-20")
				var r backtest.Result
				if err := json.Unmarshal(out, &r); err != nil {
					b.Fatalf("%s printed %q: %v", q.head, out, err)
				}
				holds(b, r, q.least)
				for name, v := range r.Metrics {
					b.ReportMetric(v, name)
				}
				b.ReportMetric(r.Baselines["polynomial_decay"]["ap"], "polynomial-ap")
				b.ReportMetric(r.Skill["base_rate"][1], "skill-low")
				b.ReportMetric(took.Seconds(), "s")
				b.ReportMetric(peak, "peak-MB")
			}
		})
	}
}

var refit = flag.Bool("refit", false, "write internal/forecast/sightings.json anew")

// BenchmarkShippedSightings fits the shipped model anew, which must give it
// again.
func BenchmarkShippedSightings(b *testing.B) {
	to := time.Date(2023, 7, 20, 0, 0, 0, 0, time.UTC)
	h := replayed(b, to, "2021", "2022", "2023")
	for b.Loop() {
		m, err := backtest.Fit(b.Context(), h, to)
		if err != nil {
			b.Fatal(err)
		}
		got, err := forecast.WriteSightings(m, "fitted to TweetFeed, 2021-08-09 to 2023-07-19: go test ./cmd/portent -run '^$' -bench ShippedSightings -benchtime 1x -refit")
		if err != nil {
			b.Fatal(err)
		}
		if *refit {
			if err := os.WriteFile("../../internal/forecast/sightings.json", got, 0o644); err != nil {
				b.Fatal(err)
			}
		} else if diff := cmp.Diff(string(forecast.ShippedSightings()), string(got)); diff != "" {
			b.Errorf("sightings.json is not what TweetFeed teaches; -refit writes it: %s", diff)
		}
	}
}

// months is a file of posts in which one account says again what it said two
// weeks ago, and others do not.
func months(t *testing.T, n int) string {
	var b bytes.Buffer
	for day := range 30 * n {
		at := fmt.Sprintf("%d-%02d-%02d 10:00:00", 2022+day/336, day/28%12+1, day%28+1)
		for k := range 5 {
			fmt.Fprintf(&b, "%s,user%d,domain,h%d-%d.example.org,#c2,https://x.example/user%d/status/%d\n", at, k, day, k, k, day*10+k)
		}
		if day > 14 && day%3 > 0 {
			fmt.Fprintf(&b, "%s,user0,domain,h%d-0.example.org,#c2,https://x.example/user0/status/%d\n", at, day-14, day*10+9)
			fmt.Fprintf(&b, "%s,user9,domain,h%d-1.example.org,#c2,https://x.example/user9/status/%d\n", at, day-14, day*10+8)
		}
	}
	return file(t, "posts.csv", b.Bytes())
}

func TestBacktestPrintsATable(t *testing.T) {
	path := months(t, 24)
	for head, row := range map[string]string{"resighting": "polynomial_decay", "corroboration": "base_rate"} {
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"backtest", head, "--data", path}, strings.NewReader(""), &out, &errs); code != exitDone {
			t.Fatalf("%s: exit %d: %s", head, code, errs.String())
		}
		for _, want := range []string{head + ": ", "AUC", "\nmodel ", "\n" + row, "Brier skill over base_rate: 0.", "could not be forecast: "} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", head, want, out.String())
			}
		}
	}
}

func TestBacktestSaysWhatIsWrong(t *testing.T) {
	short, day := months(t, 3), file(t, "day.csv", posts(50))
	for _, test := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "--from is not before --to", []string{"resighting", "--data", short, "--from", "2023-01-01", "--to", "2022-01-01"}},
		{exitUsage, "must be one of", []string{"weather", "--data", short}},
		{exitUsage, "--data", []string{"resighting"}},
		{exitFailed, "no such file", []string{"resighting", "--data", short + "x"}},
		{exitFailed, "no cutoff can be tested", []string{"resighting", "--data", short}},
		{exitFailed, "no cutoff can be tested", []string{"corroboration", "--data", day}},
		{exitFailed, "empty.csv: no post is in it", []string{"corroboration", "--data", file(t, "empty.csv", nil)}},
		{exitFailed, "no post is in it: TweetFeed's files are wanted", []string{"resighting", "--data", file(t, "list.json", []byte("[]"))}},
		{exitUsage, "--epss is for kev", []string{"resighting", "--data", short, "--epss", t.TempDir()}},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"backtest"}, test.args...), strings.NewReader(""), &out, &errs)
		if code != test.code || !strings.Contains(errs.String(), test.want) || out.Len() > 0 {
			t.Errorf("%v: exit %d, %q, %q; want exit %d and %q", test.args, code, out.String(), errs.String(), test.code, test.want)
		}
	}
}
