package kafka

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/collect/collecttest"
	"github.com/portent-cti/portent/internal/fetch"
	"github.com/portent-cti/portent/internal/intel"
)

const password = "s3cr3t-of-the-reader"

// serve runs a cluster until the test ends.
func serve(t *testing.T, o ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(2)}, o...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// say has a partition take in messages, each in a batch of its own.
func say(t *testing.T, c *kfake.Cluster, topic string, number int32, texts ...string) {
	t.Helper()
	for _, text := range texts {
		send(t, c, []kgo.Opt{}, &kgo.Record{Topic: topic, Partition: number, Value: []byte(text)})
	}
}

// send has a cluster take in messages in one batch for each partition.
func send(t *testing.T, c *kfake.Cluster, o []kgo.Opt, all ...*kgo.Record) {
	t.Helper()
	talk(t, c, func(cl *kgo.Client) error { return cl.ProduceSync(t.Context(), all...).FirstErr() }, o...)
}

// talk has somebody other than the source talk to a cluster.
func talk(t *testing.T, c *kfake.Cluster, do func(*kgo.Client) error, o ...kgo.Opt) {
	t.Helper()
	cl, err := kgo.NewClient(append([]kgo.Opt{kgo.SeedBrokers(c.ListenAddrs()...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(20 * time.Millisecond),
		kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerBatchMaxBytes(12 << 20)}, o...)...)
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := do(cl); err != nil {
		t.Fatal(err)
	}
}

// grow has a topic consist of more partitions.
func grow(t *testing.T, c *kfake.Cluster, topic string, count int32) {
	t.Helper()
	talk(t, c, func(cl *kgo.Client) error {
		req := kmsg.NewPtrCreatePartitionsRequest()
		one := kmsg.NewCreatePartitionsRequestTopic()
		one.Topic, one.Count = topic, count
		req.Topics = append(req.Topics, one)
		_, err := req.RequestWith(t.Context(), cl)
		return err
	})
}

// told is what a source said besides its documents.
type told struct{ notices, rejects []string }

func opened(t *testing.T, c *kfake.Cluster, settings string, o fetch.Options) (*source, *told) {
	t.Helper()
	var ports []int
	for _, address := range c.ListenAddrs() {
		_, port, _ := net.SplitHostPort(address)
		n, err := strconv.Atoi(port)
		if err != nil {
			t.Fatal(err)
		}
		ports = append(ports, n)
	}
	return openedAt(t, ports, settings, o)
}

func openedAt(t *testing.T, ports []int, settings string, o fetch.Options) (*source, *told) {
	t.Helper()
	for _, port := range ports {
		o.Ports = append(o.Ports, uint16(port))
	}
	env, told := collecttest.Local(t, fmt.Sprintf("kafka://127.0.0.1:%d", ports[0]), o), &told{}
	env.Once = true
	env.Notice = func(err error) {
		if err == nil {
			err = fmt.Errorf("well")
		}
		told.notices = append(told.notices, err.Error())
	}
	env.Reject = func(item string, reason error) { told.rejects = append(told.rejects, item+": "+reason.Error()) }
	src, err := open(env, collect.Strict(fmt.Appendf(nil, `{"servers":["127.0.0.1:%d"],%s}`, ports[0], settings)))
	if err != nil {
		t.Fatal(err)
	}
	return src.(*source), told
}

// all is what a source yields after a cursor.
func all(t *testing.T, src collect.Source, from intel.Cursor) (docs []intel.Document, cursors []intel.Cursor) {
	t.Helper()
	err := src.Collect(t.Context(), from, func(doc intel.Document, next intel.Cursor) error {
		docs, cursors = append(docs, doc), append(cursors, next)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return docs, cursors
}

func texts(docs []intel.Document) (all []string) {
	for _, doc := range docs {
		all = append(all, doc.Text)
	}
	return all
}

// begun reads a source in the background.
func begun(t *testing.T, src collect.Source, from intel.Cursor, emit collect.Emit) (stop context.CancelFunc, done chan error) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done = make(chan error, 1)
	go func() { done <- src.Collect(ctx, from, emit) }()
	t.Cleanup(cancel)
	return cancel, done
}

func ends(t *testing.T, done chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(5 * time.Second):
		t.Fatal("not ended soon after it was to")
		return nil
	}
}

// ofClients is how many goroutines are of clients, and not of the cluster.
func ofClients() (n int) {
	all := make([]byte, 4<<20)
	for one := range bytes.SplitSeq(all[:runtime.Stack(all, true)], []byte("\n\n")) {
		if bytes.Contains(one, []byte("franz-go/pkg/kgo.")) || bytes.Contains(one, []byte("internal/fetch.")) {
			n++
		}
	}
	return n
}
