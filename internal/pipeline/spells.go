package pipeline

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

const (
	// mostSpells bounds from how much of what was ever said of a value, and of a row,
	// its history tells what spoke against the row.
	mostSpells       = 5_000
	mostGroundSpells = 500
	// mostTold is of how many links of the row all that was ever said is read.
	mostTold = 100
	// mostSteps bounds how many moments are looked at for it.
	mostSteps = 1_000
)

// A step is what speaks against a row from a moment on, in microseconds since 1970.
type step struct {
	from int64
	score.Doubt
}

// stepAt returns the step that holds at a moment; before the first nothing speaks
// against a row.
func stepAt(steps []step, at int64) score.Doubt {
	n := sort.Search(len(steps), func(i int) bool { return steps[i].from > at })
	if n == 0 {
		return score.Doubt{}
	}
	return steps[n-1].Doubt
}

// doubting notes when something began to speak against a row of an indicator, and
// when it ended. Bursts are told by days as they are counted today.
func (ed *Editor) doubting(ctx context.Context, r intel.Reader, row intel.Row, l intel.Link, w Window, q *score.Inquiry) error {
	value := l.From
	if value.Kind.Class() != intel.IOC {
		value = l.To
	}
	if value.Kind.Class() != intel.IOC {
		return nil
	}
	behaved, err := ed.behaved(ctx, r, row.Links(), q.Now)
	if err != nil {
		return err
	}
	shared, err := ed.sharedSince(ctx, r, row.Links(), value, q)
	if err != nil {
		return err
	}
	for _, s := range slices.Concat(behaved, slices.Concat(shared...)) {
		q.Marks = append(q.Marks, score.Mark{At: time.UnixMicro(s.from).UTC()})
	}
	last, known, err := ed.doubtAsOf(ctx, r, row, value, w, q)
	if err != nil {
		return err
	}
	q.Doubt = func(at time.Time) score.Doubt {
		if known && at.Equal(q.Now) {
			return last
		}
		d := stepAt(behaved, at.UnixMicro())
		for i, some := range shared { // as the link that is shared by fewest
			if n := stepAt(some, at.UnixMicro()).Claimants; i == 0 || n < d.Claimants {
				d.Claimants = n
			}
		}
		return d
	}
	return nil
}

// behaved returns the days of whose voices spoke against what links say, and when.
func (ed *Editor) behaved(ctx context.Context, r intel.Reader, links []int64, now time.Time) ([]step, error) {
	var spells []store.GroundSpell
	for _, link := range links {
		some, err := ed.DB.GroundsEver(ctx, r, link, mostGroundSpells)
		if err != nil {
			return nil, err
		}
		spells = append(spells, some...)
	}
	if len(spells) == 0 || len(spells) > mostGroundSpells {
		return nil, nil
	}
	slices.SortStableFunc(spells, func(a, b store.GroundSpell) int { return cmp.Compare(a.From, b.From) })
	var grounds []store.Ground
	var moments []int64
	for _, s := range spells {
		grounds = append(grounds, s.Ground)
		moments = append(moments, s.From, s.Until)
	}
	busy, err := ed.DB.Busy(ctx, r, map[int64][]store.Ground{0: grounds}, score.MuchInADay)
	if err != nil || len(busy) == 0 {
		return nil, err
	}
	paces, err := ed.DB.Paces(ctx, r, busy, time.Time{})
	if err != nil {
		return nil, err
	}
	const day = int64(24 * time.Hour / time.Microsecond)
	for _, days := range paces {
		for _, p := range days {
			moments = append(moments, p.Day*day)
		}
	}
	moments = slices.DeleteFunc(moments, func(at int64) bool { return at < spells[0].From || at > now.UnixMicro() })
	slices.Sort(moments)
	moments = slices.Compact(moments)
	moments = moments[:min(len(moments), mostSteps)]
	var out []step
	for _, at := range moments {
		d := behavedAt(spells, paces, at, at/day)
		if n := len(out); n == 0 && d != (score.Doubt{}) || n > 0 && out[n-1].Doubt != d {
			out = append(out, step{at, d})
		}
	}
	return out, nil
}

// behavedAt is what the days of voices up to a day say against what a row rests on at
// a moment.
func behavedAt(spells []store.GroundSpell, paces map[store.Voice][]store.Pace, at, day int64) score.Doubt {
	documents := map[int64]bool{}
	var grounds []store.Ground
	for _, s := range spells {
		if s.From <= at && at < s.Until {
			grounds = append(grounds, s.Ground)
			documents[s.Document] = true
		}
	}
	if len(documents) > mostSaid {
		return score.Doubt{}
	}
	odd := oddDays(paces, day)
	return score.Against(spoken(grounds), func(v score.Voice) (score.Odd, bool) { o, ok := odd[v]; return o, ok })
}

// sharedSince returns of each link of a value among how many it counted as shared, and
// when, of a value that many are said to be behind today.
func (ed *Editor) sharedSince(ctx context.Context, r intel.Reader, links []int64, value intel.Entity, q *score.Inquiry) ([][]step, error) {
	claimants, err := ed.DB.Claimants(ctx, r, []intel.Entity{value}, time.Time{})
	if err != nil || claimants[value] < score.TooMany {
		return nil, err
	}
	spells, err := ed.DB.NamingEver(ctx, r, value, links[:min(len(links), mostTold)], mostSpells)
	if err != nil {
		return nil, err
	}
	var changes []change
	for _, s := range spells {
		changes = append(changes, change{s.From, true, s})
		if s.Until <= q.Now.UnixMicro() {
			changes = append(changes, change{s.Until, false, s})
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	out := make([][]step, len(links))
	for i, link := range links {
		out[i] = crowding(changes, crowd{row: link, scale: q.Scale, links: map[int64]int{}, says: map[sayer]int{}, names: map[intel.SourceID]intel.Naming{}})
	}
	return out, nil
}

// A change is that somebody began to say, or no longer said, whose a value is.
type change struct {
	at    int64
	begun bool
	store.NamingSpell
}

// crowding returns among how many a row counted as shared by changes in their order,
// from a crowd of nobody on.
func crowding(changes []change, c crowd) (out []step) {
	for i, o := range changes {
		c.count(o.NamingSpell, o.begun)
		if i+1 < len(changes) && changes[i+1].at == o.at {
			continue
		}
		n := c.sharers()
		if k := len(out); k == 0 && n > 0 || k > 0 && out[k-1].Claimants != n {
			out = append(out, step{o.at, score.Doubt{Claimants: n}})
		}
	}
	return out[max(0, len(out)-mostSteps):]
}

// A crowd is who is said to be behind a value at a moment, and by whom.
type crowd struct {
	row      int64
	scale    score.Scale
	claimant bool          // whether the row is of one of them
	links    map[int64]int // to actors, malware and tools, and how many say each
	says     map[sayer]int
	names    map[intel.SourceID]intel.Naming
}

// A sayer is a source that says a row.
type sayer struct {
	link   int64
	source intel.SourceID
}

func (c *crowd) count(s store.NamingSpell, begun bool) {
	k, n := sayer{s.Link, s.Source}, 1
	if !begun {
		n = -1
	}
	c.says[k] += n
	if s.Link == c.row {
		c.claimant = s.Claimant
	}
	if !s.Claimant {
		return
	}
	if c.links[s.Link] += n; c.links[s.Link] == 0 {
		delete(c.links, s.Link)
	}
	if first, last := begun && c.says[k] == 1, !begun && c.says[k] == 0; first || last {
		named := c.names[s.Source]
		c.names[s.Source] = intel.Naming{Source: s.Source, Reliability: s.Reliability, Names: named.Names + n}
	}
}

// sharers is among how many the value of the row counts as shared, 0 for so few that
// it tells of none.
func (c *crowd) sharers() int {
	if len(c.links) < score.TooMany {
		return 0
	}
	var sayers []intel.SourceID
	var all []intel.Naming
	for id, named := range c.names {
		if named.Names > 0 {
			all = append(all, named)
		}
		if c.says[sayer{c.row, id}] > 0 {
			sayers = append(sayers, id)
		}
	}
	if n := c.scale.Sharers(sayers, all, len(c.links), c.claimant); n >= score.TooMany {
		return n
	}
	return 0
}
