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

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast/backtest"
)

// kevFile is the catalogue that is replayed on real data.
func kevFile(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(dataDir(tb), "kev", "known_exploited_vulnerabilities.json")
}

// backtested runs a back-test on real data.
func backtested(tb testing.TB, args ...string) (r backtest.Result) {
	tb.Helper()
	var out, errs bytes.Buffer
	if code := run(tb.Context(), append([]string{"--json", "--quiet", "backtest"}, args...), strings.NewReader(""), &out, &errs); code != exitDone {
		tb.Fatalf("%v: exit %d: %s", args, code, errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestForecastsOfVendorsKeepTheirSkill(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	r := backtested(t, "vendors", "--data", kevFile(t), "--to", "2025-09-01")
	holds(t, r, backtest.Score{"ap": 0.40, "auc": 0.86, "brier_skill": 0.21})
	for _, name := range []string{"gamma_poisson", "ma12_poisson"} {
		if r.Skill[name][1] <= 0 {
			t.Errorf("skill over %s may be %v", name, r.Skill[name][1])
		}
	}
	if r.Metrics["ece"] > 0.01 || r.Cutoffs != 28 || !r.Last.Equal(time.Date(2025, 8, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%d cutoffs, the last %v: calibration error %v", r.Cutoffs, r.Last, r.Metrics["ece"])
	}
}

// BenchmarkBacktestKEV replays KEV on all days of scores, which must fit in memory.
func BenchmarkBacktestKEV(b *testing.B) {
	data, folder, bin := kevFile(b), filepath.Join(dataDir(b), "epss"), build(b)
	for b.Loop() {
		out, took, peak := subcommand(b, bin, "--json", "--quiet", "backtest", "kev", "--data", data, "--epss", folder)
		var r backtest.Result
		if err := json.Unmarshal(out, &r); err != nil {
			b.Fatalf("%q: %v", out, err)
		}
		for name, v := range r.Metrics {
			b.ReportMetric(v, name)
		}
		if peak > 512 || r.Metrics["auc"] < 0.88 || r.Gains["fresh_epss"]["recall@1000"][1] <= 0 || r.Unscoreable < 0.3 {
			b.Errorf("peak %.0f MB, metrics %v, gains over fresh_epss %v, unscoreable %v", peak, r.Metrics, r.Gains["fresh_epss"], r.Unscoreable)
		}
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(peak, "peak-MB")
	}
}

// catalogue writes a catalogue of some years in CISA's form.
func catalogue(t *testing.T, years int) string {
	t.Helper()
	chance := rand.New(rand.NewPCG(2, 2))
	var rows []string
	for d := range 365 * years {
		vendor := chance.IntN(40)
		if d%9 == 0 {
			vendor = 0
		}
		if d%3 == 0 {
			at := time.Date(2021, 1, 1+d, 0, 0, 0, 0, time.UTC)
			rows = append(rows, fmt.Sprintf(`{"cveID":"CVE-%d-%05d","vendorProject":"Vendor %d","product":"Thing","vulnerabilityName":"n","dateAdded":%q}`,
				at.Year(), d+1, vendor, at.Format(time.DateOnly)))
		}
	}
	return file(t, "kev.json", []byte(`{"catalogVersion":"1","vulnerabilities":[`+strings.Join(rows, ",")+`]}`))
}

// scores writes files of scores, fortnightly from 2021, that say nothing.
func scores(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	for i := range n {
		at := time.Date(2021, 1, 3+14*i, 0, 0, 0, 0, time.UTC)
		var b strings.Builder
		fmt.Fprintf(&b, "#model_version:v1,score_date:%sT00:00:00+0000\ncve,epss,percentile\n", at.Format(time.DateOnly))
		for c := range 365 {
			fmt.Fprintf(&b, "CVE-2021-%05d,0.%03d,0.5\n", c+1, (c*7919+i*613)%1000)
		}
		if err := os.WriteFile(filepath.Join(dir, "epss_scores-"+at.Format(time.DateOnly)+".csv"), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBacktestsOfExploitationPrintTables(t *testing.T) {
	data, folder := catalogue(t, 3), scores(t, 26)
	for head, test := range map[string]struct {
		args, want []string
	}{
		"vendors": {nil, []string{"vendors: ", "Brier skill", "\nma12_poisson", "\ngamma_poisson", "Brier skill over base_rate: 0.", "could not be forecast: "}},
		"kev": {[]string{"--epss", folder}, []string{"kev: ", "recall@5000", "\nfresh_epss", "95 % intervals", "recall@1000 gained over fresh_epss: ",
			": no better than epss\n", "could not be forecast: "}},
	} {
		var out, errs bytes.Buffer
		drawn := filepath.Join(t.TempDir(), "plot.svg")
		args := append([]string{"backtest", head, "--data", data, "--plot", drawn}, test.args...)
		if code := run(t.Context(), args, strings.NewReader(""), &out, &errs); code != exitDone {
			t.Fatalf("%s: exit %d: %s", head, code, errs.String())
		}
		for _, want := range test.want {
			if !strings.Contains(out.String(), want) || strings.Contains(out.String(), "NaN") {
				t.Errorf("%s: no %q, or NaN, in\n%s", head, want, out.String())
			}
		}
		if b, err := os.ReadFile(drawn); err != nil || !strings.Contains(string(b), "Back-test: "+head) || strings.Contains(string(b), "NaN") {
			t.Errorf("%s: plot %.200s, err %v", head, b, err)
		}
	}
}

func TestBacktestsOfExploitationSayWhatIsWrong(t *testing.T) {
	data, folder := catalogue(t, 3), scores(t, 10)
	broken := filepath.Join(folder, "epss_scores-2021-03-14.csv")
	if err := os.WriteFile(broken, []byte("cve,epss,percentile\nCVE-2021-0001,0.1,0.1\nCVE-2021-0002,much,0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "--epss FOLDER", []string{"kev", "--data", data}},
		{exitFailed, "none of the publisher's files", []string{"kev", "--data", data, "--epss", t.TempDir()}},
		{exitFailed, "epss_scores-2021-03-14.csv: line 3: ", []string{"kev", "--data", data, "--epss", folder}},
		{exitFailed, "no cutoff can be tested", []string{"kev", "--data", data, "--epss", scores(t, 3)}},
		{exitFailed, "no such file", []string{"vendors", "--data", data + "x"}},
		{exitFailed, "no entry of a known date", []string{"vendors", "--data", file(t, "none.json", []byte(`{"vulnerabilities":[]}`))}},
		{exitFailed, "/list.json: an object is wanted, and an array found", []string{"vendors", "--data", file(t, "list.json", []byte("[]"))}},
		{exitFailed, "/junk.json: no JSON: invalid character 'x' looking for beginning of value: CISA's known_exploited_vulnerabilities.json is wanted",
			[]string{"vendors", "--data", file(t, "junk.json", []byte("x y"))}},
		{exitFailed, "/none.json: nothing is in it", []string{"vendors", "--data", file(t, "none.json", nil)}},
		{exitFailed, "/broken.json: the JSON text is cut off", []string{"vendors", "--data", file(t, "broken.json", []byte(`{"vulnerabilities":[`))}},
		{exitFailed, "no cutoff can be tested", []string{"vendors", "--data", data, "--to", "2021-03-01"}},
		{exitFailed, "all are before --from, 2030-01-01", []string{"vendors", "--data", data, "--from", "2030-01-01"}},
		{exitFailed, ": there is no known_exploited_vulnerabilities.json in it", []string{"vendors", "--data", t.TempDir()}},
		{exitFailed, "no entry of a known date", []string{"vendors", "--data", file(t, "future.json",
			[]byte(`{"vulnerabilities":[{"cveID":"CVE-2021-0001","vendorProject":"v","product":"p","dateAdded":"2999-01-01"}]}`))}},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"backtest"}, test.args...), strings.NewReader(""), &out, &errs)
		if code != test.code || !strings.Contains(errs.String(), test.want) || out.Len() > 0 {
			t.Errorf("%v: exit %d, %q, %q; want exit %d and %q", test.args, code, out.String(), errs.String(), test.code, test.want)
		}
	}
}
