package kafka

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/portent-cti/portent/internal/collect"
)

// mostUnpacked is how many bytes of a batch are read, and mostMessage of a message: whoever
// wrote it says how many there are.
const mostUnpacked, mostMessage = 64 << 20, 16 << 20

// A batch is messages that were packed together.
type batch struct {
	kmsg.RecordBatch
	first, next int64 // offsets of its first message and behind its last; some may be missing, as in a compacted topic
}

var (
	errCut = fmt.Errorf("the next messages are not whole, or more than %d MiB together", mostAnswered>>20)
	errBad = errors.New("what came is no batch of messages")
)

const (
	// ahead is what stands before the length of a batch, and with it, in bytes.
	ahead = 12
	// magicAt is where the form of a batch stands, checkedFrom from where on its checksum is of
	// it, and shortest how long one is.
	magicAt, checkedFrom, shortest = 16, 21, 61
	// told, of the attributes of a batch.
	codecBits, stampedByServer, transactional, controlling = 0x07, 0x08, 0x10, 0x20
)

// nextBatch reads the next batch of what a server answered. It copies nothing.
func nextBatch(in []byte) (b batch, rest []byte, err error) {
	if len(in) <= magicAt {
		return b, nil, errCut
	}
	b.first = int64(binary.BigEndian.Uint64(in))
	size := int64(int32(binary.BigEndian.Uint32(in[8:]))) + ahead
	switch {
	case size <= magicAt || b.first < 0 || b.first > math.MaxInt64/2:
		return b, nil, errBad
	case size > int64(len(in)):
		return b, nil, errCut
	}
	one, rest := in[:size], in[size:]
	if one[magicAt] < 2 {
		b.next, b.Magic = b.first+1, int8(one[magicAt])
		return b, rest, nil
	}
	if size < shortest || one[magicAt] > 2 || b.ReadFrom(one) != nil || b.LastOffsetDelta < 0 {
		return b, nil, errBad
	}
	if crc32.Checksum(one[checkedFrom:], crc32.MakeTable(crc32.Castagnoli)) != uint32(b.CRC) {
		return b, nil, fmt.Errorf("%w: its checksum is wrong", errBad)
	}
	b.next = b.first + int64(b.LastOffsetDelta) + 1
	return b, rest, nil
}

// control reports whether a batch tells how a transaction ended, and holds no messages.
func (b batch) control() bool { return b.Attributes&controlling != 0 }

// A message is one of a batch. Its body is good until the next one is read.
type message struct {
	offset    int64
	sent      time.Time
	key, body []byte
}

// broken is what of a batch cannot be read.
type broken struct{ error }

// each hands out the messages of a batch until keep fails, and returns its error, or a broken.
func (b batch) each(u *unpacker, keep func(message) error) error {
	if b.Magic < 2 {
		return broken{errors.New("in the form of before Kafka 0.11, which is not read")}
	}
	in, err := u.open(b.Records, int(b.Attributes&codecBits))
	if err != nil {
		return broken{err}
	}
	records, buf := bufio.NewReader(collect.Bounded(in, mostUnpacked)), []byte(nil)
	for range b.NumRecords {
		size, err := binary.ReadVarint(records)
		switch {
		case err != nil:
			return broken{err}
		case size < 0 || size > mostMessage:
			return broken{fmt.Errorf("%w: a message of %d bytes, and %d MiB are the most", collect.ErrTooLarge, size, mostMessage>>20)}
		}
		if buf, err = read(records, buf, int(size)); err != nil {
			return broken{err}
		}
		m, ok := b.message(buf)
		if !ok {
			return broken{errors.New("a message is malformed")}
		}
		if err := keep(m); err != nil {
			return err
		}
	}
	return nil
}

// read reads so many bytes into buf, which grows as they come.
func read(in io.Reader, buf []byte, size int) ([]byte, error) {
	const step = 1 << 20
	buf = buf[:0]
	for len(buf) < size {
		begin := len(buf)
		buf = slices.Grow(buf, min(step, size-begin))[:begin+min(step, size-begin)]
		if _, err := io.ReadFull(in, buf[begin:]); err != nil {
			return buf, err
		}
	}
	return buf, nil
}

// message reads a message. What its headers say is not read.
func (b batch) message(in []byte) (m message, ok bool) {
	if len(in) == 0 {
		return m, false
	}
	after, in, okAfter := number(in[1:]) // behind its attributes, which say nothing
	behind, in, okBehind := number(in)
	key, in, okKey := text(in)
	body, _, okBody := text(in)
	if !okAfter || !okBehind || !okKey || !okBody || behind < 0 || behind > int64(b.LastOffsetDelta) {
		return m, false
	}
	m = message{offset: b.first + behind, key: key, body: body, sent: time.UnixMilli(b.FirstTimestamp + after).UTC()}
	if b.Attributes&stampedByServer != 0 {
		m.sent = time.UnixMilli(b.MaxTimestamp).UTC()
	}
	return m, true
}

func number(in []byte) (n int64, rest []byte, ok bool) {
	n, size := binary.Varint(in)
	if size <= 0 {
		return 0, nil, false
	}
	return n, in[size:], true
}

// text is some bytes behind their number; none at all are as few as can be.
func text(in []byte) (t, rest []byte, ok bool) {
	size, rest, ok := number(in)
	if !ok || size < -1 || size > int64(len(rest)) {
		return nil, nil, false
	}
	size = max(size, 0)
	return rest[:size], rest[size:], true
}

// aborted is where transactions begin that were given up, by who made them.
type aborted map[int64][]int64

func abortions(all []kmsg.FetchResponseTopicPartitionAbortedTransaction) aborted {
	a := aborted{}
	for _, one := range all {
		a[one.ProducerID] = append(a[one.ProducerID], one.FirstOffset)
	}
	for _, begins := range a {
		slices.Sort(begins)
	}
	return a
}

// has reports whether a batch is of a transaction that was given up.
func (a aborted) has(b batch) bool {
	begins := a[b.ProducerID]
	return b.Attributes&transactional != 0 && !b.control() && len(begins) > 0 && begins[0] <= b.first
}

// over takes in how a transaction ended.
func (a aborted) over(b batch, m message) {
	const abort = 0
	begins := a[b.ProducerID]
	if len(m.key) >= 4 && binary.BigEndian.Uint16(m.key[2:]) == abort && len(begins) > 0 && begins[0] <= b.first {
		a[b.ProducerID] = begins[1:]
	}
}
