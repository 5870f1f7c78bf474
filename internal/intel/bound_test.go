package intel

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWhatIsTooLongToKeepIsLeftOutWithItsReasonAndNothingElse(t *testing.T) {
	claim := func(value, by string) Claim {
		return Claim{Subject: NewEntity(URL, value), Relation: Indicates, Object: Entity{Actor, "cold-lynx"}, By: by}
	}
	long := "https://c2.example/" + strings.Repeat("a", MostName)
	good := claim("https://c2.example/", "x/ann")
	noted := good
	noted.Context = Context{Port: "443", Note: long}
	doc := Document{ID: "1", URL: long, Title: long, Author: strings.Repeat("a", MostVoice+1), Channel: "forum/room", Text: long,
		Claims: []Claim{good, claim(long, ""), claim("https://c3.example/", strings.Repeat("b", MostVoice+1)), claim("https://c4.example/", "x/bob\nsays"), noted}}
	given := append([]Claim{}, doc.Claims...)
	kept, left := doc.Bounded()
	noted.Context.Note = long[:MostName]
	want := Document{ID: "1", Title: long[:MostName], Channel: "forum/room", Text: long, Claims: []Claim{good, claim("https://c4.example/", "x/bob says"), noted}}
	if diff := cmp.Diff(want, kept); diff != "" || len(left) != 6 {
		t.Errorf("left out for %v; kept (-want +got):\n%s", left, diff)
	}
	for _, err := range left {
		if len(err.Error()) > 200 {
			t.Errorf("a reason of %d bytes", len(err.Error()))
		}
	}
	if diff := cmp.Diff(given, doc.Claims); diff != "" {
		t.Errorf("the claims of the document given were changed:\n%s", diff)
	}
	if again, left := kept.Bounded(); len(left) > 0 || !cmp.Equal(again, kept) {
		t.Errorf("bounded twice: %v, left out %v", again, left)
	}
}

func TestALineIsOneLine(t *testing.T) {
	for s, want := range map[string]string{
		"x/ann":                "x/ann",
		"Two  Blanks":          "Two  Blanks",
		"x/m\n2026 \r\n ruled": "x/m 2026 ruled",
		"a\u2028b\u0085c\x00d": "a b c d",
		"\n":                   "",
	} {
		if got := Line(s); got != want {
			t.Errorf("%q is the line %q, want %q", s, got, want)
		}
	}
}
