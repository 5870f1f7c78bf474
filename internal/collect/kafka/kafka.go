// Package kafka reads messages of topics of a Kafka cluster, or of what speaks as one does,
// on from where they were read up to.
//
// It joins no group, commits nothing and makes nothing: how far was read is kept here alone.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// Connector reads messages.
var Connector = collect.Connector{
	Name:        "kafka",
	About:       "log lines or documents from topics of a Kafka cluster",
	Proven:      "Apache Kafka 4.3.1 (KRaft): its console producer with each way to pack, transactions, retention, compaction; TLS, PLAIN and SCRAM",
	Reliability: 'F',
	Ports:       []uint16{usualPort, 9093},
	Live:        true,
	Telemetry:   true,
	Settings:    settings{},
	Open:        open,
}

const (
	usualPort = 9092
	// mostServers and mostTopics bound the settings, and mostPartitions what the topics are
	// made of together: a cursor has a number for each.
	mostServers, mostTopics, mostPartitions = 20, 100, 1000
	// longestTopic is how long the name of a topic can be.
	longestTopic = 249
	// looking is how often new partitions are looked for.
	looking = 30 * time.Second
)

// The ways to log in.
const (
	openly   = "PLAIN"
	scram256 = "SCRAM-SHA-256"
	scram512 = "SCRAM-SHA-512"
)

type settings struct {
	Servers   []string       `json:"servers" help:"Servers of the cluster to begin at, such as kafka1.example.net:9092; the others are learned from them."`
	Topics    []string       `json:"topics" help:"Topics to read."`
	New       bool           `json:"new" help:"Leave alone what the topics hold at the first visit; else they are read from their begin."`
	Plain     bool           `json:"plain" help:"Speak without TLS: who stands between reads and changes all."`
	Documents bool           `json:"documents" help:"Messages are documents, one JSON object a line, and no lines to be hunted."`
	User      string         `json:"user" help:"User to log in as (SASL)."`
	Password  collect.Secret `json:"password" help:"Its password."`
	Mechanism string         `json:"mechanism" help:"How to log in: SCRAM-SHA-512, which is meant if it is missing, SCRAM-SHA-256 or PLAIN."`
}

type source struct {
	collect.Env
	settings
	every time.Duration // new partitions are looked for
}

func open(env collect.Env, decode func(any) error) (collect.Source, error) {
	var s settings
	if err := decode(&s); err != nil {
		return nil, err
	}
	if s.User != "" && s.Mechanism == "" {
		s.Mechanism = scram512
	}
	for i, server := range s.Servers {
		if _, _, err := net.SplitHostPort(server); err != nil {
			s.Servers[i] = net.JoinHostPort(strings.Trim(server, "[]"), strconv.Itoa(usualPort))
		}
	}
	return &source{env, s, looking}, errors.Join(s.check(), s.checkLogin())
}

// check judges what is to be read.
func (s settings) check() error {
	switch {
	case len(s.Servers) == 0:
		return errors.New("servers is missing")
	case len(s.Servers) > mostServers:
		return fmt.Errorf("servers: %d of them; %d are the most, and the others are learned from them", len(s.Servers), mostServers)
	case len(s.Topics) == 0:
		return errors.New("topics is missing: what is to be read")
	case len(s.Topics) > mostTopics:
		return fmt.Errorf("topics: %d of them, and %d are the most of one source", len(s.Topics), mostTopics)
	}
	for _, server := range s.Servers {
		if _, _, err := address(server); err != nil {
			return fmt.Errorf("servers: %w", err)
		}
	}
	for i, topic := range s.Topics {
		if !named(topic) {
			return fmt.Errorf("topics: %q is no name such as logs.web", topic)
		}
		if slices.Contains(s.Topics[:i], topic) {
			return fmt.Errorf("topics: %s stands there twice", topic)
		}
	}
	return nil
}

func (s settings) checkLogin() error {
	switch {
	case (s.User == "") != (s.Password == ""):
		return errors.New("user and password go together")
	case s.User == "" && s.Mechanism != "":
		return errors.New("mechanism is of a login; user and password are missing")
	case s.User != "" && !slices.Contains([]string{openly, scram256, scram512}, s.Mechanism):
		return fmt.Errorf("mechanism: %q is none of %s, %s and %s", s.Mechanism, scram512, scram256, openly)
	case strings.ContainsFunc(s.User, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return errors.New("user: there are control characters in it")
	}
	for _, server := range s.Servers {
		if host, _, err := address(server); err == nil && !s.safe(host) {
			return errors.New("plain: a login goes over no line that others can read; use TLS")
		}
	}
	return nil
}

// safe reports whether a login, if there is one, may be told to a host.
func (s settings) safe(host string) bool {
	return !s.Plain || s.Password == "" || collect.Here(host)
}

// address is where a server is.
func address(server string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(server)
	if err == nil {
		var number uint64
		number, err = strconv.ParseUint(text, 10, 16)
		port = uint16(number)
	}
	if err != nil || port == 0 || host == "" || len(host) > 255 || strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune("/@", r) }) {
		return "", 0, fmt.Errorf("%.300q is no server such as kafka1.example.net:9092", server)
	}
	return host, port, nil
}

// named reports whether a topic can be called so.
func named(topic string) bool {
	return topic != "" && topic != "." && topic != ".." && len(topic) <= longestTopic && !strings.ContainsFunc(topic, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '_' && r != '-'
	})
}

// Documents implements collect.Documented.
func (s *source) Documents() bool { return s.settings.Documents }

// Collect implements collect.Source.
func (s *source) Collect(ctx context.Context, from intel.Cursor, emit collect.Emit) error {
	at, err := readPlace(from)
	if err != nil {
		return err
	}
	within, stop := context.WithCancel(ctx)
	r := reading{source: s, place: at, emit: emit}
	err = r.all(within)
	stop() // what is being connected to
	r.close()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.failed(err)
}
