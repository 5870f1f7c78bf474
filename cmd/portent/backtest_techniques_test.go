package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/forecast/backtest"
)

// tieFile is reports in the form of TIE, which name most of a kit each, and the
// live techniques.
func tieFile(t *testing.T, n int) (data, live string) {
	t.Helper()
	var ids []string
	for k := range 48 {
		ids = append(ids, fmt.Sprintf("T%04d", 1000+k))
	}
	var reports []string
	for k := range n {
		var named []string
		for i := range 12 {
			if (i*7+k*5+k/4)%3 > 0 {
				named = append(named, fmt.Sprintf("%q: 1", ids[k%4*12+i]))
			}
		}
		reports = append(reports, fmt.Sprintf(`{"id": %d, "mitre_techniques": {%s}, "origin_of_data": "x", "references": [{"name": "AlienVault", "url": "https://otx.alienvault.com/pulse/%08x0123456789abcdef"}, {"url": "https://blog%d.example/a"}]}`,
			k, strings.Join(named, ", "), 1700000000+k*86400, k%2))
	}
	return file(t, "reports.json", []byte(`{"name": "x", "reports": [`+strings.Join(reports, ",\n")+`]}`)), file(t, "live.txt", []byte(strings.Join(ids, "\n")+"\n"))
}

func TestBacktestOfTechniquesPrintsATable(t *testing.T) {
	t.Parallel()
	data, live := tieFile(t, 120)
	out := printed(t, exitDone, "backtest", "techniques", "--data", data, "--live", live, "--seed", "1")
	for _, want := range []string{"techniques: ", " at 1 splits", "masked@20", "\nmodel ", "\npopularity ", "\ntie_wals ", "masked recall@20 over tie_wals: "} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

func TestWordsOfAddressesNameNoTechnique(t *testing.T) {
	t.Parallel()
	rs, err := parseReports([]byte(`{"reports": [{"mitre_techniques": {"T1003": 1}, "references": [
		{"url": "https://x.example/Emotet-returns/T1003.002/t1059?q=lateral"}, {"url": "%zz"}, {"url": "https://y.example/` + strings.Repeat("abcd/", 500) + `"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	words := rs[0].Words
	if len(words) != maxWords || !slices.Equal(words[1:4], []string{"emotet", "returns", "url %zz"}) {
		t.Errorf("%d words, %q", len(words), words[:4])
	}
}

// bundle is an ATT&CK bundle in which each of ten groups uses some techniques
// of its kit.
func bundle(t *testing.T, dir, name string, used int) string {
	t.Helper()
	var objects []string
	for k := range 20 {
		objects = append(objects, fmt.Sprintf(`{"type": "attack-pattern", "id": "attack-pattern--%d", "name": "t%d", "external_references": [{"source_name": "mitre-attack", "external_id": "T%d"}]}`, k, k, 1000+k))
	}
	for g := range 10 {
		objects = append(objects, fmt.Sprintf(`{"type": "intrusion-set", "id": "intrusion-set--%d", "name": "g%d", "external_references": [{"source_name": "mitre-attack", "external_id": "G%04d"}]}`, g, g, g))
		for k := range used + g%3 {
			objects = append(objects, fmt.Sprintf(`{"type": "relationship", "relationship_type": "uses", "source_ref": "intrusion-set--%d", "target_ref": "attack-pattern--%d"}`, g, g%2*10+k))
		}
	}
	path := filepath.Join(dir, name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text := `{"type": "bundle", "objects": [` + strings.Join(objects, ",") + `]}`
	if !strings.HasSuffix(name, ".gz") {
		f.WriteString(text)
		return path
	}
	z := gzip.NewWriter(f)
	z.Write([]byte(text))
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestBacktestOfAttackReadsAFolderAsItReadsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	args := []string{"--json", "backtest", "attack"}
	for k, name := range []string{"enterprise-attack-9.1.json", "enterprise-attack-10.1.json.gz", "enterprise-attack-11.json"} {
		args = append(args, "--data", bundle(t, dir, name, 2+k))
	}
	var files, folder backtest.Result
	for into, args := range map[*backtest.Result][]string{&files: args, &folder: {"--json", "backtest", "attack", "--data", dir}} {
		var r struct {
			Head, Data string
			Cutoffs    int
			Came       int
			Skill      map[string][3]float64
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, args...)), &r); err != nil {
			t.Fatal(err)
		}
		*into = backtest.Result{Cutoffs: r.Cutoffs, Came: r.Came, Skill: r.Skill}
	}
	if files.Came != 10 || files.Cutoffs != 1 || fmt.Sprint(files) != fmt.Sprint(folder) {
		t.Errorf("files %+v, folder %+v", files, folder)
	}
}

func TestBacktestOfTechniquesSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	data, live := tieFile(t, 30)
	one := bundle(t, t.TempDir(), "enterprise-attack-1.json", 3)
	for _, test := range []struct {
		code int
		want string
		args []string
	}{
		{exitUsage, "needs --live", []string{"techniques", "--data", data}},
		{exitUsage, "one --data", []string{"techniques", "--data", data, "--data", data, "--live", live}},
		{exitUsage, "--live and --seed are for techniques", []string{"resighting", "--data", data, "--live", live}},
		{exitUsage, "mean nothing to techniques", []string{"techniques", "--data", data, "--live", live, "--to", "2024-01-01"}},
		{exitFailed, "no such file", []string{"techniques", "--data", data + "x", "--live", live}},
		{exitFailed, "no technique is live", []string{"techniques", "--data", data, "--live", file(t, "none.txt", nil)}},
		{exitFailed, "reports.json: no reports", []string{"techniques", "--data", file(t, "reports.json", []byte("{}")), "--live", live}},
		{exitFailed, "half.json: the JSON text is cut off", []string{"techniques", "--data", file(t, "half.json", []byte(`{"reports": [`)), "--live", live}},
		{exitFailed, "list.json: an object is wanted, and an array found", []string{"techniques", "--data", file(t, "list.json", []byte("[]")), "--live", live}},
		{exitFailed, "kind.json: reports: an array is wanted, and a string found", []string{"techniques", "--data", file(t, "kind.json", []byte(`{"reports":"x"}`)), "--live", live}},
		{exitFailed, "list.json: an object is wanted, and an array found: an Enterprise bundle of ATT&CK", []string{"attack", "--data", file(t, "list.json", []byte("[]"))}},
		{exitFailed, "list.json: an object is wanted, and an array found: a file of TIE's", []string{"techniques", "--data", file(t, "list.json", []byte("[]")), "--live", live}},
		{exitFailed, "none.json: nothing is in it: an Enterprise bundle of ATT&CK", []string{"attack", "--data", file(t, "none.json", nil)}},
		{exitFailed, "junk.json: no JSON: invalid character 'x' looking for beginning of value: an Enterprise bundle", []string{"attack", "--data", one, "--data", file(t, "junk.json", []byte("x y"))}},
		{exitFailed, "no techniques can be hidden", []string{"techniques", "--data", data, "--live", file(t, "other.txt", []byte("T9999"))}},
		{exitFailed, "no cutoff can be tested: 1 releases", []string{"attack", "--data", one}},
		{exitFailed, "no group was given anything", []string{"attack", "--data", one, "--data", one, "--data", one}},
		{exitFailed, "reports.json: not an ATT&CK bundle", []string{"attack", "--data", data}},
		{exitFailed, "no cutoff can be tested: 0 releases", []string{"attack", "--data", t.TempDir()}},
	} {
		var out, errs bytes.Buffer
		code := run(t.Context(), append([]string{"backtest"}, test.args...), strings.NewReader(""), &out, &errs)
		if code != test.code || !strings.Contains(errs.String(), test.want) || out.Len() > 0 {
			t.Errorf("%v: exit %d, %q, %q; want exit %d and %q", test.args, code, out.String(), errs.String(), test.code, test.want)
		}
	}
}

// seeded is a result as it is printed, with the figures of each seed.
type seeded struct {
	Metrics   map[string]any
	Baselines map[string]map[string]any
	Skill     map[string][3]float64
	Seconds   float64
}

func (s seeded) figure(way, name string) float64 {
	from := s.Metrics
	if way != "model" {
		from = s.Baselines[way]
	}
	v, _ := from[name].(float64)
	return v
}

// atLeast tells where figures fall short, and how far above TIE's model each
// seed is.
func (s seeded) atLeast(tb testing.TB, least map[string]float64, gain float64) {
	tb.Helper()
	for name, want := range least {
		if got := s.figure("model", name); got < want {
			tb.Errorf("%s is %.4f, want %.4f", name, got, want)
		}
	}
	if ece := s.figure("model", "ece"); ece > 0.001 {
		tb.Errorf("calibration error %.5f", ece)
	}
	ours, _ := s.Metrics["masked_recall@20_by_seed"].([]any)
	theirs, _ := s.Baselines["tie_wals"]["masked_recall@20_by_seed"].([]any)
	for k := range ours {
		if d := ours[k].(float64) - theirs[k].(float64); d < gain {
			tb.Errorf("split %d: %.4f above TIE's model, want %.4f", k, d, gain)
		}
	}
}

// seededResult is the result of a back-test over seeds.
func seededResult(tb testing.TB, args ...string) (s seeded) {
	tb.Helper()
	var out, errs bytes.Buffer
	if code := run(tb.Context(), append([]string{"--json", "--quiet", "backtest"}, args...), strings.NewReader(""), &out, &errs); code != exitDone {
		tb.Fatalf("exit %d: %s", code, errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &s); err != nil {
		tb.Fatal(err)
	}
	return s
}

// TestTechniquesKeepTheirLead replays one split of TIE's reports; the benchmark
// replays all five.
func TestTechniquesKeepTheirLead(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	tie := filepath.Join(dataDir(t), "tie")
	r := seededResult(t, "techniques", "--data", filepath.Join(tie, "combined_dataset_full_frequency.json"), "--live", filepath.Join(tie, "live-techniques-attack-15.1.txt"), "--seed", "2")
	r.atLeast(t, map[string]float64{"masked_recall@20": 0.53, "raw_recall@20": 0.44, "ap": 0.13, "brier_skill": 0.06, "time_masked_recall@20": 0.54}, 0.08)
}

func TestAttackIsRankedBetterThanByPopularity(t *testing.T) {
	t.Parallel()
	figures.Only(t)
	r := seededResult(t, "attack", "--data", filepath.Join(dataDir(t), "attack"))
	if gain := r.Skill["popularity"]; gain[1] <= 0 || r.figure("model", "ap") < 0.012 {
		t.Errorf("AP %v, gain %v", r.figure("model", "ap"), gain)
	}
}

// BenchmarkBacktestTechniques replays what the figures are asked of.
func BenchmarkBacktestTechniques(b *testing.B) {
	tie, bin := filepath.Join(dataDir(b), "tie"), build(b)
	for b.Loop() {
		out, took, peak := subcommand(b, bin, "--json", "--quiet", "backtest", "techniques", "--data", filepath.Join(tie, "combined_dataset_full_frequency.json"), "--live", filepath.Join(tie, "live-techniques-attack-15.1.txt"))
		var r seeded
		if err := json.Unmarshal(out, &r); err != nil {
			b.Fatal(err)
		}
		r.atLeast(b, map[string]float64{"masked_recall@20": 0.54, "raw_recall@20": 0.45, "ap": 0.14}, 0.08)
		for _, name := range []string{"masked_recall@20", "raw_recall@20", "ap", "ece", "brier_skill", "time_masked_recall@20", "time_ap"} {
			b.ReportMetric(r.figure("model", name), name)
		}
		b.ReportMetric(took.Seconds(), "s")
		b.ReportMetric(peak, "peak-MB")
	}
}
