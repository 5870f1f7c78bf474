package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/portent-cti/portent/internal/fetch"
)

// hinted is an error of a source behind plain words of what happened, and with what in its
// entry would let it through.
func hinted(err error) error {
	var file *fs.PathError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fetch.ErrForbidden):
		return fmt.Errorf("%w (allow and ports in its entry let it reach more)", err)
	case errors.Is(err, fetch.ErrRobots):
		return fmt.Errorf("%w (robots = false in its entry reads it all the same)", err)
	case errors.As(err, &file) && file.Op == "open" && !filepath.IsAbs(file.Path): // files of this machine are read from its root on
		return brief{strings.Replace(err.Error(), file.Path, "/"+file.Path, 1), err}
	}
	if words := inShort(err); words != "" {
		return brief{words + ": " + whereFailed(err) + unadvised(err), err}
	}
	return err
}

// unadvised is what to do about a server that does not let a source in, where the connector
// does not say.
func unadvised(err error) string {
	status := (*fetch.StatusError)(nil)
	if !errors.As(err, &status) || !strings.HasSuffix(err.Error(), status.Error()) {
		return ""
	}
	switch status.Status {
	case http.StatusUnauthorized:
		return " (it asks for a login: portent connectors tells whether a setting gives one; if none does, set off = true in its entry)"
	case http.StatusForbidden:
		return " (if a browser is shown it, programs or this machine are kept out: ask who runs the server, or set off = true in its entry)"
	}
	return ""
}

// brief is an error told in fewer words than it has.
type brief struct {
	words string
	error
}

func (b brief) Error() string { return b.words }
func (b brief) Unwrap() error { return b.error }

// whereFailed is what an error says behind its plain words: the host alone where it was not
// reached, as each step on the way there repeats the address.
func whereFailed(err error) string {
	var name *net.DNSError
	var dial *net.OpError
	switch {
	case errors.As(err, &name):
		return name.Name
	case errors.As(err, &dial) && dial.Op == "dial" && dial.Addr != nil:
		return dial.Addr.String()
	}
	return err.Error()
}

// inShort says what happened where the error of a machine alone would tell it; empty if
// nothing better is known than that.
func inShort(err error) string {
	var status *fetch.StatusError
	var name *net.DNSError
	var certificate *tls.CertificateVerificationError
	var asked *url.Error
	var wait net.Error
	switch {
	case errors.As(err, &status):
		return refused(status.Status)
	case errors.As(err, &name) && name.IsNotFound:
		return "no host has that name, or this machine is not connected"
	case errors.As(err, &name):
		return "the name of the host could not be looked up"
	case errors.As(err, &certificate):
		return "the certificate of the server is not to be trusted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the server takes no connections"
	case errors.As(err, &asked) && errors.Is(asked, io.EOF):
		return "the server ended the connection without an answer (is it asked for what it speaks, http or https?)"
	case errors.Is(err, fetch.ErrTooLarge):
		return "it is larger than what is read of a source"
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &wait) && wait.Timeout():
		return "the server did not answer in time"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "no way leads to the server; is this machine connected?"
	}
	return ""
}

// refused says what a status other than 200 means.
func refused(status int) string {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return "the server does not let it in"
	case status == http.StatusNotFound, status == http.StatusGone:
		return "there is nothing at that address any more"
	case status == http.StatusTooManyRequests:
		return "the server asks to come less often"
	case status >= http.StatusInternalServerError:
		return "the server has a fault of its own"
	}
	return ""
}
