package forecast_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/portent-cti/portent/internal/forecast"
	"github.com/portent-cti/portent/internal/intel"
)

var began = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// post is a document that reports values under a tag, so many hours after all
// began.
func post(hour float64, by, tag string, values ...intel.Entity) intel.Document {
	d := intel.Document{Author: by, Published: began.Add(time.Duration(hour * float64(time.Hour)))}
	for _, v := range values {
		d.Claims = append(d.Claims, intel.Claim{Subject: v, Relation: intel.Indicates, Object: intel.Entity{Kind: intel.Label, Name: tag}})
	}
	return d
}

func ip(n int) intel.Entity {
	return intel.Entity{Kind: intel.IPv4, Name: fmt.Sprintf("192.0.%d.%d", n/250, n%250)}
}

// posts is a year of posts of three accounts, some of which come back.
func posts(days int) (out []intel.Document) {
	chance := rand.New(rand.NewPCG(3, 3))
	for day := range days {
		for k := range 6 {
			v := day*6 + k
			if k == 0 && day > 20 {
				v = chance.IntN(day * 6)
			}
			value := ip(v)
			if v%3 == 1 {
				value = intel.Entity{Kind: intel.URL, Name: fmt.Sprintf("http://h%d.example.org:8080/a/b.exe", v%40)}
			}
			out = append(out, post(float64(24*day+3*k), fmt.Sprint("ana", (v+k)%3), fmt.Sprint("tag", v%5), value))
		}
	}
	return out
}

func history(ds []intel.Document) *forecast.History {
	h := &forecast.History{}
	for _, d := range ds {
		h.Add(d)
	}
	return h
}

// TestAForecastRestsOnThePast replays a history that ends at a moment and one
// that goes on: what is known at that moment is the same to the last bit.
func TestAForecastRestsOnThePast(t *testing.T) {
	all := posts(200)
	at := began.AddDate(0, 0, 120)
	short := slices.DeleteFunc(slices.Clone(all), func(d intel.Document) bool { return !d.Published.Before(at) })
	tell := func(h *forecast.History) (out [][]float64) {
		r := forecast.NewReplay(h)
		r.OnSettled(func(value int32, when time.Time) {
			if when.Before(at) {
				out = append(out, r.Voice(nil, value, when))
			}
		})
		r.Until(at)
		for _, v := range r.Recent(at) {
			out = append(out, r.Sighting(nil, v, at))
		}
		return out
	}
	now, later := tell(history(short)), tell(history(all))
	if len(now) < 500 {
		t.Fatalf("only %d rows", len(now))
	}
	if diff := cmp.Diff(now, later); diff != "" {
		t.Errorf("what came later changes what was known: %s", diff)
	}
}

func TestEachNumberHasAName(t *testing.T) {
	r := forecast.NewReplay(history(posts(60)))
	at := began.AddDate(0, 0, 50)
	r.OnSettled(func(value int32, when time.Time) {
		if n := len(r.Voice(nil, value, when)); n != len(forecast.VoiceNames()) {
			t.Fatalf("%d numbers of a voice, %d names", n, len(forecast.VoiceNames()))
		}
	})
	r.Until(at)
	for _, v := range r.Recent(at) {
		x := r.Sighting(nil, v, at)
		if len(x) != len(forecast.SightingNames()) {
			t.Fatalf("%d numbers of a sighting, %d names", len(x), len(forecast.SightingNames()))
		}
		if i := slices.IndexFunc(x, func(n float64) bool { return math.IsNaN(n) || math.IsInf(n, 0) }); i >= 0 {
			t.Fatalf("%s is %v", forecast.SightingNames()[i], x[i])
		}
	}
}

func TestASilentSourceIsNotWatched(t *testing.T) {
	h := history([]intel.Document{post(0, "a", "x", ip(1)), post(24*5, "a", "x", ip(2)), post(24*30, "a", "x", ip(3)), post(24*33, "a", "x", ip(4))})
	day := func(n int) time.Time { return began.AddDate(0, 0, n) }
	for _, test := range []struct {
		from, to int
		want     bool
	}{{0, 5, true}, {0, 6, false}, {10, 12, false}, {29, 31, false}, {30, 33, true}, {30, 34, true}, {30, 35, false}, {-1, 3, false}} {
		if got := h.Watched(day(test.from), day(test.to)); got != test.want {
			t.Errorf("days %d to %d watched: %v", test.from, test.to, got)
		}
	}
}

func TestWhoSpeaksWithinTwoDaysDoesNotCorroborate(t *testing.T) {
	filler := func() (out []intel.Document) {
		for day := range 200 {
			out = append(out, post(float64(24*day), "filler", "x", ip(1000+day)))
		}
		return out
	}
	for _, test := range []struct {
		claim string
		posts []intel.Document
		want  bool
	}{
		{"the same account", []intel.Document{post(1, "ana", "x", ip(1)), post(90, "ana", "x", ip(1))}, false},
		{"another after an hour", []intel.Document{post(1, "ana", "x", ip(1)), post(2, "bo", "x", ip(1))}, false},
		{"who repeated it says it again", []intel.Document{post(1, "ana", "x", ip(1)), post(2, "bo", "x", ip(1)), post(90, "bo", "x", ip(1))}, false},
		{"another after three days", []intel.Document{post(1, "ana", "x", ip(1)), post(73, "bo", "x", ip(1))}, true},
		{"another after a hundred days", []intel.Document{post(1, "ana", "x", ip(1)), post(2400, "bo", "x", ip(1))}, false},
	} {
		h := history(append(test.posts, filler()...))
		h.Span() // brings it in order
		if came, known := h.Corroborated(0); came != test.want || !known {
			t.Errorf("%s: corroborated %v, known %v", test.claim, came, known)
		}
	}
}

func TestThePolynomialIsThatOfMISP(t *testing.T) {
	for _, test := range []struct{ age, want float64 }{{0, 1}, {365.0 / 8, 0.5}, {365, 0}, {4000, 0}, {-1, 1}} {
		if got := forecast.Polynomial(test.age); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("after %v days %v, want %v", test.age, got, test.want)
		}
	}
}
