package x

import "time"

// answer is what the API of X, version 2, finds.
type answer struct {
	Data     []post   `json:"data"`
	Includes includes `json:"includes"`
	Meta     struct {
		Next string `json:"next_token"`
	} `json:"meta"`
}

// includes is who wrote posts, and what they repeat.
type includes struct {
	Users  []user `json:"users"`
	Tweets []post `json:"tweets"`
}

// post is a post.
type post struct {
	ID         string     `json:"id"`
	Text       string     `json:"text"`
	Created    time.Time  `json:"created_at"`
	Author     string     `json:"author_id"`
	Lang       string     `json:"lang"`
	Entities   entities   `json:"entities"`
	References []relation `json:"referenced_tweets"`
	Note       *note      `json:"note_tweet"` // the whole of a long one
}

type note struct {
	Text     string   `json:"text"`
	Entities entities `json:"entities"`
}

type entities struct {
	URLs []struct {
		URL       string `json:"url"`
		Expanded  string `json:"expanded_url"`
		Unwound   string `json:"unwound_url"`
		MediaKey  string `json:"media_key"`
		Displayed string `json:"display_url"`
	} `json:"urls"`
}

// relation is a post that another repeats, quotes or answers.
type relation struct {
	Type string `json:"type"` // retweeted, quoted, replied_to
	ID   string `json:"id"`
}

type user struct {
	ID       string `json:"id"`
	Username string `json:"username"`
}
