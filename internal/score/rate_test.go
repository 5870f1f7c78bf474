package score_test

import (
	"slices"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
)

func TestARowIsRatedByTheWorstOfItsReasons(t *testing.T) {
	now := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	day := func(n int) time.Time { return now.AddDate(0, 0, -n) }
	for _, c := range []struct {
		about   string
		s       score.Standing
		grade   score.Grade
		reasons []score.Reason
	}{
		{"no indicator", score.Standing{}, "F", []score.Reason{score.Malformed}},
		{"an address at home", standing("ipv4:192.168.1.1", "reserved range", 3, 1, day(1)), "F", []score.Reason{score.NonRoutable}},
		{"a carrier's own address", standing("ipv4:100.64.3.1", "reserved range", 0, 0, day(1)), "F", []score.Reason{score.NonRoutable}},
		{"a URL at home", standing("url:http://10.0.0.1:81/x", "reserved range", 0, 0, day(1)), "F", []score.Reason{score.NonRoutable}},
		{"an address in a book", standing("ipv4:203.0.113.9", "reserved range", 0, 0, day(1)), "F", []score.Reason{score.Reserved}},
		{"a name in a book", standing("domain:www.example.com", "reserved domain", 0, 0, day(1)), "F", []score.Reason{score.Reserved}},
		{"a resolver", standing("ipv4:8.8.8.8", "public resolver", 9, 40, day(1)), "F", []score.Reason{score.Resolver}},
		{"a resolver by a list", standing("ipv4:9.9.9.10", "warninglist: public-dns-v4", 0, 0, day(1)), "F", []score.Reason{score.Resolver}},
		{"what carries anybody's pages", standing("ipv4:104.16.1.1", "warninglist: cloudflare", 0, 0, day(1)), "F", []score.Reason{score.CDN}},
		{"a site everybody visits", standing("domain:a.org", "warninglist: tranco10k", 0, 0, day(1)), "F", []score.Reason{score.UsuallyBenign}},
		{"a version", standing("ipv4:14.0.0.1", "", 1, 1, day(1)), "D", []score.Reason{score.VersionLike, score.SingleOrigin}},
		{"small numbers alone", standing("ipv4:5.8.18.7", "", 1, 1, day(1)), "B", []score.Reason{score.SingleOrigin}},
		{"what looks like one and two saw", standing("ipv4:5.8.8.7", "", 2, 1, day(1)), "A", []score.Reason{score.Corroborated}},
		{"a network", standing("ipv4:45.134.21.0", "", 2, 1, day(1)), "D", []score.Reason{score.NetworkAddress, score.Corroborated}},
		{"what forty use", standing("ipv4:45.134.21.8", "", 5, 40, day(1)), "D", []score.Reason{score.WidelyShared, score.Corroborated}},
		{"an old address", standing("ipv4:45.134.21.8", "", 2, 1, day(500)), "C", []score.Reason{score.Stale, score.Corroborated}},
		{"an old hash", standing("md5:a41d8cd98f00b204e9800998ecf8427e", "", 2, 1, day(500)), "A", []score.Reason{score.Corroborated}},
		{"what analysts refute", score.Standing{Entity: intel.Entity{Kind: intel.IPv4, Name: "45.134.21.8"}, Origins: 3, Refuted: true, Last: day(1)}, "F", []score.Reason{score.Refuted}},
		{"nobody knows it", standing("ipv4:45.134.21.8", "", 0, 0, time.Time{}), "C", []score.Reason{score.Undated, score.Unknown}},
		{"two knew it, of one of whom nothing is left", forgotten(standing("ipv4:45.134.21.8", "", 2, 1, day(3))), "B", []score.Reason{score.SingleOrigin}},
		{"a version that two knew so", forgotten(standing("ipv4:14.0.0.1", "", 2, 1, day(1))), "D", []score.Reason{score.VersionLike, score.SingleOrigin}},
		{"one knows it", standing("ipv4:45.134.21.8", "", 1, 1, day(3)), "B", []score.Reason{score.SingleOrigin}},
	} {
		if g, rs := score.Rate(c.s, now); g != c.grade || !slices.Equal(rs, c.reasons) {
			t.Errorf("%s: %s %q, want %s %q", c.about, g, rs, c.grade, c.reasons)
		}
	}
}

func standing(entity, benign string, origins, sharers int, last time.Time) score.Standing {
	e, err := intel.ParseEntity(entity)
	if err != nil {
		panic(err)
	}
	return score.Standing{Entity: e, Benign: benign, Origins: origins, Lasting: origins, Sharers: sharers, Last: last}
}

// forgotten is a standing of which one voice has faded.
func forgotten(s score.Standing) score.Standing {
	s.Lasting--
	return s
}

func TestAListIsNoBetterThanItsWrongRows(t *testing.T) {
	for _, c := range []struct {
		rows map[score.Grade]int
		want score.Grade
	}{
		{nil, "F"},
		{map[score.Grade]int{"A": 10}, "A"},
		{map[score.Grade]int{"A": 5, "B": 5}, "A"},
		{map[score.Grade]int{"B": 10}, "B"},
		{map[score.Grade]int{"A": 89, "F": 11}, "C"},
		{map[score.Grade]int{"A": 70, "F": 30}, "D"},
		{map[score.Grade]int{"C": 10}, "C"},
		{map[score.Grade]int{"F": 10, "D": 1}, "F"},
	} {
		if got := score.GradeList(c.rows); got != c.want {
			t.Errorf("%v: %s, want %s", c.rows, got, c.want)
		}
	}
}
