// Package taxii collects the objects of collections on TAXII 2.1 servers: STIX, read as
// bundles of files are.
package taxii

import (
	"cmp"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads TAXII servers.
var Connector = collect.Connector{
	Name:        "taxii",
	Proven:      "medallion 3.0.0, the server of OASIS",
	About:       "STIX objects of collections on a TAXII 2.1 server",
	Every:       time.Hour,
	Reliability: 'B',
	Settings:    settings{},
	Open:        open,
}

const (
	media = "application/taxii+json;version=2.1"
	// added is the header that tells when the last object of a page came to the server.
	added = "X-TAXII-Date-Added-Last"
	// mostRoots is how many roots of one server are read.
	mostRoots = 32
)

type settings struct {
	URL         string         `json:"url" help:"Address of discovery, such as https://taxii.example/taxii2/, or of one root of its API."`
	Collections []string       `json:"collections" help:"Collections to read, by id, alias or title; all that may be read if missing."`
	Username    string         `json:"username" help:"Who reads."`
	Password    collect.Secret `json:"password" help:"Password of who reads."`
	Token       collect.Secret `json:"token" help:"Token that is sent instead of a name and password (Bearer)."`
	Limit       int            `json:"limit" help:"How many objects are asked for at once; 500 if missing."`
}

type source struct {
	collect.Env
	settings
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	s := &source{Env: env, settings: settings{Limit: 500}}
	if err := decode(&s.settings); err != nil {
		return nil, err
	}
	switch {
	case s.Limit < 1:
		return nil, errors.New("limit: how many objects are asked for at once, one at least")
	case s.Token != "" && (s.Username != "" || s.Password != ""):
		return nil, errors.New("token and password are two ways to say who reads; give one")
	case s.Password != "" && s.Username == "":
		return nil, errors.New("username is missing")
	}
	return s, collect.CheckURL("url", s.URL)
}

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	at, err := newProgress(from)
	if err != nil {
		return err
	}
	all, err := s.all(ctx)
	if err != nil {
		return err
	}
	for _, c := range all {
		r := reading{source: s, url: c, at: at, emit: emit}
		if err := r.run(ctx); err != nil {
			return err
		}
	}
	return nil
}

// all is the addresses of the collections that are read.
func (s *source) all(ctx context.Context) ([]string, error) {
	roots, err := s.roots(ctx)
	if err != nil {
		return nil, err
	}
	var out, named []string
	var failed error
	for _, root := range roots {
		r, err := s.get(ctx, root+"collections/")
		if refused(err) && len(roots) > 1 { // others may be for us
			failed = err
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := parse[collections](r.Body)
		if err != nil {
			return nil, fmt.Errorf("%scollections/: %w", root, err)
		}
		for _, c := range list.Collections {
			wanted := slices.ContainsFunc(s.Collections, func(name string) bool { return name != "" && (name == c.ID || name == c.Alias || name == c.Title) })
			named = append(named, cmp.Or(c.Title, c.ID))
			if c.ID != "" && (wanted || len(s.Collections) == 0 && c.CanRead) {
				out = append(out, root+"collections/"+url.PathEscape(c.ID)+"/objects/")
			}
		}
	}
	switch {
	case len(out) == 0 && failed != nil:
		return nil, failed
	case len(out) == 0 && len(s.Collections) > 0:
		return nil, collect.Permanent(fmt.Errorf("%s has none of the collections that are to be read; it has %.200q", s.URL, named))
	}
	return out, nil
}

// roots is the addresses of the roots of the API, each with a slash at its end. What is secret
// goes to no other host, whatever discovery says.
func (s *source) roots(ctx context.Context) ([]string, error) {
	r, err := s.get(ctx, s.URL)
	if err != nil {
		return nil, err
	}
	what, err := parse[server](r.Body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.URL, err)
	}
	base, err := url.Parse(s.URL)
	if err != nil {
		return nil, err
	}
	if len(what.Versions) > 0 {
		return []string{slashed(base)}, nil
	}
	var out []string
	for _, root := range what.Roots[:min(len(what.Roots), mostRoots)] {
		u, err := base.Parse(root)
		if err == nil && (u.Host != base.Host || u.Scheme != base.Scheme) {
			err = fmt.Errorf("it is not on %s; give it as url to read it", base.Host)
		}
		if err != nil {
			s.Reject("root "+root, err)
			continue
		}
		out = append(out, slashed(u))
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s names no root of an API that is on its host: %w", s.URL, intel.ErrInvalid)
	}
	return out, nil
}

func slashed(u *url.URL) string {
	out := *u
	out.RawQuery, out.Fragment = "", ""
	return strings.TrimSuffix(out.String(), "/") + "/"
}

// refused reports whether a server does not let us read something.
func refused(err error) bool {
	s := (*fetch.StatusError)(nil)
	return errors.As(err, &s) && (s.Status == http.StatusUnauthorized || s.Status == http.StatusForbidden || s.Status == http.StatusNotFound)
}

// get asks for something. What retrying cannot cure is permanent.
func (s *source) get(ctx context.Context, address string) (fetch.Response, error) {
	header := http.Header{"Accept": {media}}
	switch {
	case s.Token != "":
		token, err := s.Reveal(s.Token)
		if err != nil {
			return fetch.Response{}, err
		}
		header.Set("Authorization", "Bearer "+token)
	case s.Username != "":
		password := ""
		if s.Password != "" {
			var err error
			if password, err = s.Reveal(s.Password); err != nil {
				return fetch.Response{}, err
			}
		}
		header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(s.Username+":"+password)))
	}
	r, err := s.Fetch.Do(ctx, fetch.Request{URL: address, Header: header})
	status := (*fetch.StatusError)(nil)
	switch {
	case errors.As(err, &status) && (status.Status == http.StatusUnauthorized || status.Status == http.StatusForbidden):
		return r, collect.Permanent(fmt.Errorf("%w: the server does not take who reads; see username and password, or token", err))
	case errors.As(err, &status) && status.Status == http.StatusNotAcceptable:
		return r, collect.Permanent(fmt.Errorf("%w: the server speaks no TAXII 2.1", err))
	case err != nil:
		return r, err
	}
	if collect.IsPage(r) {
		return r, fmt.Errorf("%s: a page for people came, and no answer of a TAXII server", address)
	}
	return r, nil
}
