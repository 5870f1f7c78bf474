package extract_test

import (
	"testing"

	"github.com/portent-cti/portent/internal/extract"
	"github.com/portent-cti/portent/internal/intel"
)

// reasons returns the reasons why the hosts and URLs of a report were set aside.
func reasons(s *extract.Scanner, text string) map[string]string {
	out := map[string]string{}
	for _, o := range s.Observations(intel.Document{Genre: intel.Report, Text: text}) {
		out[o.Entity.String()] = o.Suppressed
	}
	return out
}

func TestPicturesAndCitationsOfAReportAreNavigation(t *testing.T) {
	s := scanner(t)
	for text, want := range map[string]map[string]string{
		"![a shot](https://cogs-lab.com/a.png) by https://cogs-lab.com/blog and https://a-drop.com/x": {
			"url:https://cogs-lab.com/a.png": "the document's own site", "url:https://cogs-lab.com/blog": "the document's own site", "url:https://a-drop.com/x": ""},
		"![](https://cogs-lab.com/a.png) ![](https://b-img.com/b.png) and https://b-img.com/c.exe": {
			"url:https://cogs-lab.com/a.png": "picture of the page", "url:https://b-img.com/b.png": "picture of the page", "url:https://b-img.com/c.exe": ""},
		"as [Cogs wrote](https://cogs-lab.com/post-1), at https://a-drop.com/x and hxxps://b-drop[.]com/y": {
			"url:https://cogs-lab.com/post-1": "link to what is cited", "domain:cogs-lab.com": "link to what is cited", "url:https://a-drop.com/x": "", "url:https://b-drop.com/y": ""},
	} {
		got := reasons(s, text)
		for value, reason := range want {
			if r, found := got[value]; !found || r != reason {
				t.Errorf("%q: %s is set aside because %q (found %v), want %q", text, value, r, found, reason)
			}
		}
	}
}

func TestWordsInAPostMayLinkToWhatItWarnsOf(t *testing.T) {
	for _, o := range scanner(t).Observations(intel.Document{Genre: intel.Forum, Text: "get it [for free](https://a-drop.com/x.exe)"}) {
		if o.Suppressed != "" {
			t.Errorf("%s: %s", o.Entity, o.Suppressed)
		}
	}
}
