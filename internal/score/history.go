package score

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// MostTurns is how many turns a history has at most.
const MostTurns = 200

const (
	// mostWeighed bounds how many voices all the weighings of a history weigh
	// together, of which each counts as perWeighing more; mostMoments and
	// fewestMoments are how many moments these are for.
	mostWeighed   = 1_000_000
	perWeighing   = 8
	mostMoments   = 20_000
	fewestMoments = 4
	// turned is by how much belief must change for the change to be told.
	turned = 0.005
)

// A Mark is a moment at which something beside evidence may have changed a row.
type Mark struct {
	At   time.Time
	Sort intel.TurnSort
	Why  string // fit to print: of what sets aside who ruled what; "" tells nothing by itself
	// Scale is by what rows are weighed from then on, nil if it stays. It is told where
	// it changes the row.
	Scale *Scale
	// Ruling is the word of an analyst on the row that counts from then on, nil if
	// none was given.
	Ruling *intel.RowVerdict
	// Naming is what counts from then on beside words, nil if that stays.
	Naming *Naming
}

// A Naming is what is said of a row beside words: by lists, which bear no date, and by
// analysts of names.
type Naming struct {
	Listed float64 // how far lists make it believed, whatever supports it beside them
	Lists  int     // that say so; 0: words alone count
	Left   float64 // what analysts who dispute it leave of it
}

// An Inquiry is what is to be told of a course.
type Inquiry struct {
	Now time.Time
	// Past leaves out what was learned after Now.
	Past bool
	// Parts is the evidence as of Now, as the row is weighed by, with Scale and
	// Rulings.
	Parts   []intel.Evidence
	Scale   Scale
	Rulings Rulings
	// Shares are by how much the name in each link of the row means what the row is
	// of, see [Scale.Together]; nil for a row of one link as it stands.
	Shares map[intel.Link]float64
	// Naming counts before the first mark; nil is nothing beside words.
	Naming *Naming
	// Marks are the moments at which Aside and Doubt may change, among others.
	Marks []Mark
	Aside func(time.Time) Aside
	Doubt func(time.Time) Doubt
}

// History tells how far a row was believed, from the first word on, by the rules of
// today; s is what it was weighed by before the first mark. What it costs is bounded:
// of very many words not each is a moment, and of very many changes those are told
// that come first or last or change a level.
func (s Scale) History(c intel.Course, q Inquiry) intel.History {
	t := s.teller(c, q)
	t.run()
	h := intel.History{Link: c.Link, Turns: t.turns, Unread: c.More, Suppressed: t.ends.aside}
	if t.ends.doubt != "" {
		h.Doubts = strings.Split(t.ends.doubt, also)
	}
	h.Turns, h.More = fewer(h.Turns, MostTurns)
	return h
}

func (s Scale) teller(c intel.Course, q Inquiry) *teller {
	shares := slices.Compact(slices.Sorted(maps.Values(q.Shares)))
	return &teller{scale: s, course: c, links: c.Links(), q: q, naming: q.Naming, rounds: max(1, (len(shares)+1)/2), now: q.Now.UnixMicro(), folds: make([]fold, len(c.Voices)), ruled: map[intel.Link]intel.RowVerdict{}, said: map[side]bool{}, forged: map[side]bool{}, dated: map[side]int64{}, lineage: -1, left: mostWeighed}
}

func (t *teller) run() {
	t.clip()
	before := belief{P: Fuse(nil), Believed: Fuse(nil), Level: intel.Low}
	moments := t.moments()
	if t.listed() {
		before = t.weigh(moment(append(moments, t.now)[0]-1), hold{})
	}
	for i, at := range moments {
		t.ahead = len(moments) - i
		before = t.fade(before, at)
		before = t.turn(before, at)
	}
	t.ahead = 0
	before = t.fade(before, t.now)
	t.close(before)
}

// close tells how the row stands at the moment that was asked for.
func (t *teller) close(before belief) {
	t.state, t.scale = slices.Clip(t.q.Parts), t.q.Scale
	clear(t.ruled)
	for _, l := range t.links {
		if v, ok := t.q.Rulings.On(l); ok {
			t.ruled[l] = v
		}
	}
	last := t.weigh(t.q.Now, t.held(t.q.Now))
	t.ends = last
	told, why := before, "nobody had said so yet"
	if before.begun {
		why = "as it stands"
	}
	if n := len(t.turns); n > 0 {
		o := t.turns[n-1]
		told.P, told.Believed, told.Level, why = o.Probability, o.Believed, o.Level, "as it stands since"
		switch {
		case math.Abs(before.Believed-last.Believed) >= turned:
			why = "with what is not told one by one"
		case o.Believed-last.Believed >= turned:
			why = "faded since"
		}
		if last.doubt != "" {
			why += "; believed less: " + last.doubt
		}
		if lost := last.spent(); lost != "" && last.Level == intel.Medium && t.scale.Cuts.Level(last.Believed, last.Origins, true) == intel.High {
			why += "; " + lost
		}
	}
	t.tell(t.q.Now, intel.TurnAsOf, why, told, last)
}

// A belief is how far a row is believed at a moment.
type belief struct {
	P, Believed  float64
	Level        intel.Level
	Origins      int
	lasting      int // of them, of which something is left
	aside, doubt string
	last         time.Time // of what supports it
	dated        bool      // that is worth something yet
	at           int64
	begun        bool
}

// spent says in words what of a row High counts no more, for too little is left of it.
func (b belief) spent() string {
	switch {
	case !b.dated && !b.last.IsZero():
		return Spent(b.last)
	case b.lasting < 2 && b.Origins > 1:
		return SpentVoices(b.Origins, b.lasting)
	}
	return ""
}

type teller struct {
	scale   Scale
	naming  *Naming
	ruled   map[intel.Link]intel.RowVerdict // the words that count
	links   []intel.Link                    // of the course
	course  intel.Course
	q       Inquiry
	now     int64
	rounds  int // of each weighing
	folds   []fold
	odd     []intel.Word // that end, or are of the future when they are learned
	last    int64        // moment
	next    int          // of the words
	mark    int          // of the marks
	lineage int          // that holds, -1 is none
	hold    hold         // of the last moment
	ahead   int          // moments to come
	ends    belief       // how the row stands at the moment that was asked for
	left    int          // of what may be weighed
	state   []intel.Evidence
	scratch []Step
	said    map[side]bool
	forged  map[side]bool  // whose dates cannot be
	dated   map[side]int64 // the latest moment of which each has spoken
	turns   []intel.Turn
}

// moments returns when something may have changed. There are too many where very
// much was said: then those count at which a voice is new, the first and the last
// ones, and some between.
func (t *teller) moments() []int64 {
	var all, firsts []int64
	voice := make([]bool, len(t.course.Voices))
	for _, w := range t.course.Words {
		all = append(all, w.From)
		if !voice[w.Voice] {
			voice[w.Voice] = true
			firsts = append(firsts, w.From)
		}
		if w.Until <= t.now {
			all = append(all, w.Until)
		}
		if known := w.At - skew; w.At != intel.Undated && known > w.From && known <= t.now && known < w.Until {
			all = append(all, known)
		}
	}
	if t.begun() == math.MaxInt64 {
		return nil
	}
	for _, at := range t.others() {
		if at >= t.begun() && at <= t.now {
			all, firsts = append(all, at), append(firsts, at)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	most := max(fewestMoments, min(mostMoments, mostWeighed/2/t.cost()))
	if len(all) <= most {
		return all
	}
	slices.Sort(firsts)
	firsts = slices.Compact(firsts)
	quarter := most / 4
	some := slices.Concat(all[:quarter], all[len(all)-quarter:], firsts[:min(quarter, len(firsts))])
	for i := range quarter {
		some = append(some, all[i*len(all)/quarter])
	}
	slices.Sort(some)
	return slices.Compact(some)
}

// listed reports whether lists say so, whoever else does.
func (t *teller) listed() bool { return t.q.Naming != nil && t.q.Naming.Lists > 0 }

// begun is when the first word was learned, or an analyst said whose the name is, the
// end of time if nobody did; of what lists say nobody knows.
func (t *teller) begun() int64 {
	if t.listed() {
		return intel.Undated
	}
	first := int64(math.MaxInt64)
	if len(t.course.Words) > 0 {
		first = t.course.Words[0].From
	}
	for _, m := range t.q.Marks {
		if m.Naming != nil && m.Naming.Lists > 0 {
			first = min(first, m.At.UnixMicro())
		}
	}
	return first
}

// others returns the moments of what is no word.
func (t *teller) others() (out []int64) {
	for _, m := range t.q.Marks {
		out = append(out, m.At.UnixMicro())
	}
	for _, l := range t.course.Lineages {
		out = append(out, l.From)
	}
	return out
}

// A hold is what keeps a row at a moment from being believed as far as its evidence
// comes to.
type hold struct {
	aside Aside
	doubt Doubt
}

func (t *teller) held(at time.Time) (h hold) {
	if t.q.Aside != nil {
		h.aside = t.q.Aside(at)
	}
	if t.q.Doubt != nil {
		h.doubt = t.q.Doubt(at)
	}
	return h
}

// cost is what a weighing takes of what may be weighed: [Scale.Together] weighs voices for
// each share, half of them as a rule.
func (t *teller) cost() int { return t.rounds * (len(t.folds) + perWeighing) }

// weigh assesses what is known as of a moment.
func (t *teller) weigh(at time.Time, h hold) belief {
	t.left -= t.cost()
	evidence := t.state
	for _, l := range t.links {
		v, ok := t.ruled[l]
		if ok && slices.ContainsFunc(t.state, func(e intel.Evidence) bool { return e.Link == l }) {
			evidence = append(evidence, word(v, intel.Clear))
			h.doubt = h.doubt.Despite(v)
		}
	}
	s := belief{aside: h.aside.Reason, at: at.UnixMicro(), begun: true}
	t.assess(&s, evidence, at)
	s.Believed, s.Level = s.P, t.scale.Cuts.Level(s.P, s.lasting, s.dated)
	if h.aside.Reason != "" {
		s.Believed, s.Level = min(s.P, h.aside.Most), intel.Low
		return s
	}
	h.doubt.Cuts = t.scale.Cuts
	s.Believed, s.Level, s.doubt = h.doubt.leaves(s.P, s.Level, s.lasting, s.dated)
	return s
}

// assess notes how far evidence and what stands beside it make a row believed, of how
// many origins, and whether it is dated.
func (t *teller) assess(b *belief, evidence []intel.Evidence, at time.Time) {
	t.hear(b, evidence, at)
	n := t.naming
	if n == nil {
		return
	}
	if n.Lists > 0 {
		b.P, b.Origins, b.lasting, b.last, b.dated = n.Listed*Consent(t.scratch), n.Lists, n.Lists, time.Time{}, false
	}
	b.P *= n.Left
}

// hear is assess of evidence alone.
func (t *teller) hear(b *belief, evidence []intel.Evidence, at time.Time) {
	if t.q.Shares == nil {
		t.scratch = t.scale.explain(t.scratch[:0], evidence, at)
		heard := t.scale.Voices(t.scratch, evidence, at)
		b.P, b.Origins, b.lasting = Fuse(t.scratch), heard.Count(), heard.Lasting
		b.last, b.dated = lastSeen(evidence, at)
		return
	}
	all, of := make([]Saying, len(t.links)), make(map[intel.Link]int, len(t.links))
	for i, l := range t.links {
		all[i].Share, of[l] = t.q.Shares[l], i
	}
	for _, e := range evidence {
		said := &all[of[e.Link]]
		said.Evidence = append(said.Evidence, e)
	}
	a, steps := t.scale.Together(all, at)
	t.scratch, b.P, b.Origins, b.lasting, b.last, b.dated = steps, a.Probability, a.Origins, a.Lasting, a.Last, a.Dated
}

const (
	// fadeSteps is into how many parts a time is cut in which belief may rise as
	// well as fall, and faded how exactly a crossing is told.
	fadeSteps = 16
	faded     = int64(time.Minute / time.Microsecond)
	// mostFades is how often a level is crossed at most while nothing is said.
	mostFades = 4
)

// spare is how many weighings there are beyond those that the moments to come need.
func (t *teller) spare() int { return t.left/t.cost() - 2*t.ahead - 2 }

// fade tells the levels that time alone crosses from one moment to just before
// another, and returns how the row stands then. Where too much was weighed to find a
// crossing, it is told at its end.
func (t *teller) fade(from belief, to int64) belief {
	if !from.begun || to <= from.at {
		return from
	}
	at := func(us int64) belief { return t.weigh(time.UnixMicro(us).UTC(), t.hold) }
	parts := int64(1)
	disputed := slices.ContainsFunc(t.scratch, func(o Step) bool { return o.Stance == intel.Disputes }) // of the last weighing
	if disputed && t.spare() >= fadeSteps {
		parts = fadeSteps
	}
	step := max(1, (to-from.at)/parts)
	tells := 0
	low := from
	for low.at < to {
		high := at(min(to, low.at+step))
		if high.Level == from.Level || tells == mostFades {
			low = high
			continue
		}
		for high.at-low.at > faded && t.spare() > 0 {
			if mid := at(low.at + (high.at-low.at)/2); mid.Level == from.Level {
				low = mid
			} else {
				high = mid
			}
		}
		if high.at >= to && high.at-low.at <= faded {
			return high // it is crossed where the next thing happens
		}
		why := "nobody said so again"
		if lost := high.spent(); lost != "" && lost != low.spent() {
			why += ": " + lost
		}
		t.tell(moment(high.at), intel.TurnFaded, why, low, high)
		tells++
		from, low = high, high
	}
	return low
}

// turn tells what happened at a moment, and returns how the row stands behind it.
func (t *teller) turn(before belief, at int64) belief {
	now := moment(at)
	before = t.marks(now, at-1, before)
	doubt := t.hold.doubt
	changed := t.advance(at)
	t.hold = t.held(now)
	after := t.weigh(now, hold{t.hold.aside, doubt})
	t.tellWords(now, changed, t.rulers(at), before, after)
	if t.hold.doubt != doubt {
		after = t.doubted(now, after)
	}
	return t.marks(now, at, after)
}

// doubted tells what is believed less from now on for what speaks against it, or no
// longer.
func (t *teller) doubted(now time.Time, before belief) belief {
	after := t.weigh(now, t.hold)
	switch {
	case after.doubt == before.doubt:
	case after.doubt == "":
		t.tell(now, intel.TurnDoubted, "no longer believed less: "+before.doubt, before, after)
	case before.doubt == "" || differs(before, after):
		t.tell(now, intel.TurnDoubted, "believed less: "+after.doubt, before, after)
	}
	return after
}

// marks takes in what came beside evidence up to a moment, and tells it of a row that
// somebody had spoken of.
func (t *teller) marks(now time.Time, until int64, before belief) belief {
	for ; t.mark < len(t.q.Marks) && t.q.Marks[t.mark].At.UnixMicro() <= until; t.mark++ {
		m := t.q.Marks[t.mark]
		if m.Naming != nil && m.Naming.Lists > 0 && !before.begun {
			before = t.weigh(now, t.hold)
		}
		after := before
		if m.Scale != nil {
			t.scale = *m.Scale
		}
		if m.Ruling != nil {
			t.ruled[m.Ruling.Link] = *m.Ruling
			if m.Ruling.Ruling == intel.UndoRow {
				delete(t.ruled, m.Ruling.Link)
			}
		}
		if m.Naming != nil {
			t.naming = m.Naming
		}
		if before.begun && (m.Scale != nil || m.Ruling != nil || m.Naming != nil) {
			after = t.weigh(now, t.hold)
		}
		if before.begun && m.Why != "" && m.Sort != intel.TurnAside && (m.Scale == nil || differs(before, after)) {
			t.tell(m.At.UTC(), m.Sort, m.Why, before, after)
		}
		before = after
	}
	return before
}

// rulers says who ruled at a moment what is to be set aside, or took it back.
func (t *teller) rulers(at int64) (who string) {
	for _, m := range t.q.Marks[t.mark:] {
		if m.At.UnixMicro() > at {
			break
		}
		if m.Sort == intel.TurnAside {
			who = joined(who, m.Why)
		}
	}
	return who
}

// tellWords tells what was said, or set aside and by whom.
func (t *teller) tellWords(now time.Time, c changes, who string, before, after belief) {
	why, isNew := t.words(c)
	switch {
	case after.aside != before.aside && after.aside != "":
		t.tell(now, intel.TurnAside, joined(why, joined("set aside: "+after.aside, who)), before, after)
	case after.aside != before.aside:
		t.tell(now, intel.TurnAside, joined(why, joined("no longer set aside: "+before.aside, who)), before, after)
	case isNew || why != "" && differs(before, after):
		t.tell(now, t.sort(c), why, before, after)
	}
}

// differs reports whether a change is worth telling.
func differs(a, b belief) bool {
	return a.Level != b.Level || a.Origins != b.Origins || math.Abs(a.P-b.P) >= turned || math.Abs(a.Believed-b.Believed) >= turned
}

func (t *teller) tell(at time.Time, kind intel.TurnSort, why string, before, after belief) {
	t.turns = append(t.turns, intel.Turn{At: at, Sort: kind, Why: why, Before: before.P, Probability: after.P, BelievedBefore: before.Believed, Believed: after.Believed,
		LevelBefore: before.Level, Level: after.Level, Origins: after.Origins})
}

// fewer keeps so many of turns: a third each of the first, of the last, and of those
// between that change a level or are no word, and how many it left out.
func fewer(turns []intel.Turn, most int) ([]intel.Turn, int) {
	if len(turns) <= most {
		return turns, 0
	}
	third := most / 3
	begin, middle, end := turns[:third], turns[third:len(turns)-third], turns[len(turns)-third:]
	room := most - 2*third
	var out []intel.Turn
	for _, important := range []bool{true, false} {
		for _, o := range middle {
			if len(out) < room && important == (o.Level != o.LevelBefore || o.Sort != intel.TurnLearned) {
				out = append(out, o)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b intel.Turn) int { return a.At.Compare(b.At) })
	return slices.Concat(begin, out, end), len(turns) - most
}
