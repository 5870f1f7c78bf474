package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/web"
)

// TestAPageOfAnIndicatorCountsAllEvidenceOfIt has a value of which 6 documents say whose it
// is, one that two names share, and one of which more say so than a page shows.
func TestAPageOfAnIndicatorCountsAllEvidenceOfIt(t *testing.T) {
	db := newStore(t)
	var lines []string
	add := func(n int, value string, actors ...string) {
		for i := range n {
			var claims []string
			for _, a := range actors {
				claims = append(claims, fmt.Sprintf(`{"subject":"ipv4:%s","relation":"indicates","object":"actor:%s"}`, value, a))
			}
			lines = append(lines, fmt.Sprintf(`{"source":"s%d","url":"https://s%d.example/%s","title":"On %s, no. %d","text":"No. %d.","published":"2026-01-02T00:00:00Z","claims":[%s]}`, i, i, value, value, i, i, strings.Join(claims, ",")))
		}
	}
	add(6, "45.134.21.8", "cold-lynx")
	add(2, "45.134.21.9", "cold-lynx", "grey-heron")
	add(web.MostPieces+3, "45.134.21.10", "cold-lynx")
	imported(t, db, "2026-02-10", "room", "posts.jsonl", strings.Join(lines, "\n")+"\n", "--as", "documents")
	a := newApp(&cli{DB: db, Now: time.Date(2026, 2, 10, 0, 0, 0, 0, time.UTC), Quiet: true}, nil, nil, nil)
	defer a.close()
	ed, err := a.editor(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	pages := &views{ed: ed, db: a.db, now: a.now}
	for _, c := range []struct {
		value                 string
		asked, shown, of, who int
		beyond                bool
	}{
		{"45.134.21.8", 5, 5, 6, 1, false},
		{"45.134.21.8", web.MostPieces, 6, 6, 1, false},
		{"45.134.21.9", 5, 2, 2, 2, false},
		{"45.134.21.10", 5, 5, web.MostPieces, 1, true},
		{"45.134.21.10", web.MostPieces, web.MostPieces, web.MostPieces, 1, true},
	} {
		i, err := pages.Indicator(t.Context(), intel.Everything(), intel.Entity{Kind: intel.IPv4, Name: c.value}, c.asked)
		if err != nil || len(i.Proofs) != c.shown || i.Pieces != c.of || i.Beyond != c.beyond || len(i.Claims) != c.who {
			t.Errorf("%s, of %d asked for: %d of %d are shown, more: %v, of %d claims, err %v", c.value, c.asked, len(i.Proofs), i.Pieces, i.Beyond, len(i.Claims), err)
		}
	}
}

// TestALookupTellsLabelsFromOwners has a post that tags an address and names nobody, and a
// value of somebody that is tagged too.
func TestALookupTellsLabelsFromOwners(t *testing.T) {
	db := newStore(t)
	imported(t, db, "2026-01-22", "tweetfeed", "tf.csv", "2026-01-10 10:00:00,aa,ip,45.134.21.40,#c2 #rat,https://x.com/aa/status/1\n2026-01-10 10:00:00,aa,ip,45.134.21.41,#c2,https://x.com/aa/status/2\n")
	imported(t, db, "2026-01-22", "room", "r.jsonl", `{"url":"https://r.example/","title":"R","text":"R.","published":"2026-01-12T00:00:00Z","claims":[{"subject":"ipv4:45.134.21.41","relation":"indicates","object":"actor:cold-lynx"}]}`+"\n", "--as", "documents")
	for value, want := range map[string]string{"45.134.21.40": "linked with nobody, labelled c2 (", "45.134.21.41": "), labelled c2 ("} {
		text := printed(t, exitDone, "--db", db, "--now", "2026-01-22", "lookup", value)
		if !strings.Contains(strings.ToLower(text), want) || strings.Index(strings.ToLower(text), "cold lynx (") > strings.Index(text, "labelled") {
			t.Errorf("no %q in %s", want, text)
		}
		var f struct{ Actors, Others, Labels []string }
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-01-22", "--json", "lookup", value)), &f); err != nil {
			t.Fatal(err)
		}
		if len(f.Labels) == 0 || !strings.EqualFold(f.Labels[0], "c2") || len(f.Actors) != strings.Count(want, "),") {
			t.Errorf("in JSON %+v", f)
		}
	}
}

func TestAValueWithoutATagIsLabelledByNobody(t *testing.T) {
	db := newStore(t)
	row := func(tags, value string) string {
		return "2026-01-0" + value[len(value)-1:] + " 10:00:00,ann,ip," + value + "," + tags + ",https://x.com/ann/status/" + value + "\n"
	}
	printed(t, exitDone, "--db", db, "--now", "2026-01-10", "import", "--as", "tweetfeed", file(t, "t.csv", []byte(row("", "45.134.21.1")+row("#unknown", "45.134.21.2")+row("#phishing #n/a", "45.134.21.3"))))
	for value, label := range map[string]string{"45.134.21.1": "", "45.134.21.2": "", "45.134.21.3": "Phishing"} {
		var f struct {
			Known          bool
			Probability    float64
			Labels, Others []string
		}
		if err := json.Unmarshal([]byte(printed(t, exitDone, "--db", db, "--now", "2026-01-10", "--json", "lookup", value)), &f); err != nil {
			t.Fatal(err)
		}
		if !f.Known || f.Probability < .1 || strings.Join(f.Labels, " ") != label || len(f.Others) != len(f.Labels) {
			t.Errorf("%s: %+v, want the label %q", value, f, label)
		}
		text := printed(t, exitDone, "--db", db, "--now", "2026-01-10", "lookup", value)
		if strings.Contains(text, "ntagged") || strings.Contains(text, "without a label (") != (label == "") {
			t.Errorf("looked up: %s", text)
		}
	}
}
