package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

const (
	// mostAtOnce is how many bytes of messages a server is asked for at once, mostOfOne how many
	// of them of one partition, and waiting for how long all servers together wait for some.
	mostAtOnce, mostOfOne = 4 << 20, 1 << 20
	waiting               = 500 * time.Millisecond
	// committed asks for no messages of transactions that are not over.
	committed = 1
)

// reading is topics that are read.
type reading struct {
	*source
	place    place
	emit     collect.Emit
	cluster  *kgo.Client            // tells what there is
	servers  map[string]*kgo.Client // that lead, by their addresses
	leaders  []string               // their addresses
	turn     int                    // which partition comes first, by turns
	looked   bool                   // what there is was told in this visit
	unpacker unpacker
	wrong    bool // something cannot be read at present, as was told
}

// close ends all connections, and unpacking.
func (r *reading) close() {
	if r.cluster != nil {
		r.cluster.Close()
	}
	for _, c := range r.servers {
		c.Close()
	}
	r.unpacker.close()
}

// all reads until ctx ends, or all that there is where that is asked.
func (r *reading) all(ctx context.Context) (err error) {
	r.servers = map[string]*kgo.Client{}
	if r.cluster, err = r.client(ctx, mostTold, r.Servers...); err != nil {
		return err
	}
	again := time.NewTicker(r.every)
	defer again.Stop()
	if err := r.look(ctx); err != nil {
		return err
	}
	for {
		begun := time.Now()
		came, err := r.round(ctx)
		if err != nil || r.Once && (!came || r.place.read()) {
			return err
		}
		if !came {
			rest(ctx, waiting-time.Since(begun))
		}
		select {
		case <-again.C:
			if err := r.look(ctx); err != nil {
				return err
			}
		default:
		}
	}
}

// rest waits out what servers were asked to wait, and some do not.
func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// round reads some of what each server leads, or none within a while.
func (r *reading) round(ctx context.Context) (came bool, err error) {
	r.turn++
	for _, server := range r.leaders {
		some, err := r.fetch(ctx, server)
		if err != nil {
			return came, err
		}
		came = came || some
	}
	return came, nil
}

// fetch reads some of what a server leads. A batch comes whole, however large: where that is more
// than is taken, each partition is asked for by itself, to pass over the one and read the others.
func (r *reading) fetch(ctx context.Context, server string) (came bool, err error) {
	of := r.led(server)
	came, err = r.ask(ctx, server, 1, of...)
	if !tooLarge(err) {
		return came, err
	}
	for _, p := range of {
		some, err := r.ask(ctx, server, 0, p)
		if tooLarge(err) {
			r.pass(p)
			some, err = true, nil
		}
		if err != nil {
			return came, err
		}
		came = came || some
	}
	return came, nil
}

// tooLarge reports whether an answer was left because of its size, which has no exported error.
func tooLarge(err error) bool {
	for next := err; next != nil; next = errors.Unwrap(err) {
		err = next
	}
	return err != nil && err.Error() == "response exceeds BrokerMaxReadBytes"
}

// pass passes over the next message, whose batch is too large, and tells so. How many more there
// are in it nobody says: they are passed over one by one.
func (r *reading) pass(p *partition) {
	if r.Reject != nil {
		r.Reject(fmt.Sprintf("message %d of partition %d of the topic %s", p.next, p.number, p.topic),
			fmt.Errorf("%w: it comes with more than %d MiB", collect.ErrTooLarge, mostAnswered>>20))
	}
	p.next, p.part = p.next+1, 0
}

// ask reads some of partitions of a server, and waits for as many bytes of them a while.
func (r *reading) ask(ctx context.Context, server string, least int32, of ...*partition) (came bool, err error) {
	to, err := r.server(ctx, server)
	if err != nil {
		return false, err
	}
	resp, err := r.wanted(least, of).RequestWith(ctx, to)
	if tooLarge(err) { // its connection is about to end, and would take what is asked next with it
		r.servers[server].Close()
		delete(r.servers, server)
	}
	if err == nil {
		err = kerr.ErrorForCode(resp.ErrorCode)
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", server, err)
	}
	for _, t := range resp.Topics {
		for i := range t.Partitions {
			p := r.place.find(t.Topic, t.Partitions[i].Partition)
			if p == nil || p.server != server {
				continue // what nobody asked for
			}
			before := p.next
			if err := r.partition(ctx, p, &t.Partitions[i]); err != nil {
				return came, err
			}
			came = came || p.next != before
		}
	}
	return came, nil
}

// led are the partitions of a server, each of which comes first by turns: an answer is filled in
// their order.
func (r *reading) led(server string) (of []*partition) {
	for i := range r.place {
		if p := r.place[(i+r.turn)%len(r.place)]; p.server == server {
			of = append(of, p)
		}
	}
	return of
}

// wanted asks for what follows in partitions.
func (r *reading) wanted(least int32, of []*partition) *kmsg.FetchRequest {
	req := kmsg.NewPtrFetchRequest()
	req.ReplicaID, req.SessionEpoch = -1, -1 // no other server, and nothing that is remembered
	req.MaxWaitMillis = int32(max(waiting/time.Duration(len(r.leaders)), 20*time.Millisecond) / time.Millisecond)
	req.MinBytes, req.MaxBytes, req.IsolationLevel = least, mostAtOnce, committed
	for _, p := range of {
		if n := len(req.Topics); n == 0 || req.Topics[n-1].Topic != p.topic {
			topic := kmsg.NewFetchRequestTopic()
			topic.Topic = p.topic
			req.Topics = append(req.Topics, topic)
		}
		one := kmsg.NewFetchRequestTopicPartition()
		one.Partition, one.FetchOffset, one.PartitionMaxBytes = p.number, p.next, mostOfOne
		topic := &req.Topics[len(req.Topics)-1]
		topic.Partitions = append(topic.Partitions, one)
	}
	return req
}

// partition takes in what came of a partition.
func (r *reading) partition(ctx context.Context, p *partition, came *kmsg.FetchResponseTopicPartition) error {
	switch err := kerr.ErrorForCode(came.ErrorCode); {
	case errors.Is(err, kerr.OffsetOutOfRange):
		return r.lost(ctx, p)
	case err != nil: // another server leads it now, for one: the next visit asks who
		return fmt.Errorf("partition %d of the topic %s: %w", p.number, p.topic, err)
	}
	if p.end == unknown {
		p.end = max(came.LastStableOffset, 0)
	}
	gone := abortions(came.AbortedTransactions)
	for rest := came.RecordBatches; ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		b, behind, err := nextBatch(rest)
		switch {
		case errors.Is(err, errCut) && (len(rest) == 0 || len(rest) < len(came.RecordBatches)):
			return nil // the rest comes with the next answer
		case err != nil:
			return fmt.Errorf("partition %d of the topic %s from message %d on: %w", p.number, p.topic, p.next, err)
		}
		rest = behind
		if b.next <= p.next {
			continue // it is from before
		}
		if err := r.batch(p, b, gone); err != nil {
			return err
		}
		p.next, p.part = b.next, 0
	}
}

// batch hands on the messages of a batch. What of it cannot be read is told and passed over.
func (r *reading) batch(p *partition, b batch, gone aborted) error {
	passed := gone.has(b)
	err := b.each(&r.unpacker, func(m message) error {
		switch {
		case b.control():
			gone.over(b, m)
		case !passed && m.offset >= p.next:
			return r.message(p, m)
		}
		return nil
	})
	if bad := (broken{}); errors.As(err, &bad) {
		if r.Reject != nil {
			r.Reject(fmt.Sprintf("messages %d to %d of partition %d of the topic %s", max(p.next, b.first), b.next-1, p.number, p.topic), bad.error)
		}
		return nil
	}
	return err
}

// message hands on a message, and where its documents end.
func (r *reading) message(p *partition, m message) error {
	sent := m.sent
	if now := r.Now().UTC(); sent.After(now) || sent.Unix() <= 0 {
		sent = now // whoever sent it has another clock, or none
	}
	docs, err := collect.Message{Queue: p.topic, Key: []string{p.topic, p.id, strconv.Itoa(int(p.number)), strconv.FormatInt(m.offset, 10)}, Sent: sent, Body: m.body}.Of(r.source, r.Env)
	if err != nil {
		return err
	}
	done := p.part
	if m.offset != p.next {
		done = 0
	}
	err = collect.EmitRest(docs, done, r.emit, func(part int) intel.Cursor {
		p.next, p.part = m.offset, part
		if part == 0 {
			p.next++
		}
		return r.place.cursor()
	})
	if err == nil {
		p.next, p.part = m.offset+1, 0
	}
	return err
}

// lost goes on where a partition begins of which what follows is not there, and tells so.
func (r *reading) lost(ctx context.Context, p *partition) error {
	first, err := r.offsets(ctx, p.server, atBegin, p)
	if err != nil {
		return err
	}
	last, err := r.offsets(ctx, p.server, atEnd, p)
	if err != nil {
		return err
	}
	switch {
	case p.next < first[0]:
		r.Noticed(fmt.Errorf("up to %d messages were gone from partition %d of the topic %s before they were read; its retention is too short", first[0]-p.next, p.number, p.topic))
	case p.next > last[0]:
		r.Noticed(fmt.Errorf("partition %d of the topic %s was set back; it is read from its begin", p.number, p.topic))
	default:
		return nil // it is there again
	}
	p.next, p.part = first[0], 0
	return nil
}
