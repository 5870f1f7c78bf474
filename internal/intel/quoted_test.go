package intel

import (
	"strings"
	"testing"
)

func TestQuotedLinesAreThoseOfOthers(t *testing.T) {
	for text, want := range map[string]string{
		"> a\nb": "> a\n",
		"Hi,\nOn Monday Jo <jo@a.example> wrote:\n\n> a\n> > b\n\nNo.\n> c": "On Monday Jo <jo@a.example> wrote:\n\n> a\n> > b\n|> c",
		"The server is 192.0.2.1:\n>a":                                      ">a",
		"a > b\n1->2":                                                       "",
		"":                                                                  "",
	} {
		var got []string
		quoted, _ := Document{Genre: Mail, Text: text}.Quoted()
		for _, q := range quoted {
			got = append(got, text[q[0]:q[1]])
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q: %q, want %q", text, s, want)
		}
	}
	if quoted, _ := (Document{Genre: Report, Text: "> a"}).Quoted(); quoted != nil {
		t.Error("a report quotes with other signs")
	}
}

func TestWhoAddsNothingRelays(t *testing.T) {
	for text, want := range map[string]bool{
		"> a\n\nfyi": true,
		"Jo wrote:\n> a\n+1 seen\n-- \nBob, of it": true,
		"> a\n-- \nBob":          true,
		"> a\nPlease stop this.": false,
		"fyi":                    false,
		"-- \n> a":               true,
	} {
		if _, relays := (Document{Genre: Forum, Text: text}).Quoted(); relays != want {
			t.Errorf("%q: %v", text, relays)
		}
	}
}
