package reddit

import (
	"encoding/json"
	"math"
	"time"
)

// token is what Reddit answers to who proves to be an application.
type token struct {
	Access  string `json:"access_token"`
	Expires int64  `json:"expires_in"` // seconds
	Error   string `json:"error"`
}

// listing is a list of things, the newest first.
type listing struct {
	Data struct {
		After    string  `json:"after"`
		Children []thing `json:"children"`
	} `json:"data"`
}

// thing is a post (t3) or a comment (t1).
type thing struct {
	Kind string `json:"kind"`
	Data struct {
		Name      string  `json:"name"` // t3_abc
		Author    string  `json:"author"`
		Subreddit string  `json:"subreddit"`
		Permalink string  `json:"permalink"`
		Created   seconds `json:"created_utc"`
		Edited    seconds `json:"edited"` // false, or when

		Title    string `json:"title"` // of a post
		Text     string `json:"selftext"`
		URL      string `json:"url"`
		Self     bool   `json:"is_self"`
		Removed  string `json:"removed_by_category"`
		Link     string `json:"link_title"` // of a comment
		Body     string `json:"body"`
		Distinct string `json:"distinguished"`
	} `json:"data"`
}

// seconds are a time as Reddit tells it; false, and what is no time, is unknown.
type seconds struct{ time.Time }

// UnmarshalJSON implements json.Unmarshaler.
func (s *seconds) UnmarshalJSON(text []byte) error {
	var n float64
	if json.Unmarshal(text, &n) != nil || n <= 0 || n > 1e11 {
		return nil
	}
	whole, part := math.Modf(n)
	s.Time = time.Unix(int64(whole), int64(part*1e9)).UTC()
	return nil
}
