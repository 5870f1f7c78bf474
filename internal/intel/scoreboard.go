package intel

// A Scoreboard is how often what was believed turned out true: by rows that people
// judged by hand before the program shipped, and by the verdicts of this store.
type Scoreboard struct {
	Sources []SourceRecord `json:"sources"`
	Levels  []LevelRecord  `json:"levels"` // High, Medium, Low
	Bins    []Bin          `json:"bins"`   // of the shipped rows, the least believed first
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
