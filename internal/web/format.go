package web

import (
	"html/template"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

const dash = "–" // what is not known

func itoa(n int) string { return strconv.Itoa(n) }

// functions are what the templates may call.
func functions(now func() time.Time) template.FuncMap {
	return template.FuncMap{
		"path": Path, "doc": documentPath, "outside": outside, "excerpt": excerpt,
		"day": day, "minute": minute, "number": number, "decimal": intel.Decimal, "lower": lower, "points": intel.Points,
		"notForecast": intel.NotForecast, "purposes": intel.Purposes,
		"geography": func() string { return intel.Geography },
		"ago":       func(t time.Time) string { return ago(t, now()) },
		"spark":     sparkline, "change": change, "kindName": kindName, "menu": menu,
		"tlp": tlp, "stateName": stateName, "brief": brief, "clip": clip, "counts": counts, "circumstances": circumstances,
		"percent": percent, "span": span, "perDay": perDay, "next": next,
		"inc": func(i int) int { return i + 1 }, "add": func(a, b int) int { return a + b },
		"levels": func() []intel.Level { return []intel.Level{intel.High, intel.Medium, intel.Low} },
		"states": func() []State { return []State{OnTime, Late, Silent, Failing} },
		"proofs": func(ps []intel.Proof, value string) proofList { return proofList{ps, value} },
	}
}

// A proofList is evidence with the value it is about, which is marked in it.
type proofList struct {
	Proofs []intel.Proof
	Value  string
}

// brief cuts the explanation from the heading of a section.
func brief(heading string) string {
	short, _, _ := strings.Cut(heading, ":")
	return short
}

// counts lists totals by name.
func counts(totals map[string]int) (all []share) {
	for _, name := range slices.Sorted(maps.Keys(totals)) {
		all = append(all, share{Name: name, N: totals[name]})
	}
	return all
}

// circumstances says what a claim comes with.
func circumstances(c intel.Claim) string {
	var parts []string
	for _, p := range [][2]string{{"", c.SubjectText}, {"", c.ObjectText}, {"", c.Context.Vulnerability}, {"port ", c.Context.Port}, {"", c.Context.Method},
		{"", c.Context.Phase}, {"campaign ", c.Context.Campaign}, {"host ", c.Context.Hostname}, {"", c.Context.Note}} {
		if p[1] != "" {
			parts = append(parts, p[0]+p[1])
		}
	}
	return strings.Join(parts, " · ")
}

func day(t time.Time) string {
	if t.IsZero() {
		return dash
	}
	return t.UTC().Format(time.DateOnly)
}

func minute(t time.Time) string {
	if t.IsZero() {
		return dash
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// number writes n with commas: 48,216.
func number(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "−", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// percent is a share in words; of nothing there is none.
func percent(share float64, of int) string {
	switch p := 100 * share; {
	case of == 0:
		return dash
	case p > 0 && p < 1:
		return "< 1 %"
	default:
		return strconv.FormatFloat(p, 'f', 0, 64) + " %"
	}
}

// perDay is how many documents a day has.
func perDay(n float64) string {
	switch {
	case n == 0:
		return "0"
	case n < .1:
		return "< 0.1"
	case n < 10:
		return strconv.FormatFloat(n, 'f', 1, 64)
	}
	return number(int(n + .5))
}

// next says when a source that fails is tried again.
func next(s SourceHealth) string {
	switch {
	case s.Circuit == intel.Stopped:
		return "Retrying cannot cure that, so it is not tried again until its entry is put right and serve starts anew. "
	case s.Circuit == intel.Opened && !s.Next.IsZero():
		return "Its circuit is open: it is left alone until " + minute(s.Next) + ". "
	case !s.Next.IsZero():
		return "It is tried again at " + minute(s.Next) + ". "
	}
	return ""
}

// span is how long a time is, in the largest unit that it has two of.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return itoa(int(d/day)) + " d"
	case d >= 2*time.Hour:
		return itoa(int(d/time.Hour)) + " h"
	}
	return itoa(int(d/time.Minute)) + " min"
}

func lower(v any) string {
	switch v := v.(type) {
	case intel.Level:
		return strings.ToLower(string(v))
	case string:
		return strings.ToLower(v)
	}
	return ""
}

// ago says how long before now t was, in days; nothing beyond a month.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	days := int(now.UTC().Truncate(24*time.Hour).Sub(t.UTC().Truncate(24*time.Hour)) / (24 * time.Hour))
	switch {
	case days == 0:
		return "today"
	case days == 1:
		return "yesterday"
	case days > 1 && days <= 31:
		return itoa(days) + " days ago"
	}
	return ""
}

// A trend is a change in words and in a class that draws its arrow.
type trend struct{ Class, Text string }

// change tells how a pace has changed.
func change(p intel.Pace) trend {
	class := "flat"
	switch p.Direction {
	case intel.Unknown:
		return trend{class, dash}
	case intel.Busier:
		class = "up"
	case intel.Quieter:
		class = "down"
	}
	if p.Before == 0 && p.Now > 0 {
		return trend{class, "new"}
	}
	percent := percentOf(p.Now-p.Before, p.Before)
	sign := ""
	if percent > 0 {
		sign = "+"
	}
	return trend{class, sign + number(percent) + " %"}
}

// percentOf is n in percent of all, rounded.
func percentOf(n, all int) int { return int(math.Round(100 * float64(n) / float64(max(1, all)))) }

// kindName writes a kind as a person would.
func kindName(k intel.Kind) string {
	switch k {
	case intel.IPv4:
		return "IPv4 address"
	case intel.IPv6:
		return "IPv6 address"
	case intel.CIDR:
		return "address range"
	case intel.URL:
		return "URL"
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.JA3, intel.JARM:
		return strings.ToUpper(string(k))
	case intel.ASN:
		return "network (ASN)"
	case intel.Bitcoin:
		return "Bitcoin address"
	case intel.Ethereum:
		return "Ethereum address"
	case intel.Monero:
		return "Monero address"
	case intel.Port:
		return "network port"
	case intel.Input:
		return "input value"
	case intel.Domain:
		return "domain name"
	}
	return strings.ReplaceAll(string(k), "-", " ")
}

// tlp returns the class of a marking.
func tlp(m intel.Marking) string {
	switch m {
	case intel.Green:
		return "green"
	case intel.Amber, intel.AmberStrict:
		return "amber"
	case intel.Red:
		return "red"
	}
	return "clear"
}

func stateName(s State) string {
	switch s {
	case OnTime:
		return "On time"
	case Late:
		return "Late"
	case Failing:
		return "Failing"
	case Silent:
		return "Silent"
	}
	return "Not read yet"
}
