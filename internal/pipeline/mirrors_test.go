package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/portent-cti/portent/internal/figures"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/pipeline"
	"github.com/portent-cti/portent/internal/queue"
)

// A cut makes documents of what a source lists.
type cut func(source string, back int, rows []intel.Claim) []intel.Document

// inDocuments cuts a list into documents of so many rows.
func inDocuments(size int) cut {
	return func(source string, back int, rows []intel.Claim) (out []intel.Document) {
		day := now.AddDate(0, 0, -back)
		for some := range slices.Chunk(rows, size) {
			d := intel.Document{Source: intel.SourceID(source), Genre: intel.List, Reliability: 'B', Graded: true, Published: day, Learned: day, Claims: slices.Clone(some)}
			d.ID = intel.NewContentID(d)
			out = append(out, d)
		}
		return out
	}
}

// addresses are rows of an actor from one number to another.
func addresses(actor string, from, to int) (rows []intel.Claim) {
	for i := from; i < to; i++ {
		rows = append(rows, intel.Claim{Subject: intel.NewEntity(intel.IPv4, fmt.Sprintf("45.134.%d.%d", i/200, 1+i%200)), Relation: intel.Indicates, Object: intel.NewEntity(intel.Actor, actor)})
	}
	return rows
}

// voicesOf returns by how many each of some addresses of Cold Lynx is said, and how many there are.
func voicesOf(t *testing.T, h house, from, to int) map[int]int {
	t.Helper()
	out := map[int]int{}
	for _, c := range addresses("Cold Lynx", from, to) {
		id, err := h.db.Linked(t.Context(), intel.Link{From: c.Subject, Relation: intel.Indicates, To: c.Object})
		if err != nil {
			t.Fatal(err)
		}
		row, err := h.db.Between(t.Context(), intel.Everything(), id)
		if err != nil {
			t.Fatal(err)
		}
		out[row.Origins]++
	}
	return out
}

func TestAListThatAnotherSourceHasIsOneVoiceHoweverItIsCut(t *testing.T) {
	lynx := addresses("Cold Lynx", 0, 60)
	turned := slices.Clone(lynx)
	slices.Reverse(turned)
	more := slices.Concat(lynx[:20], addresses("Cold Lynx", 300, 302), lynx[20:])
	for name, c := range map[string]struct {
		first, second []intel.Claim
		cuts          [2]cut
	}{
		"by rows, then whole":     {lynx, lynx, [2]cut{inDocuments(1), inDocuments(100)}},
		"whole, then by rows":     {lynx, lynx, [2]cut{inDocuments(100), inDocuments(1)}},
		"by rows twice":           {lynx, turned, [2]cut{inDocuments(1), inDocuments(1)}},
		"turned, in other parts":  {lynx, turned, [2]cut{inDocuments(25), inDocuments(40)}},
		"a part of it":            {lynx, lynx[10:30], [2]cut{inDocuments(25), inDocuments(100)}},
		"a part of it came first": {lynx[10:30], lynx, [2]cut{inDocuments(100), inDocuments(25)}},
		"short parts came first":  {lynx[10:30], lynx, [2]cut{inDocuments(1), inDocuments(25)}},
		"with a few rows more":    {lynx, more, [2]cut{inDocuments(25), inDocuments(40)}},
	} {
		t.Run(name, func(t *testing.T) {
			onEachEngine(t, nil, func(t *testing.T, h house) {
				h.keep(t, c.cuts[0]("first", 20, c.first)...)
				h.keep(t, c.cuts[1]("second", 10, c.second)...)
				if n := voicesOf(t, h, 10, 30); n[1] != 20 {
					t.Errorf("rows by voices %v, want 20 of one", n)
				}
			})
		})
	}
}

func TestListsThatShareHalfOfTheirRowsAreTwoVoices(t *testing.T) {
	for name, cuts := range map[string][2]cut{
		"in parts": {inDocuments(25), inDocuments(25)}, "then by rows": {inDocuments(25), inDocuments(1)}, "first by rows": {inDocuments(1), inDocuments(25)},
	} {
		t.Run(name, func(t *testing.T) {
			onEachEngine(t, nil, func(t *testing.T, h house) {
				h.keep(t, cuts[0]("first", 20, addresses("Cold Lynx", 0, 40))...)
				h.keep(t, cuts[1]("second", 10, addresses("Cold Lynx", 20, 60))...)
				if n := voicesOf(t, h, 20, 40); n[2] != 20 {
					t.Errorf("rows by voices %v, want 20 of two", n)
				}
			})
		})
	}
}

func TestWhoRepublishesTwoListsTakesNeitherVoice(t *testing.T) {
	for _, last := range []string{"both", "second"} {
		t.Run(last, func(t *testing.T) {
			onEachEngine(t, nil, func(t *testing.T, h house) {
				h.keep(t, inDocuments(25)("first", 20, addresses("Cold Lynx", 0, 30))...)
				second, both := inDocuments(40)("second", 10, addresses("Cold Lynx", 20, 50)), inDocuments(30)("both", 1, addresses("Cold Lynx", 0, 50))
				for i := range both {
					both[i].Reliability = 'E'
				}
				if last == "both" {
					second, both = both, second
				}
				h.keep(t, both...)
				h.keep(t, second...)
				if n := voicesOf(t, h, 20, 30); n[2] != 10 {
					t.Errorf("rows by voices %v, want 10 of the two whose lists they are", n)
				}
				if n := voicesOf(t, h, 0, 20); n[1] != 20 {
					t.Errorf("rows by voices %v, want 20 of the first and its mirror", n)
				}
			})
		})
	}
}

func TestShortListsThatComeOneByOneAreComparedTogether(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		h.keep(t, inDocuments(100)("first", 20, addresses("Cold Lynx", 0, 30))...)
		for i := 0; i < 30; i += 5 { // each by a process of its own
			again := house{h.db, &pipeline.Pipeline{DB: h.db, Queue: queue.NewMemory(), Now: h.p.Now, Clock: h.p.Clock, Log: h.p.Log}, h.ed}
			again.p.Use(h.p.Reference())
			again.keep(t, inDocuments(5)("second", 10-i/5, addresses("Cold Lynx", i, i+5))...)
		}
		if n := voicesOf(t, h, 0, 30); n[1] != 30 {
			t.Errorf("rows by voices %v, want 30 of one", n)
		}
	})
}

func TestACopyOfWhatIsListedEveryDayIsOneVoice(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		var days []intel.Document
		for i := range 70 {
			days = append(days, inDocuments(100)("daily", 80-i, slices.Concat(addresses("Cold Lynx", 0, 10), addresses("Cold Lynx", 300+4*i, 304+4*i)))...)
		}
		h.keep(t, days...)
		h.keep(t, inDocuments(1)("copy", 2, addresses("Cold Lynx", 0, 10))...)
		if n := voicesOf(t, h, 0, 10); n[1] != 10 {
			t.Errorf("rows by voices %v, want 10 of one", n)
		}
	})
}

func TestAChainOfCopiesIsNoMoreVoicesThanItsEnds(t *testing.T) {
	all := map[string][]intel.Claim{"a": addresses("Cold Lynx", 0, 100), "b": addresses("Cold Lynx", 5, 105), "c": addresses("Cold Lynx", 10, 110), "d": addresses("Cold Lynx", 15, 115)}
	for _, order := range [][]string{{"a", "b", "c", "d"}, {"d", "b", "a", "c"}} {
		t.Run(order[0], func(t *testing.T) {
			onEachEngine(t, nil, func(t *testing.T, h house) {
				for i, source := range order {
					h.keep(t, inDocuments(100)(source, 40-10*i, all[source])...)
				}
				if n := voicesOf(t, h, 15, 100); n[1]+n[2] != 85 {
					t.Errorf("rows by voices %v, want 85 of two at most", n)
				}
			})
		})
	}
}

func TestListsOfTwoNamesAreOneVoiceForAsLongAsAnalystsTakeThemForOne(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		lynx, cat := lynxActor, intel.NewEntity(intel.Actor, "Chilly Cat")
		h.keep(t, inDocuments(25)("first", 20, addresses("Cold Lynx", 0, 60))...)
		h.keep(t, inDocuments(40)("second", 10, addresses("Chilly Cat", 0, 30))...)
		origin := func(name intel.Entity) string {
			id, err := h.db.Linked(t.Context(), intel.Link{From: intel.NewEntity(intel.IPv4, "45.134.0.5"), Relation: intel.Indicates, To: name})
			if err != nil {
				t.Fatal(err)
			}
			parts, err := h.db.Parts(t.Context(), intel.Everything(), id, now)
			if err != nil || len(parts) != 1 {
				t.Fatalf("%+v, err %v", parts, err)
			}
			return parts[0].Origin
		}
		h.rule(t, intel.AliasVerdict{Name: cat, Other: lynx, Ruling: intel.Confirm, By: "analyst:ann", At: now.Add(-time.Hour)})
		if o := origin(cat); o != "first" {
			t.Errorf("confirmed, a row is the word of %s, want that of first", o)
		}
		h.rule(t, intel.AliasVerdict{Name: cat, Other: lynx, Ruling: intel.Undo, By: "analyst:ann", At: now})
		if o := origin(cat); o != "second" {
			t.Errorf("undone, a row is the word of %s, want that of second", o)
		}
	})
}

func TestAMirrorTakesNoVoiceFromWhatItsOriginalDoesNotSay(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		h.keep(t, inDocuments(100)("whole", 30, addresses("Cold Lynx", 0, 38))...)
		h.keep(t, inDocuments(10)("part", 20, addresses("Cold Lynx", 0, 40))...) // two rows are its own
		h.keep(t, inDocuments(100)("other", 10, addresses("Cold Lynx", 36, 60))...)
		if n := voicesOf(t, h, 36, 40); n[2] != 4 {
			t.Errorf("rows by voices %v, want 4 of two: the original or the mirror, and the other", n)
		}
		if n := voicesOf(t, h, 0, 36); n[1] != 36 {
			t.Errorf("rows by voices %v, want 36 of one", n)
		}
		late := inDocuments(100)("whole", 5, addresses("Cold Lynx", 38, 40)) // now it says those as well
		h.keep(t, late...)
		h.keep(t, inDocuments(100)("third", 3, addresses("Cold Lynx", 38, 39))...)
		if n := voicesOf(t, h, 39, 40); n[2] != 1 {
			t.Errorf("row by voices %v, want two: what the original says later is one voice with its mirror", n)
		}
	})
}

func TestAListUnderAnotherNameOfTheActorIsOneVoice(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		alias := intel.Document{Source: "names", Genre: intel.List, Reliability: 'B', Graded: true, Published: now.AddDate(0, 0, -40), Learned: now.AddDate(0, 0, -40), Claims: []intel.Claim{
			{Subject: intel.NewEntity(intel.Actor, "Chilly Cat"), Relation: intel.AliasOf, Object: intel.NewEntity(intel.Actor, "Cold Lynx")}}}
		alias.ID = intel.NewContentID(alias)
		h.keep(t, alias)
		h.keep(t, inDocuments(25)("first", 20, addresses("Cold Lynx", 0, 30))...)
		h.keep(t, inDocuments(40)("second", 10, addresses("Chilly Cat", 0, 30))...)
		p, _, err := h.ed.Profile(t.Context(), intel.Everything(), lynxActor, pipeline.Window{}, now)
		if err != nil || len(p.IOC) != 30 {
			t.Fatalf("%d rows, err %v", len(p.IOC), err)
		}
		for _, row := range p.IOC {
			if row.Origins != 1 {
				t.Fatalf("%s: %d voices, want one", row.Entity, row.Origins)
			}
		}
	})
}

func TestWhoOpensAListThatFewMaySeeAddsNoVoiceForThem(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		secret := inDocuments(100)("secret", 20, addresses("Cold Lynx", 0, 30))
		for i := range secret {
			secret[i].Marking = intel.Amber
		}
		h.keep(t, secret...)
		h.keep(t, inDocuments(1)("open", 10, addresses("Cold Lynx", 0, 30))...)
		if n := voicesOf(t, h, 0, 30); n[1] != 30 {
			t.Errorf("rows by voices %v, want 30 of one for who may see both", n)
		}
	})
}

func TestAPopularValueHidesNoCopy(t *testing.T) {
	figures.Only(t)
	onEachEngine(t, nil, func(t *testing.T, h house) {
		h.keep(t, inDocuments(100)("first", 40, addresses("Cold Lynx", 0, 12))...)
		for i := range 9 { // each has nine times as much in common with the last
			h.keep(t, inDocuments(200)(fmt.Sprint("feed", i), 30-i, addresses("Cold Lynx", 1000, 1108))...)
		}
		var said []intel.Document
		for i := range 1010 {
			d := inDocuments(100)("last", 10, slices.Concat(addresses("Cold Lynx", 0, 12), addresses("Cold Lynx", 2000+i, 2001+i)))[0]
			d.Title = fmt.Sprintf("list %d.csv", i)
			d.ID = intel.NewContentID(d)
			said = append(said, d)
		}
		h.keep(t, said...)
		h.keep(t, inDocuments(200)("last", 9, slices.Concat(addresses("Cold Lynx", 0, 12), addresses("Cold Lynx", 1000, 1108)))...)
		h.keep(t, inDocuments(1)("later", 5, addresses("Cold Lynx", 0, 12))...)
		if n := voicesOf(t, h, 0, 12); n[1] != 12 {
			t.Errorf("rows by voices %v, want 12 of one", n)
		}
	})
}

func TestWhatFewMaySeeIsNobodysOriginal(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		secret := inDocuments(100)("secret", 20, addresses("Cold Lynx", 0, 30))
		for i := range secret {
			secret[i].Marking = intel.Red
		}
		h.keep(t, secret...)
		h.keep(t, inDocuments(40)("open", 10, addresses("Cold Lynx", 0, 30))...)
		id, err := h.db.Linked(t.Context(), intel.Link{From: intel.NewEntity(intel.IPv4, "45.134.0.5"), Relation: intel.Indicates, To: lynxActor})
		if err != nil {
			t.Fatal(err)
		}
		parts, err := h.db.Parts(t.Context(), intel.Public(), id, now)
		if err != nil || len(parts) != 1 || parts[0].Origin != "open" {
			t.Errorf("the public reads %+v, err %v, want the word of open", parts, err)
		}
	})
}

func TestListsThatWereNotComparedBeforeACrashAreComparedBehindIt(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		h.keep(t, inDocuments(25)("first", 20, addresses("Cold Lynx", 0, 40))...)
		if _, err := h.p.Keep(t.Context(), inDocuments(100)("second", 10, addresses("Cold Lynx", 0, 40))); err != nil {
			t.Fatal(err)
		}
		ctx, crash := context.WithCancel(t.Context())
		h.p.Done = func(int) { crash() } // all is derived, and nothing compared
		if err := h.p.Finish(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("err %v", err)
		}
		if n := voicesOf(t, h, 0, 40); n[2] != 40 {
			t.Fatalf("rows by voices %v, want 40 of two before they are compared", n)
		}
		again := &pipeline.Pipeline{DB: h.db, Queue: queue.NewMemory(), Now: h.p.Now, Clock: h.p.Clock, Log: h.p.Log}
		again.Use(h.p.Reference())
		if err := again.Finish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := voicesOf(t, h, 0, 40); n[1] != 40 {
			t.Errorf("rows by voices %v, want 40 of one", n)
		}
	})
}

func TestACopyWasNoSecondVoiceOnTheDaysBeforeItCameIn(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		voices := func(back int) (out []int) {
			p, _, err := h.ed.Profile(t.Context(), intel.Everything(), lynxActor, pipeline.Window{Back: true}, now.AddDate(0, 0, -back))
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range p.IOC {
				out = append(out, row.Origins)
			}
			slices.Sort(out)
			return slices.Compact(out)
		}
		h.keep(t, inDocuments(25)("first", 20, addresses("Cold Lynx", 0, 40))...)
		h.keep(t, inDocuments(100)("second", 10, addresses("Cold Lynx", 0, 40))...)
		h.keep(t, inDocuments(100)("other", 9, addresses("Chilly Cat", 0, 30))...)
		if v := voices(5); !slices.Equal(v, []int{1}) {
			t.Errorf("rows had %v voices five days ago, want one", v)
		}
		h.rule(t, intel.AliasVerdict{Name: intel.NewEntity(intel.Actor, "Chilly Cat"), Other: lynxActor, Ruling: intel.Confirm, By: "analyst:ann", At: now.Add(-time.Hour)})
		if v := voices(5); !slices.Equal(v, []int{1, 2}) {
			t.Errorf("rows had %v voices five days ago, want two of some: that names are one was said since", v)
		}
	})
}

func TestAFeedThatHasAListRowByRowAmongOthersIsOneVoiceWithIt(t *testing.T) {
	onEachEngine(t, nil, func(t *testing.T, h house) {
		const rows = 1000
		list := inDocuments(10)("first", 20, addresses("Cold Lynx", 0, rows)) // a hundred documents
		for i := range list {
			list[i].Title = "list.csv"
			list[i].ID = intel.NewContentID(list[i])
		}
		h.keep(t, list...)
		feed := inDocuments(1)("feed", 10, slices.Concat(addresses("Cold Lynx", 0, rows), addresses("Cold Lynx", 2*rows, 3*rows)))
		for i := range feed {
			feed[i].Title = string(feed[i].ID)
		}
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(feed), func(i, k int) { feed[i], feed[k] = feed[k], feed[i] })
		for polled := range slices.Chunk(feed, 100) {
			h.keep(t, polled...)
		}
		if n := voicesOf(t, h, 0, rows); n[1] != rows {
			t.Errorf("rows by voices %v, want %d of one", n, rows)
		}
	})
}
