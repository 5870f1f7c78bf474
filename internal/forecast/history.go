package forecast

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A History is who reported which indicator when, and under which tags. It
// keeps integers beside one copy of each name: a million reports take less than
// 100 MB.
type History struct {
	values                     names // a kind, a blank and a name
	accounts, tags, tagsets    names
	hosts, networks, providers names
	about                      []about
	inSet                      [][]int32 // tags of a set of tags
	reports                    []report
	posts                      int32
	inPost                     map[int32]bool // values of the latest document
	first                      []int32        // per value, where its reports begin in of; one more at the end
	of                         []int32        // reports by value, then in order of time
	silent                     []stretch
}

// A report is one mention of one indicator.
type report struct {
	at                    int64 // Unix seconds
	value, by, post, tags int32
}

// about is what an indicator itself says.
type about struct {
	kind                    kind
	host, network, provider int32
	traits                  [traitCount]uint8
}

// A stretch is [from, to) in Unix seconds.
type stretch struct{ from, to int64 }

// silence is how long nobody reports anything before that is read as an outage
// of the source: what happened in it is unknown, not nothing.
const silence = 7 * 24 * time.Hour

// Add takes in what a document of known date reports: each indicator that it
// says indicates something, once.
func (h *History) Add(d intel.Document) {
	if d.Published.IsZero() {
		return
	}
	h.of = nil
	h.posts++
	if h.inPost == nil {
		h.inPost = map[int32]bool{}
	}
	clear(h.inPost)
	by, _ := h.accounts.of(d.Author)
	for i := 0; i < len(d.Claims); {
		subject := d.Claims[i].Subject
		var tags []string
		for ; i < len(d.Claims) && d.Claims[i].Subject == subject; i++ {
			if d.Claims[i].Relation == intel.Indicates {
				tags = append(tags, d.Claims[i].Object.Name)
			}
		}
		if len(tags) == 0 || subject.Kind.Class() != intel.IOC {
			continue
		}
		if value := h.value(subject); !h.inPost[value] {
			h.inPost[value] = true
			h.reports = append(h.reports, report{d.Published.Unix(), value, by, h.posts - 1, h.tagset(tags)})
		}
	}
}

func (h *History) value(e intel.Entity) int32 {
	id, fresh := h.values.of(string(e.Kind) + " " + e.Name)
	if !fresh {
		return id
	}
	p := placeOf(e)
	a := about{kind: kindOf(e.Kind), traits: traits(e, p.host)}
	a.host, _ = h.hosts.of(p.host)
	a.network, _ = h.networks.of(p.network)
	a.provider, _ = h.providers.of(p.provider)
	h.about = append(h.about, a)
	return id
}

// entity is what a number of a value stands for.
func (h *History) entity(value int32) intel.Entity {
	kind, name, _ := strings.Cut(string(h.values.at(value)), " ")
	return intel.Entity{Kind: intel.Kind(kind), Name: name}
}

func (h *History) tagset(tags []string) int32 {
	slices.Sort(tags)
	tags = slices.Compact(tags)
	id, fresh := h.tagsets.of(strings.Join(tags, " "))
	if fresh {
		var set []int32
		for _, t := range tags {
			n, _ := h.tags.of(t)
			set = append(set, n)
		}
		h.inSet = append(h.inSet, set)
	}
	return id
}

// order brings the reports in order of time and indexes them by value.
func (h *History) order() {
	if h.of != nil || len(h.reports) == 0 {
		return
	}
	slices.SortStableFunc(h.reports, func(a, b report) int { return cmp.Compare(a.at, b.at) })
	h.first = make([]int32, h.values.len()+1)
	for _, r := range h.reports {
		h.first[r.value+1]++
	}
	for i := range len(h.first) - 1 {
		h.first[i+1] += h.first[i]
	}
	h.of = make([]int32, len(h.reports))
	next := slices.Clone(h.first)
	h.silent = nil
	for i, r := range h.reports {
		h.of[next[r.value]] = int32(i)
		next[r.value]++
		if last := h.reports[max(0, i-1)].at; r.at-last > int64(silence/time.Second) {
			h.silent = append(h.silent, stretch{last, r.at})
		}
	}
}

// Reports is the number of reports.
func (h *History) Reports() int { return len(h.reports) }

// Span returns the times of the first and of the last report.
func (h *History) Span() (first, last time.Time) {
	h.order()
	if len(h.reports) == 0 {
		return first, last
	}
	return time.Unix(h.reports[0].at, 0).UTC(), time.Unix(h.reports[len(h.reports)-1].at, 0).UTC()
}

// pause is for how long nobody need say anything while a source is watched.
const pause = 24 * time.Hour

// Watched reports whether the source spoke throughout: no outage reaches into
// [from, to), which ends with the history or a day later at most.
func (h *History) Watched(from, to time.Time) bool {
	first, last := h.Span()
	if from.Before(first) || to.After(last.Add(pause)) {
		return false
	}
	return h.watched(from.Unix(), to.Unix())
}

func (h *History) watched(from, to int64) bool {
	return !slices.ContainsFunc(h.silent, func(s stretch) bool { return s.from < to && from < s.to })
}

// reportsOf returns all reports of a value, oldest first, as places in
// h.reports.
func (h *History) reportsOf(value int32) []int32 { return h.of[h.first[value]:h.first[value+1]] }

// firstBy is the account that reported a value first.
func (h *History) firstBy(value int32) int32 { return h.reports[h.reportsOf(value)[0]].by }

// SeenAgain reports for each value whether it is reported in [from, to).
func (h *History) SeenAgain(from, to time.Time) []bool {
	h.order()
	seen := make([]bool, h.values.len())
	start, _ := slices.BinarySearchFunc(h.reports, from.Unix(), func(r report, at int64) int { return cmp.Compare(r.at, at) })
	for _, r := range h.reports[start:] {
		if r.at >= to.Unix() {
			break
		}
		seen[r.value] = true
	}
	return seen
}
