package github

import "time"

// repositories is what a search for repositories finds, at /search/repositories.
type repositories struct {
	Items []repository `json:"items"`
}

type repository struct {
	ID          int64     `json:"id"`
	FullName    string    `json:"full_name"`
	URL         string    `json:"html_url"`
	Description string    `json:"description"`
	Homepage    string    `json:"homepage"`
	Created     time.Time `json:"created_at"`
	Pushed      time.Time `json:"pushed_at"`
	Language    string    `json:"language"`
	Topics      []string  `json:"topics"`
	Fork        bool      `json:"fork"`
	Owner       account   `json:"owner"`
}

type account struct {
	Login string `json:"login"`
}

// codes is what a search in code finds, at /search/code.
type codes struct {
	Items []code `json:"items"`
}

type code struct {
	Name       string     `json:"name"`
	Path       string     `json:"path"`
	SHA        string     `json:"sha"`
	URL        string     `json:"html_url"`
	Repository repository `json:"repository"`
	Matches    []struct {
		Fragment string `json:"fragment"`
	} `json:"text_matches"`
}

// gist is one of the lists of gists, or all of it, at /gists/id.
type gist struct {
	ID          string    `json:"id"`
	URL         string    `json:"html_url"`
	Description string    `json:"description"`
	Updated     time.Time `json:"updated_at"`
	Owner       account   `json:"owner"`
	Files       map[string]struct {
		Content string `json:"content"`
	} `json:"files"`
}
