package misp

import (
	"slices"

	"github.com/portent-cti/portent/internal/intel"
)

// gone reports whether somebody deleted an attribute, or its object.
func (a attribute) gone() bool { return isGone(a.Deleted) }

func isGone(deleted any) bool { return deleted == true || deleted == "1" || deleted == float64(1) }

// withdrawn is what an event takes back, as documents like d: what its deleted attributes
// said, but for what others of it say.
func (r Reader) withdrawn(e event, d intel.Document, stands []intel.MarkedClaim) []intel.Document {
	said := map[intel.Link]bool{}
	for _, c := range stands {
		said[intel.Link{From: c.Subject, Relation: c.Relation, To: c.Object}] = true
	}
	subjects, _ := names(e.Tags) // told where what stands is read
	var out []intel.MarkedClaim
	for _, a := range e.all(d.Marking) {
		if !a.gone() {
			continue
		}
		more, _ := names(a.Tags)
		some, _ := r.statements(a, slices.Concat(subjects, more)) // what is no value was none
		for _, c := range some {
			if said[intel.Link{From: c.Subject, Relation: c.Relation, To: c.Object}] || len(out) >= mostClaims {
				continue
			}
			c.Stance, c.Context = intel.Retracts, intel.Context{}
			if out = append(out, intel.MarkedClaim{Claim: c, Marking: a.marking}); c.At.After(d.Learned) {
				d.Published, d.Learned, d.Assumed = c.At, c.At, true
			}
		}
	}
	d.Title, d.Text = "", ""
	return d.Split(out, perDocument, e.UUID, e.ID, "withdrawn")
}
