package tail

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/portent-cti/portent/internal/collect"
	"github.com/portent-cti/portent/internal/intel"
)

// edge is how many bytes of the begin of a file, and before where it was read up to, it is
// known by.
const edge = 256

// A mark is how far one file was read.
type mark struct {
	Inode  uint64 `json:"i,omitempty"` // 0: not known
	At     int64  `json:"a"`           // bytes, once unpacked
	Long   int    `json:"n,omitempty"` // how many bytes Head is of: edge, or fewer were read
	Head   string `json:"h,omitempty"` // digest of how it begins
	Last   string `json:"l,omitempty"` // of as many bytes before At
	Packed int64  `json:"p,omitempty"` // its size, if it is packed and was read to its end
}

// begins reports whether a file that begins with start begins as the one of the mark.
func (m mark) begins(start []byte) bool {
	return m.Long <= len(start) && m.Head == digest(start[:m.Long])
}

func digest(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// state is the cursor as of now: the files of this pass, and behind them those that are
// yet to be looked at or are gone, since they may come back under another name.
func (p *pass) state() intel.Cursor {
	all := append(make([]mark, 0, len(p.marks)+len(p.old)), p.marks...)
	for i, m := range p.old {
		if !p.over[i] && len(all) < 2*MostFiles {
			all = append(all, m)
		}
	}
	text, err := json.Marshal(all)
	if err != nil {
		panic(err) // numbers and digests can be written
	}
	return intel.Cursor(text)
}

// parse reads a cursor.
func parse(from intel.Cursor) ([]mark, error) {
	var marks []mark
	if from == "" {
		return nil, nil
	}
	err := json.Unmarshal([]byte(from), &marks)
	for _, m := range marks {
		if m.At < 0 || m.Long < 0 || m.Long > edge || int64(m.Long) > m.At {
			err = intel.ErrInvalid
		}
	}
	if err != nil || len(marks) > 2*MostFiles {
		return nil, collect.Permanent(fmt.Errorf("cursor of %d bytes: %w", len(from), intel.ErrInvalid))
	}
	return marks, nil
}

// mostGone is how many files are remembered that are gone.
const mostGone = 100

// recent is marks without those that were gone first.
func recent(marks []mark, files []found) []mark {
	there := map[uint64]bool{}
	for _, f := range files {
		there[f.inode] = true
	}
	gone := 0
	return slices.DeleteFunc(marks, func(m mark) bool {
		if m.Inode == 0 || there[m.Inode] {
			return false
		}
		gone++
		return gone > mostGone
	})
}
