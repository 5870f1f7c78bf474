package bluesky

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// event is what Jetstream tells: a change of a repository of an account, or of the account.
type event struct {
	DID    string  `json:"did"`
	At     int64   `json:"time_us"` // when Jetstream saw it, in microseconds: the cursor
	Kind   string  `json:"kind"`    // commit, identity, account
	Commit *commit `json:"commit"`
}

type commit struct {
	Operation  string          `json:"operation"` // create, update, delete
	Collection string          `json:"collection"`
	Key        string          `json:"rkey"`
	CID        string          `json:"cid"`
	Record     json.RawMessage `json:"record"`
}

// record is a post, app.bsky.feed.post.
type record struct {
	Text    string   `json:"text"`
	Created string   `json:"createdAt"`
	Langs   []string `json:"langs"`
	Facets  []facet  `json:"facets"`
	Embed   *embed   `json:"embed"`
}

// facet says what a part of a text stands for, in bytes.
type facet struct {
	Index struct {
		Start int `json:"byteStart"`
		End   int `json:"byteEnd"`
	} `json:"index"`
	Features []struct {
		Type string `json:"$type"`
		URI  string `json:"uri"`
	} `json:"features"`
}

// embed is what stands below a text: a card, pictures, another post, or two of these.
type embed struct {
	External *struct {
		URI         string `json:"uri"`
		Title       string `json:"title"`
		Description string `json:"description"`
	} `json:"external"`
	Images []struct {
		Alt string `json:"alt"`
	} `json:"images"`
	Alt    string          `json:"alt"`    // of a video
	Record json.RawMessage `json:"record"` // {"uri"}, or {"record": {"uri"}} beside media
	Media  *embed          `json:"media"`
}

type reference struct {
	URI    string     `json:"uri"`
	Record *reference `json:"record"`
}

// read reads an event.
func read(message []byte) (e event, err error) {
	if err := collect.CheckDepth(message); err != nil {
		return e, err
	}
	if err := json.Unmarshal(message, &e); err != nil {
		return e, fmt.Errorf("%w: %w", intel.ErrInvalid, err)
	}
	if e.DID == "" || e.At <= 0 || e.At > 1<<53 {
		return e, fmt.Errorf("no event: %.100q: %w", message, intel.ErrInvalid)
	}
	return e, nil
}

// at is when Jetstream saw it.
func (e event) at() time.Time { return time.UnixMicro(e.At).UTC() }
