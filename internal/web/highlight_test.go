package web

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

func observe(text string, spans ...int) (all []intel.Observation) {
	for i := 0; i+1 < len(spans); i += 2 {
		o := intel.Observation{Entity: intel.Entity{Kind: intel.Domain, Name: itoa(i)}, Offset: spans[i], Length: spans[i+1]}
		if o.Offset >= 0 && o.Length >= 0 && o.Offset <= len(text) && o.Length <= len(text)-o.Offset {
			o.Text = text[o.Offset : o.Offset+o.Length]
		}
		all = append(all, o)
	}
	return all
}

func TestMentionsThatOverlapShareAMark(t *testing.T) {
	text := "see https://a.example/x now"
	f := highlight(text, observe(text, 4, 19, 12, 9, 24, 3), nil)
	var marks []string
	for _, s := range f.Segments {
		if !s.Plain() {
			marks = append(marks, s.Text+"="+itoa(len(s.Refs)))
		}
	}
	if got := strings.Join(marks, " "); got != "https://a.example/x=2 now=1" {
		t.Errorf("got %q", got)
	}
}

func TestMentionsOutsideTheTextAreListedOnly(t *testing.T) {
	f := highlight("short", observe("short", -1, 3, 99, 4, 2, 0), nil)
	if len(f.Used) != 3 || len(f.Segments) != 1 || f.Used[0].At != "" {
		t.Errorf("got %+v", f)
	}
}

func TestLettersGoOnAfterZ(t *testing.T) {
	for n, want := range map[int]string{1: "a", 26: "z", 27: "aa", 52: "az", 53: "ba", 703: "aaa"} {
		if got := letters(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

// Whatever the offsets, the segments put together are the text, every mention
// is listed once and marks have an id of their own.
func FuzzHighlight(f *testing.F) {
	f.Add("see https://a.example/x now", 4, 19, 12, 9)
	f.Add("шифр\xff\x80\x80\x80\x80\x80加密", 1, 3, 6, 200)
	f.Add("abc", -1, 5, 1<<62, 1<<62)
	f.Fuzz(func(t *testing.T, text string, a, b, c, d int) {
		got := highlight(text, observe(text, a, b, c, d, b, a, 0, len(text)/2), nil)
		var all strings.Builder
		ids := map[string]bool{}
		for _, s := range got.Segments {
			all.WriteString(s.Text)
			if s.Plain() {
				continue
			}
			if s.Text == "" || ids[s.ID] {
				t.Errorf("mark %q is empty or a second one", s.ID)
			}
			ids[s.ID] = true
		}
		if all.String() != text {
			t.Errorf("%q became %q", text, all.String())
		}
		if len(got.Used) != 4 {
			t.Errorf("%d mentions listed, want 4", len(got.Used))
		}
	})
}

// An excerpt never loses a byte, whatever is looked for in it.
func FuzzExcerpt(f *testing.F) {
	f.Add("box was 203[.]0[.]113[.]77, warm", "203.0.113.77")
	f.Add("İİ İx", "x")
	f.Fuzz(func(t *testing.T, snippet, value string) {
		var all strings.Builder
		for _, s := range excerpt(snippet, value) {
			all.WriteString(s.Text)
		}
		if all.String() != snippet {
			t.Errorf("%q became %q", snippet, all.String())
		}
	})
}

func TestAMentionWithinAnotherCanBeLedTo(t *testing.T) {
	const text = "see gopher://127.0.0.1:6379/_INFO"
	f := highlight(text, []intel.Observation{{Entity: intel.Entity{Kind: intel.URL, Name: text[4:]}, Offset: 4, Length: len(text) - 4}, {Entity: intel.Entity{Kind: intel.Port, Name: "6379/tcp"}, Offset: 23, Length: 4}}, nil)
	if n := len(f.Segments); n != 2 || f.Segments[1].ID != "b4" || !slices.Equal(f.Segments[1].Also, []string{"b23"}) {
		t.Errorf("%d segments: %+v", n, f.Segments)
	}
}

func TestFewBarsStandAtTheNewestEnd(t *testing.T) {
	b := barChart([]intel.Count{{Start: time.Date(2021, 9, 1, 0, 0, 0, 0, time.UTC), N: 3}}, "month")
	if len(b.Bars) != 1 || b.Bars[0].X != "1002.0" || b.Bars[0].Width != "64.0" || len(b.Dates) != 1 {
		t.Errorf("%+v", b)
	}
}
