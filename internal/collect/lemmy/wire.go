package lemmy

import (
	"strings"
	"time"
)

// What the API of Lemmy, version 3, tells of posts and comments.
type (
	postList struct {
		Posts []postView `json:"posts"`
	}
	commentList struct {
		Comments []commentView `json:"comments"`
	}
	postView struct {
		Post      post   `json:"post"`
		Creator   person `json:"creator"`
		Community person `json:"community"`
	}
	commentView struct {
		Comment   comment `json:"comment"`
		Creator   person  `json:"creator"`
		Post      post    `json:"post"`
		Community person  `json:"community"`
	}
	post struct {
		Name string `json:"name"`
		URL  string `json:"url"`
		Body string `json:"body"`
		said
	}
	comment struct {
		Content string `json:"content"`
		said
	}
	// said is what posts and comments have in common.
	said struct {
		ID        int64  `json:"id"`
		Address   string `json:"ap_id"`
		Removed   bool   `json:"removed"`
		Deleted   bool   `json:"deleted"`
		Published stamp  `json:"published"`
		Updated   stamp  `json:"updated"`
	}
	// person is an account or a community.
	person struct {
		Name    string `json:"name"`
		ActorID string `json:"actor_id"` // its address, which tells its server
	}
)

// A stamp is a time in UTC, which servers before 0.19 give without saying so.
type stamp struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler. What is no time is unknown.
func (s *stamp) UnmarshalJSON(text []byte) error {
	said := strings.Trim(string(text), `"`)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05"} {
		if at, err := time.Parse(layout, said); err == nil {
			s.Time = at.UTC()
			return nil
		}
	}
	s.Time = time.Time{}
	return nil
}
