package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/forecast/backtest"
)

// asked is what a head must reach on TweetFeed.
type asked struct {
	head, from, to string
	metrics        backtest.Score
	times          float64 // the average precision, of the base rate
}

func (q asked) args(dir string) []string {
	return []string{"--json", "--quiet", "backtest", q.head, "--data", filepath.Join(dir, "tweetfeed"), "--to", q.to}
}

// judge tells where a result falls short.
func (q asked) judge(tb testing.TB, out []byte) backtest.Result {
	tb.Helper()
	var r backtest.Result
	if err := json.Unmarshal(out, &r); err != nil {
		tb.Fatalf("%s printed %q: %v", q.head, out, err)
	}
	for name, least := range q.metrics {
		if r.Metrics[name] < least {
			tb.Errorf("%s to %s: %s is %.4f, asked is %.4f", q.head, q.to, name, r.Metrics[name], least)
		}
	}
	if ap := r.Baselines["base_rate"]["ap"]; r.Metrics["ap"] < q.times*ap {
		tb.Errorf("%s to %s: average precision is %.4f at a base rate of %.4f", q.head, q.to, r.Metrics["ap"], ap)
	}
	if low := r.Skill["base_rate"][1]; low <= 0 {
		tb.Errorf("%s to %s: skill over the base rate may be %v", q.head, q.to, low)
	}
	return r
}

// TestForecastsOfIndicatorsKeepTheirSkill replays the first months that can be
// tested; the benchmarks replay them all.
func TestForecastsOfIndicatorsKeepTheirSkill(t *testing.T) {
	dir := dataDir(t)
	for _, q := range []asked{
		{head: "resighting", to: "2022-08-02", metrics: backtest.Score{"ap": 0.14, "auc": 0.94, "brier_skill": 0.06}, times: 30},
		{head: "corroboration", to: "2022-11-01", metrics: backtest.Score{"ap": 0.15, "auc": 0.88, "brier_skill": 0.06}, times: 10},
	} {
		t.Run(q.head, func(t *testing.T) {
			t.Parallel()
			var out, errs bytes.Buffer
			if code := run(t.Context(), q.args(dir), strings.NewReader(""), &out, &errs); code != exitDone {
				t.Fatalf("exit %d: %s", code, errs.String())
			}
			q.judge(t, out.Bytes())
		})
	}
}

// BenchmarkBacktest replays what the figures are asked of.
func BenchmarkBacktest(b *testing.B) {
	dir, bin := dataDir(b), build(b)
	for _, q := range []asked{
		{head: "resighting", to: "2023-07-20", metrics: backtest.Score{"ap": 0.15, "auc": 0.94, "brier_skill": 0.08}},
		{head: "corroboration", to: "2023-07-20", times: 3},
	} {
		b.Run(q.head, func(b *testing.B) {
			for b.Loop() {
				out, took, peak := command(b, bin, q.args(dir)...)
				r := q.judge(b, out)
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
		{exitFailed, "no cutoff can be tested", []string{"corroboration", "--data", file(t, "empty.csv", nil)}},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"backtest"}, test.args...), strings.NewReader(""), &out, &errs)
		if code != test.code || !strings.Contains(errs.String(), test.want) || out.Len() > 0 {
			t.Errorf("%v: exit %d, %q, %q; want exit %d and %q", test.args, code, out.String(), errs.String(), test.code, test.want)
		}
	}
}
