// Package fetch is the only way out to the network: it bounds the size and the
// time of every request and sends each through the route its source asked for.
package fetch

import "net/http"

// A Client makes requests on behalf of one source.
type Client struct {
	HTTP      *http.Client
	UserAgent string
}
