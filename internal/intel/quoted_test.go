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
		for _, q := range (Document{Genre: Mail, Text: text}).Quoted() {
			got = append(got, text[q[0]:q[1]])
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q: %q, want %q", text, s, want)
		}
	}
	if (Document{Genre: Report, Text: "> a"}).Quoted() != nil {
		t.Error("a report quotes with other signs")
	}
}
