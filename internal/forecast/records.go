package forecast

import "math"

const (
	week  = 7 * 86400 // seconds
	relay = 2 * 86400 // within which another's report is a copy of the first
)

// Memory is how many days an indicator is looked for after its latest report.
const Memory = 365

// How much of a record is left after a week: what accounts do changes fast.
const (
	keepHabits = 0.75
	keepRates  = 0.98
)

// A tally is how many indicators came back in a week, and how many were
// expected to by their sort, age and number of reports alone.
type tally struct{ came, expected float64 }

// ratio is the logarithm of came by expected; little of both says little.
func (t tally) ratio() float64 { return math.Log((t.came + 1) / (t.expected + 1)) }

// below is the ratio of a part of what has the ratio whole, to which it tends.
func (t tally) below(whole float64) float64 {
	return math.Log((t.came + math.Exp(whole)) / (t.expected + 1))
}

// records say for each account, tag and place whether what they reported came
// back more often than others' did. A week's outcomes close at its end, so that
// what is known of an account is a week old at most.
type records struct {
	tick int64 // when the open week began

	values  []int32 // of the open week: each value looked for,
	number  []int32 // its reports until then,
	cell    []int16
	chances []float64 // and what was expected of it

	cells                      []tally // by sort, age and days; expected is how many there were
	account, accountAge        []tally // by account and sort, and by age besides
	tag, tagAge                []tally
	host, network, far, tagset []tally
}

func newRecords(h *History) records {
	per := func(n int) []tally { return make([]tally, n) }
	accounts, tags := h.accounts.len()*int(kindCount), h.tags.len()*int(kindCount)
	return records{cells: per(int(kindCount) * ageBins * dayBins), account: per(accounts), accountAge: per(accounts * ageBins),
		tag: per(tags), tagAge: per(tags * ageBins), host: per(h.hosts.len()), network: per(h.networks.len()),
		far: per(h.providers.len()), tagset: per(len(h.inSet))}
}

const (
	ageBins = 11
	dayBins = 3
)

func ageBin(age float64) int {
	for i, most := range [ageBins - 1]float64{1, 3, 7, 14, 30, 50, 70, 100, 140, 200} {
		if age <= most {
			return i
		}
	}
	return ageBins - 1
}

func dayBin(days int) int {
	switch {
	case days > 3:
		return 2
	case days > 1:
		return 1
	}
	return 0
}

func cellOf(k kind, t track, day float64) int {
	return (int(k)*ageBins+ageBin(day-t.last))*dayBins + dayBin(t.days)
}

// close closes the week that ends now and opens the next one. Of a week in which
// the source was silent nothing is learned.
func (r *Replay) close(now int64) {
	c := &r.records
	if r.h.watched(c.tick, now) {
		c.fade()
		for i, v := range c.values {
			r.settle(v, i, truth(r.tracks[v].n > int(c.number[i])))
		}
	}
	c.tick = now
	c.values, c.number, c.cell, c.chances = c.values[:0], c.number[:0], c.cell[:0], c.chances[:0]
	base := c.base()
	day := dayOf(now)
	for _, v := range r.alive {
		t := r.tracks[v]
		if day-t.last > Memory {
			continue
		}
		cell := cellOf(r.h.about[v].kind, t, day)
		c.values = append(c.values, v)
		c.number = append(c.number, int32(t.n))
		c.cell = append(c.cell, int16(cell))
		c.chances = append(c.chances, (c.cells[cell].came+100*base)/(c.cells[cell].expected+100))
	}
}

// base is the share of all that comes back in a week.
func (c *records) base() float64 {
	var all tally
	for _, t := range c.cells {
		all.came += t.came
		all.expected += t.expected
	}
	return (all.came + 1) / (all.expected + 1000)
}

func (c *records) fade() {
	for _, ts := range [][]tally{c.account, c.accountAge, c.tag, c.tagAge} {
		for i := range ts {
			ts[i].came *= keepHabits
			ts[i].expected *= keepHabits
		}
	}
	for _, ts := range [][]tally{c.cells, c.host, c.network, c.far, c.tagset} {
		for i := range ts {
			ts[i].came *= keepRates
			ts[i].expected *= keepRates
		}
	}
}

// settle books whether the i-th value of the week came back, for those who had
// reported it last when the week began.
func (r *Replay) settle(v int32, i int, came float64) {
	c := &r.records
	e := &r.h.reports[r.h.reportsOf(v)[c.number[i]-1]]
	about := &r.h.about[v]
	bin, k := int(c.cell[i])/dayBins%ageBins, int(about.kind)
	book := func(t *tally) { t.came += came; t.expected += c.chances[i] }
	by := int(e.by)*int(kindCount) + k
	book(&c.account[by])
	book(&c.accountAge[by*ageBins+bin])
	for _, tag := range r.h.inSet[e.tags] {
		by := int(tag)*int(kindCount) + k
		book(&c.tag[by])
		book(&c.tagAge[by*ageBins+bin])
	}
	book(&c.host[about.host])
	book(&c.network[about.network])
	book(&c.far[about.provider])
	book(&c.tagset[e.tags])
	c.cells[c.cell[i]].came += came
	c.cells[c.cell[i]].expected++
}

// recordNames names what recorded appends.
func recordNames() []string {
	return []string{"rate of its sort and age", "account", "account at this age", "first account", "tags", "tags at this age",
		"host", "network", "provider", "set of tags"}
}

// recorded appends what the records tell of a value on a day.
func (r *Replay) recorded(x []float64, v int32, day float64) []float64 {
	c, t, e, about := &r.records, r.tracks[v], r.latestOf(v), &r.h.about[v]
	k, bin := int(about.kind), ageBin(day-t.last)
	cell := c.cells[cellOf(about.kind, t, day)]
	by := int(e.by)*int(kindCount) + k
	account := c.account[by].ratio()
	first := r.h.reports[r.h.reportsOf(v)[0]].by
	tag, tagAge, tags := 0.0, 0.0, r.h.inSet[e.tags]
	for _, n := range tags {
		by := int(n)*int(kindCount) + k
		ratio := c.tag[by].ratio()
		tag += ratio / float64(len(tags))
		tagAge += c.tagAge[by*ageBins+bin].below(ratio) / float64(len(tags))
	}
	return append(x, math.Log((cell.came+0.3)/(cell.expected+300)), account, c.accountAge[by*ageBins+bin].below(account),
		c.account[int(first)*int(kindCount)+k].ratio(), tag, tagAge, c.host[about.host].ratio(), c.network[about.network].ratio(),
		c.far[about.provider].ratio(), c.tagset[e.tags].ratio())
}
