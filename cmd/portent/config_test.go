package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestAConfigurationFileSetsFlagsAndTheCommandLineGoesFirst(t *testing.T) {
	db, other := newStore(t), newStore(t)
	if code, c, errs := portent(t, db, "import", file(t, "tour.json", []byte(tour))); code != exitDone {
		t.Fatalf("exit %d, %+v: %s", code, c, errs)
	}
	conf := file(t, "portent.toml", []byte("db = '"+db+"'\n[profile]\nbase-url = 'https://cti.example'\n"))
	if out := printed(t, exitDone, "--config", conf, "profile", "Cold Lynx"); !strings.Contains(out, "<https://cti.example/actor/cold-lynx>") {
		t.Errorf("the address set in the file is not in\n%s", out)
	}
	printed(t, exitFailed, "--config", conf, "--db", other, "profile", "Cold Lynx")
	below := file(t, "below.toml", []byte("[sources.try]\nmost = 0\n"))
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--config", below, "sources", "try", "one"}, strings.NewReader(""), &out, &errs); code != exitUsage || !strings.Contains(errs.String(), "--most") {
		t.Errorf("of a command below another: exit %d, said %q", code, errs.String())
	}
}

func TestABadConfigurationFileIsNamedWithWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"dbb = 'x'":             "dbb is no setting",
		"[serve]\naddres = 'x'": "serve.addres is no setting",
		"[cerve]\naddr = 'x'":   "cerve is no setting",
		"db = ":                 "line 1",
		"quiet = 'perhaps'":     "quiet",
	} {
		var out, errs bytes.Buffer
		conf := file(t, "portent.toml", []byte(text))
		code := run(t.Context(), []string{"--config", conf, "version"}, strings.NewReader(""), &out, &errs)
		if code != exitUsage || !strings.Contains(errs.String(), want) {
			t.Errorf("%q: exit %d, said %q, want %q", text, code, errs.String(), want)
		}
	}
}
