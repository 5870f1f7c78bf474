package pipeline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/score"
	"github.com/portent-cti/portent/internal/store"
)

// rulings keeps what analysts said of rows for as long as nobody says more.
type rulings struct {
	mu     sync.Mutex
	n      int // verdicts of every sort
	all    []intel.RowVerdict
	latest time.Time     // when the last of all was given
	final  score.Rulings // what counts from then on
}

// read returns every verdict on a row, and how many verdicts of every sort there
// were before it looked.
func (k *rulings) read(ctx context.Context, db *store.DB) ([]intel.RowVerdict, int, error) {
	n, err := db.Verdicts(ctx)
	if err != nil || n == 0 {
		return nil, n, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.n != n {
		all, err := db.RowVerdicts(ctx)
		if err != nil {
			return nil, 0, err
		}
		// One that came behind the count is read again next time.
		k.n, k.all, k.latest = n, all, time.Time{}
		for _, v := range all {
			if v.At.After(k.latest) {
				k.latest = v.At
			}
		}
		k.final = score.NewRulings(all, k.latest)
	}
	return k.all, k.n, nil
}

// asOf returns what counts as of a moment of all that were read.
func (k *rulings) asOf(all []intel.RowVerdict, now time.Time) score.Rulings {
	k.mu.Lock()
	final, latest, same := k.final, k.latest, len(k.all) == len(all)
	k.mu.Unlock()
	if same && !now.Before(latest.Truncate(time.Second)) {
		return final
	}
	return score.NewRulings(all, now)
}

// A Measure is all that evidence is weighed by as of a moment.
type Measure struct {
	Scale   score.Scale
	Rulings score.Rulings
	now     time.Time
	n       int // verdicts of every sort that it knows of
	known   []intel.RowVerdict
}

// Judge assesses evidence, grouped by link, with what analysts said of the links.
func (m Measure) Judge(evidence []intel.Evidence) []intel.Assessment {
	return m.Scale.Links(m.Rulings.Among(evidence), m.now)
}

// Explain returns what each origin and analyst adds to the belief in one link.
func (m Measure) Explain(evidence []intel.Evidence) []score.Step {
	return m.Scale.Explain(m.Rulings.Among(evidence), m.now)
}

// measureOf reads what evidence is weighed by as of a moment.
func measureOf(ctx context.Context, db *store.DB, k *rulings, unnamed intel.Unnamed, now time.Time) (m Measure, err error) {
	m.now = now
	if m.known, m.n, err = k.read(ctx, db); err != nil {
		return m, err
	}
	m.Rulings = k.asOf(m.known, now)
	lesson, _, err := lessonOf(ctx, db, now)
	if err != nil {
		return m, err
	}
	m.Scale = scaleOf(lesson, unnamed)
	return m, nil
}

// scaleOf is what the shipped scale and a lesson of the store come to.
func scaleOf(l score.Lesson, unnamed intel.Unnamed) score.Scale {
	s := score.Learned().With(l)
	s.Unnamed = unnamed
	return s
}

// lessonOf returns what verdicts taught the scale that rows are weighed by as of
// then, and false if they taught nothing yet.
func lessonOf(ctx context.Context, db *store.DB, then time.Time) (l score.Lesson, ok bool, err error) {
	body, err := db.Scale(ctx, then)
	if errors.Is(err, intel.ErrNotFound) {
		return l, false, nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(body), &l)
	}
	return l, err == nil, err
}

// measure reads what evidence is weighed by now.
func (p *Pipeline) measure(ctx context.Context, now time.Time) (Measure, error) {
	return measureOf(ctx, p.DB, &p.rulings, p.Unnamed, now)
}

// Measure reads what evidence was weighed by as of a moment.
func (ed *Editor) Measure(ctx context.Context, now time.Time) (Measure, error) {
	return measureOf(ctx, ed.DB, &ed.rulings, ed.Unnamed, now)
}

// weighed returns a window that knows where levels begin, and how a read of it
// weighs: zero for now.
func (ed *Editor) weighed(ctx context.Context, w Window, now time.Time) (Window, store.Weighing, error) {
	if !w.Back {
		lesson, _, err := lessonOf(ctx, ed.DB, now)
		w.cuts = lesson.Cuts
		return w, store.Weighing{}, err
	}
	m, err := ed.Measure(ctx, now)
	w.cuts = m.Scale.Cuts
	return w, store.Weighing{Now: now, Judge: m.Judge}, err
}

// past is how a read of a window weighs: zero for now.
func (ed *Editor) past(ctx context.Context, w Window, now time.Time) (store.Weighing, error) {
	_, past, err := ed.weighed(ctx, w, now)
	return past, err
}

// missed makes rows wait that somebody ruled on while they may have been weighed by
// a measure that did not know it yet.
func (p *Pipeline) missed(ctx context.Context, m Measure) error {
	all, n, err := p.rulings.read(ctx, p.DB)
	if err != nil || n == m.n {
		return err
	}
	knew := make(map[intel.DocumentID]bool, len(m.known))
	for _, v := range m.known {
		knew[v.Kept] = true
	}
	var links []intel.Link
	for _, v := range all {
		if !knew[v.Kept] {
			links = append(links, v.Link)
		}
	}
	if len(links) == 0 {
		return nil // on names or values
	}
	return p.DB.Touch(ctx, links)
}

// learn takes in what verdicts teach of sources and levels: rows are weighed by it
// from now on. With anew, all rows are about to be.
func (p *Pipeline) learn(ctx context.Context, now time.Time, anew bool) error {
	lesson, changed, err := p.lesson(ctx, now, anew)
	if err != nil || !changed {
		return err
	}
	body, err := json.Marshal(lesson)
	if err != nil {
		return fmt.Errorf("learn from verdicts: %w", err)
	}
	return p.DB.SaveScale(ctx, now, string(body), anew)
}

// lesson is what verdicts teach as of now, and whether that is another than what rows are
// weighed by; with anew, whether they ever taught anything.
func (p *Pipeline) lesson(ctx context.Context, now time.Time, anew bool) (l score.Lesson, changed bool, err error) {
	all, _, err := p.rulings.read(ctx, p.DB)
	if err != nil {
		return l, false, err
	}
	former, taught, err := lessonOf(ctx, p.DB, now)
	ruled := intel.RowsRuled(all, now)
	if err != nil || len(ruled) == 0 && !taught {
		return l, false, err // nobody ever ruled on a row
	}
	support, err := p.DB.Support(ctx, intel.RulingsBegun(all, now))
	if err != nil {
		return l, false, err
	}
	l = score.Lesson{Sources: score.Experience(ruled, support, p.Unnamed, now), Cuts: score.CutsOf(score.Sample(), score.Outcomes(ruled, support, now), former.Cuts)}
	return l, anew || !l.Same(former), nil
}

// Unlearn takes from sources what a verdict taught that was taken back, and weighs by
// that what it makes print otherwise.
func (p *Pipeline) Unlearn(ctx context.Context, done func(links int)) error {
	_, changed, err := p.lesson(ctx, p.Now().Truncate(time.Second), false)
	if err != nil || !changed {
		return err
	}
	_, err = p.Fade(ctx, done)
	return err
}

// Judgeable returns how far a row is believed by what sources say alone, and
// intel.ErrNotFound if none of them supports it: a word makes no row.
func (ed *Editor) Judgeable(ctx context.Context, r intel.Reader, id int64, now time.Time) (b intel.Belief, err error) {
	parts, err := ed.DB.Parts(ctx, r, id, now)
	if err != nil {
		return b, err
	}
	m, err := ed.Measure(ctx, now)
	if err != nil {
		return b, err
	}
	all := m.Scale.Links(parts, now)
	if len(all) == 0 || all[len(all)-1].Origins == 0 {
		return b, fmt.Errorf("row %d: nobody says it: %w", id, intel.ErrNotFound)
	}
	a := all[len(all)-1]
	return intel.Belief{Probability: a.Probability, Origins: a.Lasting, Dated: a.Dated}, nil
}

// Rulings returns all that was ever ruled of a row that r may read, in order.
func (ed *Editor) Rulings(ctx context.Context, r intel.Reader, l intel.Link) (out []intel.RowVerdict, err error) {
	all, _, err := ed.rulings.read(ctx, ed.DB)
	for _, v := range all {
		if v.Link == l && v.Marking <= r.Clearance {
			out = append(out, v)
		}
	}
	return out, err
}

// proofs returns the up to n weightiest pieces of evidence of each row, known of then
// (zero: now), each with the directness that it counts by.
func (ed *Editor) proofs(ctx context.Context, r intel.Reader, rows []int64, n int, then time.Time) (map[int64][]intel.Proof, error) {
	proofs, err := ed.DB.Proofs(ctx, r, rows, n, then)
	if err != nil {
		return nil, err
	}
	links, err := ed.DB.Links(ctx, rows)
	if err != nil {
		return nil, err
	}
	scale := score.Learned()
	for id, of := range proofs {
		for i := range of {
			of[i].Weight = scale.Directness(links[id], of[i].Weight)
		}
	}
	return proofs, nil
}

// signed is the word on a row that counts, as a proof for those who may read it.
func signed(rulings score.Rulings, r intel.Reader, l intel.Link) []intel.Proof {
	v, ok := rulings.On(l)
	if !ok || v.Marking > r.Clearance {
		return nil
	}
	p := intel.Proof{Document: v.Kept, Source: v.By, Genre: intel.Verdict, Title: "Confirmed by " + string(v.By) + ": " + l.String(), Snippet: v.Reason, Offset: -1, At: v.At, Weight: 1, Marking: v.Marking}
	if v.Ruling == intel.RefuteRow {
		p.Title, p.Stance = "Refuted by "+string(v.By)+": "+l.String(), intel.Disputes
	}
	return []intel.Proof{p}
}

// signed returns the word of analysts on links, as proofs for those who may read it.
func (ed *Editor) signed(ctx context.Context, r intel.Reader, links []int64, now time.Time) (map[int64][]intel.Proof, error) {
	all, _, err := ed.rulings.read(ctx, ed.DB)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	rulings := ed.rulings.asOf(all, now)
	found, err := ed.DB.Links(ctx, links)
	out := map[int64][]intel.Proof{}
	for id, l := range found {
		out[id] = signed(rulings, r, l)
	}
	return out, err
}

// signedBy is the marking of the words of analysts that a profile shows: what they
// do to rows is for all, who said them is not.
func signedBy(p intel.Profile) (m intel.Marking) {
	for _, t := range p.Tables() {
		for _, row := range *t.Rows {
			for _, proof := range row.Evidence {
				m = max(m, proof.Marking)
			}
		}
	}
	return m
}

// Scoreboard returns how true it was what was believed. Letters are those of sources
// that brought nothing yet.
func (ed *Editor) Scoreboard(ctx context.Context, letters map[intel.SourceID]intel.Reliability, now time.Time) (b intel.Scoreboard, err error) {
	all, _, err := ed.rulings.read(ctx, ed.DB)
	if err != nil {
		return b, err
	}
	m, err := ed.Measure(ctx, now)
	if err != nil {
		return b, err
	}
	sources, err := ed.DB.Sources(ctx, intel.Everything(), now)
	if err != nil {
		return b, err
	}
	known := map[intel.SourceID]intel.Reliability{}
	for _, s := range m.Scale.Records(nil) {
		known[s.Source] = letters[s.Source]
	}
	for _, s := range sources {
		known[ed.Unnamed.Recorded(s.Name)] = s.Reliability
	}
	sample := score.Sample()
	b.Sources = m.Scale.Records(known)
	b.Levels = m.Scale.Cuts.Levels(sample, score.Outcomes(intel.RowsRuled(all, now), nil, now))
	b.Bins = score.Bins(sample)
	b.Corroboration, err = ed.secondRecord(ctx, now)
	return b, err
}
