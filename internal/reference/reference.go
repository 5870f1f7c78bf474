// Package reference holds what is known beforehand: the names of actors,
// malware, tools, techniques, sectors and countries and who shares them, values
// that are usually benign, weaknesses, and the country of an address.
//
// Knowledge comes in packs, each read whole from the publisher's own files by
// [Read]. A [Set] is built from those that are needed for every text; the
// packs kev, epss and cve are catalogues that the store keeps and looks up by
// key. The package does no network I/O and never guesses: what no pack and no
// table of ours says is unknown.
package reference

import (
	"encoding/json"

	"github.com/portent-cti/portent/internal/intel"
)

// An Item is one fact of a pack: its key within the pack and its body, which
// is a JSON object.
type Item struct {
	Key  string          `json:"key"`
	Body json.RawMessage `json:"body"`
}

// A Pack is a named set of facts as published. Items are sorted by key and no
// key occurs twice. Digest is the hexadecimal SHA-256 of the items.
type Pack struct {
	Name      string `json:"name"`
	Version   string `json:"version"`
	Digest    string `json:"digest"`
	Licence   string `json:"licence"`
	Publisher string `json:"publisher"`
	Items     []Item `json:"items"`
	// Fleeting says that most of the pack changes every day: what it said on a
	// former day is not worth its place.
	Fleeting bool `json:"-"`
}

// A Name is one wording by which an entity is called. One without an entity
// names nothing, nor do words in it: "Indian Ocean" is no country.
type Name struct {
	Text   string
	Entity intel.Entity
	Pack   string
	// Common says that the wording is also an ordinary word, or shorter than
	// four letters: by itself it is not a mention.
	Common bool
	// Language is the one a text must be in for the wording to count; "" is any.
	Language string
	// Cased says that the wording counts only with the capitals it has here, or
	// with more.
	Cased bool
	// Phrase says that the wording is ordinary language where it has small letters,
	// such as "gold dragon": so written it needs what says that it is a name.
	Phrase bool
}

// A Candidate is an entity a name may stand for, and how much of the name's
// use is taken to mean it.
type Candidate struct {
	Entity intel.Entity
	Share  float64
	SaidBy []string // names of packs and lists, such as "attack" or "misp threat-actor"
}

// A Technique is an ATT&CK technique or sub-technique.
type Technique struct {
	ID          string
	Name        string
	Tactics     []string // short names, such as "initial-access"
	Description string   // its first sentence
	Revoked     bool
	Deprecated  bool
	RevokedBy   string // the technique that took its place, if any
}

// An Alleged is a country or sector that lists bring in connection with an entity.
type Alleged struct {
	Entity intel.Entity
	SaidBy []string // lists
}

// A Told is an entity that packs relate to another.
type Told struct {
	Entity   intel.Entity
	Relation intel.Relation // from the entity to the other
	SaidBy   []string       // lists
}

// An Alias is a name that lists give an entity.
type Alias struct {
	Text   string
	Share  float64 // how much of the name is the entity's
	SaidBy []string
}

// A Fact is what the packs say of an entity beyond its names.
type Fact struct {
	Summary    string    // the first sentence of a description
	Countries  []Alleged // where it is from
	Victims    []Alleged // countries and sectors it attacks
	References []string
	// Techniques and Software are what ATT&CK says the entity uses.
	Techniques []string
	Software   []intel.Entity
	// AttributedTo is the groups that ATT&CK attributes a campaign to.
	AttributedTo []intel.Entity
	SaidBy       []string
}
