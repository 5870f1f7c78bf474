package intel

import (
	"fmt"
	"strings"
	"time"
)

// A Scoreboard is how often what was believed turned out true: by rows that people
// judged by hand before the program shipped, and by the verdicts of this store.
type Scoreboard struct {
	Sources []SourceRecord `json:"sources"`
	Levels  []LevelRecord  `json:"levels"` // High, Medium, Low
	Bins    []Bin          `json:"bins"`   // of the shipped rows, the least believed first
	// Corroboration is by what it is told whether a second account reports a value.
	Corroboration SecondRecord `json:"corroboration"`
}

// A SecondRecord is the model of whether a second account reports a value within 90 days,
// and how it did on what was held out of it.
type SecondRecord struct {
	// InForce says that values are told of; Why says why none is.
	InForce bool   `json:"in_force"`
	Why     string `json:"why,omitempty"`
	// Version is that of the model that was fitted last, on the day Made; 0 of none, which
	// has no figures.
	Version      int       `json:"version,omitempty"`
	Made         time.Time `json:"made,omitzero"`
	Values       int       `json:"values,omitempty"` // that it was fitted to
	Corroborated int       `json:"corroborated,omitempty"`
	HeldValues   int       `json:"held_out_values,omitempty"`
	Skill        float64   `json:"brier_skill,omitempty"` // over the rate of what was held out
	SkillError   float64   `json:"brier_skill_error,omitempty"`
}

// String says it in a sentence.
func (r SecondRecord) String() string {
	said := ""
	if r.Version > 0 {
		said = fmt.Sprintf("model %d of %s, fitted to %d values of which a second account reported %d; on %d held out its Brier skill over their rate is %.3f, standard error %.3f",
			r.Version, r.Made.UTC().Format(time.DateOnly), r.Values, r.Corroborated, r.HeldValues, r.Skill, r.SkillError)
	}
	parts := []string{"in force is " + said}
	switch {
	case !r.InForce && r.Version > 0:
		parts = []string{"the latest is " + said, "it is not in force, so no probability is shown"}
	case !r.InForce:
		parts = []string{"no model is in force, so no probability is shown"}
	case r.Why != "":
		parts = append(parts, "no probability is shown now")
	}
	if r.Why != "" {
		parts[len(parts)-1] += ": " + r.Why
	}
	return strings.Join(parts, "; ")
}

// A SourceRecord is how often people found a source right and wrong.
type SourceRecord struct {
	Source SourceID `json:"source"`
	// Letter is its Admiralty letter, which counts as eight judgements.
	Letter   Reliability `json:"letter"`
	Right    float64     `json:"right"` // of the shipped rows
	Wrong    float64     `json:"wrong"`
	OwnRight float64     `json:"own_right"` // by verdicts here, older ones less
	OwnWrong float64     `json:"own_wrong"`
	Mean     float64     `json:"mean"` // probability that it is right
}

// A LevelRecord is how many rows of a level were right.
type LevelRecord struct {
	Level    Level   `json:"level"`
	From     float64 `json:"from"` // probability from which rows have it
	Right    float64 `json:"right"`
	N        float64 `json:"n"`
	OwnRight float64 `json:"own_right"`
	OwnN     float64 `json:"own_n"`
	// Observed is the share of both that is right; nil of none.
	Observed *float64 `json:"observed"`
}

// A Bin is a tenth of rows in order of how far they were believed.
type Bin struct {
	Predicted float64 `json:"predicted"` // their mean probability
	Observed  float64 `json:"observed"`  // the share that is right
	N         int     `json:"n"`
	// Least and Most are where the share lies with 95 % certainty (Wilson).
	Least float64 `json:"least"`
	Most  float64 `json:"most"`
}
