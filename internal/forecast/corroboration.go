package forecast

import (
	"math"
	"slices"
	"sort"
	"time"
)

// Corroborable is within how many days of its first report a second account is
// to report an indicator.
const Corroborable = 90

// Corroborated reports whether an account reported a value within 90 days of
// its first report that had not within two days of it: those who speak so soon
// may just repeat what they read. Known is false where the source was silent
// in that time or the history ends before.
func (h *History) Corroborated(value int32) (came, known bool) {
	reports := h.reportsOf(value)
	first := h.reports[reports[0]].at
	end := first + Corroborable*86400
	_, came = h.second(value)
	return came, end <= h.reports[len(h.reports)-1].at && h.watched(first, end)
}

// second returns how many seconds after its first report a value was corroborated.
func (h *History) second(value int32) (after int64, came bool) {
	reports := h.reportsOf(value)
	first := h.reports[reports[0]].at
	var soon []int32
	for _, i := range reports {
		e := h.reports[i]
		switch {
		case e.at < first+relay:
			soon = append(soon, e.by)
		case e.at < first+Corroborable*86400 && !slices.Contains(soon, e.by):
			return e.at - first, true
		}
	}
	return 0, false
}

// Repeated reports whether another account reported a value within two days of
// its first report.
func (h *History) Repeated(value int32) bool {
	reports := h.reportsOf(value)
	first := h.reports[reports[0]]
	return slices.ContainsFunc(reports, func(i int32) bool { e := h.reports[i]; return e.at < first.at+relay && e.by != first.by })
}

// First returns when a value was first reported.
func (h *History) First(value int32) time.Time {
	return time.Unix(h.reports[h.reportsOf(value)[0]].at, 0).UTC()
}

// voices say for each account, tag and place whether what they reported first was
// reported by others later, more often than was to be expected, week by week.
type voices struct {
	values  []int32 // of the open week
	by      []int32 // the accounts of each until then
	cell    []int16
	chances []float64

	cells, account, tag, tagset, host, network, far []tally
}

const voiceBins = 5 // weeks since the first report: 0, 1, 2 to 3, 4 to 7, more

func newVoices(h *History) voices {
	per := func(n int) []tally { return make([]tally, n) }
	return voices{cells: per(int(kindCount) * voiceBins), account: per(h.accounts.len() * int(kindCount)), tag: per(h.tags.len() * int(kindCount)),
		tagset: per(len(h.inSet)), host: per(h.hosts.len()), network: per(h.networks.len()), far: per(h.providers.len())}
}

func voiceBin(age float64) int {
	for i, most := range [voiceBins - 1]float64{7, 14, 28, 56} {
		if age <= most {
			return i
		}
	}
	return voiceBins - 1
}

// closeVoices closes a week that began at a time, and opens the next one.
func (r *Replay) closeVoices(began, now int64) {
	c := &r.voices
	if r.h.watched(began, now) {
		for _, ts := range [][]tally{c.cells, c.account, c.tag, c.tagset, c.host, c.network, c.far} {
			for i := range ts {
				ts[i].came *= keepRates
				ts[i].expected *= keepRates
			}
		}
		for i, v := range c.values {
			r.settleVoice(v, i, truth(r.tracks[v].by > int(c.by[i])))
		}
	}
	c.values, c.by, c.cell, c.chances = c.values[:0], c.by[:0], c.cell[:0], c.chances[:0]
	day := dayOf(now)
	start := sort.Search(len(r.alive), func(i int) bool { return day-r.tracks[r.alive[i]].first <= Corroborable })
	for _, v := range r.alive[start:] {
		t := r.tracks[v]
		if day-t.first < relay/86400 {
			break
		}
		cell := int(r.h.about[v].kind)*voiceBins + voiceBin(day-t.first)
		c.values = append(c.values, v)
		c.by = append(c.by, int32(t.by))
		c.cell = append(c.cell, int16(cell))
		c.chances = append(c.chances, (c.cells[cell].came+0.1)/(c.cells[cell].expected+100))
	}
}

func (r *Replay) settleVoice(v int32, i int, came float64) {
	c := &r.voices
	e, about := &r.h.reports[r.h.reportsOf(v)[0]], &r.h.about[v]
	book := func(t *tally) { t.came += came; t.expected += c.chances[i] }
	book(&c.account[int(e.by)*int(kindCount)+int(about.kind)])
	for _, tag := range r.h.inSet[e.tags] {
		book(&c.tag[int(tag)*int(kindCount)+int(about.kind)])
	}
	book(&c.tagset[e.tags])
	book(&c.host[about.host])
	book(&c.network[about.network])
	book(&c.far[about.provider])
	c.cells[c.cell[i]].came += came
	c.cells[c.cell[i]].expected++
}

// VoiceNames names the numbers of Voice.
func VoiceNames() []string {
	out := []string{"address", "url", "domain", "sha256", "other", "reports", "accounts", "size of the post",
		"account's reports", "account reports again", "account reports others'"}
	for _, where := range []string{"host", "network"} {
		out = append(out, where+"'s reports", where+" reported again", where+" reported by others")
	}
	out = append(out, "URL without path", "depth of path", "URL of an address", "URL with port", "URL of a file", "length", "labels of host", "shared suffix")
	for _, n := range recordNames() {
		out = append(out, "seen again: "+n)
	}
	return append(out, "account", "tags", "best tag", "set of tags", "host", "network", "provider")
}

// Voice replaces x by what is known two days after a value's first report of
// whether another account will report it.
func (r *Replay) Voice(x []float64, value int32, at time.Time) []float64 {
	day, t, about := dayOf(at.Unix()), r.tracks[value], &r.h.about[value]
	e := &r.h.reports[r.h.reportsOf(value)[0]]
	x = x[:0]
	for k := range kindCount {
		x = append(x, truth(k == about.kind))
	}
	account := r.accounts[e.by].as(day)
	x = append(x, math.Log(float64(t.n)), math.Log(float64(t.by)), math.Log(float64(r.postSize[e.post])),
		math.Log1p(account.busy), share(account.again, account.busy, 0.03), share(account.others, account.busy, 0.02))
	for _, where := range [2]habit{r.hosts[about.host].as(day), r.networks[about.network].as(day)} {
		if about.kind == hash || about.kind == other {
			where = habit{} // in no place
		}
		x = append(x, math.Log1p(where.busy), share(where.again, where.busy, 0.03), share(where.others, where.busy, 0.02))
	}
	x = r.recorded(about.written(x), value, day)
	c := &r.voices
	tag, best, tags := 0.0, math.Inf(-1), r.h.inSet[e.tags]
	for _, n := range tags {
		ratio := c.tag[int(n)*int(kindCount)+int(about.kind)].ratio()
		tag += ratio / float64(len(tags))
		best = max(best, ratio)
	}
	return append(x, c.account[int(e.by)*int(kindCount)+int(about.kind)].ratio(), tag, best, c.tagset[e.tags].ratio(),
		c.host[about.host].ratio(), c.network[about.network].ratio(), c.far[about.provider].ratio())
}
