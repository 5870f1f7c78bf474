package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestEveryKeyOfTheContractIsThere runs what prints JSON, on a store that knows
// little, and looks for the keys that scripts rely on.
func TestEveryKeyOfTheContractIsThere(t *testing.T) {
	t.Parallel()
	db, packs := newStore(t), t.TempDir()
	path := file(t, "tour.json", []byte(tour))
	log := file(t, "a.log", []byte("GET c2.bell-night.com\n"))
	if err := os.WriteFile(filepath.Join(packs, "known_exploited_vulnerabilities.json"), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		code int
		keys string
		args []string
	}{
		{exitPartial, "documents observations evidence skipped rejected seconds rejected.path rejected.item rejected.reason", []string{"import", path, log}},
		{exitPartial, "packs packs.name packs.version packs.items packs.state packs.reason", []string{"sync", "kev", "geo", "--from", packs}},
		{exitDone, "name connector state last_success last_error documents_per_day lag_seconds", []string{"sources", "list"}},
		{exitDone, "entity offset length text snippet suppressed", []string{"extract", log}},
		{exitDone, "value known level probability actors more suppressed first_seen last_seen decayed seen_again misp_score corroboration", []string{"lookup", "c2.bell-night.com", "192.0.2.1"}},
		{exitDone, "file line offset entity probability actors predicted | bytes seconds matches", []string{"hunt", log}},
		{exitDone, "head data cutoffs forecasts metrics baselines skill unscoreable seconds", []string{"backtest", "resighting", "--data", months(t, 18)}},
		{exitDone, "profiles dir", []string{"publish", t.TempDir()}},
		{exitDone, "documents observations evidence parked problems", []string{"doctor"}},
		{exitDone, "name aliases as_of countries campaigns associated_actors activities intentions research attacks ioc ttp ioa forecasts references summary licence hidden " +
			"ioc.value ioc.confidence ioc.probability ioc.predicted ioc.first_seen ioc.last_seen ioc.origins ioc.evidence ioc.hostname ioc.campaign", []string{"profile", "Cold Lynx"}},
	} {
		var lines []map[string]any
		d := json.NewDecoder(strings.NewReader(printed(t, test.code, append([]string{"--db", db, "--json"}, test.args...)...)))
		for d.More() {
			var line map[string]any
			if err := d.Decode(&line); err != nil {
				t.Fatalf("%v: %v", test.args, err)
			}
			lines = append(lines, line)
		}
		if len(lines) == 0 {
			t.Errorf("%v printed nothing", test.args)
		}
		of, last, summed := strings.Cut(test.keys, " | ")
		for i, line := range lines {
			keys := of
			if summed && i == len(lines)-1 {
				keys = last
			}
			for _, key := range strings.Fields(keys) {
				if !has(line, key) {
					t.Errorf("%v: no %s in %v", test.args, key, line)
				}
			}
		}
	}
}

func TestARejectionIsToldInOneLine(t *testing.T) {
	im := &importing{}
	im.reject("a", "", errors.Join(errors.New("row 1: bad"), errors.New("row 2: worse\r\n\n  and more")))
	if got, want := im.rejected[0].Reason, "row 1: bad; row 2: worse; and more"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestAServerSaysInJSONWhereItIs(t *testing.T) {
	db := newStore(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, to := io.Pipe()
	code := make(chan int, 1)
	var errs bytes.Buffer
	go func() {
		code <- run(ctx, []string{"--db", db, "--json", "serve", "--addr", "127.0.0.1:0"}, strings.NewReader(""), to, &errs)
		to.Close()
	}()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	var said struct{ Address string }
	if err != nil || json.Unmarshal([]byte(line), &said) != nil || !strings.HasPrefix(said.Address, "http://127.0.0.1:") || !strings.HasSuffix(said.Address, "/") {
		t.Errorf("printed %q, err %v", line, err)
	}
	stop()
	rest, err := io.ReadAll(lines)
	if got := <-code; got != exitDone || len(rest) > 0 || err != nil {
		t.Errorf("exit %d, then printed %q, err %v: %s", got, rest, err, errs.String())
	}
}

// has reports whether a key is there, one of another key's list in each of its
// objects.
func has(line map[string]any, key string) bool {
	outer, inner, nested := strings.Cut(key, ".")
	v, ok := line[outer]
	if !nested || !ok {
		return ok
	}
	list, _ := v.([]any)
	return len(list) > 0 && !slices.ContainsFunc(list, func(v any) bool {
		o, _ := v.(map[string]any)
		_, ok := o[inner]
		return !ok
	})
}
