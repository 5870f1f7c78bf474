package forum

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

//go:embed words.json
var wordFile []byte

// dateWords are the words that dates are written in.
type dateWords struct {
	Today, Yesterday, Ago, Now []string
	Units                      map[string][]string
	Months, Weekdays           [][]string
}

var words = sync.OnceValue(func() (w dateWords) {
	if err := json.Unmarshal(wordFile, &w); err != nil {
		panic(err)
	}
	return w
})

// A clock reads dates as forums write them.
type clock struct {
	now      time.Time      // when the page came
	zone     *time.Location // that its dates are in
	dayFirst bool           // 01-02-2026 is in February
}

var (
	hours   = regexp.MustCompile(`(?:^|[^\d:])(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([ap]\.?m)?`)
	ordered = regexp.MustCompile(`\b(\d{4})[-./](\d{1,2})[-./](\d{1,2})(?:\b|t)`)
	parted  = regexp.MustCompile(`\b(\d{1,2})([-./])(\d{1,2})[-./](\d{4}|\d{2})\b`)
	named   = regexp.MustCompile(`(\d{1,2})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?(\pL{3,12})\.?,?\s+(\d{4})\b`)
	english = regexp.MustCompile(`(\pL{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b`)
	past    = regexp.MustCompile(`(\d{1,3}|an?|one)\s+(\pL{1,12})`)
	zoned   = regexp.MustCompile(`\d{4}-\d{2}-\d{2}[t ]\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:z|[+-]\d{2}:?\d{2})`)
)

// when is the time that words tell, in UTC: absolute or counted from now. It is zero where
// they tell none, and where they tell one that is yet to come.
func (c clock) when(said string) time.Time {
	said = strings.ToLower(strings.Join(strings.Fields(said[:min(len(said), 400)]), " "))
	at := c.read(said)
	if at.After(c.now.Add(26 * time.Hour)) { // no zone is further off
		return time.Time{}
	}
	return at.UTC()
}

func (c clock) read(said string) time.Time {
	if z := zoned.FindString(said); z != "" {
		z = strings.Replace(strings.ToUpper(z), " ", "T", 1)
		for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05-0700"} {
			if at, err := time.Parse(layout, z); err == nil {
				return at
			}
		}
	}
	if year, month, day, ok := c.date(said); ok {
		return c.at(year, month, day, said)
	}
	return c.counted(said)
}

// date is the day that stands in words.
func (c clock) date(said string) (year, month, day int, ok bool) {
	if m := ordered.FindStringSubmatch(said); m != nil {
		return number(m[1]), number(m[2]), number(m[3]), true
	}
	if m := named.FindStringSubmatch(said); m != nil {
		if month := place(words().Months, m[2]); month >= 0 {
			return number(m[3]), month + 1, number(m[1]), true
		}
	}
	if m := english.FindStringSubmatch(said); m != nil {
		if month := place(words().Months, m[1]); month >= 0 {
			return number(m[3]), month + 1, number(m[2]), true
		}
	}
	m := parted.FindStringSubmatch(said)
	if m == nil {
		return 0, 0, 0, false
	}
	if year = number(m[4]); year < 100 {
		year += 2000
	}
	first, second := number(m[1]), number(m[3])
	if c.dayFirst || m[2] == "." || first > 12 {
		first, second = second, first
	}
	return year, first, second, true
}

// at is a day at the hour that stands in words, at its begin if none does.
func (c clock) at(year, month, day int, said string) time.Time {
	if month < 1 || month > 12 || day < 1 || day > 31 || year < 1990 {
		return time.Time{}
	}
	hour, minute, second := 0, 0, 0
	if m := hours.FindStringSubmatch(said); m != nil {
		hour, minute, second = number(m[1]), number(m[2]), number(m[3])
		switch half := strings.TrimSuffix(m[4], "m"); {
		case strings.HasPrefix(half, "p") && hour < 12:
			hour += 12
		case strings.HasPrefix(half, "a") && hour == 12:
			hour = 0
		}
		if hour > 23 || minute > 59 || second > 59 {
			return time.Time{}
		}
	}
	at := time.Date(year, time.Month(month), day, hour, minute, second, 0, c.zone)
	if at.Day() != day { // 31 February
		return time.Time{}
	}
	return at
}

// counted is a time that is told by how long ago it was.
func (c clock) counted(said string) time.Time {
	w, here := words(), c.now.In(c.zone)
	switch {
	case some(said, w.Now):
		return c.now
	case some(said, w.Today):
		return c.at(here.Year(), int(here.Month()), here.Day(), said)
	case some(said, w.Yesterday):
		here = here.AddDate(0, 0, -1)
		return c.at(here.Year(), int(here.Month()), here.Day(), said)
	case some(said, w.Ago):
		if m := past.FindStringSubmatch(said); m != nil {
			return c.before(max(number(m[1]), 1), m[2])
		}
	}
	for i, names := range w.Weekdays {
		if some(said, names) && hours.MatchString(said) { // within the last week
			back := (int(here.Weekday())-i+6)%7 + 1
			here = here.AddDate(0, 0, -back)
			return c.at(here.Year(), int(here.Month()), here.Day(), said)
		}
	}
	return time.Time{}
}

// before is so many units before now.
func (c clock) before(n int, unit string) time.Time {
	for key, length := range map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if slices.ContainsFunc(words().Units[key], func(name string) bool { return strings.HasPrefix(unit, name) }) {
			return c.now.Add(-time.Duration(n) * length)
		}
	}
	return time.Time{}
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// some reports whether one of the words stands in what is said.
func some(said string, of []string) bool {
	return slices.ContainsFunc(of, func(w string) bool { return strings.Contains(said, w) })
}

// place is which of the groups a word belongs to by how it begins, or -1.
func place(groups [][]string, word string) int {
	return slices.IndexFunc(groups, func(begins []string) bool {
		return slices.ContainsFunc(begins, func(b string) bool { return strings.HasPrefix(word, b) })
	})
}
