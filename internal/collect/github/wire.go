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

// advisory is one of GitHub's own, at /advisories.
type advisory struct {
	GHSA        string    `json:"ghsa_id"`
	CVE         string    `json:"cve_id"`
	URL         string    `json:"html_url"`
	Summary     string    `json:"summary"`
	Description string    `json:"description"`
	References  []string  `json:"references"`
	Published   time.Time `json:"published_at"`
	Updated     time.Time `json:"updated_at"`
	Withdrawn   *string   `json:"withdrawn_at"`
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
