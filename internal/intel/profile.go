package intel

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// A Forecast is a dated claim about the future that time will prove or refute.
// It has either a Probability or Quantiles.
type Forecast struct {
	ID          string             `json:"id"`
	Subject     Entity             `json:"actor"`
	Kind        string             `json:"kind"`           // "activity", "technique", "country", …
	Target      string             `json:"target"`         // what is forecast: "documents", "technique:T1068"
	Name        string             `json:"name,omitempty"` // of the target, as shown; not kept
	Horizon     int                `json:"horizon_days"`
	Probability float64            `json:"probability,omitempty"`
	Quantiles   map[string]float64 `json:"quantiles,omitempty"` // by level, such as "0.1"
	BaseRate    float64            `json:"base_rate"`
	// Skill is nil while none has been shown: then no percentage is printed.
	Skill   Skill    `json:"skill"`
	Reasons []Reason `json:"reasons"`
	// Precedents are the nearest past states, of a count.
	Precedents []Precedent `json:"precedents,omitempty"`
	Made       time.Time   `json:"made"`
	Due        time.Time   `json:"due"`
	Rule       string      `json:"rule"` // how it will be judged
	Model      string      `json:"model"`
	// Marking is the strictest of the documents it may rest on.
	Marking Marking `json:"marking,omitempty"`
	Basis
}

// MarshalJSON implements json.Marshaler. A forecast without quantiles has a
// probability, even one of nothing.
func (f Forecast) MarshalJSON() ([]byte, error) {
	type plain Forecast
	out := struct {
		plain
		Probability *float64 `json:"probability,omitempty"`
		Verdict     string   `json:"verdict"`
	}{plain: plain(f), Verdict: f.Skill.Verdict()}
	if len(f.Quantiles) == 0 {
		out.Probability = &f.Probability
	}
	if f.Reasons == nil {
		out.Reasons = []Reason{}
	}
	return json.Marshal(out)
}

// A Skill is a score over the base rate: point, low, high. In JSON none is
// "none".
type Skill []float64

// Above reports whether it lies above nought as a whole, and so a percentage may be
// printed.
func (s Skill) Above() bool { return len(s) == 3 && s[1] > 0 }

// Verdict is Better or NoBetter: where nothing is known nothing is claimed.
func (s Skill) Verdict() string {
	if s.Above() {
		return Better
	}
	return NoBetter
}

// MarshalJSON implements json.Marshaler.
func (s Skill) MarshalJSON() ([]byte, error) {
	if s == nil {
		return []byte(`"none"`), nil
	}
	return json.Marshal([]float64(s))
}

// UnmarshalJSON implements json.Unmarshaler.
func (s *Skill) UnmarshalJSON(b []byte) error {
	if string(b) == `"none"` {
		*s = nil
		return nil
	}
	return json.Unmarshal(b, (*[]float64)(s))
}

// A Reason is one addend of a forecast's log-odds.
type Reason struct {
	Item         string  `json:"item"`
	Contribution float64 `json:"contribution"`
	// Through is the vulnerability that a way to a fragment leads through; early entries of
	// a ledger have its name in the item alone.
	Through Entity `json:"through,omitzero"`
}

// A Proof shows one piece of evidence to a reader.
type Proof struct {
	Document DocumentID `json:"document"`
	Source   SourceID   `json:"source"`
	Genre    Genre      `json:"genre,omitempty"`
	Title    string     `json:"title,omitempty"`
	URL      string     `json:"url"`
	Snippet  string     `json:"snippet"`
	Offset   int        `json:"offset"`
	At       time.Time  `json:"at,omitzero"`
	Origin   string     `json:"origin,omitempty"`
	Stance   Stance     `json:"stance,omitempty"`
	Weight   float64    `json:"weight,omitempty"` // w of docs/confidence.md: how plainly it says so
	// Marking is that of an analyst's word, which fewer may read than its row;
	// it is zero of what sources say.
	Marking Marking `json:"marking,omitempty"`
}

// A Join is a link of a row that is said under one name of what the row is of: the
// name means that with a share.
type Join struct {
	Link  int64   `json:"row,string"`
	Name  Entity  `json:"name,omitzero"`
	Share float64 `json:"share"`
	// Denies tells of a link that says the contrary of the row.
	Denies bool `json:"denies,omitempty"`
}

// Links returns the links that the row is made of; none of what only lists say.
func (r Row) Links() []int64 {
	if len(r.Joins) > 0 {
		out := make([]int64, len(r.Joins))
		for i, j := range r.Joins {
			out[i] = j.Link
		}
		return out
	}
	if id, err := strconv.ParseInt(r.ID, 10, 64); err == nil {
		return []int64{id}
	}
	return nil
}

// A Common is a sort of thing that two actors have in common.
type Common struct {
	What string `json:"what"` // addresses, files, malware, tools, vulnerabilities, techniques, documents, other indicators
	N    int    `json:"n"`
	// Weight is N with each thing counted as a share: one that four actors have is
	// a quarter.
	Weight float64 `json:"weight"`
}

// String says it: "12 shared addresses", "named together in 1 document".
func (c Common) String() string {
	what := c.What
	if c.N == 1 {
		switch what {
		case "addresses":
			what = "address"
		case "vulnerabilities":
			what = "vulnerability"
		default:
			what = strings.TrimSuffix(what, "s")
		}
	}
	if c.What == "documents" {
		return fmt.Sprintf("named together in %d %s", c.N, what)
	}
	return fmt.Sprintf("%d shared %s", c.N, what)
}

// Reason says why a row of an associated actor is one: what is said of it, in
// how many documents, and what both have in common.
func (r Row) Reason() string {
	var parts []string
	if r.Description != "" {
		parts = append(parts, r.Description)
	}
	switch {
	case r.Documents == 1:
		parts = append(parts, "stated in 1 document")
	case r.Documents > 1:
		parts = append(parts, fmt.Sprintf("stated in %d documents", r.Documents))
	}
	for _, c := range r.Common {
		parts = append(parts, c.String())
	}
	return strings.Join(parts, ", ")
}

// A Row is one believed or predicted statement of a profile, ready to print.
type Row struct {
	ID            string    `json:"id,omitempty"` // for evidence and explain: of the link, or what the row says where it is not that one link as it stands
	Entity        Entity    `json:"entity"`
	Value         string    `json:"value"` // as shown: address, title of an actor, technique id
	Relation      Relation  `json:"relation,omitempty"`
	Hostname      string    `json:"hostname,omitempty"` // of an indicator
	Campaign      string    `json:"campaign,omitempty"` // of an indicator
	Role          string    `json:"role,omitempty"`     // of a country: origin, proxy, target
	Type          string    `json:"type,omitempty"`     // of a fragment: file, argument, …
	Phase         string    `json:"phase,omitempty"`    // of a fragment: reconnaissance … exfiltration
	Weakness      []string  `json:"weakness,omitempty"` // of a technique: the CWE it answers to
	Vulnerability string    `json:"cve,omitempty"`      // of a fragment: the flaw it attacks, if known
	Description   string    `json:"description,omitempty"`
	Level         Level     `json:"confidence"`
	Probability   float64   `json:"probability"`
	Predicted     bool      `json:"predicted"`
	First         time.Time `json:"first_seen,omitzero"`
	Last          time.Time `json:"last_seen,omitzero"`
	Dated         bool      `json:"-"`                         // Last is worth something yet, as High asks
	Known         time.Time `json:"known_since,omitzero"`      // to this store, where no source gives a date
	KnownWhy      string    `json:"known_since_why,omitempty"` // why that is not known of a row that lists alone say
	Origins       int       `json:"origins"`
	Lasting       int       `json:"-"` // of those, of which something is left, as High asks
	Documents     int       `json:"documents,omitempty"`
	SaidBy        []string  `json:"said_by,omitempty"` // of an alias
	Suppressed    string    `json:"suppressed,omitempty"`
	// Joins are the links that the row is made of, where it is not one link as it
	// stands.
	Joins    []Join `json:"joins,omitempty"`
	Disputed bool   `json:"disputed,omitempty"` // somebody says otherwise
	// Against names who says of an alias that it is none.
	Against []string `json:"against,omitempty"`
	// Listed is how far lists of the reference alone make it believed that SaidBy names.
	Listed float64  `json:"listed,omitempty"`
	Common []Common `json:"reasons,omitempty"` // with an associated actor
	Doubts []string `json:"doubts,omitempty"`  // why it is believed less than its evidence comes to
	// SeenAgain is the probability that an indicator is reported again within 30
	// days, and Polynomial its decay as MISP counts it; nil: not known, or of no use.
	SeenAgain  *float64 `json:"seen_again,omitempty"`
	Polynomial *float64 `json:"misp_score,omitempty"`
	// Corroboration is whether a second account will report an indicator; nil: not
	// known, or it has.
	Corroboration *Corroboration `json:"corroboration,omitempty"`
	Evidence      []Proof        `json:"evidence"`
}

// A Corroboration is the probability that an account that did not report an indicator
// in the first two days will until a moment. It says nothing of whether what is said of
// the indicator is true.
type Corroboration struct {
	Probability float64   `json:"probability"`
	Until       time.Time `json:"until"`
}

// Foreseen is SeenAgain in percent, a dash where it is not known.
func (r Row) Foreseen() string {
	if r.SeenAgain == nil {
		return "–"
	}
	return Percent(*r.SeenAgain)
}

// Percent is the probability in percent.
func (c Corroboration) Percent() string { return Percent(c.Probability) }

// Percent writes how likely something is that is not certain: never as 0 or 100 %.
func Percent(p float64) string {
	switch {
	case p < 0.001:
		return "under 0.1 %"
	case p > 0.999:
		return "over 99.9 %"
	}
	return fmt.Sprintf("%.1f %%", 100*p)
}

// Count is a number of events in a month or week that begins at Start (UTC).
type Count struct {
	Start time.Time `json:"start"`
	N     int       `json:"n"`
}

// An Event is one dated activity of an actor.
type Event struct {
	At       time.Time  `json:"at,omitzero"`
	What     string     `json:"what"`
	Document DocumentID `json:"document"`
	Source   SourceID   `json:"source"`
	Genre    Genre      `json:"genre,omitempty"`
	URL      string     `json:"url,omitempty"`
}

// Activities is how busy an entity was: documents about it by month (all of
// its time) and by week (the last two years), the latest events, and on which side.
type Activities struct {
	Monthly []Count `json:"monthly"`
	Weekly  []Count `json:"weekly,omitempty"`
	Events  []Event `json:"events"`
	Total   int     `json:"total"`
	// Offensive and Defensive are how active an actor, a campaign, a malware or a
	// country is, and how much others do about it; nil of other kinds.
	Offensive *Standing `json:"offensive,omitempty"`
	Defensive *Standing `json:"defensive,omitempty"`
}

// A Tally is a count of attacks by country and sector. Victims are never named
// in it.
type Tally struct {
	ID          string    `json:"id,omitempty"`      // of the row that it tells of
	Value       string    `json:"value"`             // as shown: the name of the country or sector
	Country     string    `json:"country,omitempty"` // ISO 3166-1 alpha-2
	Sector      string    `json:"sector,omitempty"`
	Level       Level     `json:"confidence"`
	Probability float64   `json:"probability"`
	Predicted   bool      `json:"predicted"`
	N           int       `json:"n"`
	First       time.Time `json:"first_seen,omitzero"`
	Last        time.Time `json:"last_seen,omitzero"`
	Origins     int       `json:"origins"`
}

// A Profile is everything published about one entity as of one moment to one
// reader. Rows stand strongest first, observed before predicted.
type Profile struct {
	Entity    Entity    `json:"entity"`
	Name      string    `json:"name"`
	Summary   string    `json:"summary"`
	AsOf      time.Time `json:"as_of"`
	First     time.Time `json:"first_seen,omitzero"`
	Last      time.Time `json:"last_seen,omitzero"`
	Marking   Marking   `json:"marking"`
	Origins   int       `json:"origins"`
	Documents int       `json:"documents"`
	Aliases   []Row     `json:"aliases"`
	// Disputed are names that somebody says are its own and somebody says are not,
	// and that do not stand for it.
	Disputed   []Row      `json:"disputed_aliases"`
	Associated []Row      `json:"associated_actors"`
	Campaigns  []Row      `json:"campaigns"`
	Countries  []Row      `json:"countries"`
	Activities Activities `json:"activities"`
	Interest   *Standing  `json:"interest,omitempty"`  // of a vulnerability, product or vendor
	Relations  []Tension  `json:"relations,omitempty"` // of a country: who targets it, and whom its actors target
	Intentions []Row      `json:"intentions"`
	Research   []Row      `json:"research"`
	Attacks    []Tally    `json:"attacks"`
	Arsenal    []Row      `json:"arsenal"` // malware, tools and vulnerabilities used
	IOC        []Row      `json:"ioc"`
	TTP        []Row      `json:"ttp"`
	IOA        []Row      `json:"ioa"`
	Forecasts  []Forecast `json:"forecasts"`
	// NotForecast is of which kinds none is forecast, since nothing tells of them by date.
	NotForecast []string `json:"not_forecast"`
	// Ahead is what the forecasts of its activity come to by week.
	Ahead []WeekAhead `json:"weeks_ahead"`
	// Changes is what is forecast otherwise than a week ago.
	Changes    Changes  `json:"changes"`
	References []string `json:"references"`
	Licence    string   `json:"licence"`
	// Invented marks the profile of a demonstration scenario.
	Invented bool `json:"invented,omitempty"`
	// Hidden counts, per section, the items the full profile has more.
	Hidden map[string]int `json:"hidden"`
	// Preview is the redacted public form: its times are months.
	Preview bool `json:"-"`
}

// A Table is one table of rows of a profile.
type Table struct {
	Key  string // in the profile's JSON
	Rows *[]Row
}

// Tables returns the tables of rows of p in the order in which they are
// printed.
func (p *Profile) Tables() []Table {
	return []Table{
		{"aliases", &p.Aliases}, {"disputed_aliases", &p.Disputed}, {"associated_actors", &p.Associated}, {"campaigns", &p.Campaigns}, {"countries", &p.Countries},
		{"intentions", &p.Intentions}, {"research", &p.Research}, {"arsenal", &p.Arsenal}, {"ioc", &p.IOC}, {"ttp", &p.TTP}, {"ioa", &p.IOA},
	}
}
