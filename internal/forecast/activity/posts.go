package activity

import (
	"cmp"
	"math"
	"slices"
	"time"
)

const (
	bulk      = 3    // posts of a series' first day, beyond which they are what a collector found there
	crawled   = 5    // series that begin in bulk on one day, beyond which the collector began then
	mostWeeks = 2600 // fifty years
	// unlikely is how probable a silence may be, at the rate of the weeks before, that is
	// still taken for a quiet time and not for an outage of the collector.
	unlikely = 1e-6
	shortest = 4 * 24 * time.Hour // outage
	usual    = 8                  // weeks a rate is of
)

// Posts are who was heard of when, each once.
type Posts struct {
	series map[string]int
	names  []string
	all    []post
}

type post struct {
	at     int64 // Unix seconds
	series int
}

// Add takes in that a series was heard of.
func (p *Posts) Add(series string, at time.Time) {
	if p.series == nil {
		p.series = map[string]int{}
	}
	n, ok := p.series[series]
	if !ok {
		n = len(p.names)
		p.series[series], p.names = n, append(p.names, series)
	}
	p.all = append(p.all, post{at.Unix(), n})
}

// Len is how many there are.
func (p *Posts) Len() int { return len(p.all) }

// Series is of how many series they are.
func (p *Posts) Series() int { return len(p.names) }

// Panel counts posts by weeks that begin on a Monday, of the whole weeks from the first
// post on until an end, the latter zero: the last post. What a collector found when it
// began is left out: a series' first day of more than three posts, and all before the
// Monday behind the day on which more than five series begin so. Weeks of an outage are
// marked as not watched. Of series with most posts so many are counted; 0: all.
func (p *Posts) Panel(until time.Time, most int) *Panel {
	posts := slices.Clone(p.all)
	if !until.IsZero() {
		posts = slices.DeleteFunc(posts, func(x post) bool { return x.at >= until.Unix() })
	}
	slices.SortFunc(posts, func(a, b post) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.series, b.series)) })
	posts, start := p.regular(posts)
	if len(posts) == 0 {
		return &Panel{}
	}
	end := until
	if end.IsZero() {
		end = time.Unix(posts[len(posts)-1].at, 0).UTC().Truncate(day).Add(day)
	}
	panel := &Panel{Start: start, Weeks: int(min(max((end.Unix()-start.Unix())/int64(week/time.Second), 0), mostWeeks))}
	panel.Watched = watched(posts, start, panel.Weeks)
	at := make([]int, len(p.names))
	for i := range at {
		at[i] = -1
	}
	for _, x := range posts {
		w := int((x.at - start.Unix()) / int64(week/time.Second))
		if w >= panel.Weeks {
			break
		}
		if at[x.series] < 0 {
			at[x.series] = len(panel.Series)
			panel.Series = append(panel.Series, Series{Name: p.names[x.series], Counts: make([]int, panel.Weeks), First: w})
		}
		panel.Series[at[x.series]].Counts[w]++
	}
	panel.most(most)
	return panel
}

const day = 24 * time.Hour

// regular leaves out what a collector found when it began, and returns the first
// Monday behind that.
func (p *Posts) regular(posts []post) ([]post, time.Time) {
	first, onFirst := make([]int64, len(p.names)), make([]int, len(p.names))
	for _, x := range posts {
		today := x.at / int64(day/time.Second)
		if onFirst[x.series] == 0 {
			first[x.series] = today
		}
		if first[x.series] == today {
			onFirst[x.series]++
		}
	}
	begun, began := map[int64]int{}, int64(math.MinInt64)
	for s, n := range onFirst {
		if n > bulk {
			begun[first[s]]++
		}
	}
	for today, n := range begun {
		if n > crawled && (began == math.MinInt64 || today < began) {
			began = today
		}
	}
	if len(posts) == 0 {
		return nil, time.Time{}
	}
	start := monday(time.Unix(posts[0].at, 0))
	if began != math.MinInt64 {
		start = monday(time.Unix((began+7)*int64(day/time.Second), 0))
	}
	kept := slices.DeleteFunc(posts, func(x post) bool {
		return x.at < start.Unix() || onFirst[x.series] > bulk && x.at/int64(day/time.Second) == first[x.series]
	})
	return kept, start
}

// monday is the beginning of the week of a moment.
func monday(t time.Time) time.Time {
	t = t.UTC().Truncate(day)
	return t.AddDate(0, 0, -(int(t.Weekday())+6)%7)
}

// watched returns which weeks have no outage in them: a silence that is not to be
// expected at the rate of the weeks before it.
func watched(posts []post, start time.Time, weeks int) []bool {
	out := make([]bool, weeks)
	for w := range out {
		out[w] = true
	}
	from := 0
	for i := 1; i <= len(posts); i++ {
		end := start.Add(time.Duration(weeks) * week).Unix()
		if i < len(posts) {
			end = posts[i].at
		}
		begin := posts[i-1].at
		for from < i && posts[from].at < begin-int64(usual*week/time.Second) {
			from++
		}
		span := max(begin-posts[from].at, int64(week/time.Second))
		expected := float64(i-from) / float64(span) * float64(end-begin)
		if end-begin < int64(shortest/time.Second) || math.Exp(-expected) > unlikely {
			continue
		}
		for w := range out {
			at := start.Add(time.Duration(w) * week).Unix()
			if at < end && at+int64(week/time.Second) > begin && min(end, at+int64(week/time.Second))-max(begin, at) > int64(day/time.Second) {
				out[w] = false
			}
		}
	}
	return out
}

// most keeps the series of most posts, in the order of their names.
func (p *Panel) most(n int) {
	total := func(s Series) (sum int) {
		for _, c := range s.Counts {
			sum += c
		}
		return sum
	}
	slices.SortFunc(p.Series, func(a, b Series) int {
		return cmp.Or(cmp.Compare(total(b), total(a)), cmp.Compare(a.Name, b.Name))
	})
	if n > 0 && len(p.Series) > n {
		p.Series = p.Series[:n]
	}
	slices.SortFunc(p.Series, func(a, b Series) int { return cmp.Compare(a.Name, b.Name) })
}

// Outages marks the weeks of a panel as not watched in which nobody was heard of at all,
// though such a silence, as long as it lasts, was not to be expected at the rate of the
// eight weeks watched before. The busiest of them does not count: when he falls silent,
// nobody else need be.
func (p *Panel) Outages() {
	p.Watched = make([]bool, p.Weeks)
	var before []int // weeks that were watched
	for w := 0; w < p.Weeks; {
		end := w
		for end < p.Weeks && p.silent(end) {
			end++
		}
		out := end > w && math.Exp(-p.rate(before[max(0, len(before)-usual):])*float64(end-w)) <= unlikely
		for end = max(end, w+1); w < end; w++ {
			if p.Watched[w] = !out; !out {
				before = append(before, w)
			}
		}
	}
}

// silent reports whether nobody was heard of in a week.
func (p *Panel) silent(w int) bool {
	return !slices.ContainsFunc(p.Series, func(s Series) bool { return s.Counts[w] > 0 })
}

// rate is what all but the busiest counted a week in some weeks.
func (p *Panel) rate(weeks []int) float64 {
	all, most := 0, 0
	for _, s := range p.Series {
		n := 0
		for _, w := range weeks {
			n += s.Counts[w]
		}
		all, most = all+n, max(most, n)
	}
	return float64(all-most) / float64(max(1, len(weeks)))
}
