package web

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// Views is all the pages read. Every method hides what its reader may not see;
// pages filter nothing. What does not exist, or may not be seen, is
// intel.ErrNotFound.
type Views interface {
	// Start returns what the first page shows.
	Start(ctx context.Context, r intel.Reader) (Start, error)

	// Entities returns one page of the entities of a kind.
	Entities(ctx context.Context, r intel.Reader, l List) (Entities, error)

	// Profile returns what is known of an entity, its tables cut to the window.
	// The entity of the answer differs from e where e is an alias; a name of
	// several is ErrSeveral.
	Profile(ctx context.Context, r intel.Reader, e intel.Entity, w Window) (Profile, error)

	// Proofs returns the evidence of one row.
	Proofs(ctx context.Context, r intel.Reader, row string) ([]intel.Proof, error)

	// History returns how far one row was believed when, and why that changed.
	History(ctx context.Context, r intel.Reader, row string) (intel.History, error)

	// Indicator returns what is known of one value, with so many pieces of evidence of
	// each claim at most, at most [MostPieces].
	Indicator(ctx context.Context, r intel.Reader, e intel.Entity, pieces int) (Indicator, error)

	// Document returns one document and what was recognised in it.
	Document(ctx context.Context, r intel.Reader, id intel.DocumentID) (Document, error)

	// Search finds entities and documents, newest first. Page counts from 1.
	Search(ctx context.Context, r intel.Reader, words string, page int) (Results, error)

	// Sources lists the sources that its reader may know of, with their health.
	Sources(ctx context.Context, r intel.Reader) ([]SourceHealth, error)

	// Scoreboard tells how true it was what was believed, for everybody alike.
	Scoreboard(ctx context.Context) (intel.Scoreboard, error)

	// Track tells how forecasts turned out, and in what state their chain was when
	// it was last checked.
	Track(ctx context.Context, r intel.Reader) (intel.Track, error)
}

// ErrSeveral is of a name that means several, none of them above the others.
var ErrSeveral = errors.New("a name of several")

// PageRows is how many rows of a table one page shows.
const PageRows = 50

// MostPages is how far a table can be paged through: to come to a row takes reading all
// before it, and nobody reads so many. Downloads have the rest.
const MostPages = 100

// fewPieces is how many pieces of evidence of each claim the page of an indicator shows,
// and MostPieces how many where all are asked for.
const (
	fewPieces  = 5
	MostPieces = 50
)

// Start is what the first page shows.
type Start struct {
	New       []News           // newest first
	Actors    []ActorLine      // most active first
	Documents []intel.Document // latest first; their text is not needed
	Totals    map[string]int   // by what is counted, such as "documents" or "actors"
	Sources   []SourceHealth   // all of them, for the strip
	AsOf      time.Time        // newest learned time; zero while nothing is collected
}

// News is something that happened or was learned.
type News struct {
	At       time.Time
	What     string       // a few words: "New claim", "Activity"
	Entity   intel.Entity // who or what it is about; may be zero
	Name     string       // of the entity, as shown
	Text     string
	Document intel.DocumentID
	Source   intel.SourceID
}

// An ActorLine is an entity with how busy it is.
type ActorLine struct {
	Entity      intel.Entity
	Name        string
	Summary     string
	Weekly      []intel.Count // contiguous, oldest first
	First, Last time.Time
	Documents   int // all of its time
}

// Pace is how busy the entity was of late.
func (l ActorLine) Pace() intel.Pace { return intel.PaceOf(l.Weekly) }

// A List asks for entities of one kind.
type List struct {
	Kind  intel.Kind
	Query string // words of the name; empty for all
	Sort  string // "activity" (default), "name", "last"
	Page  int    // from 1
}

// Entities is one page of a list.
type Entities struct {
	Lines []ActorLine
	Total int
}

// A Window says which part of a profile's tables is wanted: the first PageRows
// rows of each, but of Section the page Page. The filters hold for the IOC
// table alone.
type Window struct {
	Section string // key as in the profile's JSON: "ioc", "ttp", "aliases", …
	Page    int    // from 1
	Filter  string // part of the value
	Kind    intel.Kind
	Level   intel.Level
	Whole   bool // every row of every table, for a download
}

// A Profile is a windowed profile.
type Profile struct {
	intel.Profile
	// Totals counts the rows of each table by the key of its JSON, filters
	// applied. A table without an entry is shown whole.
	Totals map[string]int
	// All counts the rows of the IOC table without filters.
	All int
}

// An Indicator is what is known of one value.
type Indicator struct {
	Entity     intel.Entity
	Marking    intel.Marking
	AsOf       time.Time
	Suppressed string // why the value is set aside; empty if it is not
	Country    string // of an address, as shown
	First      time.Time
	Last       time.Time
	Origins    int
	// SeenAgain is the probability that it is reported again within 30 days, and
	// Polynomial its decay as MISP counts it; nil: not known.
	SeenAgain, Polynomial *float64
	Corroboration         *intel.Corroboration // whether a second account will report it; nil: not known, or it has
	Claims                []intel.Row          // whose it is: one row per actor, malware or campaign
	More                  int                  // whom it is said to be of beside those
	Related               []intel.Row          // what else it is linked with
	Proofs                []intel.Proof
	Pieces                int              // of evidence there are, of each claim the [MostPieces] weightiest
	Beyond                bool             // there are more than that
	Documents             []intel.Document // that mention it, newest first
	Total                 int              // of those documents
}

// A Document is a document with what was recognised in it.
type Document struct {
	intel.Document
	Observations []intel.Observation
	Gist         *intel.Gist             // of a post
	Names        map[intel.Entity]string // as shown; may lack any
}

// Results is one page of what a search found.
type Results struct {
	Entities  []Hit
	Documents []DocumentHit
	Total     int // of documents; 0 where it is not counted
	More      bool
}

// A Hit is an entity that a search found.
type Hit struct {
	Entity      intel.Entity
	Name        string
	Why         string // such as "alias of Astro Locker"
	First, Last time.Time
	Documents   int
}

// A DocumentHit is a document that a search found.
type DocumentHit struct {
	intel.Document
	Gist    *intel.Gist // of a post
	Snippet string
}

// SourceHealth is a source and how it fares.
type SourceHealth struct {
	Name         intel.SourceID
	Connector    string
	State        State
	Reliability  intel.Reliability
	Documents    int
	Documents24  int
	PerDay       float64
	Daily        []intel.Count // last 14 days; may be nil
	LastDocument time.Time
	Lag          time.Duration // since then

	Known, Copies int // documents that came again, and near-copies of others
	Yielded       int // documents that gave evidence
	Pieces        int // of evidence

	// Of the rows that it tells of: how many it told first, and how many of those others told
	// later; as of when that was counted.
	Told, Firsts, Seconded int
	Counted                time.Time

	Visits, Failures, Failing int // the last are those in a row that have failed
	Circuit                   intel.Circuit
	Next                      time.Time // when it is tried again; zero where that is not known
	LastSuccess               time.Time
	LastFailure               time.Time
	LastError                 string
	Rejected                  int    // items that could not be read
	LastRejected              string // which was the last of late, and why; empty for none
	RejectedAt                time.Time
	Silent                    time.Time      // since when it is, against its own habit
	Outages                   []intel.Outage // of late
}

// Duplicates is which share of what it gave was known already, or nearly.
func (s SourceHealth) Duplicates() float64 { return part(s.Known+s.Copies, s.Known+s.Documents) }

// Yield is which share of its documents gave evidence.
func (s SourceHealth) Yield() float64 { return part(s.Yielded, s.Documents) }

func part(n, of int) float64 { return float64(n) / float64(max(1, of)) }

// A State is how a source fares, in a word.
type State string

// The states of a source.
const (
	OnTime  State = "ok"
	Late    State = "late"
	Failing State = "failing"
	Silent  State = "silent"
)

// A Format is a form in which a whole profile can be downloaded.
type Format struct {
	Extension string // with the dot: ".md"
	MediaType string
	Label     string // of the button: "Markdown"
	Write     func(io.Writer, intel.Profile) error
}
