package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// days writes what two sources say on some days: of Cold Lynx every third.
func days(t *testing.T, db string, from time.Time, n int, in string) {
	t.Helper()
	for _, source := range []string{"blog", "wire"} {
		var b strings.Builder
		for d := range n {
			who := "Grey Heron"
			if d%3 == 0 {
				who = "Cold Lynx"
			}
			fmt.Fprintf(&b, `{"text":"%s was seen by %s on day %d.","author":"%s","published":"%s","claims":[{"subject":"actor:%s","relation":"uses","object":"technique:T%d"}]}`+"\n",
				who, source, d, source, from.AddDate(0, 0, d).Format(time.RFC3339), strings.ToLower(strings.ReplaceAll(who, " ", "-")), 1050+d%2)
		}
		printed(t, exitDone, "--db", db, "--now", in, "import", "--as", "documents", "--source", source, "--reliability", "B", file(t, source+".jsonl", []byte(b.String())))
	}
}

func foretold(t *testing.T, db, now string) (out struct {
	Heads  []intel.HeadRecord
	Actors []intel.HeadRecord
	Chain  string
}) {
	t.Helper()
	if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", now, "--json", "scoreboard")), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestForecastsMadeBeforeAreJudgedAfterAJumpInTime(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		start := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
		days(t, db, start, 90, "2026-04-01")
		b := foretold(t, db, "2026-04-02")
		if len(b.Heads) < 2 || b.Heads[0].Head != "activity" || b.Heads[0].Forecasts < 4 || b.Heads[0].Judged != 0 || b.Chain != intel.ChainIntact {
			t.Fatalf("%+v", b)
		}
		days(t, db, start.AddDate(0, 0, 90), 20, "2026-04-21")
		days(t, db, start.AddDate(0, 0, 110), 20, "2026-05-11")
		b = foretold(t, db, "2026-05-20")
		for _, h := range b.Heads {
			if h.Judged == 0 || h.Unscoreable != 0 && h.Head != "activity" || h.Verdict != intel.NoBetter || h.Why == "" {
				t.Errorf("%+v", h)
			}
		}
		if a := b.Heads[0]; a.CRPS == nil || a.LogLoss == nil || a.Judged+a.Unscoreable >= a.Forecasts {
			t.Errorf("%+v", a)
		}
		text := printed(t, exitDone, "--db", db, "--now", "2026-05-20", "scoreboard")
		for _, want := range []string{"any activity", intel.NoBetter, "intact", "Cold Lynx"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in %s", want, text)
			}
		}
		// Nothing comes in any more: what was made last cannot be judged.
		b = foretold(t, db, "2026-09-01")
		if a := b.Heads[0]; a.Unscoreable == 0 || a.Due != a.Forecasts || a.Judged+a.Unscoreable != a.Forecasts {
			t.Errorf("%+v", a)
		}
	})
}

func TestTheDoctorNamesAForecastOfYesterday(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		start := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
		days(t, db, start, 60, "2026-03-02")
		seen := func(code int, extra ...string) (c intel.Chain, problems []string) {
			t.Helper()
			var out struct {
				Chain    intel.Chain
				Problems []string
			}
			text := printed(t, code, append([]string{"--db", db, "--now", "2026-03-03", "--json", "doctor"}, extra...)...)
			if err := json.Unmarshal([]byte(text), &out); err != nil {
				t.Fatal(err)
			}
			return out.Chain, out.Problems
		}
		whole := func(all []string) bool {
			return !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, "forecast") })
		}
		before, problems := seen(exitDone)
		if before.State != intel.ChainIntact || before.Clocked != before.Forecasts || !whole(problems) {
			t.Fatalf("%+v, %v", before, problems)
		}
		days(t, db, start.AddDate(0, 0, 60), 3, "2026-02-20") // ten days before those made last
		after, problems := seen(exitFailed, "--anchor", before.Head)
		if after.State != intel.ChainBroken || len(after.Faults) == 0 || after.Faults[0].What != intel.Backdated || whole(problems) {
			t.Errorf("%+v, %v", after, problems)
		}
		if slices.ContainsFunc(problems, func(s string) bool { return strings.Contains(s, "anchor") || strings.Contains(s, "not part") }) {
			t.Errorf("what was noted before is there: %v", problems)
		}
		if _, problems = seen(exitFailed, "--anchor", "3:"+strings.Repeat("00", 32)); whole(problems) || !strings.Contains(strings.Join(problems, "\n"), "not part of it") {
			t.Errorf("%v", problems)
		}
		printed(t, exitUsage, "--db", db, "doctor", "--anchor", "x")
		if b := foretold(t, db, "2026-03-03"); b.Chain != intel.ChainBroken {
			t.Errorf("the scoreboard says that the chain is %s", b.Chain)
		}
	})
}

func TestAnImportSaysWhenItIsTooLateForTheForecastsOfToday(t *testing.T) {
	onEachStore(t, func(t *testing.T, db string) {
		start := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
		days(t, db, start, 90, "2026-04-01")
		later := 0
		bring := func(now string, flags ...string) (out, errs bytes.Buffer) {
			later++
			one := file(t, "one.jsonl", fmt.Appendf(nil, `{"text":"Cold Lynx was seen again, %d.","author":"blog","published":"2026-03-31T10:00:00Z"}`+"\n", later))
			if code := run(t.Context(), append(append([]string{"--db", db, "--now", now}, flags...), "import", "--as", "documents", "--source", "blog", one), strings.NewReader(""), &out, &errs); code != exitDone {
				t.Fatalf("exit %d: %s", code, &errs)
			}
			return out, errs
		}
		const said = "made today before this import, at "
		if _, errs := bring("2026-04-01T15:00:00Z"); !strings.Contains(errs.String(), said) || !strings.Contains(errs.String(), "due on 2026-04-02") {
			t.Errorf("on the same day: %s", &errs)
		}
		if out, _ := bring("2026-04-01T16:00:00Z", "--json"); !strings.Contains(out.String(), `"forecasts_made":"20`) {
			t.Errorf("on the same day, as JSON: %s", &out)
		}
		if _, errs := bring("2026-04-02T01:00:00Z"); strings.Contains(errs.String(), said) {
			t.Errorf("on the next day: %s", &errs)
		}
	})
}
