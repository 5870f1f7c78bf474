package taxii

import (
	"encoding/json"
	"fmt"

	"github.com/portent-cti/portent/internal/collect"
)

// server is what discovery or the root of an API answers (TAXII 2.1, 4.1 and 4.2).
type server struct {
	Title    string   `json:"title"`
	Roots    []string `json:"api_roots"`
	Versions []string `json:"versions"`
}

// collections is what a root has (5.1).
type collections struct {
	Collections []collection `json:"collections"`
}

type collection struct {
	ID      string `json:"id"`
	Title   string `json:"title"`
	Alias   string `json:"alias"`
	CanRead bool   `json:"can_read"`
}

// envelope is a page of objects (3.7).
type envelope struct {
	More    bool              `json:"more"`
	Next    string            `json:"next"`
	Objects []json.RawMessage `json:"objects"`
}

// parse reads an answer.
func parse[T any](body []byte) (v T, err error) {
	if err := collect.CheckDepth(body); err != nil {
		return v, err
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("no answer of a TAXII server: %w", err)
	}
	return v, nil
}
