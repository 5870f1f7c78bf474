// Package demo invents a world to try Portent on: actors, their infrastructure
// and eighteen months of documents about them in six languages, with the truth
// beside it.
//
// Everything is generated from a seed, names included, so that nothing can
// depend on a particular string. Addresses and domains are reserved ones (RFC
// 5737, RFC 3849, RFC 2606), vulnerabilities are of the year 2099 and hashes
// are random. The package knows nothing about how documents are read: it
// imports only the nouns.
package demo

import (
	"math/rand/v2"
	"time"

	"github.com/portent-cti/portent/internal/intel"
)

// A Scenario is one invented world as of one moment.
type Scenario struct {
	Seed      uint64
	Start     time.Time // of the eighteen months
	Now       time.Time // their end
	Sources   []Source
	Documents []intel.Document // oldest first
	Reference Reference
	Truth     Truth
}

// A Source is one invented place documents come from. Handles and channels
// said there are written ID/name.
type Source struct {
	ID          intel.SourceID    `json:"id"`
	Name        string            `json:"name"`
	Genre       intel.Genre       `json:"genre"`
	Reliability intel.Reliability `json:"reliability"`
	// Language is what all of it is written in; empty where it is mixed.
	Language string `json:"language,omitempty"`
	Host     string `json:"host"`
}

// A Reference is what this world knows beforehand, for the caller to make
// packs of. It holds only a part of the names: the others must be learned from
// the documents.
type Reference struct {
	Actors     []Known     `json:"actors"`
	Malware    []Known     `json:"malware"`
	Tools      []Known     `json:"tools"`
	Sectors    []Known     `json:"sectors"`
	Countries  []Known     `json:"countries"`
	Products   []Known     `json:"products"`
	Techniques []Technique `json:"techniques"`
	Flaws      []Flaw      `json:"vulnerabilities"`
	// Benign lists values that are usually harmless here: resolvers, shared
	// hosting and the sites of those who publish.
	Benign []string `json:"benign"`
	// Ordinary lists the reserved networks and domains that are everyday
	// addresses in this world, where all others do not occur.
	Ordinary []string `json:"ordinary"`
}

// A Known is an entity of the reference with the names it is known by, the
// usual one first.
type Known struct {
	Entity      intel.Entity `json:"entity"`
	Names       []string     `json:"names"`
	Description string       `json:"description,omitempty"`
}

// A Technique is one of ATT&CK's.
type Technique struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Tactic string `json:"tactic"`
}

// A Flaw is an invented vulnerability and the fragments used to exploit it.
type Flaw struct {
	ID       string       `json:"id"`
	Product  intel.Entity `json:"product"`
	Title    string       `json:"title"` // of the product
	Weakness string       `json:"weakness"`
	Version  string       `json:"version"` // first that is not affected
	Path     string       `json:"path"`
	Argument string       `json:"argument"`
	Input    string       `json:"input"`
	Port     string       `json:"port"`
	Function string       `json:"function"`
	Library  string       `json:"library"`
}

// months is how long the scenario lasts.
const months = 18

// New invents the world of that seed, ending now. Equal arguments give equal
// worlds.
func New(seed uint64, now time.Time) Scenario {
	now = now.UTC().Truncate(time.Minute)
	w := newWorld(rand.New(rand.NewPCG(seed, 0x706f7274656e74)), now)
	w.people()
	w.tell()
	w.chatter()
	w.relay()
	s := Scenario{Seed: seed, Start: w.start, Now: w.now, Sources: w.sources, Reference: w.reference()}
	s.Documents, s.Truth = w.finish()
	s.Truth.Seed = seed
	return s
}
