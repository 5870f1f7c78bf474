package collect

import (
	"errors"
	"net/http"

	"github.com/portent-cti/portent/internal/intel"
)

// A Receiver is a source that is sent what it yields, in requests to this server: its
// Collect has nothing to ask for.
type Receiver interface {
	Source
	// Receive reads what a request brings, and tells reject what of it cannot be read. It is
	// ErrStranger where the request does not prove that it may, before its body is read.
	Receive(r *http.Request, reject func(item string, reason error)) (Received, error)
}

// Received is what one request brought: documents to keep, or lines to hunt and not to keep.
type Received struct {
	Documents []intel.Document
	Lines     []intel.Document
}

// ErrStranger means that who asks has not proved who it is.
var ErrStranger = errors.New("no valid token")
