package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/fetch"
)

const (
	// answering is how long an answer may take besides the time that it is asked to wait, and
	// silence how long any of its pieces.
	answering, silence = 15 * time.Second, 30 * time.Second
	// mostTold is how many bytes a cluster may say of itself, and mostAnswered how many an
	// answer with messages may have: the first batch comes whole, however large.
	mostTold, mostAnswered = 1 << 20, 16 << 20
)

// client asks servers, as the guard allows. Each server that leads has a client of its own, so
// that what it may say is bounded by what it is asked, and no failure of one is made up for by
// asking another.
func (s *source) client(ctx context.Context, most int32, servers ...string) (*kgo.Client, error) {
	o := []kgo.Opt{
		kgo.WithContext(ctx), kgo.SeedBrokers(servers...), kgo.Dialer(s.dialer(ctx)), kgo.ClientID("portent"), kgo.MaxVersions(spoken()),
		kgo.BrokerMaxReadBytes(most), kgo.FetchMaxBytes(most), kgo.RequestTimeoutOverhead(answering), kgo.RetryTimeout(answering),
		kgo.RequestRetries(len(servers) + 1), kgo.ConnIdleTimeout(2 * looking), kgo.DisableClientMetrics(),
	}
	if s.User != "" {
		o = append(o, kgo.SASL(s.login()))
	}
	return kgo.NewClient(o...)
}

// spoken are the requests that can be made, and their versions: what is not among them is
// never asked. Where an answer may be large they are of before tags, of which each thing in it
// could have some that nobody knows: that took eighty times the bytes of the answer.
func spoken() *kversion.Versions {
	v := new(kversion.Versions)
	v.SetMaxKeyVersion(kmsg.ApiVersions.Int16(), 2)
	v.SetMaxKeyVersion(kmsg.SASLHandshake.Int16(), 1)
	v.SetMaxKeyVersion(kmsg.SASLAuthenticate.Int16(), 1)
	v.SetMaxKeyVersion(kmsg.Metadata.Int16(), 12)
	v.SetMaxKeyVersion(kmsg.ListOffsets.Int16(), 5)
	v.SetMaxKeyVersion(kmsg.Fetch.Int16(), 11)
	return v
}

// dialer connects while ctx lasts, also to what the cluster says are its servers. A connection
// outlives the request that it is made for.
func (s *source) dialer(ctx context.Context) func(context.Context, string, string) (net.Conn, error) {
	return func(_ context.Context, _, server string) (net.Conn, error) {
		host, port, err := address(server)
		if err != nil {
			return nil, fmt.Errorf("the cluster names a server that cannot be: %w", err)
		}
		if !s.safe(host) {
			return nil, collect.Permanent(fmt.Errorf("plain: the cluster names the server %s, and a login goes over no line that others can read; use TLS", server))
		}
		return s.Fetch.Dial(ctx, fetch.Line{Host: host, Port: port, TLS: !s.Plain, Silence: silence})
	}
}

// login logs in with the password that there is then.
func (s *source) login() sasl.Mechanism {
	password := func() (string, error) {
		text, err := s.Reveal(s.Password)
		if err != nil {
			err = collect.Permanent(err)
		}
		return text, err
	}
	if s.Mechanism == openly {
		return plain.Plain(func(context.Context) (plain.Auth, error) {
			text, err := password()
			return plain.Auth{User: s.User, Pass: text}, err
		})
	}
	proof := func(context.Context) (scram.Auth, error) {
		text, err := password()
		return scram.Auth{User: s.User, Pass: text}, err
	}
	if s.Mechanism == scram256 {
		return scram.Sha256(proof)
	}
	return scram.Sha512(proof)
}

// failed tells in plain words why reading ended.
func (s settings) failed(err error) error {
	is := func(any ...error) bool {
		return slices.ContainsFunc(any, func(one error) bool { return errors.Is(err, one) })
	}
	hung := (*kgo.ErrFirstReadEOF)(nil)
	switch {
	case err == nil || collect.IsPermanent(err):
		return err
	case is(kerr.SaslAuthenticationFailed):
		return collect.Permanent(fmt.Errorf("the cluster does not let this login in: %w", err))
	case is(kerr.IllegalSaslState):
		return collect.Permanent(fmt.Errorf("the cluster takes no login there; take out user and password, or name another port: %w", err))
	case is(kerr.UnsupportedSaslMechanism):
		return collect.Permanent(fmt.Errorf("the cluster lets nobody in by this mechanism; set another: %w", err))
	case is(kerr.TopicAuthorizationFailed, kerr.ClusterAuthorizationFailed):
		return collect.Permanent(fmt.Errorf("the cluster does not permit this login to read that: %w", err))
	case errors.As(err, &hung):
		return fmt.Errorf("the server hung up at the first word; it may speak no TLS (then set plain), speak nothing else, or want a login: %w", err)
	case is(io.EOF) && s.User != "":
		return fmt.Errorf("the server hung up; it may not let this login in: %w", err)
	}
	return err
}
