package kafka

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/portent-cti/portent/internal/collect"
)

// mostLeading is how many servers may lead what is read: each is connected to.
const mostLeading = 100

// look asks what the topics are made of and who leads that, and has new partitions begin.
func (r *reading) look(ctx context.Context) error {
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = false // or to ask for a topic would make it
	for _, name := range r.Topics {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = kmsg.StringPtr(name)
		req.Topics = append(req.Topics, topic)
	}
	resp, err := req.RequestWith(ctx, r.cluster)
	if err != nil {
		return err
	}
	servers := map[int32]string{}
	for _, b := range resp.Brokers {
		servers[b.NodeID] = net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
	}
	r.place = slices.DeleteFunc(r.place, func(p *partition) bool { return !slices.Contains(r.Topics, p.topic) })
	for _, p := range r.place {
		p.server = ""
	}
	var missing []string
	for _, name := range r.Topics {
		there, err := r.topic(name, resp, servers)
		if err != nil {
			return fmt.Errorf("topic %s: %w", name, err)
		}
		if !there {
			missing = append(missing, name)
		}
	}
	r.looked = true
	if err := r.lead(missing); err != nil {
		return err
	}
	return r.begin(ctx)
}

// topic takes in what a topic is made of, and reports whether the cluster has it.
func (r *reading) topic(name string, told *kmsg.MetadataResponse, servers map[int32]string) (there bool, err error) {
	i := slices.IndexFunc(told.Topics, func(t kmsg.MetadataResponseTopic) bool { return t.Topic != nil && *t.Topic == name })
	if i < 0 {
		return false, nil
	}
	t := told.Topics[i]
	switch err := kerr.ErrorForCode(t.ErrorCode); {
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.LeaderNotAvailable):
		return false, nil
	case err != nil:
		return false, err
	}
	id := ""
	if t.TopicID != [16]byte{} {
		id = hex.EncodeToString(t.TopicID[:])
	}
	before := r.place.of(name)
	latest := r.New && len(before) == 0 && !r.looked
	if len(before) > 0 && before[0].id != "" && id != "" && before[0].id != id {
		r.Noticed(fmt.Errorf("the topic %s is another one than was read; it is read from its begin", name))
		r.place = slices.DeleteFunc(r.place, func(p *partition) bool { return p.topic == name })
	}
	for _, made := range t.Partitions {
		p := r.place.find(name, made.Partition)
		if p == nil {
			if len(r.place) == mostPartitions || made.Partition < 0 {
				return false, collect.Permanent(fmt.Errorf("the topics have more than %d partitions together; make several sources of them", mostPartitions))
			}
			p = &partition{topic: name, number: made.Partition, next: unknown, end: unknown, latest: latest}
			r.place.add(p)
		}
		p.id, p.server = id, servers[made.Leader]
	}
	return true, nil
}

// lead notes who leads what is read, and tells what cannot be read at present.
func (r *reading) lead(missing []string) error {
	r.leaders = r.leaders[:0]
	idle := 0
	for _, p := range r.place {
		switch {
		case p.server != "" && !slices.Contains(r.leaders, p.server):
			r.leaders = append(r.leaders, p.server)
		case p.server == "" && !slices.Contains(missing, p.topic):
			idle++
		}
	}
	slices.Sort(r.leaders)
	for server, c := range r.servers {
		if !slices.Contains(r.leaders, server) {
			c.Close()
			delete(r.servers, server)
		}
	}
	var problem error
	switch {
	case len(r.leaders) > mostLeading:
		return collect.Permanent(fmt.Errorf("the topics are led by %d servers, and %d are the most", len(r.leaders), mostLeading))
	case len(missing) > 0:
		problem = fmt.Errorf("the cluster has no topic %s, or hides it from this login", strings.Join(missing, ", "))
	case idle > 0:
		problem = fmt.Errorf("no server leads %d partitions at present", idle)
	}
	if len(r.leaders) == 0 {
		return problem
	}
	if problem != nil || r.wrong {
		r.Noticed(problem)
	}
	r.wrong = problem != nil
	return nil
}

const (
	atBegin = -2 // the first message that there is
	atEnd   = -1 // behind the last one that is there for good
)

// begin asks where partitions begin of which nothing was read.
func (r *reading) begin(ctx context.Context) error {
	for _, server := range r.leaders {
		for _, where := range []int64{atBegin, atEnd} {
			var fresh []*partition
			for _, p := range r.place {
				if p.server == server && p.next == unknown && p.latest == (where == atEnd) {
					fresh = append(fresh, p)
				}
			}
			offsets, err := r.offsets(ctx, server, where, fresh...)
			if err != nil {
				return err
			}
			for i, p := range fresh {
				p.next = offsets[i]
			}
		}
	}
	return nil
}

// offsets asks a server where its partitions begin or end.
func (r *reading) offsets(ctx context.Context, server string, where int64, of ...*partition) ([]int64, error) {
	if len(of) == 0 {
		return nil, nil
	}
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID, req.IsolationLevel = -1, committed
	for _, p := range of {
		one := kmsg.NewListOffsetsRequestTopicPartition()
		one.Partition, one.Timestamp = p.number, where
		if n := len(req.Topics); n == 0 || req.Topics[n-1].Topic != p.topic {
			topic := kmsg.NewListOffsetsRequestTopic()
			topic.Topic = p.topic
			req.Topics = append(req.Topics, topic)
		}
		topic := &req.Topics[len(req.Topics)-1]
		topic.Partitions = append(topic.Partitions, one)
	}
	to, err := r.server(ctx, server)
	if err != nil {
		return nil, err
	}
	resp, err := req.RequestWith(ctx, to)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", server, err)
	}
	out := make([]int64, len(of))
	for i, p := range of {
		out[i] = unknown
		for _, t := range resp.Topics {
			for _, one := range t.Partitions {
				if t.Topic != p.topic || one.Partition != p.number {
					continue
				}
				if err := kerr.ErrorForCode(one.ErrorCode); err != nil {
					return nil, fmt.Errorf("partition %d of the topic %s: %w", p.number, p.topic, err)
				}
				out[i] = one.Offset
			}
		}
		if out[i] < 0 {
			return nil, fmt.Errorf("%s does not tell where partition %d of the topic %s begins or ends", server, p.number, p.topic)
		}
	}
	return out, nil
}

// server asks the one server of that address, and no other.
func (r *reading) server(ctx context.Context, address string) (*kgo.Broker, error) {
	c := r.servers[address]
	if c == nil {
		var err error
		if c, err = r.client(ctx, mostAnswered, address); err != nil {
			return nil, fmt.Errorf("%s: %w", address, err)
		}
		r.servers[address] = c
	}
	return c.SeedBrokers()[0], nil
}
