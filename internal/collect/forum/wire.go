package forum

import (
	"encoding/json"
	"strconv"
	"time"
)

// topicList is what Discourse tells of a list of topics, at /latest.json or /c/slug/id.json.
type topicList struct {
	List struct {
		More   string  `json:"more_topics_url"`
		Topics []topic `json:"topics"`
	} `json:"topic_list"`
}

type topic struct {
	ID      int64  `json:"id"`
	Title   string `json:"title"`
	Slug    string `json:"slug"`
	Highest int64  `json:"highest_post_number"`
	Last    string `json:"last_posted_at"`
}

// topicView is what it tells of a topic, at /t/id.json.
type topicView struct {
	Title  string `json:"title"`
	Chunk  int    `json:"chunk_size"`
	Stream struct {
		Posts []struct {
			ID      int64     `json:"id"`
			User    string    `json:"username"`
			Created time.Time `json:"created_at"`
			Cooked  string    `json:"cooked"`
			Type    int       `json:"post_type"` // 1: what somebody wrote
			Hidden  bool      `json:"hidden"`
		} `json:"posts"`
		IDs []int64 `json:"stream"` // of all of its posts
	} `json:"post_stream"`
}

// jsonAPI is how Flarum tells of anything (jsonapi.org).
type jsonAPI struct {
	Data     []resource `json:"data"`
	Included []resource `json:"included"`
	Links    struct {
		Next string `json:"next"`
	} `json:"links"`
}

type resource struct {
	Type       string     `json:"type"`
	ID         string     `json:"id"`
	Attributes attributes `json:"attributes"`
	Relations  struct {
		User struct {
			Data struct {
				ID string `json:"id"`
			} `json:"data"`
		} `json:"user"`
	} `json:"relationships"`
}

type attributes struct {
	Title       string          `json:"title"`
	Slug        string          `json:"slug"`
	Last        json.RawMessage `json:"lastPostNumber"`
	LastAt      string          `json:"lastPostedAt"`
	Number      json.RawMessage `json:"number"`
	CreatedAt   time.Time       `json:"createdAt"`
	Kind        string          `json:"contentType"`
	HTML        string          `json:"contentHtml"`
	Username    string          `json:"username"`
	DisplayName string          `json:"displayName"`
}

func decimal(n int64) string { return strconv.FormatInt(n, 10) }
