// Package misp collects MISP events: from files, of one event, a list of events, or the answer
// of a search; from feeds as MISP serves them; and from MISP servers.
package misp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
	"github.com/portent-cti/portent/internal/misp"
)

// Connector reads MISP event JSON.
var Connector = collect.Connector{
	Name:        "misp",
	Proven:      "events that ESET publishes, as files and as a feed; on no server",
	About:       "MISP events (JSON): files, feeds and servers",
	Every:       time.Hour,
	Reliability: 'B',
	Unnamed:     "misp",
	Settings:    settings{},
	Open:        open,
	Recognise:   recognise,
}

const maxFile = 256 << 20

type settings struct {
	Path   string         `json:"path" help:"File of this machine, such as /srv/lists/bad.json."`
	URL    string         `json:"url" help:"Address of a file, which is read again when it has changed."`
	Feed   string         `json:"feed" help:"Address of a feed: the folder that manifest.json is in."`
	Server string         `json:"server" help:"Address of a MISP server whose published events are read."`
	Key    collect.Secret `json:"key" help:"Authentication key of who reads the server."`
	Limit  int            `json:"limit" help:"How many events the server is asked for at once; 20 if missing."`
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	s := settings{Limit: perPage}
	if err := decode(&s); err != nil {
		return nil, err
	}
	given := 0
	for _, where := range []string{s.Path, s.URL, s.Feed, s.Server} {
		if where != "" {
			given++
		}
	}
	switch {
	case given == 0:
		return nil, errors.New("feed, server, url or path is missing")
	case given > 1:
		return nil, errors.New("path, url, feed and server are four places; give one")
	case s.Feed != "":
		s.Feed = strings.TrimSuffix(strings.TrimSuffix(s.Feed, "manifest.json"), "/")
		return &feed{Env: env, url: s.Feed}, collect.CheckURL("feed", s.Feed)
	case s.Server != "" && s.Key == "":
		return nil, errors.New("key is missing: a server is read by somebody alone")
	case s.Server != "" && s.Limit < 1:
		return nil, errors.New("limit: how many events are asked for at once, one at least")
	case s.Server != "":
		return &server{Env: env, settings: s, url: strings.TrimSuffix(s.Server, "/") + "/events/restSearch"}, collect.CheckURL("server", s.Server)
	}
	return collect.FileSettings{Path: s.Path, URL: s.URL}.Source(env, read)
}

func recognise(_ fs.FS, _ string, head []byte) bool {
	return bytes.Contains(head, []byte(`"Event"`)) && (bytes.Contains(head, []byte(`"Attribute"`)) || bytes.Contains(head, []byte(`"threat_level_id"`)) || bytes.Contains(head, []byte(`"Orgc"`)))
}

func read(ctx context.Context, env collect.Env, path string, keep func(intel.Document) error) error {
	body, err := text(ctx, env, path)
	if err != nil {
		return err
	}
	docs, err := reader(env).Documents(body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for d := range docs {
		if err := keep(d); err != nil {
			return err
		}
	}
	return nil
}

// Values hands over the indicators of a file in the order in which they stand, each
// with when it was seen as the file says, zero if it does not. What cannot be read is
// told to env.Reject where it stands.
func Values(ctx context.Context, env collect.Env, path string, each func(intel.Entity, time.Time) error) error {
	body, err := text(ctx, env, path)
	if err != nil {
		return err
	}
	values, err := reader(env).Values(body)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for e, at := range values {
		if err := each(e, at); err != nil {
			return err
		}
	}
	return nil
}

func reader(env collect.Env) misp.Reader {
	return misp.Reader{Source: env.ID, Indicator: collect.Indicator, Reject: env.Reject}
}

// text is the text of a file, no deeper than is read.
func text(ctx context.Context, env collect.Env, path string) ([]byte, error) {
	body, err := collect.ReadText(ctx, env, path, maxFile)
	if err != nil {
		return nil, err
	}
	if err := collect.CheckDepth(body); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return body, nil
}
