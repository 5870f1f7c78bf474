package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// packed is a batch of records as a server sends it, whose checksum is right.
func packed(attributes int16, count int32, records []byte) []byte {
	b := kmsg.RecordBatch{Magic: 2, Attributes: attributes, LastOffsetDelta: max(count, 1) - 1, NumRecords: count, Records: records}
	text := b.AppendTo(nil)
	binary.BigEndian.PutUint32(text[8:], uint32(len(text)-ahead))
	return summed(text)
}

// summed makes the checksums of batches right.
func summed(text []byte) []byte {
	for rest := text; len(rest) >= shortest; {
		size := int64(int32(binary.BigEndian.Uint32(rest[8:]))) + ahead
		if size < shortest || size > int64(len(rest)) {
			break
		}
		binary.BigEndian.PutUint32(rest[17:], crc32.Checksum(rest[checkedFrom:size], crc32.MakeTable(crc32.Castagnoli)))
		rest = rest[size:]
	}
	return text
}

// record is a message of a batch.
func record(number int64, body string) []byte {
	text := binary.AppendVarint([]byte{0, 0}, number) // its attributes, and at once
	text = binary.AppendVarint(text, -1)
	text = append(binary.AppendVarint(text, int64(len(body))), body...)
	text = append(text, 0)
	return append(binary.AppendVarint(nil, int64(len(text))), text...)
}

func TestWhatTheLibraryOfJavaFramedInSnappyIsUnpacked(t *testing.T) {
	text := strings.Repeat("a line of a log\n", 5000)
	framed := []byte(framing + "\x00\x00\x00\x01\x00\x00\x00\x01")
	for piece := range strings.SplitSeq(text, "\n") {
		block := snappy.Encode(nil, []byte(piece+"\n"))
		framed = append(binary.BigEndian.AppendUint32(framed, uint32(len(block))), block...)
	}
	for name, in := range map[string][]byte{"framed": framed, "alone": snappy.Encode(nil, []byte(text+"\n"))} {
		r, err := new(unpacker).open(in, 2)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := io.ReadAll(r); err != nil || string(out) != text+"\n" {
			t.Errorf("%s: %d bytes, %v", name, len(out), err)
		}
	}
	r, _ := new(unpacker).open(framed[:len(framed)-3], 2)
	if _, err := io.ReadAll(r); err == nil {
		t.Error("what is cut off is whole")
	}
	r, _ = new(unpacker).open([]byte("\xff\xff\xff\xff\x0fx"), 2)
	if _, err := io.ReadAll(r); err == nil {
		t.Error("4 GiB are unpacked")
	}
	r, _ = new(unpacker).open([]byte("\x80\x80\x80\x08x"), 2)
	if _, err := io.ReadAll(r); !errors.Is(err, collect.ErrTooLarge) {
		t.Errorf("a byte of 16 MiB: %v", err)
	}
}

func TestABatchThatClaimsMoreThanItHoldsIsBroken(t *testing.T) {
	whole := bytes.Join([][]byte{record(0, "one"), record(1, "two")}, nil)
	for name, in := range map[string][]byte{
		"more messages than there are": packed(0, 1<<30, whole),
		"a message without end":        packed(0, 1, binary.AppendVarint(nil, 1<<40)),
		"a message of less than none":  packed(0, 1, binary.AppendVarint(nil, -7)),
		"a message behind its end":     packed(0, 1, record(1, "two")),
		"an empty message":             packed(0, 1, []byte{0}),
		"an unknown way to pack":       packed(6, 1, whole),
		"no gzip":                      packed(1, 1, whole),
	} {
		b, _, err := nextBatch(in)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n := 0
		if err := b.each(new(unpacker), func(message) error { n++; return nil }); err == nil || n > 2 {
			t.Errorf("%s: %d messages, %v", name, n, err)
		}
	}
	in := packed(0, 2, whole)
	in[len(in)-2] ^= 1
	if _, _, err := nextBatch(in); err == nil {
		t.Error("a wrong checksum is right")
	}
}

func FuzzBatches(f *testing.F) {
	records := bytes.Join([][]byte{record(0, "one"), record(1, "two")}, nil)
	f.Add(packed(0, 2, records))
	f.Add(append(packed(2, 2, snappy.Encode(nil, records)), packed(controlling, 1, record(0, ""))...))
	for way := int16(1); way < 5; way++ {
		f.Add(packed(way, 2, records))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if len(in) > 1<<16 {
			return
		}
		in = summed(bytes.Clone(in))
		var u unpacker
		defer u.close()
		for rest := in; ; {
			b, behind, err := nextBatch(rest)
			if err != nil {
				return
			}
			if len(behind) >= len(rest) || b.next <= b.first {
				t.Fatalf("%d bytes follow %d, message %d follows %d", len(behind), len(rest), b.next, b.first)
			}
			rest = behind
			size := 0
			_ = b.each(&u, func(m message) error {
				if size += len(m.body); m.offset < b.first || m.offset >= b.next || size > mostUnpacked {
					t.Errorf("message %d of %d to %d, %d bytes", m.offset, b.first, b.next, size)
				}
				return nil
			})
		}
	})
}

func FuzzPlace(f *testing.F) {
	f.Add("logs/0a/0=12,1=3.4 notes//7=0")
	f.Fuzz(func(t *testing.T, text string) {
		p, err := readPlace(intel.Cursor(text))
		if err != nil {
			return
		}
		again, err := readPlace(p.cursor())
		if err != nil || again.cursor() != p.cursor() || len(again) != len(p) {
			t.Errorf("%q: %q, %q, %v", text, p.cursor(), again.cursor(), err)
		}
	})
}

func TestAnAnswerTakesNotManyTimesItsSize(t *testing.T) {
	const size = 2 << 20
	repeated := func(r kmsg.Response, head string, flexible, plain string) []byte {
		one := plain
		n := size / len(one)
		count := binary.BigEndian.AppendUint32(nil, uint32(n))
		if r.IsFlexible() {
			one = flexible
			n = size / len(one)
			count = binary.AppendUvarint(nil, uint64(n)+1)
		}
		return slices.Concat([]byte(head), count, bytes.Repeat([]byte(one), n))
	}
	const tag = "\x01\x63\x00" // that nobody knows
	for _, c := range []struct {
		answer          kmsg.Response
		head            string
		flexible, plain string
	}{
		{kmsg.NewPtrFetchResponse(), strings.Repeat("\x00", 10), "\x01\x01" + tag, strings.Repeat("\x00", 6)},
		{kmsg.NewPtrListOffsetsResponse(), strings.Repeat("\x00", 4), "\x01\x01" + tag, strings.Repeat("\x00", 6)},
		{kmsg.NewPtrApiVersionsResponse(), strings.Repeat("\x00", 2), strings.Repeat("\x00", 6) + tag, strings.Repeat("\x00", 6)},
	} {
		most, _ := spoken().LookupMaxKeyVersion(c.answer.Key())
		c.answer.SetVersion(most)
		text := repeated(c.answer, c.head, c.flexible, c.plain)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := c.answer.ReadFrom(text)
		runtime.ReadMemStats(&after)
		if times := (after.TotalAlloc - before.TotalAlloc) / size; times > 30 { // the race detector doubles it
			t.Errorf("%s, version %d: takes %d times as much: %v", kmsg.NameForKey(c.answer.Key()), most, times, err)
		}
	}
}
