package kafka

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// A partition of a topic is read in the order of its messages.
type partition struct {
	topic  string
	id     string // of the topic, which may have been made anew under its name; "" where a cluster tells none
	number int32
	next   int64  // offset of the message to read next; unknown until it is asked for
	part   int    // documents of that message that were taken
	server string // that leads it; "" for none, and where the cluster has no such topic
	end    int64  // where it ended when the visit began; unknown until messages were asked for
	latest bool   // it begins behind what is there
}

const unknown = -1

// A place is how far topics were read, in order. Its cursor has a word for each topic:
// "name/id/partition=offset.part,…".
type place []*partition

func (p place) cursor() intel.Cursor {
	text := make([]byte, 0, 64+24*len(p))
	topic := ""
	for _, one := range p {
		if one.next == unknown {
			continue
		}
		switch {
		case one.topic == topic:
			text = append(text, ',')
		case topic != "":
			text = append(text, ' ')
			fallthrough
		default:
			topic = one.topic
			text = append(append(append(append(text, topic...), '/'), one.id...), '/')
		}
		text = append(strconv.AppendInt(text, int64(one.number), 10), '=')
		text = strconv.AppendInt(text, one.next, 10)
		if one.part > 0 {
			text = strconv.AppendInt(append(text, '.'), int64(one.part), 10)
		}
	}
	return intel.Cursor(text)
}

func readPlace(c intel.Cursor) (p place, err error) {
	for _, word := range strings.Fields(string(c)) {
		topic, rest, _ := strings.Cut(word, "/")
		id, all, ok := strings.Cut(rest, "/")
		if !ok || !named(topic) {
			return nil, wrong(c)
		}
		for one := range strings.SplitSeq(all, ",") {
			number, at, _ := strings.Cut(one, "=")
			next, part, parted := strings.Cut(at, ".")
			read := &partition{topic: topic, id: id, end: unknown}
			n, err := strconv.ParseUint(number, 10, 31)
			read.number = int32(n)
			var errs [2]error
			read.next, errs[0] = strconv.ParseInt(next, 10, 64)
			if parted {
				read.part, errs[1] = strconv.Atoi(part)
			}
			if cmp.Or(err, errs[0], errs[1]) != nil || read.next < 0 || read.part < 0 || len(p) == mostPartitions || !p.add(read) {
				return nil, wrong(c)
			}
		}
	}
	return p, nil
}

func wrong(c intel.Cursor) error {
	return collect.Permanent(fmt.Errorf("cursor %.200q: %w", c, intel.ErrInvalid))
}

// find is the partition of that topic and number; nil for none.
func (p place) find(topic string, number int32) *partition {
	if i, ok := p.search(topic, number); ok {
		return p[i]
	}
	return nil
}

// add reports whether the partition was not there.
func (p *place) add(one *partition) bool {
	i, ok := p.search(one.topic, one.number)
	if !ok {
		*p = slices.Insert(*p, i, one)
	}
	return !ok
}

func (p place) search(topic string, number int32) (int, bool) {
	return slices.BinarySearchFunc(p, topic, func(one *partition, topic string) int {
		return cmp.Or(strings.Compare(one.topic, topic), cmp.Compare(one.number, number))
	})
}

// of is what of a topic was read; nil for nothing.
func (p place) of(topic string) place {
	i, _ := p.search(topic, 0)
	n := i
	for n < len(p) && p[n].topic == topic {
		n++
	}
	return p[i:n]
}

// read reports whether all was read that was there when the visit began.
func (p place) read() bool {
	return !slices.ContainsFunc(p, func(one *partition) bool { return one.server != "" && (one.end == unknown || one.next < one.end) })
}
