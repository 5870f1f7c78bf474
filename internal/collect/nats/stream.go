package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	client "github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostAtOnce is how many messages are asked for at once, and waiting for how long.
	mostAtOnce, waiting = 64, 20 * time.Second
	// forgetting is after how long the server forgets who no longer asks.
	forgetting = 10 * time.Minute
)

// A place is how far a stream was read. Its cursor is "created done part".
type place struct {
	created time.Time // the stream, which may have been made anew under its name
	done    uint64    // sequence up to which all was read
	part    int       // documents of the message behind it
}

func (p place) cursor() intel.Cursor {
	return intel.Cursor(fmt.Sprintf("%s %d %d", p.created.UTC().Format(time.RFC3339Nano), p.done, p.part))
}

func readPlace(c intel.Cursor) (p place, err error) {
	if c == "" {
		return p, nil
	}
	created, rest, _ := strings.Cut(string(c), " ")
	done, part, _ := strings.Cut(rest, " ")
	var wrong [3]error
	p.created, wrong[0] = time.Parse(time.RFC3339Nano, created)
	p.done, wrong[1] = strconv.ParseUint(done, 10, 64)
	p.part, wrong[2] = strconv.Atoi(part)
	if err := errors.Join(wrong[:]...); err != nil {
		return p, fmt.Errorf("cursor %q: %w: %w", c, err, intel.ErrInvalid)
	}
	return p, nil
}

// in is the place from which a stream is read on, and tells what of it is gone.
func (p place) in(info *jetstream.StreamInfo, notice func(error)) place {
	first := p.created.IsZero()
	switch {
	case !first && (!p.created.Equal(info.Created) || p.done > info.State.LastSeq):
		notice(fmt.Errorf("the stream %s is another one than was read, or was set back; it is read from its begin", info.Config.Name))
		p = place{}
	case !first && info.State.FirstSeq > p.done+1:
		notice(fmt.Errorf("up to %d messages were gone from the stream %s before they were read; its limits are too narrow", info.State.FirstSeq-p.done-1, info.Config.Name))
		p.done, p.part = info.State.FirstSeq-1, 0
	}
	p.created = info.Created
	return p
}

// stream reads a stream from a place on.
func (s *source) stream(ctx context.Context, c *client.Conn, at place, emit collect.Emit) error {
	js, err := jetstream.New(c)
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, answering)
	defer cancel()
	stream, err := js.Stream(within, s.Stream)
	if err != nil {
		return err
	}
	info := stream.CachedInfo()
	if info.Config.Retention != jetstream.LimitsPolicy {
		return collect.Permanent(fmt.Errorf("the stream %s forgets what was read, so that reading it would take messages from others or lose them; read a mirror of it with retention by limits", s.Stream))
	}
	at = at.in(info, s.Noticed)
	reader, err := stream.CreateConsumer(within, jetstream.ConsumerConfig{AckPolicy: jetstream.AckNonePolicy, DeliverPolicy: jetstream.DeliverByStartSequencePolicy,
		OptStartSeq: at.done + 1, FilterSubject: s.Subject, InactiveThreshold: forgetting, MemoryStorage: true, Replicas: 1})
	if err != nil {
		return err
	}
	if s.Once && reader.CachedInfo().NumPending == 0 {
		return nil
	}
	r := reading{source: s, at: at, emit: emit}
	for !r.over {
		if err := r.some(ctx, reader); err != nil {
			return err
		}
	}
	return nil
}

// reading is a stream that is read.
type reading struct {
	*source
	at   place
	last uint64 // message that was handed over, counted by who hands it over
	emit collect.Emit
	over bool // it is read this once, and was read
}

// some reads some messages, or none within a while.
func (r *reading) some(ctx context.Context, from jetstream.Consumer) error {
	within, cancel := context.WithTimeout(ctx, waiting)
	defer cancel()
	batch, err := from.Fetch(mostAtOnce, jetstream.FetchContext(within))
	if err != nil {
		return err
	}
	for m := range batch.Messages() {
		if err := r.message(m); err != nil || r.over {
			return err
		}
	}
	if err := batch.Error(); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return ctx.Err()
}

// message hands on a message, and where its documents end. A message that is missing before it
// is asked for again, from the cursor.
func (r *reading) message(m jetstream.Msg) error {
	about, err := m.Metadata()
	if err != nil {
		return err
	}
	if about.Sequence.Consumer != r.last+1 {
		return fmt.Errorf("messages before %d of the stream %s did not arrive", about.Sequence.Stream, r.Stream)
	}
	r.last = about.Sequence.Consumer
	r.over = r.Once && about.NumPending == 0
	number := about.Sequence.Stream
	docs, err := collect.Message{Queue: r.Stream, Key: []string{r.at.created.UTC().Format(time.RFC3339Nano), strconv.FormatUint(number, 10)}, Sent: about.Timestamp, Body: m.Data()}.Of(r.source, r.Env)
	if err != nil {
		return err
	}
	done := 0
	if number == r.at.done+1 {
		done = r.at.part
	}
	err = collect.EmitRest(docs, done, r.emit, func(part int) intel.Cursor {
		if part == 0 {
			return place{r.at.created, number, 0}.cursor()
		}
		return place{r.at.created, number - 1, part}.cursor()
	})
	r.at.done, r.at.part = number, 0
	return err
}
