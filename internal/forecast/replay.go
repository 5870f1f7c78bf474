package forecast

import (
	"math"
	"time"
)

// A Replay goes through a history and knows at each moment what was known then.
type Replay struct {
	h    *History
	next int // the first report not taken in

	tracks   []track
	alive    []int32 // values that were reported, in the order of their first reports
	accounts []habit
	hosts    []habit
	networks []habit
	postSize []int32
	records  records

	voices voices

	fresh func(value int32, at time.Time) // told of a value two days after its first report
	due   int                             // the first of alive that fresh was not told of
}

// NewReplay stands before the first report of a history, to which nothing may
// be added any more.
func NewReplay(h *History) *Replay {
	h.order()
	return &Replay{h: h, tracks: make([]track, h.values.len()), accounts: make([]habit, h.accounts.len()),
		hosts: make([]habit, h.hosts.len()), networks: make([]habit, h.networks.len()), postSize: make([]int32, h.posts),
		records: newRecords(h), voices: newVoices(h)}
}

// OnSettled makes the replay call f for each value two days after its first
// report: by then whoever just repeats it has spoken.
func (r *Replay) OnSettled(f func(value int32, at time.Time)) { r.fresh = f }

// Until takes in what was reported before a moment.
func (r *Replay) Until(t time.Time) {
	end := t.Unix()
	if len(r.h.reports) == 0 {
		return
	}
	if r.records.tick == 0 {
		r.records.tick = r.h.reports[0].at
	}
	for r.records.tick+week <= end {
		r.take(r.records.tick + week)
		began := r.records.tick
		r.close(began + week)
		r.closeVoices(began, began+week)
	}
	r.take(end)
}

// take takes in the reports before a moment.
func (r *Replay) take(end int64) {
	for r.next < len(r.h.reports) && r.h.reports[r.next].at < end {
		r.announce(r.h.reports[r.next].at)
		r.step()
	}
	r.announce(end)
}

// announce tells of the values whose first reports are two days old.
func (r *Replay) announce(now int64) {
	if r.fresh == nil {
		return
	}
	for r.due < len(r.alive) {
		value := r.alive[r.due]
		at := r.h.reports[r.h.reportsOf(value)[0]].at + relay
		if at > now {
			return
		}
		r.due++
		r.fresh(value, time.Unix(at, 0).UTC())
	}
}

func (r *Replay) step() {
	e := r.h.reports[r.next]
	r.next++
	day, t := dayOf(e.at), &r.tracks[e.value]
	newcomer := true
	reports := r.h.reportsOf(e.value)[:t.n]
	for i := len(reports) - 1; i >= 0 && newcomer && i >= len(reports)-latest; i-- {
		newcomer = r.h.reports[reports[i]].by != e.by
	}
	again := t.n > 0 && day-t.last > 1
	if t.n == 0 {
		r.alive = append(r.alive, e.value)
	}
	others := t.n > 0 && newcomer
	t.report(day, newcomer)
	about := &r.h.about[e.value]
	r.accounts[e.by].report(day, again, others)
	r.hosts[about.host].report(day, again, others)
	r.networks[about.network].report(day, again, others)
	r.postSize[e.post]++
}

// spots appends the latest reports of a value, newest first.
func (r *Replay) spots(to []spot, value int32) []spot {
	reports := r.h.reportsOf(value)[:r.tracks[value].n]
	for i := len(reports) - 1; i >= 0 && i >= len(reports)-latest; i-- {
		e := r.h.reports[reports[i]]
		to = append(to, spot{dayOf(e.at), e.by})
	}
	return to
}

// latestOf returns the latest report of a value that was taken in.
func (r *Replay) latestOf(value int32) *report {
	return &r.h.reports[r.h.reportsOf(value)[r.tracks[value].n-1]]
}

// A habit is how busy an account or a place was of late. What it counts fades
// by half in thirty days.
type habit struct {
	last   float64 // day of the latest report
	busy   float64 // reports
	again  float64 // of them of indicators that were known for more than a day
	others float64 // of them of what only others had reported
}

const habitLife = 30.0

func (h *habit) report(day float64, again, others bool) {
	*h = h.as(day)
	h.last = day
	h.busy++
	h.again += truth(again)
	h.others += truth(others)
}

// as is the habit as of a day.
func (h habit) as(day float64) habit {
	if d := day - h.last; d > 0 {
		f := math.Exp2(-d / habitLife)
		h.busy, h.again, h.others = h.busy*f, h.again*f, h.others*f
	}
	return h
}

// share is how far a share lies above what is usual, in log-odds; few reports
// hardly move it.
func share(n, of, usual float64) float64 {
	const few = 5
	p := (n + few*usual) / (of + few)
	return math.Log(p/(1-p)) - math.Log(usual/(1-usual))
}
