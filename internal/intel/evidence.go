package intel

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// A Relation is a sort of link, in the direction it reads: "domain:x indicates
// actor:y".
type Relation string

// The relations.
const (
	Uses           Relation = "uses"            // actor → malware, tool, technique, fragment
	Indicates      Relation = "indicates"       // indicator → actor, campaign, malware, tool, label
	Exploits       Relation = "exploits"        // actor, malware → vulnerability, weakness
	Targets        Relation = "targets"         // actor → country, sector, organization, product
	OriginatesFrom Relation = "originates-from" // actor → country
	RoutesThrough  Relation = "routes-through"  // actor → country
	ResolvesTo     Relation = "resolves-to"     // domain → address
	Affects        Relation = "affects"         // vulnerability → product, fragment
	HasWeakness    Relation = "has-weakness"    // vulnerability → weakness
	PartOf         Relation = "part-of"         // campaign → actor, handle → actor, port → address, product → vendor
	AliasOf        Relation = "alias-of"        // name → name
	NotAliasOf     Relation = "not-alias-of"    // name → name
	AssociatedWith Relation = "associated-with" // actor → actor, malware
	Researches     Relation = "researches"      // actor, handle → vulnerability, product, technique
	Offers         Relation = "offers"          // handle → product, vulnerability, tool, intent
	ClaimsAttack   Relation = "claims"          // actor → organization, country, sector
	Intends        Relation = "intends"         // actor, handle → intent
)

// Relations lists every relation.
func Relations() []Relation {
	return []Relation{Uses, Indicates, Exploits, Targets, OriginatesFrom, RoutesThrough, ResolvesTo, Affects, HasWeakness,
		PartOf, AliasOf, NotAliasOf, AssociatedWith, Researches, Offers, ClaimsAttack, Intends}
}

// A Link is a relation between two entities: a statement that can be true or
// false.
type Link struct {
	From     Entity   `json:"from"`
	Relation Relation `json:"relation"`
	To       Entity   `json:"to"`
}

// String returns the link as one line, such as "actor:x uses tool:y".
func (l Link) String() string {
	return l.From.String() + " " + string(l.Relation) + " " + l.To.String()
}

// ParseLink reads a link as String writes it.
func ParseLink(text string) (Link, error) {
	for _, rel := range Relations() {
		from, to, ok := strings.Cut(text, " "+string(rel)+" ")
		if !ok {
			continue
		}
		a, errA := ParseEntity(strings.TrimSpace(from))
		b, errB := ParseEntity(strings.TrimSpace(to))
		if errA == nil && errB == nil {
			return Link{a, rel, b}, nil
		}
	}
	return Link{}, fmt.Errorf("link %q: %w", text, ErrInvalid)
}

// CutLink cuts a link as it is written at its relation, and says whether it has one.
func CutLink(text string) (from string, rel Relation, to string, ok bool) {
	for _, rel := range Relations() {
		if from, to, ok := strings.Cut(text, " "+string(rel)+" "); ok {
			return strings.TrimSpace(from), rel, strings.TrimSpace(to), true
		}
	}
	return "", "", "", false
}

// Evidence is one document's word on a link.
type Evidence struct {
	Link     Link       `json:"link"`
	Document DocumentID `json:"document"`
	Source   SourceID   `json:"source"`
	// Origin names the independent voice behind it. Evidence of equal origin
	// counts once, by its strongest piece.
	Origin      string      `json:"origin"`
	Speaker     Speaker     `json:"speaker,omitempty"`
	Reliability Reliability `json:"reliability"`
	Graded      bool        `json:"graded,omitempty"` // a person gave it that letter
	Marking     Marking     `json:"marking"`
	Stance      Stance      `json:"stance"`
	Weight      float64     `json:"weight"`      // how directly the document says it, from 0 to 1
	At          time.Time   `json:"at,omitzero"` // event time; zero is unknown
	// Since is the earliest event time where several pieces of one origin are
	// given as one, of which At is the latest; zero where it is At.
	Since   time.Time `json:"since,omitzero"`
	Learned time.Time `json:"learned"`
	Offset  int       `json:"offset"` // where the text says it, in bytes; -1 for a claim
	Length  int       `json:"length"`
	Context Context   `json:"context,omitzero"`
	// Stated is the day that the source gives, where that cannot be: At is none then.
	Stated StatedDay `json:"stated,omitempty"`
}

// A StatedDay is a day that a source gives and nobody believes. The zero value is none.
type StatedDay int32

// dayOne is so many days before 1970 that every stated day is above zero.
const dayOne = 1 << 22

const secondsOfDay = 24 * 60 * 60

// StatedOn is the day of a moment.
func StatedOn(at time.Time) StatedDay {
	days := at.Unix() / secondsOfDay
	if at.Unix()%secondsOfDay < 0 {
		days--
	}
	return StatedDay(min(max(days+dayOne, 1), math.MaxInt32))
}

// String is the day as it is printed, such as "2031-01-01".
func (d StatedDay) String() string {
	if d == 0 {
		return ""
	}
	return time.Unix((int64(d)-dayOne)*secondsOfDay, 0).UTC().Format(time.DateOnly)
}

// MarshalText implements encoding.TextMarshaler.
func (d StatedDay) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// ParseStatedDay reads what String writes.
func ParseStatedDay(s string) (StatedDay, error) {
	at, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("day %q: %w", s, ErrInvalid)
	}
	return StatedOn(at), nil
}

// Unweighed is how much documents say beyond the evidence that is made of one text.
type Unweighed struct {
	Documents int `json:"documents"`
	Pieces    int `json:"pieces"`
}

// A Speaker is who says a piece of evidence, as against whose word it is.
type Speaker int8

// The speakers.
const (
	Self      Speaker = 0 // the account that is its origin
	Publisher Speaker = 1 // the source, whoever it has it from
	Relay     Speaker = 2 // an account of the source, which has it from another
	Copy      Speaker = 3 // an account of the source, whose text another wrote
	Mirror    Speaker = 4 // a source that has all of the document from another one
)

// Signed is the name of an origin as a source gives it: nobody else's account is
// shown as the people and hunts of this installation are, and no two as one.
func Signed(origin string, by SourceID) string {
	if !by.Reserved() && (SourceID(origin).Reserved() || strings.HasPrefix(origin, `"`)) {
		return strconv.Quote(origin)
	}
	return origin
}

// Skew is how far the clocks and time zones of others may be ahead. A date
// later than that is a mistake or a lie.
const Skew = 24 * time.Hour

// Plausible reports whether something may have happened, or been known, at a moment,
// by who heard of it when it came in: not when nobody had such machines, and not
// after. A date that waits for its day would be fresh then.
func Plausible(at, cameIn time.Time) bool {
	return at.Year() >= 1980 && !at.After(cameIn.Add(Skew))
}

// Dated reports whether the event time is known and, as of now, not of the
// future.
func (e Evidence) Dated(now time.Time) bool { return !e.At.IsZero() && !e.At.After(now.Add(Skew)) }

// A Level is a band of probability in words.
type Level string

// The levels. Medium begins at one half, High at four fifths.
const (
	High   Level = "High"
	Medium Level = "Medium"
	Low    Level = "Low"
)

// Decimal writes a probability with two digits, cut and not rounded, so that
// what prints as 0.50 has reached Medium.
func Decimal(p float64) string { return strconv.FormatFloat(math.Floor(100*p+1e-9)/100, 'f', 2, 64) }

// An Assessment is how far a link is believed as of a moment, and why.
type Assessment struct {
	Link        Link      `json:"link"`
	Marking     Marking   `json:"marking"` // the evidence counted is marked so at most
	Probability float64   `json:"probability"`
	Level       Level     `json:"confidence"`
	First       time.Time `json:"first_seen,omitzero"` // least and greatest event time of what supports it; zero is unknown
	Last        time.Time `json:"last_seen,omitzero"`
	Dated       bool      `json:"-"` // some of those times is worth something yet, as High asks; it is not kept
	Origins     int       `json:"origins"`
	Lasting     int       `json:"-"` // of those, of which something is left, as High asks; it is not kept
	Documents   int       `json:"documents"`
	Context     Context   `json:"context,omitzero"` // of the newest evidence that has any
	At          time.Time `json:"as_of"`
}

// A Naming is how many actors, malware and tools a source says are behind one value.
type Naming struct {
	Source      SourceID
	Reliability Reliability
	Names       int
}
