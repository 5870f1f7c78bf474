package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// postsOf returns the posts that a command prints.
func postsOf(t *testing.T, args ...string) (out []printedPost) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(printed(t, exitDone, args...)))
	for d.More() {
		var p printedPost
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

const twoPosts = `{"genre":"forum","author":"board/x","text":"Selling VPN access to a logistics company in Poland, domain admin, revenue 40M, price 3000$, escrow ok","published":"2026-01-01T00:00:00Z"}
{"genre":"forum","author":"board/y","text":"what a lovely evening in Poland, dinner with grandma and then a walk by the lake","published":"2026-01-03T00:00:00Z"}
`

func TestPostsAreListedWithWhatTheyAre(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "import", "--as", "documents", file(t, "posts.jsonl", []byte(twoPosts)))
	all := postsOf(t, "--db", db, "--json", "post")
	if len(all) != 2 || all[0].Intents[0].Intent != "access-sale" || all[0].Irrelevant() || !all[1].Irrelevant() {
		t.Fatalf("%+v", all)
	}
	if sold := postsOf(t, "--db", db, "--json", "post", "list", "--intent", "access-sale"); len(sold) != 1 {
		t.Errorf("%+v", sold)
	}
	id := string(all[1].Document)
	if got := postsOf(t, "--db", db, "--json", "post", "relevant", id, "--by", "ada")[0]; got.Relevance != 1 || !got.Ruled {
		t.Errorf("ruled: %+v", got.Gist)
	}
	if got := postsOf(t, "--db", db, "--json", "post", "undo", id)[0]; got.Ruled || !got.Irrelevant() {
		t.Errorf("taken back: %+v", got.Gist)
	}
	printed(t, exitUsage, "--db", db, "post", "means", id, "nothing")
	printed(t, exitUsage, "--db", db, "post", "list", "--intent", "nothing")
	printed(t, exitUsage, "--db", db, "post", "list", "--limit", "0")
	printed(t, exitFailed, "--db", db, "post", "show", "0123456789abcdef0123456789abcdef")
}

func TestRelevanceIsLearnedFromAFile(t *testing.T) {
	db := newStore(t)
	printed(t, exitDone, "--db", db, "import", "--as", "documents", file(t, "posts.jsonl", []byte(twoPosts)))
	var rows strings.Builder
	rows.WriteString("text,label\n")
	for i := range 20 {
		fmt.Fprintf(&rows, "otters seen at dam %d,relevant\nherons seen at dam %d,irrelevant\n", i, i)
	}
	from := file(t, "labelled.csv", []byte(rows.String()))
	out := printed(t, exitDone, "--db", db, "train", "relevance", "--from", from)
	if !strings.Contains(out, "relevance 1: fitted to 40 examples") || !strings.Contains(out, "2 posts were read anew") {
		t.Errorf("printed %s", out)
	}
	if out := printed(t, exitDone, "--db", db, "train", "intent"); !strings.Contains(out, "the model in force stays: too few examples") {
		t.Errorf("printed %s", out)
	}
	printed(t, exitUsage, "--db", db, "train", "sightings", "--from", from)
	printed(t, exitFailed, "--db", db, "train", "intent", "--from", from)
}
