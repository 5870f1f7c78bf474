package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// attacks are documents of two years that say which group attacked which country: each
// of twelve keeps to four of its own.
func attacks(t *testing.T) string {
	var b bytes.Buffer
	chance := rand.New(rand.NewPCG(2, 2))
	codes := strings.Fields("DE FR US GB IT ES PL NL BE CH AT SE NO DK FI PT")
	for day := range 700 {
		if day%4 > 0 {
			continue
		}
		who := chance.IntN(12)
		at := time.Date(2024, 1, 1, 8, 0, 0, 0, time.UTC).AddDate(0, 0, day).Format(time.RFC3339)
		fmt.Fprintf(&b, `{"id":"%032x","source":"wire","genre":"report","reliability":"A","published":%q,"title":"Item %d","text":"Item %d of the wire.","claims":[{"subject":"actor:grey-heron-%d","relation":"targets","object":"country:%s"}]}`+"\n",
			day, at, day, day, who, codes[who%4*4+chance.IntN(4)])
	}
	return file(t, "wire.jsonl", b.Bytes())
}

func TestBacktestOfUptakeReadsAStoreAndWhatImportReadsAlike(t *testing.T) {
	data, db := attacks(t), filepath.Join(t.TempDir(), "kept.db")
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--db", "sqlite:" + db, "import", data}, strings.NewReader(""), &out, &errs); code != exitDone {
		t.Fatalf("import: exit %d: %s%s", code, out.String(), errs.String())
	}
	var results []map[string]any
	for _, path := range []string{data, db} {
		out.Reset()
		if code := run(t.Context(), []string{"--json", "backtest", "countries", "--data", path}, strings.NewReader(""), &out, &errs); code != exitDone {
			t.Fatalf("%s: exit %d: %s", path, code, errs.String())
		}
		var r map[string]any
		if err := json.Unmarshal(out.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		delete(r, "data")
		delete(r, "seconds")
		results = append(results, r)
	}
	if fmt.Sprint(results[0]) != fmt.Sprint(results[1]) || results[0]["head"] != "countries" || results[0]["came"].(float64) < 5 {
		t.Errorf("%v\n%v", results[0], results[1])
	}
	for head, want := range map[string]string{"ioa": "nobody is believed to have any vulnerability", "weaknesses": "nobody is believed to have any weakness"} {
		errs.Reset()
		if code := run(t.Context(), []string{"backtest", head, "--data", db}, strings.NewReader(""), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), want) || strings.Contains(errs.String(), "not found") {
			t.Errorf("%s: exit %d, %q; want %q", head, code, errs.String(), want)
		}
	}
}

func TestBacktestOfUptakeSaysWhatIsWrongWithFiles(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.json")
	for want, args := range map[string][]string{
		"list.json: no document is in it":       {file(t, "list.json", []byte("[]"))},
		"empty.json: no document is in it":      {file(t, "empty.json", nil)},
		missing + ": no such file or directory": {missing},
		"missing.json: no such file":            {attacks(t), missing},
	} {
		given := []string{"-q", "backtest", "ioa"}
		for _, a := range args {
			given = append(given, "--data", a)
		}
		var out, errs bytes.Buffer
		if code := run(t.Context(), given, strings.NewReader(""), &out, &errs); code != exitFailed || !strings.Contains(errs.String(), want) || strings.Count(errs.String(), "missing.json") > 2 {
			t.Errorf("%v: exit %d, %q; want %q", args, code, errs.String(), want)
		}
	}
}
