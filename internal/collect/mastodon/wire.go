package mastodon

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// status is a post as the API of Mastodon has it, and of what speaks it.
type status struct {
	ID         string     `json:"id"`
	Created    time.Time  `json:"created_at"`
	Edited     *time.Time `json:"edited_at"`
	Spoiler    string     `json:"spoiler_text"`
	Visibility string     `json:"visibility"`
	Language   string     `json:"language"`
	URI        string     `json:"uri"`
	URL        string     `json:"url"`
	Content    string     `json:"content"`
	Reblog     *status    `json:"reblog"`
	Account    account    `json:"account"`
	Media      []media    `json:"media_attachments"`
	Poll       *poll      `json:"poll"`
}

type account struct {
	ID   string `json:"id"`
	Acct string `json:"acct"` // user, of another server user@host
	URL  string `json:"url"`
}

type media struct {
	Type        string `json:"type"`
	Description string `json:"description"`
}

type poll struct {
	Options []struct {
		Title string `json:"title"`
	} `json:"options"`
}

// instance is what a server says of itself, at /api/v2/instance.
type instance struct {
	Configuration struct {
		URLs struct {
			Streaming string `json:"streaming"`
		} `json:"urls"`
	} `json:"configuration"`
}

// statuses reads a timeline. What in it is no post is told apart from the rest.
func statuses(body []byte) (all []status, bad []error, err error) {
	var raw []json.RawMessage
	if err := collect.JSON(body, &raw); err != nil {
		return nil, nil, err
	}
	for _, r := range raw {
		var s status
		if err := json.Unmarshal(r, &s); err != nil || s.ID == "" {
			bad = append(bad, fmt.Errorf("no post: %.100q: %w", r, intel.ErrInvalid))
			continue
		}
		all = append(all, s)
	}
	return all, bad, nil
}
