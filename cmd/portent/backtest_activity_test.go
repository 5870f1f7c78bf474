package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast/activity"
	"github.com/portent-cti/portent/internal/forecast/backtest"
)

// TestPostsOfLeakSitesAreForecastAsWellAsAsked replays all weeks of the leak sites.
func TestPostsOfLeakSitesAreForecastAsWellAsAsked(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	path := filepath.Join(dataDir(t), "leaksites", "posts.json")
	var r backtest.Result
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--json", "-q", "backtest", "activity", "--data", path)), &r); err != nil {
		t.Fatal(err)
	}
	if s := r.Skill["naive_poisson"]; s[0] < .25 || s[1] < .18 {
		t.Errorf("skill over naive Poisson %v, want .25 and .18 at least", s)
	}
	for kind, name := range map[string]string{"activity": "naive_poisson", "any activity": "any_activity", "surge": "surge"} {
		shipped, measured := activity.Shown()[kind], r.Skill[name]
		if shipped[1] > measured[1]+.005 || shipped[0] > measured[0]+.005 {
			t.Errorf("%s is shipped with a skill of %v, measured %v", kind, shipped, measured)
		}
	}
	for _, part := range []string{"forest", "posterior", "analogs", "smoothing"} {
		if s := r.Skill[part]; s[0] <= 0 {
			t.Errorf("the pool is no better than its part %s: %v", part, s)
		}
	}
	for name, nominal := range map[string]float64{"pit_50": .5, "pit_80": .8, "pit_90": .9, "pit_95": .95} {
		if got := r.Metrics[name]; math.Abs(got-nominal) > .03 || r.Metrics[name+"_low"] > nominal || r.Metrics[name+"_high"] < nominal {
			t.Errorf("%s is %.4f [%.4f, %.4f]", name, got, r.Metrics[name+"_low"], r.Metrics[name+"_high"])
		}
	}
	if r.Metrics["ece"] > .04 || r.Cutoffs < 70 {
		t.Errorf("ECE of any %.4f, %d cutoffs", r.Metrics["ece"], r.Cutoffs)
	}
}

func TestABacktestOfActivityNamesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	for name, test := range map[string]struct{ text, want string }{
		"empty.json":  {"", "no post of a known date"},
		"none.json":   {"[]", "no post of a known date"},
		"broken.json": {`[{"post_title":"a","group_name":"b","discovered":"2024-01-01"}`, "broken.json"},
		"one.json":    {`[{"post_title":"a","group_name":"b","discovered":"2024-01-01 00:00:00.000000"}]`, "no cutoff can be tested"},
		"future.json": {`[{"post_title":"a","group_name":"b","discovered":"2024-01-01"},{"post_title":"c","group_name":"b","discovered":"9999-01-01"}]`, "no cutoff can be tested"},
	} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		var out, errs bytes.Buffer
		if code := run(t.Context(), []string{"-q", "backtest", "activity", "--data", path}, strings.NewReader(""), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), test.want) || strings.Contains(out.String(), "NaN") {
			t.Errorf("%s: exit %d, %s%s; want %q", name, code, &out, &errs, test.want)
		}
	}
}

func TestABacktestOfActivityTellsWhatItLeavesOut(t *testing.T) {
	var posts []string
	for week := range 50 {
		posts = append(posts, fmt.Sprintf(`{"post_title":"v%d","group_name":"g","discovered":"%s"}`, week, time.Date(2023, 1, 3+7*week, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)))
	}
	posts = append(posts, `{"post_title":"x","group_name":"g","discovered":""}`, `{"post_title":"y","group_name":"g"}`)
	path := file(t, "posts.json", []byte("["+strings.Join(posts, ",")+"]"))
	for want, args := range map[string][]string{
		"2 posts without a date are left out":                                          nil,
		"no cutoff can be tested: all are before --from, 2030-01-01; the last is 2023": {"--from", "2030-01-01"},
		"--epss is for kev": {"--epss", t.TempDir()},
	} {
		var out, errs bytes.Buffer
		run(t.Context(), append([]string{"backtest", "activity", "--data", path}, args...), strings.NewReader(""), &out, &errs)
		if !strings.Contains(errs.String(), want) {
			t.Errorf("%v: %q; want %q", args, errs.String(), want)
		}
	}
}
