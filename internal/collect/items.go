package collect

import (
	"context"
	"fmt"
	"strconv"

	"github.com/portent-cti/portent/internal/intel"
)

// Numbered returns a function that emits the documents of a source whose
// cursor is the number of documents read so far, as that of files is. It
// passes over those that came before from and stops with ctx.
func Numbered(ctx context.Context, from intel.Cursor, emit Emit) (func(intel.Document) error, error) {
	skip := 0
	if from != "" {
		n, err := strconv.Atoi(string(from))
		if err != nil || n < 0 {
			return nil, Permanent(fmt.Errorf("cursor %q: %w", from, intel.ErrInvalid))
		}
		skip = n
	}
	read := 0
	return func(doc intel.Document) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if read++; read <= skip {
			return nil
		}
		return emit(doc, intel.Cursor(strconv.Itoa(read)))
	}, nil
}
