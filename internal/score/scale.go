package score

import (
	"net/netip"
	"slices"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Record is how often something that was said turned out right and wrong, by
// people who looked.
type Record struct {
	Right float64 `json:"right"`
	Wrong float64 `json:"wrong"`
}

// strength is how many judgements an assumption is worth.
const strength = 8

// mean is the mean of the Beta distribution that an assumption and a record come
// to: strength judgements as the assumption has it, and those of the record.
func (r Record) mean(assumed float64) float64 {
	return (strength*assumed + r.Right) / (strength + r.Right + r.Wrong)
}

// A Sort is how a row came about and what it speaks of, such as "sentence hash":
// rows of one sort are wrong for like reasons.
type Sort string

// A Scale says what a statement is worth. The zero Scale knows assumptions alone:
// of a source its Admiralty letter, of a statement how directly it is made. What
// people judged moves them.
type Scale struct {
	Sources map[intel.SourceID]Record
	Sorts   map[Sort]Record
	// Own is what the verdicts of this store add to Sources.
	Own map[intel.SourceID]Record
	// Cuts are where the levels begin.
	Cuts Cuts
	// Unnamed are the sources that nobody named, which are one speaker.
	Unnamed intel.Unnamed
}

// Alike is the probability that all origins of a row are wrong alike, however
// many they are: of rows of two origins and more that people judged, so many
// were.
const Alike = 0.02

// reliability is the probability that a source is right.
func (s Scale) reliability(e *intel.Evidence) float64 {
	return s.record(e).mean(Reliability(e.Reliability))
}

// record is how often people found the source of a piece right and wrong. What ships
// of reports that nobody named is of those who publish them, not of accounts.
func (s Scale) record(e *intel.Evidence) Record {
	shipped, own := s.shipped(e), s.Own[s.Unnamed.Recorded(e.Source)]
	return Record{shipped.Right + own.Right, shipped.Wrong + own.Wrong}
}

func (s Scale) shipped(e *intel.Evidence) Record {
	if e.Speaker != intel.Publisher && s.Unnamed.Has(e.Source) {
		return Record{}
	}
	return s.Sources[e.Source]
}

// leastTold is the directness below which a document says something of so many
// that each shares in it.
const leastTold = 0.3

// directness is the probability that a row is what a source said, as a source
// said it: text is misread, and some values are not what they seem.
func (s Scale) directness(l intel.Link, weight float64) float64 {
	weight = min(max(weight, 0), 1)
	if s.Sorts == nil {
		return weight
	}
	sort, assumed := SortOf(l, weight), 1.0
	if tier, ok := tierOf(weight); ok {
		assumed = tier.assumed
	}
	out := s.Sorts[sort].mean(assumed) * min(1, weight/leastTold)
	if d := DoubtOf(l); d != "" {
		out *= s.Sorts[d].mean(0.5)
	}
	return out
}

// Directness is w of what a document says of a link so plainly: what [Scale.Explain]
// has for it.
func (s Scale) Directness(l intel.Link, weight float64) float64 { return s.directness(l, weight) }

// SetAside is the probability that a value which was set aside is what it was
// said to be all the same.
func (s Scale) SetAside() float64 { return s.Sorts["set aside"].mean(0.1) }

// A tier is how directly text says something.
type tier struct {
	name    string
	assumed float64
}

// tierOf returns how directly text says what has that weight, and false for what
// a structured source states.
func tierOf(weight float64) (tier, bool) {
	switch {
	case weight >= 0.9:
		return tier{}, false
	case weight >= 0.7:
		return tier{"sentence", 0.85}, true
	case weight >= 0.48:
		return tier{"paragraph", 0.5}, true
	}
	return tier{"document", 0.35}, true
}

// SortOf returns the sort of a row whose most direct piece has that weight.
func SortOf(l intel.Link, weight float64) Sort {
	t, text := tierOf(weight)
	if !text {
		return "stated"
	}
	return Sort(t.name + " " + about(l))
}

// about is what a link speaks of.
func about(l intel.Link) string {
	if l.From.Kind == intel.Vulnerability {
		return "flaw"
	}
	e := l.From
	if e.Kind.Class() == intel.Name {
		e = l.To
	}
	kind := e.Kind
	switch kind {
	case intel.MD5, intel.SHA1, intel.SHA256, intel.SHA512, intel.SSDeep, intel.JARM, intel.JA3:
		return "hash"
	case intel.ASN:
		return "network"
	case intel.CIDR:
		if !narrow(e) {
			return "network"
		}
	case intel.Mutex, intel.RegistryKey, intel.UserAgent, intel.Filename, intel.Command, intel.Service, intel.ScheduledTask:
		return "trace"
	case intel.Technique, intel.Weakness:
		return "technique"
	}
	switch kind.Class() {
	case intel.IOC:
		return "host"
	case intel.IOA:
		return "fragment"
	}
	switch l.Relation {
	case intel.Uses, intel.Exploits:
		return "use"
	case intel.Targets, intel.OriginatesFrom, intel.RoutesThrough, intel.ClaimsAttack:
		return "place"
	case intel.Intends, intel.Researches, intel.Offers:
		return "plan"
	}
	return "name"
}

// DoubtOf returns what about a value itself speaks against it, none for most.
func DoubtOf(l intel.Link) Sort {
	e := l.From
	if e.Kind.Class() == intel.Name {
		e = l.To
	}
	switch {
	case e.Kind == intel.CIDR && !narrow(e) || e.Kind == intel.ASN:
		return "whole network"
	case networkAddress(e):
		return "network address"
	case smallNumbers(e):
		return "small numbers"
	}
	return ""
}

// narrow reports whether a network is one that somebody rents as a whole, from /24 of
// IPv4 and /48 of IPv6 on: text lists it among hosts, and misreads it as those.
func narrow(e intel.Entity) bool {
	p, err := netip.ParsePrefix(e.Name)
	return err == nil && (p.Addr().Is4() && p.Bits() >= 24 || p.Addr().Is6() && p.Bits() >= 48)
}

// smallNumbers reports whether no number of an IPv4 address is above 30, as in
// versions. Of addresses at random one in 4,700 is so.
func smallNumbers(e intel.Entity) bool {
	_, most, ok := numbers(e)
	return ok && most <= 30
}

// numbers returns the least and the greatest number of an IPv4 address.
func numbers(e intel.Entity) (least, most byte, ok bool) {
	if e.Kind != intel.IPv4 {
		return 0, 0, false
	}
	a, err := netip.ParseAddr(e.Name)
	if err != nil || !a.Is4() {
		return 0, 0, false
	}
	b := a.As4()
	return slices.Min(b[:]), slices.Max(b[:]), true
}

// agesFrom is from when on the age of a piece counts. Evidence without a date is as old
// as our knowing of it; a date in the future is not believed either.
func agesFrom(e *intel.Evidence, now time.Time) time.Time {
	if e.Dated(now) {
		return e.At
	}
	return e.Learned
}

// worth is q of one piece as of now, and its parts.
func (s Scale) worth(e intel.Evidence, now time.Time) Step {
	st := Step{Origin: e.Origin, Source: e.Source, Stance: e.Stance, Reliability: s.reliability(&e), Directness: e.Weight, At: e.At, Pieces: 1, Stated: e.Stated, shipped: s.shipped(&e)}
	if !e.Source.Reserved() { // an analyst says it of the very row, whatever the value looks like
		st.Directness = s.directness(e.Link, e.Weight)
	}
	if st.since, st.until = e.Since, e.At; st.since.IsZero() {
		st.since = e.At
	}
	if !e.Dated(now) {
		st.At, st.since, st.until = time.Time{}, time.Time{}, time.Time{}
	}
	from := agesFrom(&e, now)
	st.Fading = fading(e.Link, now.Sub(from))
	st.Spent = st.Fading < leastLeft && !lasts(e.Link, from, now) // as it mostly is not
	st.Worth = st.Reliability * st.Directness * st.Fading
	return st
}
